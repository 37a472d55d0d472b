/**
 * Journeys for a person. The first on each way hop by hop, later ones on the same way in one line, full again when anything
 * differs; runs of equal packets, and the copies of a flood, become one line. Lines fit the terminal's width.
 */
import type { Hop, Journey } from '../../model/journey.ts';
import { slowestSegment } from '../../model/slowest-segment.ts';
import { quantile } from '../../store/latencies.ts';
import { duration, since } from '../../words/times.ts';
import { type FullOptions, fullLines } from './full.ts';
import { Runs, runKind, runText } from './runs.ts';
import { widthOf, wrap } from './style.ts';
import { waySignature } from './way.ts';

export interface CompactOptions extends FullOptions {
  readonly write: (line: string) => void;
}

const SLOW_FACTOR = 3;
const SLOW_NS = 1_000_000;
const DURATIONS_MAX = 256;
const TIME_WIDTH = 13;

export class CompactRenderer {
  readonly #options: CompactOptions;
  readonly #ways = new Map<string, number[]>();
  /** Ways with a kind of packet of which one has been shown by itself. */
  readonly #kinds = new Set<string>();
  readonly #runs = new Runs();
  /** Copies of one flood that their receivers ignored. */
  #copies: Journey[] = [];
  #firstNs: bigint | undefined;

  constructor(options: CompactOptions) {
    this.#options = options;
  }

  /** `hops`: those that it shares with other journeys; its own are made only where they are printed. */
  journey(journey: Journey, hops?: readonly Hop[]): void {
    this.#firstNs ??= BigInt(journey.startNs);
    if (isIgnoredCopy(journey) && !this.#options.wide) this.#copy(journey);
    else this.#show(journey, waySignature(journey, hops));
  }

  #show(journey: Journey, way: string): void {
    const known = this.#ways.get(way);
    const kind = journey.complete ? runKind(journey) : undefined;
    if (this.#options.wide || known === undefined || this.#isSpecial(journey, known)) {
      this.flush();
      this.#write('', ...fullLines(journey, this.#since(journey), this.#options));
    } else if (kind !== undefined && this.#kinds.has(`${way} ${kind}`)) {
      if (this.#copies.length > 0 || this.#runs.hasOld(BigInt(journey.startNs))) this.flush();
      this.#runs.add(journey, way, kind);
    } else {
      this.flush();
      this.#brief(journey);
    }
    this.#remember(way, known, journey.durationNs);
    if (kind !== undefined) this.#kinds.add(`${way} ${kind}`);
  }

  /** The kernel's monotonic clock is here: what has been held back for long is written. */
  beat(nowNs: bigint): void {
    if (this.#runs.hasOld(nowNs)) this.flush();
  }

  /** Writes what has been held back. */
  flush(): void {
    this.#flushCopies();
    for (const run of this.#runs.take()) {
      if (run.durations.length === 1) this.#brief(run.first);
      else this.#line(this.#since(run.first), arrow(run.first), runText(run, this.#since(run.last)));
    }
  }

  #remember(way: string, known: number[] | undefined, durationNs: number): void {
    if (known === undefined) this.#ways.set(way, [durationNs]);
    else if (known.length < DURATIONS_MAX) known.push(durationNs);
  }

  #copy(journey: Journey): void {
    const [other] = this.#copies;
    if (
      other === undefined ||
      parentOf(other) !== parentOf(journey) ||
      whyIgnored(other) !== whyIgnored(journey)
    )
      this.flush();
    this.#copies.push(journey);
  }

