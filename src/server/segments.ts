/**
 * How long packets take from place to place: a segment goes from the first hop at a place to the first at the next one. A place is a device
 * in a namespace. Counted in plain arrays, found once a way: a histogram of prom-client costs a microsecond an observation, and there are
 * hundreds of thousands a second.
 */
import { FIGURES_OF_EVENT } from '../model/hop-figures.ts';
import type { Hop } from '../model/journey.ts';
import { unpackFigures } from '../store/packed-figures.ts';
import type { StoredJourney } from '../store/stored-journey.ts';
import type { Way } from '../store/ways.ts';

/** Of a host with many pods there are more than anybody's Prometheus wants to keep. */
const SEGMENTS_MAX = 256;
export const boundsNs = [1e3, 2.5e3, 5e3, 1e4, 2.5e4, 5e4, 1e5, 2.5e5, 5e5, 1e6, 2.5e6, 1e7, 1e8, 1e9];

export interface Segment {
  readonly from: string;
  readonly to: string;
  /** By the bound that they are not above; the last: above all. */
  readonly counts: number[];
  sumNs: number;
  count: number;
}

interface Step {
  readonly segment: Segment;
  /** Index of the first hop at each of the places. */
  readonly fromHop: number;
  readonly toHop: number;
}

export class Segments {
  readonly #segments = new Map<string, Segment>();
  readonly #steps = new WeakMap<Way, readonly Step[]>();
  readonly #other = segmentOf('other', 'other');
  /** Observations that went to "other" because there were too many segments. */
  folded = 0;

  /** What could not be seen as a whole has no times that mean anything. */
  observe(journey: StoredJourney): void {
    if (!journey.head.complete) return;
    const { way } = journey;
    let steps = this.#steps.get(way);
    if (steps === undefined) {
      steps = this.#stepsOf(way.hops);
      this.#steps.set(way, steps);
    }
    if (steps.length === 0) return;
    const offsetsNs = offsetsOf(journey);
    for (const { segment, fromHop, toHop } of steps) {
      if (segment === this.#other) this.folded++;
      add(segment, offsetsNs[toHop]! - offsetsNs[fromHop]!);
    }
  }

  all(): readonly Segment[] {
    return this.#other.count === 0 ? [...this.#segments.values()] : [...this.#segments.values(), this.#other];
  }

  #stepsOf(hops: readonly Hop[]): readonly Step[] {
    const steps: Step[] = [];
    let fromHop = 0;
    for (const [index, hop] of hops.entries()) {
      const from = placeOf(hops[fromHop]!);
      const to = placeOf(hop);
      if (from === to) continue;
      steps.push({ segment: this.#segment(from, to), fromHop, toHop: index });
      fromHop = index;
    }
    return steps;
  }

  #segment(from: string, to: string): Segment {
    const key = `${from}\n${to}`;
    const known = this.#segments.get(key);
    if (known !== undefined) return known;
    if (this.#segments.size >= SEGMENTS_MAX) return this.#other;
    const segment = segmentOf(from, to);
    this.#segments.set(key, segment);
    return segment;
  }
}

function segmentOf(from: string, to: string): Segment {
  return { from, to, counts: boundsNs.map(() => 0).concat(0), sumNs: 0, count: 0 };
}

function add(segment: Segment, ns: number): void {
  let at = 0;
  while (at < boundsNs.length && ns > boundsNs[at]!) at++;
  segment.counts[at]!++;
  segment.sumNs += ns;
  segment.count++;
}

function placeOf({ netns, node, dev }: Hop): string {
  const where = netns.name ?? node ?? String(netns.inode);
  return dev === undefined ? where : `${where} ${dev}`;
}

/** Of each hop, without making the hops. */
function offsetsOf({ way, figures }: StoredJourney): number[] {
  if (figures === undefined) return way.hops.map(hop => hop.offsetNs);
  const all = unpackFigures(figures);
  let at = 0;
  return way.hops.map(hop => {
    const offsetNs = all[at]!;
    if (hop.inferred !== true) at += FIGURES_OF_EVENT;
    return offsetNs;
  });
}
