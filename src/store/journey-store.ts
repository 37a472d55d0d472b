/**
 * Journeys, open and closed, and their flows, in a set amount of memory: what has not changed for longest is forgotten first, and
 * counted. Each change has a number; a reader who knows up to which he has read gets what came since, as long as nothing of it has been
 * forgotten (`oldest`). Of what changed twice only the last version is kept.
 *
 * Memory is estimated, not measured: a JavaScript program cannot ask what an object takes. The constants are held against the real
 * heap by `test/bench/store.ts`. A flow counts closed journeys alone, so that each counts once.
 */
import type { FlowVersion } from '../model/flow.ts';
import { figuresOf } from '../model/hop-figures.ts';
import type { Hop, Journey, JourneyVersion, OutcomeKind } from '../model/journey.ts';
import type { JourneyRecord } from '../model/journey-record.ts';
import { type Filter, Matcher } from './filter.ts';
import { FlowBook } from './flow-book.ts';
import { headOf, type JourneyHead } from './journey-head.ts';
import { OverdueQueue } from './overdue-queue.ts';
import { packFigures } from './packed-figures.ts';
import { type Range, Search } from './search.ts';
import { SeqList } from './seq-list.ts';
import { StoredFlow } from './stored-flow.ts';
import { StoredJourney } from './stored-journey.ts';
import { Ways } from './ways.ts';

export const MAX_BYTES = 256 * 1024 * 1024;

export interface StoreOptions {
  readonly session: string;
  /** 256 MiB unless told otherwise. */
  readonly maxBytes?: number;
}

export interface StoreCounts {
  readonly journeys: number;
  readonly open: number;
  /** Put and closed until now, each once: closed + open = journeys + evictedJourneys. */
  readonly closed: number;
  readonly flows: number;
  /** Estimated. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Forgotten, to stay within `maxBytes`. An open one does not count: it comes again when it closes. */
  readonly evictedJourneys: number;
  readonly evictedFlows: number;
  /** Versions that took the place of another one. */
  readonly amended: number;
}

export class JourneyStore {
  readonly session: string;
  readonly #maxBytes: number;
  readonly #journeys = new Map<string, StoredJourney>();
  readonly #flows = new Map<string, StoredFlow>();
  readonly #journeyLog = new SeqList<StoredJourney>();
  readonly #flowLog = new SeqList<StoredFlow>();
  readonly #byOutcome = new Map<OutcomeKind, SeqList<StoredJourney>>();
  readonly #ways = new Ways();
  readonly #book = new FlowBook({ flowsMax: Number.POSITIVE_INFINITY });
  readonly #overdue = new OverdueQueue();
  readonly #observers = new Set<(journey: StoredJourney) => void>();
  #onChange: (() => void) | undefined;
  #seq = 0;
  #oldest = 0;
  #bytes = 0;
  #open = 0;
  #closed = 0;
  #nowNs = 0n;
  #evictedJourneys = 0;
  #evictedFlows = 0;
  #amended = 0;

  constructor({ session, maxBytes = MAX_BYTES }: StoreOptions) {
    this.session = session;
    this.#maxBytes = maxBytes;
  }

  /** Number of the last change. */
  get seq(): number {
    return this.#seq;
  }

  /** Who has read up to here, or further, has missed nothing. */
  get oldest(): number {
    return this.#oldest;
  }

  get counts(): StoreCounts {
    return {
      journeys: this.#journeys.size,
      open: this.#open,
      closed: this.#closed,
      flows: this.#flowLog.size,
      bytes: this.#bytes,
      maxBytes: this.#maxBytes,
      evictedJourneys: this.#evictedJourneys,
      evictedFlows: this.#evictedFlows,
      amended: this.#amended,
    };
  }

