/** One journey hop by hop: a head with who sends what to whom, a line a hop, and on the last one what became of the packet. */

import type { Hop, Journey } from '../../model/journey.ts';
import { wayText } from '../../words/endpoints.ts';
import { hopLine } from '../../words/hop-line.ts';
import { endText, isGoodEnd, originText, outcomeText } from '../../words/outcome-text.ts';
import { ruleLine } from '../../words/rule-text.ts';
import { duration, offsets } from '../../words/times.ts';
import { column, type Style, widthOf, wrap } from './style.ts';

export interface FullOptions {
  readonly style: Style;
  readonly width: number;
  /** Every hop, each in its own words. */
  readonly wide: boolean;
  /** How a person calls the namespace of a hop. */
  readonly label: (hop: Hop) => string;
}

const OFFSET_WIDTH = 11;
/** Under the head. */
const INDENT = ' '.repeat(5);
/** Where lines stand that belong to no hop. */
const ASIDE = ' '.repeat(OFFSET_WIDTH + 2);

export function fullLines(journey: Journey, sinceText: string, options: FullOptions): string[] {
  const shown = journey.hops.filter(hop => options.wide || hop.repeats !== true);
  const end = shown.at(-1);
  const isEndShown = !options.wide && end?.index === journey.outcome.at && isAtHop(journey);
  const columns = columnsOf(shown, options);
  return [
    ...headLines(journey, sinceText, options),
    ...shown.flatMap(hop => {
      const isEnd = isEndShown && hop === end;
      return hopLines(journey, hop, isEnd, columns, options);
    }),
    ...gapLines(journey, options),
    ...(isEndShown ? [] : outcomeLines(journey, options)),
  ];
}

/** Ends that are where the packet was last seen, not of what we know. */
function isAtHop({ outcome }: Journey): boolean {
  return outcome.kind !== 'open' && outcome.kind !== 'lost' && outcome.kind !== 'continued';
}

/** One line where it fits; else the ends go below, and with them, if need be, the rest. */
function headLines(journey: Journey, sinceText: string, { style, width }: FullOptions): string[] {
  const origin = originText(journey);
  const what = journey.direction === 'none' ? journey.proto : journey.direction;
  const facts = `(${[what, sinceText, ...(origin === undefined ? [] : [origin])].join(', ')})`;
  const paintedFacts = journey.links.some(isRepetition) ? style.warn(facts) : facts;
  const [summary = '', ...more] = wrap(journey.summary, width - journey.id.length - 2);
  const head = `${style.dim(`#${journey.id}`)} ${style.bold(summary)}`;
  const way = wayText(journey);
  const fits = (text: string): boolean => widthOf(text) <= width && more.length === 0;
  if (fits(`${head}  ${way} ${facts}`)) return [`${head}  ${way} ${paintedFacts}`];
  const below = (text: string): string[] => wrap(text, width - INDENT.length).map(line => INDENT + line);
  if (fits(`${head}  ${facts}`)) return [`${head}  ${paintedFacts}`, ...below(way)];
  return [head, ...more.map(line => INDENT + style.bold(line)), ...below(way), ...below(paintedFacts)];
}

const isRepetition = ({ kind, role }: Journey['links'][number]): boolean =>
  kind === 'retransmit' && role === 'parent';

interface Columns {
  readonly label: number;
  readonly dev: number;
}

function columnsOf(hops: readonly Hop[], { label, width }: FullOptions): Columns {
  const widest = Math.max(...hops.map(hop => widthOf(label(hop))));
  return {
    label: Math.min(widest, Math.max(10, Math.floor(width / 6))),
    dev: Math.min(Math.max(...hops.map(hop => widthOf(hop.dev ?? '')), 3), 15),
  };
}

function hopLines(
  journey: Journey,
  hop: Hop,
  isEnd: boolean,
  columns: Columns,
  { style, width, wide, label }: FullOptions,
): string[] {
  const what = wide ? hop.text : hopLine(hop);
  const process = hop.process === undefined ? '' : `  [${hop.process.comm} ${hop.process.pid}]`;
  // What no event showed must have happened for the packet to look as it does next: marked as such.
  const text = isEnd
    ? endOf(journey, endText(journey, hop, what) + process)
    : (hop.inferred === true ? '~ ' : '') + what + process;
  const at = OFFSET_WIDTH + 2 + columns.label + 1 + columns.dev + 1;
  const lines = wrap(text, Math.max(24, width - at), 2);
  const paint = isEnd ? endPaint(journey, style) : hopPaint(hop, style);
  const place = label(hop);
  const head = [
    style.dim(offsets(journey.durationNs)(hop.offsetNs).padStart(OFFSET_WIDTH)),
    ` ${style.place(place, column(place, columns.label))}`,
    style.dim(column(hop.dev ?? '', columns.dev)),
  ].join(' ');
  const below = ' '.repeat(at);
  return [
    ...lines.map((line, n) => (n === 0 ? `${head} ${paint(line)}` : below + paint(line))),
    ...ruleLines(hop, wide).flatMap(line =>
      wrap(line, width - at - 2, 2).map(text => `${below}  ${style.dim(text)}`),
    ),
  ];
}

/** In the words of a hop, and in those of a drop, it is told already. */
function ruleLines({ rule, layer }: Hop, wide: boolean): string[] {
  return rule === undefined || wide || layer === 'drop' ? [] : [ruleLine(rule)];
}

function hopPaint(hop: Hop, style: Style): (text: string) => string {
  if (hop.layer === 'drop') return style.bad;
  return hop.layer === 'netfilter' || hop.layer === 'tunnel' ? style.rewrite : text => text;
}

function gapLines(journey: Journey, { style, width }: FullOptions): string[] {
  const offset = offsets(journey.durationNs);
  return journey.gaps.flatMap(gap => {
    const after = journey.hops[gap.after];
    const where = after === undefined ? 'before the first line' : `after ${offset(after.offsetNs)}`;
    const lines = wrap(`gap ${where}: ${gap.reason}`, width - ASIDE.length, 2);
    return lines.map(line => ASIDE + style.warn(line));
  });
}

/** Where no hop shows it. */
function outcomeLines(journey: Journey, { style, width }: FullOptions): string[] {
  const total = journey.outcome.kind === 'dropped' ? '' : `, ${duration(journey.durationNs)}`;
  const lines = wrap(endOf(journey, outcomeText(journey) + total), width - ASIDE.length, 2);
  return lines.map(line => ASIDE + endPaint(journey, style)(line));
}

function endOf(journey: Journey, text: string): string {
  return `${isGoodEnd(journey) ? '✓' : '✗'} ${text}${journey.complete ? '' : '  (incomplete)'}`;
}

function endPaint(journey: Journey, style: Style): (text: string) => string {
  if (!isGoodEnd(journey)) return style.bad;
  return journey.complete ? style.good : style.warn;
}
