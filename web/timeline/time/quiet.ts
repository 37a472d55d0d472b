/**
 * Stretches of time in which nothing moves, which the diagram folds. The longest first, until none that is left takes more than a
 * share of what is shown unfolded. While a packet is under way (it waits in a socket, for a MAC address) a flat line is what the
 * reader looks for, so such a stretch must be longer to be folded.
 */

export interface Quiet {
  readonly fromNs: number;
  readonly toNs: number;
}

export interface Moments {
  /** Every time at which a packet was seen, in any order. Absent: only births and ends are known, so what is under way moves. */
  readonly times?: Float64Array;
  /** Of each journey. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
}

const IDLE_SHARE = 0.12;
const UNDERWAY_SHARE = 0.4;
/** Shorter waits of a packet are compared with each other, whatever their share. */
const UNDERWAY_LEAST_NS = 1_000_000;
/** Something has to be left to show. */
const REST_NS = 5_000;
/** Shorter ones are worth drawing as they are. */
const LEAST_NS = 2_000;
/** What is left of a folded stretch at its ends, as a share of what is shown: lines do not run into the tear. */
const MARGIN_SHARE = 0.012;

interface Candidate extends Quiet {
  readonly underway: boolean;
}

/** The longest first. */
function candidatesOf(sorted: Float64Array, { starts, ends }: Moments): Candidate[] {
  const born = starts.toSorted();
  const ended = ends.toSorted();
  const found: Candidate[] = [];
  let births = 0;
  let deaths = 0;
  for (let i = 1; i < sorted.length; i++) {
    const fromNs = sorted[i - 1]!;
    const toNs = sorted[i]!;
    if (toNs - fromNs < LEAST_NS) continue;
    while (births < born.length && born[births]! <= fromNs) births++;
    while (deaths < ended.length && ended[deaths]! <= fromNs) deaths++;
    found.push({ fromNs, toNs, underway: births > deaths });
  }
  return found.sort((a, b) => b.toNs - b.fromNs - (a.toNs - a.fromNs));
}

function both({ starts, ends }: Moments): Float64Array {
  const times = new Float64Array(starts.length + ends.length);
  times.set(starts);
  times.set(ends, starts.length);
  return times;
}

const isLongWait = (ns: number, shownNs: number): boolean =>
  ns > UNDERWAY_LEAST_NS && ns > UNDERWAY_SHARE * shownNs;

export function quietOf(moments: Moments): Quiet[] {
  const sorted = (moments.times ?? both(moments)).toSorted();
  if (sorted.length < 2) return [];
  let shown = sorted.at(-1)! - sorted[0]!;
  const folded: Candidate[] = [];
  for (const candidate of candidatesOf(sorted, moments)) {
    const size = candidate.toNs - candidate.fromNs;
    if (size <= IDLE_SHARE * shown) break;
    if (shown - size < REST_NS) continue;
    if (candidate.underway && (moments.times === undefined || !isLongWait(size, shown))) continue;
    folded.push(candidate);
    shown -= size;
  }
  // The margin is a share of what is left to show: it is known only now.
  const marginNs = MARGIN_SHARE * shown;
  return folded
    .map(({ fromNs, toNs }) => {
      const margin = Math.min(marginNs, (toNs - fromNs) / 4);
      return { fromNs: fromNs + margin, toNs: toNs - margin };
    })
    .sort((a, b) => a.fromNs - b.fromNs);
}
