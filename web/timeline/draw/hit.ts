/** What is under the pointer: of the hops of the nearest line the nearest one. */
import { mark } from '../journeys/track.ts';
import { pointOf, type Scene, type Spot } from './scene.ts';

const REACH_PX = 9;
/** The selected journey is easier to hit: its hops are being read. */
const SELECTED_BONUS_PX = 3;
/** Hops nearer to each other are at one point. */
const SAME_PX = 1.5;

export function spotAt(scene: Scene, xPx: number, yPx: number, reachPx = REACH_PX): Spot | undefined {
  const { columns, time, laneScale, selected } = scene;
  const [from, to] = columns.inWindow(time.window);
  let best: Spot | undefined;
  let bestPx = reachPx;
  for (let journey = from; journey < to; journey++) {
    const first = columns.first[journey]!;
    const last = columns.first[journey + 1]! - 1;
    const bonus = journey === selected?.journey ? SELECTED_BONUS_PX : 0;
    let x = time.x(columns.times[first]!);
    let y = laneScale.y(columns.lanes[first]!);
    for (let hop = first; hop <= last; hop++) {
      const next = Math.min(hop + 1, last);
      const toX = time.x(columns.times[next]!);
      const toY = laneScale.y(columns.lanes[next]!);
      // Times only grow: beyond the reach on the right nothing comes back.
      if (x > xPx + reachPx) break;
      if (toX >= xPx - reachPx) {
        const { distance, share } = toSegment(xPx, yPx, x, y, toX, toY);
        if (distance - bonus < bestPx) {
          bestPx = distance - bonus;
          best = { journey, hop: (share > 0.5 ? next : hop) - first };
        }
      }
      x = toX;
      y = toY;
    }
  }
  return best === undefined ? undefined : telling(scene, best);
}

/** Of hops at one point that which has a sign there: a cross is what is read, not the routing at the same time. */
function telling(scene: Scene, { journey, hop }: Spot): Spot {
  const { columns } = scene;
  const first = columns.first[journey]!;
  const count = columns.first[journey + 1]! - first;
  const [x, y] = pointOf(scene, first + hop);
  const isHere = (other: number): boolean => {
    const [toX, toY] = pointOf(scene, first + other);
    return Math.hypot(toX - x, toY - y) < SAME_PX;
  };
  const { kind, at } = columns.tracks[journey]!.journey.outcome;
  if (kind !== 'delivered' && isHere(at)) return { journey, hop: at };
  let [from, to] = [hop, hop];
  while (from > 0 && isHere(from - 1)) from--;
  while (to < count - 1 && isHere(to + 1)) to++;
  if (columns.marks[first + hop] !== mark.none) return { journey, hop };
  for (let other = from; other <= to; other++)
    if (columns.marks[first + other] !== mark.none) return { journey, hop: other };
  return { journey, hop };
}

/** `share`: how far along the segment the nearest point lies, 0 to 1. */
export function toSegment(
  px: number,
  py: number,
  ax: number,
  ay: number,
  bx: number,
  by: number,
): { readonly distance: number; readonly share: number } {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length));
  return { distance: Math.hypot(px - ax - share * dx, py - ay - share * dy), share };
}
