/** frames → inventory, names, correlation, resolution: the stages wired together, for a live collector as for a recording. */
import { randomBytes } from 'node:crypto';
import { Correlator } from '../correlate/correlator.ts';
import { Inventory } from '../inventory/inventory.ts';
import { Names } from '../inventory/names.ts';
import type { HelloFrame, LossRecord } from '../model/event.ts';
import type { ClusterFrame, InventoryFrame } from '../model/inventory.ts';
import type { Hop, Journey, JourneyVersion } from '../model/journey.ts';
import type { Delta, JourneyRecord } from '../model/journey-record.ts';
import type { SessionNote } from '../model/session.ts';
import type { Way } from '../resolve/known-ways.ts';
import { Resolver } from '../resolve/resolver.ts';
import type { Frame } from '../wire/decode.ts';
import { explaining } from './explaining.ts';
import { HostPlaces } from './places.ts';
import { RuleBook } from './rule-book.ts';
import { ToldJourneys } from './told-journeys.ts';
import { WaitingLine } from './waiting-line.ts';

/** As long as it takes a busy machine to read thousands of rules; then journeys are told without. */
const READ_NS = 3e9;
/** The kernel tells of a packet within milliseconds, or it was not asked to. */
const TRACE_NS = 1e9;

export interface PipelineOptions {
  /** Its id; default: a new one. */
  readonly session?: string;
  /** The beginning of the recording is gone: journeys have the ids that it says they were told under. */
  readonly isRest?: boolean;
  readonly clusters?: readonly ClusterFrame[];
  /** Called once a journey, when it closes, before names are looked up: false leaves it out. */
  readonly wants?: (record: JourneyRecord) => boolean;
  /** `way`: hops that are those of the journey but for times, CPUs and lengths; the same array for many journeys. */
  readonly onJourney: (journey: Journey, record: JourneyRecord, way: readonly Hop[]) => void;
  /** A journey that is still open, or of which more was seen after it was closed: `record.rev` tells which of two is newer. */
  readonly onUpdate?: (journey: JourneyVersion, record: JourneyRecord, way: readonly Hop[]) => void;
  readonly onLoss?: (loss: LossRecord) => void;
  /** Packets may have gone by unseen between the two (kernel monotonic ns): lost, or left out in overload. */
  readonly onBlind?: (fromNs: bigint, toNs: bigint) => void;
  /** The inventory was asked for something that it does not know yet. */
  readonly onMiss?: () => void;
  /** Rules of this namespace decided something, and have not been read lately. */
  readonly onRules?: (cookie: string) => void;
}

