import type { AnyJourney } from '../../src/model/journey.ts';
import type { TopologyPlace } from '../../src/model/topology.ts';
import { counted } from '../../src/words/counts.ts';
import { wayText } from '../../src/words/endpoints.ts';
import { outcomeText } from '../../src/words/outcome-text.ts';
import { selectJourney } from '../app/state.ts';
import { placeText } from './place-words.ts';
import { answer, asked } from './topology-state.ts';

/** What passes the place that somebody clicked. */
export function Answer() {
  const found = answer.value;
  if (found === undefined) return undefined;
  const { place, count, newest } = found;
  return (
    <aside class="topo-answer" aria-label={`what passes ${place.name}`}>
      <header>
        <strong>{placeText(place)}</strong>
        <button type="button" class="topo-close" aria-label="close" onClick={() => (asked.value = undefined)}>
          ×
        </button>
      </header>
      <p>
        {count === 0
          ? 'No packet that is followed passed here lately.'
          : `${counted(count, 'packet')} of the newest passed here:`}
      </p>
      <ul>
        {newest.map(journey => (
          <li key={journey.id}>
            <button type="button" onClick={() => selectJourney(journey.id, hopAt(journey, place))}>
              <b>{journey.summary}</b> {wayText(journey)} <em>{outcomeText(journey)}</em>
            </button>
          </li>
        ))}
      </ul>
    </aside>
  );
}

/** Its first there. */
function hopAt({ hops }: AnyJourney, { netns, ifindex }: TopologyPlace): number | undefined {
  return hops.find(hop => hop.netns.cookie === netns && (ifindex === undefined || hop.ifindex === ifindex))
    ?.index;
}
