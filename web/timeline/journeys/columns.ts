/**
 * The journeys that are shown, as columns of numbers in the order of birth: what is drawn, found and counted in each frame. Journey i
 * has the hops from `first[i]` to `first[i + 1]`.
 */
import type { Lanes } from '../stations/lanes.ts';
import type { Window } from '../time/time-scale.ts';
import type { Track } from './track.ts';

export class Columns {
  /** Sorted by `starts`. */
  readonly tracks: readonly Track[];
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly first: Uint32Array;
  /** By hop, as are all below. */
  readonly times: Float64Array;
  readonly lanes: Uint16Array;
  readonly looks: Uint8Array;
  readonly marks: Uint8Array;
  readonly stretches: Uint8Array;
  /** By journey: the latest end of it and all before. */
  readonly #latest: Float64Array;
  #index: ReadonlyMap<string, number> | undefined;

  /** @param timesOf when each hop of a track was, in the time space of the picture; its own times if absent */
  constructor(tracks: readonly Track[], lanes: Lanes, timesOf: (track: Track) => Float64Array = ownTimes) {
    const timed = tracks.map(track => ({ track, at: timesOf(track) }));
    timed.sort((a, b) => a.at[0]! - b.at[0]!);
    const hops = timed.reduce((sum, { at }) => sum + at.length, 0);
    this.tracks = timed.map(({ track }) => track);
    this.starts = new Float64Array(timed.length);
    this.ends = new Float64Array(timed.length);
    this.#latest = new Float64Array(timed.length);
    this.first = new Uint32Array(timed.length + 1);
    this.times = new Float64Array(hops);
    this.lanes = new Uint16Array(hops);
    this.looks = new Uint8Array(hops);
    this.marks = new Uint8Array(hops);
    this.stretches = new Uint8Array(hops);
    let hop = 0;
    let latest = Number.NEGATIVE_INFINITY;
    for (const [i, { track, at }] of timed.entries()) {
      this.first[i] = hop;
      this.times.set(at, hop);
      this.lanes.set(lanes.of(track), hop);
      this.looks.set(track.looks, hop);
      this.marks.set(track.marks, hop);
      this.stretches.set(track.stretches, hop);
      hop += at.length;
      this.starts[i] = at[0]!;
      this.ends[i] = at[at.length - 1]!;
      this.#latest[i] = latest = Math.max(latest, this.ends[i]!);
    }
    this.first[timed.length] = hop;
  }

  get count(): number {
    return this.tracks.length;
  }

  indexOf(id: string | undefined): number | undefined {
    if (id === undefined) return undefined;
    this.#index ??= new Map(this.tracks.map((track, i) => [track.id, i]));
    return this.#index.get(id);
  }

  /** Journeys from, to (not included): every one that is in the window lies between them. */
  inWindow({ fromNs, toNs }: Window): readonly [number, number] {
    return [firstNotBelow(this.#latest, fromNs), firstAbove(this.starts, toNs)];
  }

  /** From the first birth to the last end. */
  get extent(): Window | undefined {
    return this.count === 0 ? undefined : { fromNs: this.starts[0]!, toNs: this.#latest[this.count - 1]! };
  }
}

const ownTimes = (track: Track): Float64Array => track.times;

function firstNotBelow(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstAbove(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
