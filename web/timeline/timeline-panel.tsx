import { journeys, selection, selectJourney } from '../app/state.ts';

const SHOWN = 50;

/** The newest packets, one line each. */
export function TimelinePanel() {
  const newest = [...journeys.value.values()].slice(-SHOWN).reverse();
  return (
    <section class="panel" aria-label="Journeys">
      <ol class="plain-list">
        {newest.map(({ id, summary, outcome }) => (
          <li key={id}>
            <button
              type="button"
              class="plain-row"
              aria-pressed={selection.value.journey === id}
              onClick={() => selectJourney(id)}
            >
              {id} {summary} {outcome.kind}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