  /** One line for what receivers of a flood rightly ignored. */
  #flushCopies(): void {
    const copies = this.#copies;
    this.#copies = [];
    const [first] = copies;
    if (first === undefined) return;
    const { style, label } = this.#options;
    const places = copies.map(copy => label(copy.hops[copy.outcome.at] ?? copy.hops[0]!));
    const why = ignored[whyIgnored(first)];
    const what = copies.length === 1 ? 'a copy' : `${copies.length} copies`;
    const text = `${what} of #${parentOf(first) ?? '?'} flooded to ${places.join(', ')}, ${copies.length === 1 ? why.one : why.many}`;
    this.#line(this.#since(first), '⤷', text, style.dim);
  }

  #isSpecial(journey: Journey, durations: readonly number[]): boolean {
    const { outcome, durationNs } = journey;
    // What a capture loses sight of where nobody captured is lost there each time.
    const isOutOfSight = outcome.kind === 'open' && journey.hops[0]?.hook === 'pcap';
    if (
      !isOutOfSight &&
      outcome.kind !== 'delivered' &&
      outcome.kind !== 'transmitted' &&
      outcome.kind !== 'consumed'
    )
      return true;
    // What the first on this way lacks as well, because nobody looked there, makes it no other.
    if (journey.gaps.some(gap => gap.kind !== 'unobserved')) return true;
    if (journey.links.some(link => link.kind === 'retransmit')) return true;
    if (durations.length < 3 || durationNs <= SLOW_NS) return false;
    const sorted = [...durations].sort((a, b) => a - b);
    return durationNs > SLOW_FACTOR * quantile(sorted, 0.5);
  }

  #since(journey: Journey): string {
    return since(Number(BigInt(journey.startNs) - (this.#firstNs ?? 0n)));
  }

  /** Time, arrow, text: what does not fit stands below the text. */
  #line(time: string, mark: string, text: string, paint: (text: string) => string = text => text): void {
    const { style, width } = this.#options;
    const at = Math.max(TIME_WIDTH, widthOf(time)) + 3;
    for (const [n, line] of wrap(text, width - at, 2).entries())
      this.#write(
        n === 0
          ? `${style.dim(time.padStart(TIME_WIDTH))} ${mark} ${paint(line)}`
          : ' '.repeat(at) + paint(line),
      );
  }

  #brief(journey: Journey): void {
    const { style, width } = this.#options;
    const time = this.#since(journey);
    const took = duration(journey.durationNs);
    const id = `#${journey.id}`;
    const lacks = journey.complete ? '' : '  (incomplete)';
    const room = width - Math.max(TIME_WIDTH, widthOf(time)) - 3;
    const fits = (more: string): boolean =>
      widthOf(`${journey.summary}  ${took}${more}${lacks}  ${id}`) <= room;
    if (!fits('')) {
      this.#line(time, arrow(journey), `${journey.summary} ${took}${lacks} ${id}`);
      return;
    }
    const between = this.#slowest(journey);
    const tail = `${fits(between) ? style.dim(between) : ''}${style.warn(lacks)}  ${style.dim(id)}`;
    this.#line(time, arrow(journey), `${style.bold(journey.summary)}  ${took}${tail}`);
  }

  #slowest(journey: Journey): string {
    const slowest = slowestSegment(journey);
    if (slowest === undefined) return '';
    return `, slowest ${duration(slowest.ns)} ${this.#segment(slowest.before, slowest.after)}`;
  }

  #segment(before: Hop, after: Hop): string {
    const { label } = this.#options;
    const from = label(before);
    const to = label(after);
    return from === to ? `in ${from}` : `${from} → ${to}`;
  }

  #write(...lines: readonly string[]): void {
    for (const line of lines) this.#options.write(line);
  }
}

/** A flood's copy for somebody else, or an ARP question to one who is not asked. */
function isIgnoredCopy({ outcome, complete, links }: Journey): boolean {
  if (outcome.kind !== 'consumed' || !complete) return false;
  if (!links.some(link => link.role === 'parent' && isCopy(link.kind))) return false;
  if (outcome.by === 'not-addressed') return true;
  return outcome.by === 'arp' && !links.some(link => link.kind === 'answer');
}

const isCopy = (kind: Journey['links'][number]['kind']): boolean => kind === 'clone' || kind === 'flood';

function parentOf({ links }: Journey): string | undefined {
  return links.find(link => link.role === 'parent' && isCopy(link.kind))?.journey;
}

const ignored = {
  arp: { one: 'which is not asked', many: 'which are not asked' },
  mac: { one: 'which ignores it', many: 'which ignore it' },
} as const;

function whyIgnored({ outcome }: Journey): keyof typeof ignored {
  return outcome.kind === 'consumed' && outcome.by === 'arp' ? 'arp' : 'mac';
}

function arrow(journey: Journey): string {
  if (journey.direction === 'none') return '·';
  return journey.direction === 'request' ? '→' : '←';
}
