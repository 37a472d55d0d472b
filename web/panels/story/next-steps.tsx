import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JourneyVersion } from '../../../src/model/journey.ts';
import type { NextStep } from '../../../src/model/next-step.ts';
import { ask } from '../../app/api.ts';
import { selectJourney } from '../../app/state.ts';
import { Command } from './command.tsx';

/** Of the journey that was asked about last. */
const answered = signal<{ readonly key: string; readonly steps: readonly NextStep[] } | undefined>(undefined);

/** The daemon knows the words, as `tracer explain` prints them; without an answer the story is as good as it can be. */
async function load(key: string, id: string): Promise<void> {
  const { steps } = await ask<{ readonly steps: readonly NextStep[] }>(
    'GET',
    `/api/journeys/${id}/next-steps`,
  );
  answered.value = { key, steps };
}

export function NextSteps({ journey: { id, rev, session } }: { journey: JourneyVersion }) {
  const key = `${session} ${id} ${rev}`;
  useEffect(() => void load(key, id).catch(() => undefined), [key]);
  const steps = answered.value?.key === key ? answered.value.steps : [];
  if (steps.length === 0) return undefined;
  return (
    <section class="story-next" aria-label="what to look at next">
      <h3>What to look at next</h3>
      <ul>
        {steps.map(step => (
          <li key={step.text}>
            <StepText step={step} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function StepText({ step: { text, command } }: { step: NextStep }) {
  const other = command === undefined ? undefined : /^tracer explain (\d+)$/.exec(command)?.[1];
  if (other !== undefined)
    return (
      <button type="button" class="story-link" onClick={() => selectJourney(other)}>
        {text}: #{other}
      </button>
    );
  return (
    <>
      <p>{text}</p>
      {command === undefined ? undefined : <Command text={command} />}
    </>
  );
}