  /**
   * Keeps a journey, or another version of one; an older version than the one that is kept is left out. `record` and `way` are what the
   * pipeline gave with it: hops that are shared are kept once, and never made for the store.
   */
  put(
    journey: Journey | JourneyVersion,
    record?: Pick<JourneyRecord, 'events' | 'rev'>,
    way?: readonly Hop[],
  ): void {
    const rev = record?.rev ?? ('rev' in journey ? journey.rev : 0);
    const before = this.#journeys.get(journey.id);
    if (before !== undefined && before.rev > rev) return;
    const head = headOf(journey);
    const figures =
      record === undefined || way === undefined ? undefined : packFigures(figuresOf(record.events));
    const hops = figures === undefined ? journey.hops : way!;
    this.#seq++;
    if (before === undefined)
      this.#insert(new StoredJourney(head, rev, this.#ways.take(hops, head), figures));
    else this.#amend(before, head, rev, figures, hops);
    while (this.#bytes > this.#maxBytes) if (!this.#evict()) break;
    this.#onChange?.();
  }

  /** Packets may have gone by unseen between the two: an answer that was due then is not missing. */
  blind(fromNs: bigint, toNs: bigint): void {
    this.#book.blind.add(fromNs, toNs);
  }

  /** The kernel's monotonic clock has come this far: requests may be overdue. */
  beat(nowNs: bigint): void {
    this.#nowNs = nowNs;
    this.#overdue.until(nowNs, flow => {
      flow.entry!.rev++;
      this.#touch(flow, ++this.#seq);
    });
  }

  /** Shows each journey when it closes, once, until the returned function is called. */
  onClosed(observer: (journey: StoredJourney) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Called with each change of a journey; one observer, undefined takes it away. */
  onChange(observer: (() => void) | undefined): void {
    this.#onChange = observer;
  }

  has(id: string): boolean {
    return this.#journeys.has(id);
  }

  journey(id: string): JourneyVersion | undefined {
    return this.#journeys.get(id)?.version();
  }

  flow(id: string): FlowVersion | undefined {
    return this.#flows.get(id)?.version(this.#nowNs, this.#book.blind);
  }

  /** The newest that fit, or those changed after `range.since`. */
  journeys(filter: Filter, range: Range): Search<StoredJourney> {
    const matcher = new Matcher(filter);
    return new Search(this.#listFor(filter), journey => matcher.journey(journey), range, this.#seq);
  }

  flows(filter: Filter, range: Range): Search<StoredFlow> {
    const matcher = new Matcher(filter);
    const isWanted = (flow: StoredFlow): boolean =>
      flow.matches(matcher, filter, this.#nowNs, this.#book.blind);
    return new Search(this.#flowLog, isWanted, range, this.#seq);
  }

  matchesFlow(flow: StoredFlow, matcher: Matcher, filter: Filter): boolean {
    return flow.matches(matcher, filter, this.#nowNs, this.#book.blind);
  }

  flowVersion(flow: StoredFlow): FlowVersion | undefined {
    return flow.version(this.#nowNs, this.#book.blind);
  }

  /** Those changed after `seq`, oldest change first, until `visit` says false. */
  journeysAfter(seq: number, visit: (journey: StoredJourney) => boolean): void {
    this.#journeyLog.forward(seq, visit);
  }

  flowsAfter(seq: number, visit: (flow: StoredFlow) => boolean): void {
    this.#flowLog.forward(seq, visit);
  }

  /** The shortest list that holds all that can fit. */
  #listFor({ flow, outcome }: Filter): SeqList<StoredJourney> {
    if (flow !== undefined) return this.#flows.get(flow)?.journeys ?? new SeqList();
    if (outcome !== undefined) return this.#byOutcome.get(outcome) ?? new SeqList();
    return this.#journeyLog;
  }

  #insert(journey: StoredJourney): void {
    this.#journeys.set(journey.id, journey);
    this.#bytes += journey.bytes + (journey.way.users === 1 ? journey.way.bytes : 0);
    if (journey.isOpen) this.#open++;
    this.#list(journey);
    if (!journey.isOpen) this.#close(journey, undefined);
  }

  #amend(
    journey: StoredJourney,
    head: JourneyHead,
    rev: number,
    figures: string | undefined,
    hops: readonly Hop[],
  ): void {
    const before = journey.head;
    this.#amended++;
    this.#unlist(journey);
    this.#bytes -= journey.bytes;
    const way = this.#ways.take(hops, head);
    if (way.users === 1) this.#bytes += way.bytes;
    this.#bytes -= this.#ways.release(journey.way);
    const wasOpen = journey.isOpen;
    Object.assign(journey, { head, rev, way, figures });
    this.#bytes += journey.bytes;
    this.#open += Number(journey.isOpen) - Number(wasOpen);
    this.#list(journey);
    if (!journey.isOpen) this.#close(journey, wasOpen ? undefined : before);
  }

  /** `before`: what it was, if it had been closed already. */
  #close(journey: StoredJourney, before: JourneyHead | undefined): void {
    const { head, way } = journey;
    const flow = head.flow === undefined ? undefined : this.#flows.get(head.flow);
    if (before === undefined || before.flow !== head.flow) {
      const entry = this.#book.addHead(head, way);
      if (entry !== undefined && flow !== undefined) flow.entry = entry;
    } else this.#book.amend(before, head);
    if (before === undefined) {
      this.#closed++;
      for (const observer of this.#observers) observer(journey);
    }
    if (flow?.entry === undefined) return;
    this.#touch(flow, this.#seq);
    this.#overdue.add(flow);
  }

  #list(journey: StoredJourney): void {
    const { flow, outcome } = journey.head;
    journey.seq = this.#seq;
    this.#journeyLog.push(journey);
    made(this.#byOutcome, outcome.kind, () => new SeqList<StoredJourney>()).push(journey);
    if (flow !== undefined) made(this.#flows, flow, () => new StoredFlow(flow)).journeys.push(journey);
  }

  #unlist(journey: StoredJourney): void {
    const { flow, outcome } = journey.head;
    journey.seq = 0;
    this.#journeyLog.leave();
    this.#byOutcome.get(outcome.kind)?.leave();
    if (flow !== undefined) this.#flows.get(flow)?.journeys.leave();
  }

  #touch(flow: StoredFlow, seq: number): void {
    if (flow.seq > 0) this.#flowLog.leave();
    flow.seq = seq;
    this.#flowLog.push(flow);
    const bytes = flow.entry?.heapBytes ?? 0;
    this.#bytes += bytes - flow.bytes;
    flow.bytes = bytes;
  }

  /** A flow changed with the last of its journeys, so it goes after them. */
  #evict(): boolean {
    const journey = this.#journeyLog.first();
    const flow = this.#flowLog.first();
    if (journey !== undefined && (flow === undefined || journey.seq <= flow.seq)) this.#evictJourney(journey);
    else if (flow !== undefined) this.#evictFlow(flow);
    return journey !== undefined || flow !== undefined;
  }

  #evictJourney(journey: StoredJourney): void {
    this.#oldest = Math.max(this.#oldest, journey.seq);
    this.#bytes -= journey.bytes + this.#ways.release(journey.way);
    if (journey.isOpen) this.#open--;
    else this.#evictedJourneys++;
    this.#unlist(journey);
    this.#journeyLog.trim();
    this.#byOutcome.get(journey.head.outcome.kind)?.trim();
    this.#journeys.delete(journey.id);
    const flow = journey.head.flow === undefined ? undefined : this.#flows.get(journey.head.flow);
    flow?.journeys.trim();
    // One that never counted: copies of a packet that was not seen itself.
    if (flow !== undefined && flow.entry === undefined && flow.journeys.size === 0)
      this.#flows.delete(flow.id);
  }

  #evictFlow(flow: StoredFlow): void {
    this.#oldest = Math.max(this.#oldest, flow.seq);
    this.#bytes -= flow.bytes;
    this.#flowLog.leave();
    flow.seq = 0;
    flow.bytes = 0;
    flow.entry = undefined;
    this.#flowLog.trim();
    this.#book.forget(flow.id);
    this.#evictedFlows++;
    this.#dropIfEmpty(flow);
  }

  /** Journeys of a flow that counts no more, or never did, are still found by its id. */
  #dropIfEmpty(flow: StoredFlow): void {
    if (flow.entry === undefined && flow.journeys.size === 0) this.#flows.delete(flow.id);
  }
}

function made<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}
