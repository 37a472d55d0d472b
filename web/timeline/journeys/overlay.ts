/**
 * Journeys of one way on top of each other, all born at 0, and what is usual among them: at each hop the median of the times since
 * birth and their 99th percentile. Both are lines that never run back, because times of one journey do not.
 */
import type { Track } from './track.ts';

export interface Overlay {
  readonly way: string;
  readonly tracks: readonly Track[];
  /** By hop, ns since birth. */
  readonly p50: Float64Array;
  readonly p99: Float64Array;
}

/** Of sorted values, the nearest rank. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}

/** The way of the selected journey, else the busiest of those that are whole. */
export function overlaidWay(tracks: readonly Track[], selected: Track | undefined): string | undefined {
  if (selected !== undefined) return selected.way;
  const counts = new Map<string, number>();
  for (const { way, journey } of tracks)
    if (journey.complete && journey.direction !== 'none') counts.set(way, (counts.get(way) ?? 0) + 1);
  let best: string | undefined;
  for (const [way, count] of counts) if (best === undefined || count > counts.get(best)!) best = way;
  return best ?? tracks[0]?.way;
}

export const sinceBirth = (track: Track): Float64Array =>
  Float64Array.from(track.journey.hops, hop => hop.offsetNs);

export function overlayOf(all: readonly Track[], way: string): Overlay {
  const tracks = all.filter(track => track.way === way);
  // What is not whole took we do not know how long.
  const whole = tracks.filter(({ journey }) => journey.complete);
  const measured = whole.length > 0 ? whole : tracks;
  const hops = measured[0]?.journey.hops.length ?? 0;
  const p50 = new Float64Array(hops);
  const p99 = new Float64Array(hops);
  for (let hop = 0; hop < hops; hop++) {
    const sorted = Float64Array.from(measured, track => track.journey.hops[hop]!.offsetNs).sort();
    p50[hop] = quantile(sorted, 0.5);
    p99[hop] = quantile(sorted, 0.99);
  }
  return { way, tracks, p50, p99 };
}
