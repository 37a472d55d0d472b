import { AXIS_PX } from '../draw/scene.ts';
import { pan, toggleBand } from './actions.ts';
import { countText } from './describe.ts';
import type { Diagram } from './diagram.ts';

/** Lower bands have room for their name alone. */
const NOTE_PX = 31;
/** Of a band that is in sight more than this shows. */
const SEEN_PX = 12;

/** What is shown, and the names of the places: they stay where they are while the diagram moves in time. */
export function Gutter({ diagram }: { readonly diagram: Diagram }) {
  const count = countText(diagram.shown.value.tracks);
  return (
    <div class="timeline-gutter">
      <p class="timeline-count" aria-live="polite" title={count}>
        {count}
      </p>
      <Places diagram={diagram} />
      <More diagram={diagram} />
    </div>
  );
}

function Places({ diagram }: { readonly diagram: Diagram }) {
  const { lanes, laneScale: scale } = diagram.scene.value;
  return (
    <ul class="timeline-places" aria-label="Places, in the order in which packets meet them">
      {lanes.bands.map((band, i) => {
        const { topPx, bottomPx, open } = scale.boxes[i]!;
        return (
          <li
            key={band.key}
            class={`timeline-band timeline-band-${band.kind}${open ? ' is-open' : ''}`}
            style={{ top: `${topPx}px`, height: `${bottomPx - topPx}px` }}
          >
            <button
              type="button"
              aria-expanded={open}
              title={`${band.label}${band.note === undefined ? '' : `, ${band.note}`}`}
              onClick={() => toggleBand(diagram, band.key, open)}
            >
              <span class="timeline-chevron" aria-hidden="true" />
              <span class="timeline-name">{band.label}</span>
              {bottomPx - topPx >= NOTE_PX && <span class="timeline-note">{band.note}</span>}
            </button>
            {open &&
              band.stations.map((station, s) => (
                <span
                  key={station.key}
                  class="timeline-station"
                  style={{ top: `${scale.y(band.first + s) - topPx}px` }}
                >
                  {station.label}
                </span>
              ))}
          </li>
        );
      })}
    </ul>
  );
}

/** Places that are out of sight, below. */
function More({ diagram }: { readonly diagram: Diagram }) {
  const { laneScale, heightPx } = diagram.scene.value;
  const below = laneScale.boxes.filter(({ topPx }) => topPx > heightPx - SEEN_PX);
  if (below.length === 0) return null;
  return (
    <button type="button" class="timeline-more" onClick={() => pan(diagram, 0, heightPx - 2 * AXIS_PX)}>
      {below.length} more below
    </button>
  );
}
