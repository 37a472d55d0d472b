/** frames → inventory, names, correlation, resolution: the stages wired together, for a live collector as for a recording. */
import { randomBytes } from 'node:crypto';
import { Correlator } from '../correlate/correlator.ts';
import { hopStory } from '../explain/hop-text.ts';
import { Inventory } from '../inventory/inventory.ts';
import { Names } from '../inventory/names.ts';
import type { HelloFrame, LossRecord } from '../model/event.ts';
import type { ClusterSnapshot, InventoryFrame } from '../model/inventory.ts';
import type { Hop, Journey } from '../model/journey.ts';
import type { Delta, JourneyRecord } from '../model/journey-record.ts';
import { Resolver } from '../resolve/resolver.ts';
import type { Frame } from '../wire/decode.ts';
import { HostPlaces } from './places.ts';

export interface PipelineOptions {
  readonly clusters?: readonly ClusterSnapshot[];
  /** Called once a journey, when it closes, before names are looked up: false leaves it out. */
  readonly wants?: (record: JourneyRecord) => boolean;
  /** `way`: hops that are those of the journey but for times, CPUs and lengths; the same array for many journeys. */
  readonly onJourney: (journey: Journey, record: JourneyRecord, way: readonly Hop[]) => void;
  readonly onLoss?: (loss: LossRecord) => void;
  /** The inventory was asked for something that it does not know yet. */
  readonly onMiss?: () => void;
}

export class Pipeline {
  readonly session = randomBytes(3)
    .toString('base64url')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, 'x');
  readonly #options: PipelineOptions;
  readonly #symbols = new Map<number, string>();
  readonly #observers = new Set<(journey: Journey) => void>();
  #early: InventoryFrame[] = [];
  #stages: Stages | undefined;
  hello: HelloFrame | undefined;
  /** Session time of the last heartbeat. */
  nowNs = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
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
    if (frame.kind === 'hello') this.#begin(frame.hello);
    else if (stages !== undefined) this.#pass(stages, frame);
    else if (frame.kind === 'inventory') this.#early.push(frame.inventory);
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
        stages.inventory.apply(frame.inventory);
        break;
      case 'cluster':
        stages.names.apply(frame.cluster);
        break;
      case 'loss':
        stages.correlator.loss(frame.loss);
        this.#options.onLoss?.(frame.loss);
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
  }

  #ready(): Stages {
    if (this.#stages === undefined)
      throw new Error('assertion failed: the pipeline is used before its hello frame');
    return this.#stages;
  }

  #beat(stages: Stages, timeNs: number): void {
    this.nowNs = timeNs;
    const misses = stages.places.misses;
    this.#take(stages, stages.correlator.heartbeat(timeNs));
    if (stages.places.misses > misses) this.#options.onMiss?.();
  }

  #take(stages: Stages, deltas: readonly Delta[]): void {
    for (const delta of deltas) {
      if (delta.kind !== 'closed' || this.#options.wants?.(delta.journey) === false) continue;
      const way = stages.resolver.wayOf(delta.journey);
      const journey = stages.resolver.resolve(delta.journey, way);
      this.#options.onJourney(journey, delta.journey, way.hops);
      for (const observer of this.#observers) observer(journey);
    }
  }

  #begin(hello: HelloFrame): void {
    this.hello = hello;
    const monotonicNs = BigInt(hello.clock.monotonicNs);
    const inventory = new Inventory({ clockBaseNs: monotonicNs });
    for (const early of this.#early) inventory.apply(early);
    this.#early = [];
    const names = new Names(inventory, this.#options.clusters ?? []);
    const places = new HostPlaces(inventory, names);
    const correlator = new Correlator({
      topology: places,
      symbol: address => this.#symbols.get(address) ?? 'unknown',
      dropReason: reason => hello.dropReasons[String(reason)] ?? String(reason),
    });
    const resolver = new Resolver({
      session: this.session,
      places,
      monotonicNs,
      realtimeNs: BigInt(hello.clock.realtimeNs),
      explain: (hop, before, timeNs) =>
        hopStory(hop, before, places.netns(Number(hop.netns.cookie), timeNs).label),
    });
    this.#stages = { inventory, names, places, correlator, resolver };
  }
}

interface Stages {
  readonly inventory: Inventory;
  readonly names: Names;
  readonly places: HostPlaces;
  readonly correlator: Correlator;
  readonly resolver: Resolver;
}
