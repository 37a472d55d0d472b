import type { AnyJourney } from '../../../src/model/journey.ts';
import { wayText } from '../../../src/words/endpoints.ts';
import { linkText } from '../../../src/words/link-text.ts';
import { isGoodEnd, outcomeText } from '../../../src/words/outcome-text.ts';
import { duration } from '../../../src/words/times.ts';
import { outcomeShapes } from '../../app/shapes.ts';
import { selectFlow, selectJourney } from '../../app/state.ts';
import { Shape } from './shape.tsx';

const LINKS_SHOWN = 6;

/** Who sends what to whom, what became of it, and the packets that it belongs to. */
export function JourneyHead({ journey }: { journey: AnyJourney }) {
  const { id, summary, direction, proto, lenBytes, durationNs, outcome, startedAt, flow } = journey;
  const facts = [
    direction === 'none' ? proto : `${proto} ${direction}`,
    `${lenBytes} B`,
    startedAt.slice(11, 26),
  ];
  return (
    <header class="story-head">
      <h2>
        <span class="story-id">#{id}</span> {summary}
      </h2>
      <p class="story-way">{wayText(journey)}</p>
      <p class={isGoodEnd(journey) ? 'story-outcome' : 'story-outcome is-bad'}>
        <Shape path={outcomeShapes[outcome.kind]} colour={`--outcome-${outcome.kind}`} />
        <span>
          {outcomeText(journey)}, <b>{duration(durationNs)}</b>
        </span>
      </p>
      {journey.complete ? undefined : <p class="story-incomplete">{incompleteText(journey)}</p>}
      <p class="story-facts">{facts.join(' · ')}</p>
      <Links journey={journey} />
      {flow === undefined ? undefined : (
        <button type="button" class="story-link" onClick={() => selectFlow(flow)}>
          its conversation
        </button>
      )}
    </header>
  );
}

function incompleteText({ gaps, outcome }: AnyJourney): string {
  const reasons = [...new Set(gaps.map(({ reason }) => reason))];
  if (outcome.kind === 'open') return 'Incomplete: its end has not been seen.';
  return reasons.length === 0
    ? 'Incomplete: not all of its way was seen.'
    : `Incomplete: not all of its way was seen: ${reasons.join('; ')}.`;
}

function Links({ journey: { links } }: { journey: AnyJourney }) {
  if (links.length === 0) return undefined;
  const shown = links.slice(0, LINKS_SHOWN);
  return (
    <ul class="story-links" aria-label="other packets">
      {shown.map(({ kind, role, journey }) => (
        <li key={`${kind} ${journey}`}>
          <button type="button" class="story-link" onClick={() => selectJourney(journey)}>
            {linkText({ kind, role })} #{journey}
          </button>
        </li>
      ))}
      {links.length > shown.length ? <li>and {links.length - shown.length} more</li> : undefined}
    </ul>
  );
}
