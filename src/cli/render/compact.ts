/**
 * Journeys for a person. The first on each way hop by hop, later ones on the same way in one line, full again when anything
 * differs; runs of data packets become one line. Lines fit the terminal's width.
 */

import { outcomeText } from '../../explain/hop-text.ts';
import type { Hop, Journey } from '../../model/journey.ts';
import { quantile } from '../../store/latencies.ts';
import { column, type Style, wrap } from './style.ts';
import { slowestSegment, waySignature } from './way.ts';
import { bytes, duration, endpointText, wayText } from './words.ts';

export interface CompactOptions {
  readonly style: Style;
  readonly width: number;
  readonly write: (line: string) => void;
  /** Every hop of every journey. */
  readonly wide: boolean;
  /** How a person calls the namespace of a hop. */
  readonly label: (hop: Hop) => string;
}

const OFFSET_WIDTH = 9;
const SLOW_FACTOR = 3;
const SLOW_NS = 1_000_000;

/** Data packets, or pure acknowledgements, on one way since the last other line. */
interface Run {
  readonly first: Journey;
  bytes: number;
  readonly durations: number[];
}

export class CompactRenderer {
  readonly #options: CompactOptions;
  readonly #ways = new Map<string, number[]>();
  readonly #runs = new Map<string, Run>();
  #firstNs: bigint | undefined;

  constructor(options: CompactOptions) {
    this.#options = options;
  }

  journey(journey: Journey): void {
    this.#firstNs ??= BigInt(journey.startNs);
    if (isIgnoredCopy(journey) && !this.#options.wide) {
      this.flush();
      this.#copy(journey);
      return;
    }
    const signature = waySignature(journey);
    const known = this.#ways.get(signature);
    if (this.#options.wide || known === undefined || this.#isSpecial(journey, known)) {
      this.flush();
      this.#full(journey);
    } else if (isData(journey)) this.#collect(journey, signature);
    else {
      this.flush();
      this.#brief(journey);
    }
    const durations = known ?? [];
    if (durations.length < 256) durations.push(journey.durationNs);
    this.#ways.set(signature, durations);
  }

  /** Writes what has been gathered of data packets: one line a way. */
  flush(): void {
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    for (const run of runs) {
      if (run.durations.length === 1) this.#brief(run.first);
      else this.#options.write(this.#line(this.#since(run.first), arrow(run.first), runText(run)));
    }
  }

