/** The diagram in words, for who cannot see it. */
import type { AnyJourney } from '../../../src/model/journey.ts';
import { isRewrite, rewriteText } from '../../../src/words/change-text.ts';
import { counted } from '../../../src/words/counts.ts';
import { wayText } from '../../../src/words/endpoints.ts';
import { hopLine } from '../../../src/words/hop-line.ts';
import { outcomeText } from '../../../src/words/outcome-text.ts';
import { placeLabels } from '../../../src/words/place-labels.ts';
import { duration } from '../../../src/words/times.ts';
import type { Track } from '../journeys/track.ts';

export function describeJourney(journey: AnyJourney): string {
  const { hops, summary, id, durationNs, complete } = journey;
  const label = placeLabels(journey);
  const rewrites = hops
    .filter(hop => hop.changes.some(change => isRewrite(change) && change.field !== 'encap'))
    .map(hop => `In ${label(hop)}: ${rewriteText(hop.changes)}.`);
  const long = longestStretch(journey);
  const longest =
    long === undefined
      ? ''
      : ` Longest: ${duration(long.ns)} before hop ${long.hop + 1}, ${hopLine(hops[long.hop]!)} in ${label(hops[long.hop]!)}.`;
  const whole = complete ? '' : ' Not the whole journey was seen.';
  return [
    `Journey ${id}, ${summary}, ${wayText(journey)}: ${counted(hops.length, 'hop')} in ${duration(durationNs)}.`,
    ...rewrites,
    `In the end: ${outcomeText(journey)}.${longest}${whole}`,
  ].join(' ');
}

export function describeHop(journey: AnyJourney, index: number): string {
  const hop = journey.hops[index];
  if (hop === undefined) return '';
  const place = placeLabels(journey)(hop);
  return `Hop ${index + 1} of ${journey.hops.length}, ${place}${hop.dev === undefined ? '' : ` ${hop.dev}`}: ${hop.text}`;
}

export function longestStretch({
  hops,
}: AnyJourney): { readonly hop: number; readonly ns: number } | undefined {
  let best: { hop: number; ns: number } | undefined;
  for (let i = 1; i < hops.length; i++) {
    const ns = hops[i]!.offsetNs - hops[i - 1]!.offsetNs;
    if (ns > (best?.ns ?? 0)) best = { hop: i, ns };
  }
  return best;
}

export function countText(tracks: readonly Track[]): string {
  const count = (kind: string): number =>
    tracks.filter(({ journey }) => journey.outcome.kind === kind).length;
  const parts = [counted(tracks.length, 'journey')];
  for (const [kind, words] of [
    ['dropped', 'dropped'],
    ['open', 'on the way'],
    ['lost', 'lost sight of'],
  ] as const)
    if (count(kind) > 0) parts.push(`${count(kind)} ${words}`);
  const cut = tracks.filter(({ journey }) => !journey.complete && journey.closedBy !== undefined).length;
  if (cut > 0) parts.push(`${cut} not whole`);
  return parts.join(', ');
}
