/**
 * Would a capture have shown the answer to a question? Only then is a question without one unanswered, and else nobody knows.
 *
 * An answer comes back into the namespace that asked, and leaves the one that was asked, whatever way it takes between them. So one of the two has
 * to be captured whole: all of its devices, with every packet's direction known. And the capture has to go on long enough.
 *
 * What it cannot know: that tcpdump ended before its last packet's file did; a capture lasts until the last packet of its namespace.
 */
import type { Hop, Journey } from '../model/journey.ts';
import type { CaptureFacts } from './events.ts';
import type { Device } from './places.ts';

export class Coverage {
  readonly #points: CaptureFacts['points'];
  readonly #whole = new Set<number>();
  readonly #owns: (place: number, ip: string) => boolean;
  /** By capture: ns since the first packet. */
  readonly #lastNs = new Map<number, number>();
  readonly #baseNs: bigint;
  /** Captures of which packets were left out, or that end in the middle. */
  readonly #broken = new Set<number>();

  constructor(
    { points, devices }: CaptureFacts,
    owns: (place: number, ip: string) => boolean,
    baseNs: bigint,
  ) {
    this.#points = points;
    this.#owns = owns;
    this.#baseNs = baseNs;
    for (const { place } of points) {
      const captured = points.filter(point => point.place === place);
      const has = ({ name }: Device): boolean =>
        captured.some(({ dev }) => dev === undefined || dev === name);
      const own = devices.get(place);
      const isAll = captured.some(({ dev }) => dev === undefined);
      if (isAll || (own !== undefined && [...own.values()].every(device => has(device) || isAbove(device))))
        this.#whole.add(place);
    }
  }

  saw(capture: number, timeNs: number): void {
    this.#lastNs.set(capture, timeNs);
  }

  /** Not all of it is used: nothing is proved by what it does not show. */
  breaks(capture: number): void {
    this.#broken.add(capture);
  }

  /** Namespaces, by their cookies, that the answer to this packet has to enter or leave in sight. */
  watchersOf({ outcome, gaps }: Pick<Journey, 'outcome' | 'gaps'>, hops: readonly Hop[]): string[] {
    const first = hops[0];
    const last = hops[outcome.at];
    const isBorn = first?.stage === 'tx' && !gaps.some(({ after }) => after < 0);
    const asked = first !== undefined && isBorn && this.#isOwn(first) ? [first.netns.cookie] : [];
    const answers = last !== undefined && outcome.kind === 'delivered' ? [last.netns.cookie] : [];
    return [...new Set([...asked, ...answers])].filter(cookie => this.#whole.has(Number(cookie)));
  }

  /** Until when the answer would have been seen; undefined: it may have gone by unseen. Kernel monotonic ns. */
  seesUntil(watchers: readonly string[]): bigint | undefined {
    const ends = watchers.flatMap(cookie => {
      const captures = this.#points.flatMap(({ place }, capture) =>
        place === Number(cookie) ? [capture] : [],
      );
      if (captures.some(capture => this.#broken.has(capture))) return [];
      return captures.flatMap(capture => this.#lastNs.get(capture) ?? []);
    });
    return ends.length === 0 ? undefined : this.#baseNs + BigInt(Math.max(...ends));
  }

  #isOwn({ netns, tuple, inner }: Hop): boolean {
    const src = (inner ?? tuple)?.src;
    return src !== undefined && this.#owns(Number(netns.cookie), src);
  }
}

/** What passes it passes another device of the namespace as well, or nothing does. */
function isAbove({ kind, isDown }: Device): boolean {
  return isDown === true || kind === 'loopback' || kind === 'bridge' || kind === 'tunnel';
}
