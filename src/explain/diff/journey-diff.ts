/**
 * Where two journeys part: another way, another rewrite, another end, slower where. Hops are the same if place, device and kind are, by
 * name, so that journeys of other sessions and hosts can be compared. What only repeats its neighbour, and hooks that a packet only
 * passed (they are watched in one following and not in another), is no way; the socket is told by the outcome.
 */
import type { AnyJourney, Change, Hop } from '../../model/journey.ts';
import { changeText } from '../../words/change-text.ts';
import { outcomeText } from '../../words/outcome-text.ts';
import { placeLabels } from '../../words/place-labels.ts';
import { align } from './align.ts';

/** Index of a hop in each journey. */
export interface Both {
  readonly a: number;
  readonly b: number;
}

export type DiffPart =
  /** Pairs of hops at the same places. */
  | { readonly kind: 'same'; readonly hops: readonly Both[] }
  /** Hops that only one has; one of the two lists may be empty. */
  | { readonly kind: 'other-way'; readonly a: readonly number[]; readonly b: readonly number[] };

export interface RewriteDiff {
  readonly at: Both;
  /** Rewrites there, absent if it has none. */
  readonly a?: string;
  readonly b?: string;
}

/** The time from one common hop to the next. */
export interface SegmentDiff {
  readonly from: Both;
  readonly to: Both;
  readonly aNs: number;
  readonly bNs: number;
}

export interface JourneyDiff {
  readonly a: string;
  readonly b: string;
  readonly parts: readonly DiffPart[];
  readonly rewrites: readonly RewriteDiff[];
  /** All of them, in order. */
  readonly segments: readonly SegmentDiff[];
  readonly aNs: number;
  readonly bNs: number;
  /** Absent: they ended alike. */
  readonly outcome?: { readonly a: string; readonly b: string };
}

export function journeyDiff(a: AnyJourney, b: AnyJourney): JourneyDiff {
  const [waysA, waysB] = [wayOf(a), wayOf(b)];
  const pairs = align(
    waysA.map(hop => hop.key),
    waysB.map(hop => hop.key),
  );
  const same = pairs.map(([i, j]) => ({ a: waysA[i]!.index, b: waysB[j]!.index }));
  const outcome = outcomeDiff(a, b);
  return {
    a: a.id,
    b: b.id,
    parts: partsOf(waysA, waysB, pairs),
    rewrites: same.flatMap(at => rewriteDiff(at, a.hops[at.a]!, b.hops[at.b]!)),
    segments: segmentsOf(same, a, b),
    aNs: a.durationNs,
    bNs: b.durationNs,
    ...(outcome === undefined ? {} : { outcome }),
  };
}

/** Nothing but, perhaps, time. */
export function isSameWay({ parts, rewrites, outcome }: JourneyDiff): boolean {
  return parts.every(part => part.kind === 'same') && rewrites.length === 0 && outcome === undefined;
}

interface WayHop {
  readonly index: number;
  readonly key: string;
}

function wayOf(journey: AnyJourney): WayHop[] {
  const label = placeLabels(journey);
  const last = journey.hops.length - 1;
  return journey.hops
    .filter(hop => hop.layer !== 'socket' && (isOfWay(hop) || hop.index === 0 || hop.index === last))
    .map(hop => ({ index: hop.index, key: keyOf(hop, label(hop)) }));
}

function isOfWay({ layer, repeats, changes }: Hop): boolean {
  if (layer === 'netfilter') return rewritesOf(changes).length > 0;
  return repeats !== true;
}

/** A rewrite is seen at a hook, or inferred between two devices: the same either way. */
function keyOf({ layer, stage, dev }: Hop, label: string): string {
  return [label, layer, stage, layer === 'netfilter' || layer === 'drop' ? '' : dev].join(' ');
}

function partsOf(
  a: readonly WayHop[],
  b: readonly WayHop[],
  pairs: readonly (readonly [number, number])[],
): DiffPart[] {
  const parts: DiffPart[] = [];
  let [nextA, nextB] = [0, 0];
  for (const [i, j] of [...pairs, [a.length, b.length] as const]) {
    if (i > nextA || j > nextB)
      parts.push({
        kind: 'other-way',
        a: a.slice(nextA, i).map(hop => hop.index),
        b: b.slice(nextB, j).map(hop => hop.index),
      });
    if (i < a.length && j < b.length) addSame(parts, { a: a[i]!.index, b: b[j]!.index });
    [nextA, nextB] = [i + 1, j + 1];
  }
  return parts;
}

function addSame(parts: DiffPart[], both: Both): void {
  const last = parts.at(-1);
  if (last?.kind === 'same') parts[parts.length - 1] = { kind: 'same', hops: [...last.hops, both] };
  else parts.push({ kind: 'same', hops: [both] });
}

function rewriteDiff(at: Both, a: Hop, b: Hop): RewriteDiff[] {
  const [textA, textB] = [a, b].map(hop => rewritesOf(hop.changes).map(withoutChance).join(', '));
  if (textA === textB) return [];
  const [toldA, toldB] = [a, b].map(hop => rewritesOf(hop.changes).map(changeText).join(', '));
  return [{ at, ...(toldA === '' ? {} : { a: toldA! }), ...(toldB === '' ? {} : { b: toldB! }) }];
}

const rewritesOf = (changes: readonly Change[]): Change[] =>
  changes.filter(({ field }) => field === 'src' || field === 'dst' || field === 'encap');

/** Behind the node ports, which end at 32767. */
const EPHEMERAL_FROM = 32_768;

/** Ports that a client or a masquerade picked at random tell nothing. */
function withoutChance(change: Change): string {
  const isPicked = change.by === 'masquerade' || change.by === 'snat' || change.by === 'unsnat';
  return changeText(change).replace(/:(\d+)(?= |$)/g, (whole, port: string) =>
    isPicked || Number(port) >= EPHEMERAL_FROM ? ':*' : whole,
  );
}

function segmentsOf(same: readonly Both[], a: AnyJourney, b: AnyJourney): SegmentDiff[] {
  return same.slice(1).map((to, i) => {
    const from = same[i]!;
    return {
      from,
      to,
      aNs: a.hops[to.a]!.offsetNs - a.hops[from.a]!.offsetNs,
      bNs: b.hops[to.b]!.offsetNs - b.hops[from.b]!.offsetNs,
    };
  });
}

function outcomeDiff(a: AnyJourney, b: AnyJourney): JourneyDiff['outcome'] {
  if (outcomeKey(a) === outcomeKey(b)) return undefined;
  return { a: endText(a), b: endText(b) };
}

const endText = (journey: AnyJourney): string =>
  outcomeText(journey) + (journey.complete ? '' : ' (incomplete)');

/** Whether the process read it in time to be seen is no difference. */
function outcomeKey({ outcome, complete }: AnyJourney): string {
  const { kind } = outcome;
  const what = [
    kind === 'dropped' ? `${outcome.reason} ${outcome.location} ${outcome.hook ?? ''}` : '',
    kind === 'consumed' ? outcome.by : '',
    kind === 'transmitted' ? outcome.dev : '',
    kind === 'open' ? outcome.waiting : '',
    kind === 'lost' ? outcome.cause : '',
  ];
  return [kind, ...what, complete].join('|');
}