export class Pipeline {
  readonly session: string;
  readonly #options: PipelineOptions;
  /** Names of functions by their address. */
  readonly #symbols = new Map<number, string>();
  readonly #observers = new Set<(journey: Journey) => void>();
  #early: InventoryFrame[] = [];
  readonly #earlyClusters: ClusterFrame[] = [];
  readonly #told: ToldJourneys | undefined;
  /** Cookies of what a collector that was started anew has found so far; undefined while one is at work. */
  #found: Set<string> | undefined;
  #stages: Stages | undefined;
  readonly #line = new WaitingLine();
  hello: HelloFrame | undefined;
  /** Events of what is followed, or would be, that were left out on purpose. */
  filtered = { own: 0, sampled: 0 };
  /** Kernel time of the last stats frame. */
  #statsNs: bigint | undefined;
  /** Session time of the last heartbeat. */
  nowNs = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.session = options.session ?? newSession();
    this.#told = options.isRest === true ? new ToldJourneys() : undefined;
  }

  /** CLOCK_MONOTONIC: whatever happened until then has been told. Undefined before the first hello frame. */
  get kernelNs(): bigint | undefined {
    return this.hello && BigInt(this.hello.clock.monotonicNs) + BigInt(Math.round(this.nowNs));
  }

  get places(): HostPlaces {
    return this.#ready().places;
  }

  get inventory(): Inventory {
    return this.#ready().inventory;
  }

  get names(): Names {
    return this.#ready().names;
  }

  get correlator(): Correlator {
    return this.#ready().correlator;
  }

  frame(frame: Frame): void {
    const stages = this.#stages;
    if (frame.kind === 'hello' && stages !== undefined) this.#resume(stages, frame.hello);
    else if (frame.kind === 'hello') this.#begin(frame.hello);
    else if (stages !== undefined) this.#pass(stages, frame);
    else if (frame.kind === 'inventory') this.#early.push(frame.inventory);
    else if (frame.kind === 'cluster') this.#earlyClusters.push(frame.cluster);
  }

  #pass(stages: Stages, frame: Frame): void {
    switch (frame.kind) {
      case 'event':
        stages.correlator.event(frame.event);
        break;
      case 'heartbeat':
        this.#beat(stages, frame.timeNs);
        break;
      case 'process':
        stages.correlator.process(frame.process);
        break;
      case 'symbol':
        this.#symbols.set(frame.address, frame.name);
        break;
      case 'inventory':
        this.#found?.add(frame.inventory.cookie);
        stages.inventory.apply(frame.inventory);
        break;
      case 'cluster':
        stages.names.apply(frame.cluster);
        break;
      case 'loss':
        if (frame.loss.cause === 'collector') this.#interrupt(stages, frame.loss);
        else stages.correlator.loss(frame.loss);
        this.#options.onLoss?.(frame.loss);
        this.#blind(frame.loss);
        break;
      case 'stats':
        this.#count(frame.stats);
        break;
      case 'note':
        this.#note(stages, frame.note);
        break;
      default:
        break;
    }
  }

  /** Shows every journey to one more observer, until the returned function is called. */
  observe(observer: (journey: Journey) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Closes what is still open. */
  finish(): void {
    if (this.#stages !== undefined) this.#take(this.#stages, this.#stages.correlator.finish());
    this.#line.end();
  }

  #note(stages: Stages, note: SessionNote): void {
    if (note.kind === 'reads-rules') stages.book.isRead = true;
    if (note.kind === 'traces-rules') stages.book.traces(note.places);
    if (note.kind === 'traced') stages.book.traced(note.cookie, note.text);
    if (note.kind === 'rules') stages.book.apply(note.rules);
    if (note.kind === 'rules' || note.kind === 'traced') this.#line.go(this.nowNs);
    if (note.kind !== 'journeys' || this.#told === undefined) return;
    for (const record of this.#told.told(note.journeys)) this.#tell(stages, record);
  }

  #ready(): Stages {
    if (this.#stages === undefined)
      throw new Error('assertion failed: the pipeline is used before its hello frame');
    return this.#stages;
  }

  #beat(stages: Stages, timeNs: number): void {
    this.nowNs = timeNs;
    const misses = stages.places.misses;
    this.#line.go(timeNs);
    this.#take(stages, stages.correlator.heartbeat(timeNs));
    if (stages.places.misses > misses) this.#options.onMiss?.();
  }

  #take(stages: Stages, deltas: readonly Delta[]): void {
    for (const delta of deltas) {
      if (delta.kind === 'open' || delta.kind === 'amended') this.#update(stages, delta.journey);
      if (delta.kind !== 'closed') continue;
      const record = this.#told === undefined ? delta.journey : this.#told.closed(delta.journey);
      if (record !== undefined) this.#tell(stages, record);
    }
  }

  #tell(stages: Stages, record: JourneyRecord): void {
    if (this.#options.wants?.(record) === false) return;
    this.#whenRead(stages, record, way => {
      const journey = stages.resolver.resolve(record, way);
      this.#options.onJourney(journey, record, way.hops);
      for (const observer of this.#observers) observer(journey);
    });
  }

  /** At once, unless rules decided in it that are still to be read. */
  #whenRead(stages: Stages, record: JourneyRecord, tell: (way: Way) => void): void {
    const { book, resolver } = stages;
    /** How often each of them had been read when it was asked for. */
    let lacks: ReadonlyMap<string, number> | undefined;
    /** What was known when the kernel had not told of its rules yet. */
    let untoldAt: number | undefined;
    this.#line.add(this.nowNs, waitedNs => {
      const isRead = [...(lacks ?? [])].every(([cookie, count]) => book.countOf(cookie) > count);
      if (waitedNs < READ_NS && !isRead) return false;
      if (waitedNs < TRACE_NS && untoldAt === book.rev) return false;
      const way = resolver.wayOf(record);
      const isUntold = book.takeUntold();
      const missing = book.takeMissing();
      if (waitedNs < READ_NS && lacks === undefined && missing.length > 0) {
        lacks = new Map(missing.map(cookie => [cookie, book.countOf(cookie)]));
        for (const cookie of missing) this.#options.onRules?.(cookie);
        return false;
      }
      if (waitedNs < TRACE_NS && isUntold) {
        untoldAt = book.rev;
        return false;
      }
      tell(way);
      return true;
    });
  }

  #update(stages: Stages, record: JourneyRecord): void {
    const { onUpdate, wants } = this.#options;
    if (onUpdate === undefined || this.#told !== undefined || wants?.(record) === false) return;
    this.#whenRead(stages, record, way =>
      onUpdate({ ...stages.resolver.resolve(record, way), rev: record.rev }, record, way.hops),
    );
  }

  #blind({ fromNs, toNs }: LossRecord): void {
    const base = BigInt(this.hello!.clock.monotonicNs);
    this.#options.onBlind?.(base + BigInt(Math.floor(fromNs)), base + BigInt(Math.ceil(toNs)));
  }

  /** The counts of one collector only grow; another one begins anew. */
  #count({ timeNs, own = 0, sampled = 0 }: Readonly<Record<string, number | string>>): void {
    const nowNs = BigInt(timeNs ?? 0);
    if (Number(sampled) > this.filtered.sampled) this.#options.onBlind?.(this.#statsNs ?? 0n, nowNs);
    this.filtered = { own: Number(own), sampled: Number(sampled) };
    this.#statsNs = nowNs;
  }

  #interrupt(stages: Stages, loss: LossRecord): void {
    this.#take(stages, stages.correlator.interrupt(loss));
    this.#found ??= new Set();
  }

  /** Another collector goes on in the same session: by the same clock, with journeys and flows numbered on. */
  #resume(stages: Stages, hello: HelloFrame): void {
    const { clock } = this.hello!;
    this.hello = { ...hello, clock };
    if (this.#found !== undefined) stages.inventory.keepOnly(this.#found, hello.clock.monotonicNs);
    else {
      const loss = this.#interruption(hello);
      this.#interrupt(stages, loss);
      this.#blind(loss);
    }
    this.#found = undefined;
  }

  /** As a recording tells it: by the second hello frame alone. */
  #interruption(hello: HelloFrame): LossRecord {
    const toNs = Number(BigInt(hello.clock.monotonicNs) - BigInt(this.hello!.clock.monotonicNs));
    return { fromNs: this.nowNs, toNs: Math.max(toNs, this.nowNs), tap: 0, count: 1, cause: 'collector' };
  }

  #begin(hello: HelloFrame): void {
    this.hello = hello;
    const monotonicNs = BigInt(hello.clock.monotonicNs);
    const inventory = new Inventory({ clockBaseNs: monotonicNs });
    for (const early of this.#early) inventory.apply(early, true);
    this.#early = [];
    const names = new Names(inventory, [...(this.#options.clusters ?? []), ...this.#earlyClusters]);
    const book = new RuleBook(monotonicNs);
    const places = new HostPlaces(inventory, names, book);
    const correlator = new Correlator({
      topology: places,
      symbol: address => this.#symbols.get(address) ?? 'unknown',
      dropReason: reason => hello.dropReasons[String(reason)] ?? String(reason),
      resetReason: reason => hello.resetReasons?.[String(reason)] ?? String(reason),
    });
    const resolver = new Resolver({
      session: this.session,
      places,
      monotonicNs,
      realtimeNs: BigInt(hello.clock.realtimeNs),
      explain: explaining(inventory, names, places, book),
    });
    this.#stages = { inventory, names, places, correlator, resolver, book };
  }
}

function newSession(): string {
  return randomBytes(3)
    .toString('base64url')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, 'x');
}

interface Stages {
  readonly inventory: Inventory;
  readonly names: Names;
  readonly places: HostPlaces;
  readonly correlator: Correlator;
  readonly resolver: Resolver;
  readonly book: RuleBook;
}
