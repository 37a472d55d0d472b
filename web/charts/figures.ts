/** Figures of the packets that the page keeps, for the charts: pure, in session time. */
import type { AnyJourney, OutcomeKind } from '../../src/model/journey.ts';
import { placeLabels } from '../../src/words/place-labels.ts';

export interface Timed {
  readonly journey: AnyJourney;
  /** ns since the session began. */
  readonly atNs: number;
}

export interface Series {
  readonly name: string;
  /** Packets a second, of each bin. */
  readonly values: readonly number[];
}

export interface Rates {
  /** Middles of the bins, s since the session began. */
  readonly seconds: readonly number[];
  readonly series: readonly Series[];
}

const NS = 1e9;
const BINS = 120;
const AROUND = 3;
/** Older than this is left to the diagram. */
const SPAN_NS = 600 * NS;

const outcomeOrder: readonly OutcomeKind[] = [
  ...(['delivered', 'transmitted', 'consumed', 'continued', 'dropped', 'open', 'lost'] as const),
];

export function ratesByOutcome(packets: readonly Timed[]): Rates {
  return ratesBy(packets, outcomeOrder, ({ outcome }) => outcome.kind);
}

/** The most frequent ones by name. */
export function dropsByReason(packets: readonly Timed[], max = 5): Rates {
  const reasonOf = ({ outcome }: AnyJourney) => (outcome.kind === 'dropped' ? outcome.reason : undefined);
  const counts = new Map<string, number>();
  for (const { journey } of packets) {
    const reason = reasonOf(journey);
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const frequent = [...counts].sort((a, b) => b[1] - a[1]).map(([reason]) => reason);
  const named = frequent.slice(0, max);
  const names = frequent.length > max ? [...named, 'other reasons'] : named;
  return ratesBy(packets, names, journey => {
    const reason = reasonOf(journey);
    return reason === undefined || named.includes(reason) ? reason : 'other reasons';
  });
}

/** One axis for all: bins of a round length over the time of all packets. Names of which there is none are left out. */
function ratesBy(
  packets: readonly Timed[],
  names: readonly string[],
  nameOf: (journey: AnyJourney) => string | undefined,
): Rates {
  const lastNs = packets.reduce((last, { atNs }) => Math.max(last, atNs), 0);
  const recent = packets.filter(({ atNs }) => atNs >= lastNs - SPAN_NS);
  if (recent.length === 0) return { seconds: [], series: [] };
  const firstNs = recent.reduce((first, { atNs }) => Math.min(first, atNs), lastNs);
  const binNs = roundNs(Math.max(lastNs - firstNs, NS) / BINS);
  // Something on both sides, so that a single packet is a peak.
  const fromBin = Math.floor(firstNs / binNs) - AROUND;
  const bins = Math.floor(lastNs / binNs) - fromBin + 1 + AROUND;
  const values = new Map(names.map(name => [name, new Array<number>(bins).fill(0)]));
  for (const { journey, atNs } of recent) {
    const found = values.get(nameOf(journey) ?? '');
    if (found !== undefined) found[Math.floor(atNs / binNs) - fromBin]! += NS / binNs;
  }
  return {
    seconds: Array.from({ length: bins }, (_, bin) => ((fromBin + bin + 0.5) * binNs) / NS),
    series: [...values]
      .filter(([, counts]) => counts.some(count => count > 0))
      .map(([name, counts]) => ({ name, values: counts })),
  };
}

/** 1, 2 or 5 times a power of ten, not below. */
export function roundNs(ns: number): number {
  const power = 10 ** Math.floor(Math.log10(ns));
  return power * ([1, 2, 5].find(times => times * power >= ns) ?? 10);
}

export interface Segment {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
}

/**
 * From the first hop at a place to the first at the next, of packets that were seen whole; the slowest first. Only what a packet crosses in
 * one direction is one segment.
 */
export function segmentsOf(packets: readonly Timed[], max: number): readonly Segment[] {
  const found = new Map<string, { readonly from: string; readonly to: string; readonly times: number[] }>();
  for (const { journey } of packets) if (journey.complete) addSegments(found, journey);
  return [...found.values()]
    .map(({ from, to, times }) => {
      times.sort((a, b) => a - b);
      return { from, to, count: times.length, p50Ns: quantile(times, 0.5), p99Ns: quantile(times, 0.99) };
    })
    .sort((a, b) => b.p50Ns - a.p50Ns)
    .slice(0, max);
}

function addSegments(
  found: Map<string, { readonly from: string; readonly to: string; readonly times: number[] }>,
  { hops, from }: AnyJourney,
): void {
  const labelOf = placeLabels({ hops, from });
  const places = hops.map(hop => `${labelOf(hop)}${hop.dev === undefined ? '' : ` ${hop.dev}`}`);
  let since = 0;
  for (const [index, place] of places.entries()) {
    const before = places[since]!;
    if (place === before) continue;
    const key = `${before}\n${place}`;
    let segment = found.get(key);
    if (segment === undefined) {
      segment = { from: before, to: place, times: [] };
      found.set(key, segment);
    }
    segment.times.push(hops[index]!.offsetNs - hops[since]!.offsetNs);
    since = index;
  }
}

/** Of numbers in order; the nearest rank. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
