/** One journey, explained: every hop with its reason and its command, what became of the packet, and what to look at next. */
import { nextSteps } from '../../explain/next-steps.ts';
import { shellParts } from '../../explain/shell.ts';
import type { Flow } from '../../model/flow.ts';
import type { AnyJourney, Hop } from '../../model/journey.ts';
import type { NextStep } from '../../model/next-step.ts';
import { fieldText, isRewrite } from '../../words/change-text.ts';
import { wayText } from '../../words/endpoints.ts';
import { isGoodEnd, originText, outcomeText } from '../../words/outcome-text.ts';
import { type PlaceLabels, placeLabels } from '../../words/place-labels.ts';
import { duration, offsets } from '../../words/times.ts';
import { ruleLines } from './rule-lines.ts';
import { flowSentence } from './sentence.ts';
import { column, type Style, widthOf, wrap } from './style.ts';

export interface ExplainOptions {
  readonly style: Style;
  readonly width: number;
}

/** Offset, two blanks. */
const INDENT = 13;
const BLANK = ' '.repeat(INDENT);
/** Of what stands below a text that it belongs to. */
const HANG = 2;
const RULE_MAX = 100;

export function explainLines(journey: AnyJourney, flow: Flow | undefined, options: ExplainOptions): string[] {
  const label = placeLabels(journey);
  return [
    ...headLines(journey, options),
    ...journey.hops.flatMap((hop, i) => hopLines(journey, hop, journey.hops[i - 1], label, options)),
    ...gapLines(journey, options),
    '',
    ...endLines(journey, flow, options),
    ...stepLines(nextSteps(journey, flow), options),
    ...legend(journey, options),
  ];
}

function headLines(journey: AnyJourney, { style, width }: ExplainOptions): string[] {
  const origin = originText(journey);
  const facts = [
    journey.direction === 'none' ? journey.proto : journey.direction,
    `${journey.lenBytes} B`,
    ...(origin === undefined ? [] : [origin]),
    ...(journey.flow === undefined ? [] : [`conversation ${journey.flow}`]),
    journey.startedAt,
  ].join(', ');
  const head = `#${journey.id} ${journey.summary}`;
  return [
    ...wrap(head, width, HANG).map((line, n) =>
      n === 0
        ? `${style.dim(`#${journey.id}`)} ${style.bold(line.slice(journey.id.length + 2))}`
        : style.bold(line),
    ),
    ...wrap(wayText(journey), width - HANG, HANG).map(line => `  ${line}`),
    ...wrap(facts, width - HANG, HANG).map(line => `  ${style.dim(line)}`),
  ];
}

function hopLines(
  journey: AnyJourney,
  hop: Hop,
  before: Hop | undefined,
  label: PlaceLabels,
  options: ExplainOptions,
): string[] {
  const { style, width } = options;
  const room = Math.max(24, width - INDENT);
  const offset = style.dim(offsets(journey.durationNs)(hop.offsetNs).padStart(INDENT - 2));
  const process = hop.process === undefined ? '' : `  [${hop.process.comm} ${hop.process.pid}]`;
  const text = wrap((hop.inferred === true ? '~ ' : '') + hop.text + process, room, HANG);
  const paint = paintOf(hop, style);
  return [
    ...(before?.netns.cookie === hop.netns.cookie ? [] : ['', placeLine(hop, label(hop), options)]),
    ...text.map((line, n) => `${n === 0 ? `${offset}  ` : BLANK}${paint(line)}`),
    ...ruleLines(journey, hop, room).map(line => BLANK + style.dim(line)),
    ...changeLines(hop, room).map(line => BLANK + style.dim(line)),
    ...commandLines(hop.command, room).map(line => BLANK + style.dim(line)),
  ];
}

/** ── node-1 (lab-node-1) ── as far as the lines go; the namespace's own name where there is room for it. */
function placeLine(hop: Hop, label: string, { style, width }: ExplainOptions): string {
  const { name } = hop.netns;
  const place = column(label, Math.min(widthOf(label), width - 6));
  const netns = name === undefined || name === label ? '' : ` (${name})`;
  const shown = 3 + widthOf(place) + widthOf(netns) + 3 <= width ? netns : '';
  const rule = '─'.repeat(Math.max(2, Math.min(width, RULE_MAX) - 3 - widthOf(place) - widthOf(shown) - 1));
  return `${style.dim('──')} ${style.place(label, style.bold(place))}${style.dim(`${shown} ${rule}`)}`;
}

function paintOf(hop: Hop, style: Style): (text: string) => string {
  if (hop.layer === 'drop') return style.bad;
  return hop.changes.some(isRewrite) ? style.rewrite : text => text;
}

/** Rewrites and the TTL are in the text. */
function changeLines({ changes, layer }: Hop, room: number): string[] {
  const others = changes.filter(
    change => !isRewrite(change) && !(change.field === 'ttl' && layer === 'route'),
  );
  return others.flatMap(change => wrap(fieldText(change), room, HANG));
}

/** A line that does not fit is broken between words so that a shell still takes it as one. */
function commandLines(command: string | undefined, room: number): string[] {
  if (command === undefined) return [];
  const lines: string[] = [];
  let line = '$';
  for (const part of shellParts(command)) {
    if (widthOf(`${line} ${part} \\`) > room && line.trim() !== '$' && line.trim() !== '') {
      lines.push(`${line} \\`);
      line = '   ';
    }
    line += ` ${part}`;
  }
  return [...lines, line];
}

function gapLines({ gaps, hops, durationNs }: AnyJourney, { style, width }: ExplainOptions): string[] {
  const offset = offsets(durationNs);
  return gaps.flatMap(({ after, reason }) => {
    const hop = hops[after];
    const where = hop === undefined ? 'before the first line' : `after ${offset(hop.offsetNs)}`;
    return wrap(`gap ${where}: ${reason}`, width - INDENT, HANG).map(line => BLANK + style.warn(line));
  });
}

function endLines(journey: AnyJourney, flow: Flow | undefined, { style, width }: ExplainOptions): string[] {
  const isGood = isGoodEnd(journey);
  const complete = journey.complete ? '' : ' (incomplete: not all of its way was seen)';
  const text = `${isGood ? '✓' : '✗'} ${outcomeText(journey)}, ${duration(journey.durationNs)}${complete}`;
  const paint = !isGood ? style.bad : journey.complete ? style.good : style.warn;
  const sentence = flow === undefined ? [] : wrap(`conversation: ${flowSentence(flow, style)}`, width, HANG);
  return [...wrap(text, width, HANG).map(paint), ...sentence];
}

function stepLines(steps: readonly NextStep[], { style, width }: ExplainOptions): string[] {
  const room = Math.max(24, width - HANG * 2);
  return steps.flatMap(({ text, command }) => [
    ...wrap(`· ${text}`, width - HANG, HANG).map(line => `  ${line}`),
    ...commandLines(command, room).map(line => `    ${style.dim(line)}`),
  ]);
}

function legend({ hops }: AnyJourney, { style, width }: ExplainOptions): string[] {
  if (!hops.some(hop => hop.inferred === true)) return [];
  const text = '~ no event shows it: it must have happened for the packet to look as it does next';
  return ['', ...wrap(text, width, HANG).map(style.dim)];
}