  /** One line for a flood's copy that its receiver rightly ignored. */
  #copy(journey: Journey): void {
    const { style, label } = this.#options;
    const parent = journey.links.find(link => link.role === 'parent');
    const place = label(journey.hops[journey.outcome.at] ?? journey.hops[0]!);
    this.#options.write(
      this.#line(
        this.#since(journey),
        '⤷',
        style.dim(`a copy of #${parent?.journey ?? '?'} flooded to ${place}, which ignores it`),
      ),
    );
  }

  #isSpecial(journey: Journey, durations: readonly number[]): boolean {
    if (
      journey.outcome.kind !== 'delivered' &&
      journey.outcome.kind !== 'transmitted' &&
      journey.outcome.kind !== 'consumed'
    )
      return true;
    if (!journey.complete || journey.links.some(link => link.kind === 'retransmit')) return true;
    const sorted = [...durations].sort((a, b) => a - b);
    return (
      durations.length >= 3 &&
      journey.durationNs > SLOW_FACTOR * quantile(sorted, 0.5) &&
      journey.durationNs > SLOW_NS
    );
  }

  #collect(journey: Journey, signature: string): void {
    const bytes = journey.packet.payloadBytes ?? 0;
    const key = `${journey.flow} ${signature} ${bytes > 0 ? 'data' : 'ack'}`;
    const run = this.#runs.get(key) ?? { first: journey, bytes: 0, durations: [] };
    run.bytes += bytes;
    run.durations.push(journey.durationNs);
    this.#runs.set(key, run);
  }

  #since(journey: Journey): string {
    const ns = Number(BigInt(journey.startNs) - (this.#firstNs ?? 0n));
    return `+${(ns / 1_000_000).toFixed(3)} ms`;
  }

  #line(time: string, mark: string, text: string): string {
    const { style } = this.#options;
    return `${style.dim(time.padStart(13))} ${mark} ${text}`;
  }

  #brief(journey: Journey): void {
    const { style } = this.#options;
    const slowest = slowestSegment(journey);
    const between =
      slowest === undefined
        ? ''
        : `, slowest ${duration(slowest.ns)} ${this.#segment(slowest.before, slowest.after)}`;
    const text = `${style.bold(journey.summary)}  ${duration(journey.durationNs)}${style.dim(between)}`;
    this.#options.write(
      this.#line(this.#since(journey), arrow(journey), `${text}  ${style.dim(`#${journey.id}`)}`),
    );
  }

  #segment(before: Hop, after: Hop): string {
    const { label } = this.#options;
    const from = label(before);
    const to = label(after);
    return from === to ? `in ${from}` : `${from} → ${to}`;
  }

  #full(journey: Journey): void {
    const { style, write, width } = this.#options;
    const ends = wrap(
      `${wayText(journey)}  (${journey.direction === 'none' ? journey.proto : journey.direction}, ${this.#since(journey)})`,
      width - 4 - journey.summary.length,
    );
    write('');
    write(`${style.dim(`#${journey.id}`)} ${style.bold(journey.summary)}  ${ends[0] ?? ''}`);
    for (const more of ends.slice(1)) write(`     ${more}`);
    const labels = journey.hops.map(hop => this.#options.label(hop));
    const labelWidth = Math.min(
      Math.max(...labels.map(label => label.length)),
      Math.max(10, Math.floor(width / 6)),
    );
    const devWidth = Math.min(Math.max(...journey.hops.map(hop => (hop.dev ?? '').length), 3), 15);
    for (const [index, hop] of journey.hops.entries())
      if (this.#options.wide || (hop.repeats !== true && hop.layer !== 'bridge'))
        this.#hop(journey, hop, labels[index]!, labelWidth, devWidth);
    this.#gaps(journey);
    this.#outcome(journey);
  }

  #hop(_journey: Journey, hop: Hop, label: string, labelWidth: number, devWidth: number): void {
    const { style, write, width } = this.#options;
    const offset = offsetText(hop.offsetNs).padStart(OFFSET_WIDTH + 2);
    const isRewrite = hop.layer === 'netfilter' || hop.layer === 'tunnel';
    // What no event showed must have happened for the packet to look as it does next: marked as such.
    const mark = hop.inferred === true ? '~ ' : '';
    const text = mark + (this.#options.wide ? hop.text : shortText(hop));
    const process = hop.process === undefined ? '' : `  [${hop.process.comm} ${hop.process.pid}]`;
    const lines = wrap(text + process, Math.max(24, width - OFFSET_WIDTH - 2 - labelWidth - devWidth - 4));
    const indent = ' '.repeat(OFFSET_WIDTH + 2 + labelWidth + devWidth + 4);
    for (const [n, line] of lines.entries()) {
      const painted = hop.layer === 'drop' ? style.bad(line) : isRewrite ? style.rewrite(line) : line;
      const head = `${style.dim(offset)}  ${style.place(label, column(label, labelWidth))} ${style.dim(column(hop.dev ?? '', devWidth))} `;
      write(n === 0 ? head + painted : indent + painted);
    }
  }

  #gaps(journey: Journey): void {
    const { style, write, width } = this.#options;
    for (const gap of journey.gaps) {
      const where =
        gap.after < 0
          ? 'before the first line'
          : `after ${(journey.hops[gap.after]!.offsetNs / 1000).toFixed(1)} µs`;
      for (const line of wrap(`gap ${where}: ${gap.reason}`, width - 15))
        write(`             ${style.warn(line)}`);
    }
  }

  #outcome(journey: Journey): void {
    const { style, write, width } = this.#options;
    const { outcome } = journey;
    const good =
      outcome.kind === 'delivered' ||
      outcome.kind === 'transmitted' ||
      outcome.kind === 'consumed' ||
      outcome.kind === 'continued';
    const target =
      outcome.kind === 'delivered'
        ? ` to ${endpointText(journey.backend ?? journey.to, { port: false })}`
        : '';
    const total = outcome.kind === 'dropped' ? '' : `, ${duration(journey.durationNs)}`;
    const incomplete = journey.complete ? '' : '  (incomplete)';
    for (const [n, line] of wrap(
      `${outcomeText(outcome)}${target}${total}${incomplete}`,
      width - 15,
    ).entries()) {
      const mark = n > 0 ? '  ' : good ? '✓ ' : '✗ ';
      write(
        `             ${good && journey.complete ? style.good(mark + line) : good ? style.warn(mark + line) : style.bad(mark + line)}`,
      );
    }
  }
}

function runText(run: Run): string {
  const sorted = [...run.durations].sort((a, b) => a - b);
  const what = run.bytes > 0 ? `${sorted.length} data packets, ${bytes(run.bytes)}` : `${sorted.length} ACKs`;
  return `${what}, p50 ${duration(quantile(sorted, 0.5))}, p99 ${duration(quantile(sorted, 0.99))}, all ${run.first.outcome.kind}`;
}

/** µs while that is short. */
function offsetText(ns: number): string {
  return ns < 100_000_000 ? `${(ns / 1000).toFixed(1)} µs` : `${(ns / 1_000_000).toFixed(1)} ms`;
}

/** Place and device stand in columns of their own. */
function shortText(hop: Hop): string {
  if (hop.layer === 'route') return hop.text.replace(/^.*? routes it: /, 'routed: ');
  if (hop.layer !== 'device' || hop.hook === 'napi_gro_receive_exit') return hop.text;
  if (hop.stage === 'rx') return hop.dev === 'lo' ? 'back in' : 'in';
  if (hop.peer !== undefined) return `out → ${hop.peer.netns} ${hop.peer.dev}`;
  return hop.dev === 'lo' ? 'out, to itself' : 'out';
}

function isIgnoredCopy(journey: Journey): boolean {
  return (
    journey.outcome.kind === 'consumed' &&
    journey.outcome.by === 'not-addressed' &&
    journey.links.some(link => link.role === 'parent')
  );
}

function isData(journey: Journey): boolean {
  return journey.proto === 'tcp' && !/[SFR]/.test(journey.packet.tcp?.flags ?? '');
}

function arrow(journey: Journey): string {
  if (journey.direction === 'none') return '·';
  return journey.direction === 'reply' ? '←' : '→';
}
