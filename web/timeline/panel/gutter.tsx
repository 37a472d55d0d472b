import { toggleBand } from './actions.ts';
import type { Diagram } from './diagram.ts';

/** Lower bands have room for their name alone. */
const NOTE_PX = 31;

/** The names of the places, beside the diagram: they stay where they are while it moves in time. */
export function Gutter({ diagram }: { readonly diagram: Diagram }) {
  const { lanes, laneScale: scale } = diagram.scene.value;
  return (
    <ul class="timeline-gutter" aria-label="Places, in the order in which packets meet them">
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
