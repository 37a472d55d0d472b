import { paused, range, selectedJourney, type View, view } from '../../app/state.ts';
import { follow, setView, showAll, toggleEven, toggleFolded, zoom } from './actions.ts';
import type { Diagram } from './diagram.ts';

const views: readonly { readonly view: View; readonly name: string; readonly title: string }[] = [
  { view: 'live', name: 'Live', title: 'The newest packets' },
  { view: 'flow', name: 'Flow', title: 'One conversation' },
  { view: 'overlay', name: 'Overlay', title: 'All journeys of one way, laid on each other at birth' },
];

export function Toolbar({ diagram }: { readonly diagram: Diagram }) {
  const { folded, even } = diagram.choices;
  return (
    <div class="timeline-toolbar" role="toolbar" aria-label="Diagram">
      <fieldset class="timeline-segments" aria-label="View">
        {views.map(({ view: of, name, title }) => (
          <button
            key={of}
            type="button"
            title={title}
            aria-pressed={view.value === of}
            onClick={() => setView(diagram, of)}
          >
            {name}
          </button>
        ))}
      </fieldset>
      <Following diagram={diagram} />
      <span class="timeline-space" />
      <button
        type="button"
        aria-pressed={even.value}
        disabled={selectedJourney.value === undefined}
        title="The selected journey in even steps, the time written between (e)"
        onClick={() => toggleEven(diagram)}
      >
        Even steps
      </button>
      <button
        type="button"
        aria-pressed={folded.value}
        title="Stretches in which nothing moves are torn out; off: true time (t)"
        onClick={() => toggleFolded(diagram)}
      >
        Fold quiet
      </button>
      <fieldset class="timeline-segments" aria-label="Zoom">
        <button type="button" title="Less time (+)" aria-label="Zoom in" onClick={() => zoom(diagram, 1.5)}>
          +
        </button>
        <button
          type="button"
          title="More time (−)"
          aria-label="Zoom out"
          onClick={() => zoom(diagram, 1 / 1.5)}
        >
          −
        </button>
        <button type="button" title="All of it (f)" onClick={() => showAll(diagram)}>
          Fit
        </button>
      </fieldset>
    </div>
  );
}

/** Live follows the newest unless the reader holds something; then it says how many came meanwhile. */
function Following({ diagram }: { readonly diagram: Diagram }) {
  const waiting = diagram.waiting.value;
  const follows = view.value === 'live' && !paused.value && range.value === undefined && waiting === 0;
  return (
    <>
      <button
        type="button"
        aria-pressed={paused.value}
        title="Nothing moves until you go on (space)"
        onClick={() => {
          paused.value = !paused.value;
        }}
      >
        {paused.value ? 'Go on' : 'Pause'}
      </button>
      {!follows && view.value === 'live' && (
        <button type="button" class="timeline-follow" onClick={() => follow(diagram)}>
          {waiting > 0 ? `Show ${waiting} new` : 'Newest'}
        </button>
      )}
    </>
  );
}
