/** What happened to a packet on its way, where it is to be marked. */
import type { AnyJourney, Change, OutcomeKind } from '../../src/model/journey.ts';
import { changeText, fieldText, isRewrite } from '../../src/words/change-text.ts';
import { outcomeText } from '../../src/words/outcome-text.ts';
import type { ChangeKind } from '../app/shapes.ts';
import type { Point } from './geometry.ts';
import type { Route } from './route.ts';

export type Mark = Point & {
  readonly hop: number;
  readonly text: string;
} & (
    | { readonly kind: 'change'; readonly change: ChangeKind }
    | { readonly kind: 'end'; readonly outcome: OutcomeKind }
  );

export function changeKind({ field, by }: Change): ChangeKind {
  if (field === 'encap') return 'encap';
  if (by === 'dnat' || by === 'undnat') return 'dnat';
  if (by === 'snat' || by === 'masquerade' || by === 'unsnat') return 'snat';
  return 'other';
}

/** In the order of the hops; the end comes last. */
export function marksOf(journey: AnyJourney, { hops: points }: Route): Mark[] {
  const marks: Mark[] = [];
  for (const { index, changes } of journey.hops) {
    const point = points[index];
    if (point === undefined) continue;
    for (const change of changes.filter(isRewrite))
      marks.push({
        kind: 'change',
        change: changeKind(change),
        hop: index,
        text: change.field === 'encap' ? fieldText(change) : changeText(change),
        ...point,
      });
  }
  const { at, kind } = journey.outcome;
  const end = points[at] ?? points.findLast(point => point !== undefined);
  if (end !== undefined)
    marks.push({ kind: 'end', outcome: kind, hop: at, text: outcomeText(journey), ...end });
  return spread(marks);
}

const STEP = 12;

/** What would lie on something else moves to the right. */
function spread(marks: readonly Mark[]): Mark[] {
  const taken: Point[] = [];
  return marks.map(mark => {
    let { xPx } = mark;
    while (taken.some(other => Math.abs(other.xPx - xPx) < STEP && Math.abs(other.yPx - mark.yPx) < STEP))
      xPx += STEP;
    taken.push({ xPx, yPx: mark.yPx });
    return { ...mark, xPx };
  });
}
