/** Where two journeys part, for a person: what is alike is one line, what differs stands side by side, named a and b. */
import {
  type Both,
  type DiffPart,
  isSameWay,
  type JourneyDiff,
  type SegmentDiff,
} from '../../explain/diff/journey-diff.ts';
import type { AnyJourney, Hop } from '../../model/journey.ts';
import { wayText } from '../../words/endpoints.ts';
import { hopLine } from '../../words/hop-line.ts';
import { outcomeText } from '../../words/outcome-text.ts';
import { type PlaceLabels, placeLabels } from '../../words/place-labels.ts';
import { duration } from '../../words/times.ts';
import type { ExplainOptions } from './explain.ts';
import { wrap } from './style.ts';

/** Less is noise of any machine. */
const SLOWER_NS = 5_000;
const SLOWER_FACTOR = 1.5;
const SEGMENTS_SHOWN = 5;
const SAME = 'Both went the same way, with the same rewrites, to the same end.';

type Side = 'a' | 'b';

interface Sides {
  readonly a: AnyJourney;
  readonly b: AnyJourney;
  readonly label: Readonly<Record<Side, PlaceLabels>>;
}

export function diffLines(
  diff: JourneyDiff,
  a: AnyJourney,
  b: AnyJourney,
  options: ExplainOptions,
): string[] {
  const sides = { a, b, label: { a: placeLabels(a), b: placeLabels(b) } };
  return [
    ...headLines('a', a, options),
    ...headLines('b', b, options),
    '',
    ...diff.parts.flatMap(part => partLines(part, diff, sides, options)),
    ...timeLines(diff, sides, options),
    ...outcomeLines(diff, options),
    ...(isSameWay(diff) ? ['', ...wrap(SAME, options.width)] : []),
  ];
}

function headLines(side: Side, journey: AnyJourney, { style, width }: ExplainOptions): string[] {
  const text = `#${journey.id} ${journey.summary}  ${wayText(journey)} · ${outcomeText(journey)}, ${duration(journey.durationNs)}`;
  return wrap(text, width - 3, 2).map((line, n) => `${n === 0 ? style.bold(side) : ' '}  ${line}`);
}

function partLines(part: DiffPart, diff: JourneyDiff, sides: Sides, options: ExplainOptions): string[] {
  if (part.kind === 'other-way') return otherWayLines(part, sides, options);
  return part.hops.flatMap((both, i) => {
    const rewrite = diff.rewrites.find(({ at }) => at.a === both.a);
    const isFirst = i === 0 || diff.rewrites.some(({ at }) => at.a === part.hops[i - 1]!.a);
    if (rewrite !== undefined) return rewriteLines(rewrite, placeOf(sides, 'a', both.a), options);
    return isFirst ? sameLine(alikeFrom(part.hops, i, diff), sides, options) : [];
  });
}

/** From there to the next rewrite that differs. */
function alikeFrom(hops: readonly Both[], from: number, diff: JourneyDiff): readonly Both[] {
  const next = hops.findIndex((both, i) => i >= from && diff.rewrites.some(({ at }) => at.a === both.a));
  return hops.slice(from, next < 0 ? undefined : next);
}

function sameLine(hops: readonly Both[], sides: Sides, { style, width }: ExplainOptions): string[] {
  const stops: string[] = [];
  for (const { a } of hops) {
    const place = placeOf(sides, 'a', a);
    if (stops.at(-1) !== place) stops.push(place);
  }
  const count = hops.length === 1 ? '1 hop alike' : `${hops.length} hops alike`;
  return wrap(`=  ${count}: ${stops.join(' → ')}`, width, 3).map(style.dim);
}

function placeOf(sides: Sides, side: Side, index: number): string {
  const hop = sides[side].hops[index]!;
  return [sides.label[side](hop), ...(hop.dev === undefined ? [] : [hop.dev])].join(' ');
}

function rewriteLines(
  { a, b }: JourneyDiff['rewrites'][number],
  place: string,
  { style, width }: ExplainOptions,
): string[] {
  const line = (side: Side, text = 'none'): string[] =>
    wrap(text, width - 6, 2).map((each, n) => style.rewrite(`   ${n === 0 ? side : ' '}  ${each}`));
  return [`≠  ${place}: another rewrite`, ...line('a', a), ...line('b', b)];
}

function otherWayLines(
  part: Extract<DiffPart, { kind: 'other-way' }>,
  sides: Sides,
  { style, width }: ExplainOptions,
): string[] {
  const line = (side: Side, index: number): string[] => {
    const text = `${placeOf(sides, side, index)}  ${lineOf(sides[side].hops[index]!)}`;
    return wrap(text, width - 6, 2).map((each, n) => style.warn(`   ${n === 0 ? side : ' '}  ${each}`));
  };
  const title = part.a.length === 0 ? 'only b' : part.b.length === 0 ? 'only a' : 'another way';
  return [
    `≠  ${title}`,
    ...part.a.flatMap(index => line('a', index)),
    ...part.b.flatMap(index => line('b', index)),
  ];
}

const lineOf = (hop: Hop): string => (hop.inferred === true ? '~ ' : '') + hopLine(hop);

function timeLines(diff: JourneyDiff, sides: Sides, { style, width }: ExplainOptions): string[] {
  const by = diff.bNs - diff.aNs;
  if (by === 0 && diff.segments.every(({ aNs, bNs }) => aNs === bNs)) return [];
  const total = `time: a ${duration(diff.aNs)}, b ${duration(diff.bNs)} (${signed(by)})`;
  const slower = diff.segments
    .filter(isNotable)
    .sort((x, y) => Math.abs(y.bNs - y.aNs) - Math.abs(x.bNs - x.aNs));
  const more = slower.length > SEGMENTS_SHOWN ? [`   and ${slower.length - SEGMENTS_SHOWN} more`] : [];
  const none =
    slower.length === 0 && diff.segments.length > 0 ? ['   no part of the common way took much longer'] : [];
  return [
    '',
    total,
    ...slower.slice(0, SEGMENTS_SHOWN).flatMap(segment => {
      const text = `${segmentText(segment, sides)}: a ${duration(segment.aNs)}, b ${duration(segment.bNs)} (${signed(segment.bNs - segment.aNs)})`;
      return wrap(text, width - 3, 2).map(line => `   ${style.warn(line)}`);
    }),
    ...[...more, ...none].map(style.dim),
  ];
}

function segmentText({ from, to }: SegmentDiff, sides: Sides): string {
  const [start, end] = [placeOf(sides, 'a', from.a), placeOf(sides, 'a', to.a)];
  return start === end ? `in ${start}` : `${start} → ${end}`;
}

function isNotable({ aNs, bNs }: SegmentDiff): boolean {
  const [less, more] = aNs < bNs ? [aNs, bNs] : [bNs, aNs];
  return more - less >= SLOWER_NS && more >= less * SLOWER_FACTOR;
}

const signed = (ns: number): string => `${ns < 0 ? '−' : '+'}${duration(Math.abs(ns))}`;

function outcomeLines({ outcome }: JourneyDiff, { style, width }: ExplainOptions): string[] {
  if (outcome === undefined) return [];
  const line = (side: Side): string[] =>
    wrap(outcome[side], width - 6, 2).map((each, n) => style.bad(`   ${n === 0 ? side : ' '}  ${each}`));
  return ['', '≠  another end', ...line('a'), ...line('b')];
}
