import { changeText, isRewrite } from '../../../src/words/change-text.ts';
import { wayText } from '../../../src/words/endpoints.ts';
import { outcomeText } from '../../../src/words/outcome-text.ts';
import { placeLabels } from '../../../src/words/place-labels.ts';
import { duration } from '../../../src/words/times.ts';
import type { Diagram } from './diagram.ts';

const WIDTH_PX = 320;
const OFF_PX = 16;

/** What is under the pointer: where, how long after the hop before, what changed. */
export function Tooltip({ diagram }: { readonly diagram: Diagram }) {
  const at = diagram.pointer.value;
  const { columns, hovered, heightPx, time } = diagram.scene.value;
  if (at === undefined || hovered === undefined) return null;
  const { journey } = columns.tracks[hovered.journey]!;
  const hop = journey.hops[hovered.hop]!;
  const before = journey.hops[hovered.hop - 1];
  const rewrites = hop.changes.filter(isRewrite);
  const ends = journey.outcome.at === hovered.hop;
  const left = at.xPx + OFF_PX + WIDTH_PX > time.widthPx ? at.xPx - OFF_PX - WIDTH_PX : at.xPx + OFF_PX;
  const below = at.yPx < heightPx / 2;
  return (
    <div
      class="timeline-tooltip"
      role="tooltip"
      style={{
        left: `${Math.max(0, left)}px`,
        width: `${WIDTH_PX}px`,
        ...(below ? { top: `${at.yPx + OFF_PX}px` } : { bottom: `${heightPx - at.yPx + OFF_PX}px` }),
      }}
    >
      <p class="timeline-tip-head">
        <b>{journey.summary}</b> {wayText(journey)}
      </p>
      <p>
        <b>{placeLabels(journey)(hop)}</b> {hop.dev}{' '}
        <span class="timeline-faint">
          {hop.hook ?? (hop.inferred === true ? 'worked out, not seen' : hop.stage)}
        </span>
      </p>
      <p>{hop.text}</p>
      {rewrites.map(change => (
        <p key={change.field} class={`timeline-tip-change timeline-change-${change.by}`}>
          {changeText(change)}
        </p>
      ))}
      {ends && <p class={`timeline-outcome-${journey.outcome.kind}`}>{outcomeText(journey)}</p>}
      <p class="timeline-faint">
        {before === undefined
          ? 'first hop'
          : `${duration(hop.offsetNs - before.offsetNs)} after the hop before, ${duration(hop.offsetNs)} after the first`}
      </p>
    </div>
  );
}
