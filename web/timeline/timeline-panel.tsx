import { computed, effect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { journeys, selectedJourney, selection, view } from '../app/state.ts';
import { reveal } from './panel/actions.ts';
import { describeHop, describeJourney } from './panel/describe.ts';
import { createDiagram, type Diagram } from './panel/diagram.ts';
import { Gutter } from './panel/gutter.tsx';
import { Legend } from './panel/legend.tsx';
import { Overview } from './panel/overview.tsx';
import { Plot } from './panel/plot.tsx';
import { Toolbar } from './panel/toolbar.tsx';
import { Tooltip } from './panel/tooltip.tsx';
import './timeline.css';

/** The time–space diagram: places down the side, time to the right, each packet a line. */
export function TimelinePanel() {
  const diagram = useMemo(createDiagram, []);
  useEffect(() => whenSelected(diagram), [diagram]);
  useEffect(() => whenTouched(diagram), [diagram]);
  return (
    <section class="timeline" aria-label="Time–space diagram">
      <Toolbar diagram={diagram} />
      <div class="timeline-body">
        <Gutter diagram={diagram} />
        <div class="timeline-plot">
          <Plot diagram={diagram} />
          <Tooltip diagram={diagram} />
          <Nothing diagram={diagram} />
        </div>
      </div>
      <div class="timeline-foot">
        <Legend />
        <Overview diagram={diagram} />
      </div>
      <Words />
    </section>
  );
}

/** What is selected elsewhere comes into sight here; another conversation is shown whole. */
function whenSelected(diagram: Diagram): () => void {
  let flow: string | undefined;
  // It may be asked for, and come later.
  const isKnown = computed(() => selectedJourney.value !== undefined);
  return effect(() => {
    const now = selection.value;
    if (view.value === 'flow' && now.flow !== flow && now.journey === undefined)
      diagram.window.value = undefined;
    flow = now.flow;
    if (isKnown.value) queueMicrotask(() => reveal(diagram));
  });
}

function whenTouched(diagram: Diagram): () => void {
  const over = new AbortController();
  const touch = (): void => {
    diagram.touched.value = true;
    over.abort();
  };
  for (const kind of ['pointerdown', 'keydown', 'wheel'])
    window.addEventListener(kind, touch, { capture: true, passive: true, signal: over.signal });
  return () => over.abort();
}

function Words() {
  const journey = selectedJourney.value;
  const { hop } = selection.value;
  return (
    <div class="timeline-words">
      <p id="timeline-words">
        {journey === undefined ? 'No journey is selected.' : describeJourney(journey)}
      </p>
      <p aria-live="polite">{journey === undefined || hop === undefined ? '' : describeHop(journey, hop)}</p>
    </div>
  );
}

/** It never starts empty without saying what to do. */
function Nothing({ diagram }: { readonly diagram: Diagram }) {
  if (diagram.scene.value.columns.count > 0) return null;
  const text =
    journeys.value.size === 0
      ? 'No packets yet. Follow two ends, or run a scenario of the practice cluster: what they send appears here.'
      : view.value === 'flow'
        ? 'Choose a conversation in the list, or a packet in Live.'
        : 'Nothing of what is known fits this view.';
  return <p class="timeline-nothing">{text}</p>;
}
