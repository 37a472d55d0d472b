/** Everything of the daemon but its doors: collector, pipeline, store and what is followed, kept going as one. */
import { Clusters, type KubeOptions } from '../cluster/clusters.ts';
import type { CollectorOptions } from '../collect/collector.ts';
import { RulesetReader } from '../collect/rulesets.ts';
import { Pipeline } from '../engine/pipeline.ts';
import type { ClusterFrame } from '../model/inventory.ts';
import type { Hop, Journey, JourneyVersion } from '../model/journey.ts';
import type { JourneyRecord } from '../model/journey-record.ts';
import { JourneyStore } from '../store/journey-store.ts';
import type { Frame } from '../wire/decode.ts';
import { Follows } from './follows.ts';
import { CollectorKeeper } from './keeper.ts';
import { LabWatch } from './labs.ts';
import { Meter } from './meter.ts';
import { Recording } from './recording.ts';
import { Told } from './told.ts';

/** Namespaces are made and removed in several steps. */
const SETTLE_MS = 200;
/** How long a name that is not known may take to be found by a look at the machine. */
const LOOK_MS = 300;

export interface WatchingOptions {
  readonly note: (text: string) => void;
  /** Clusters that are asked for names; absent: none but practice clusters. */
  readonly kube?: KubeOptions;
  /** Of the store. */
  readonly memoryBytes?: number;
  /** Path of the session file that is kept meanwhile. */
  readonly recording?: string;
  readonly collector?: Pick<CollectorOptions, 'program' | 'args' | 'ringBytes' | 'own' | 'patience'>;
}

export class Watching {
  readonly pipeline: Pipeline;
  readonly store: JourneyStore;
  readonly follows: Follows;
  readonly meter = new Meter();
  readonly recording: Recording | undefined;
  readonly #note: (text: string) => void;
  readonly #labs: LabWatch;
  readonly #told = new Told();
  #keeper: CollectorKeeper | undefined;
  #clusters: Clusters | undefined;
  #refresh: NodeJS.Timeout | undefined;
  /** Of the names, when they were last looked up. */
  #stamp = 0;
  /** Ids of those in the store that have not closed yet. */
  readonly #open = new Set<string>();
  /** Journeys that closed and were followed by nobody. */
  unasked = 0;
  readonly #rules = new RulesetReader({
    netns: cookie => {
      const { inventory } = this.pipeline;
      return inventory.netnsAt(cookie, inventory.latestNs);
    },
    onRead: rules => this.#say({ kind: 'note', note: { kind: 'rules', rules } }),
  });
  readonly #onInventory = new Set<() => void>();

  private constructor({ note, memoryBytes, recording }: WatchingOptions) {
    this.#note = note;
    this.pipeline = new Pipeline({
      onJourney: (journey, record, way) => this.#onJourney(journey, record, way),
      onUpdate: (journey, record, way) => this.#onUpdate(journey, record, way),
      onMiss: () => this.#keeper?.look(),
      onRules: cookie => this.#rules.want(cookie),
      onBlind: (fromNs, toNs) => this.store.blind(fromNs, toNs),
    });
    const { session } = this.pipeline;
    this.recording = recording === undefined ? undefined : new Recording(session, recording, note);
    this.store = new JourneyStore({
      session,
      ...(memoryBytes === undefined ? {} : { maxBytes: memoryBytes }),
    });
    this.follows = new Follows({
      names: () => this.pipeline.names,
      apply: watched => this.#keeper!.want(watched),
      note,
      look: () => this.#look(),
    });
    this.#labs = new LabWatch({
      onCluster: cluster => this.#onCluster(cluster),
      onGone: name => this.#onCluster({ name, gone: true }),
    });
  }

  /** Attached, nothing followed yet. @throws what the collector cannot start for. */
  static async start(options: WatchingOptions): Promise<Watching> {
    const watching = new Watching(options);
    watching.#keeper = await CollectorKeeper.start({
      onFrame: frame => watching.#frame(frame),
      onBytes: (chunk, heldBytes) => watching.recording?.bytes(chunk, heldBytes),
      note: options.note,
      nowNs: () => watching.pipeline.nowNs,
      ...(options.collector === undefined ? {} : { collector: options.collector }),
    });
    watching.#stamp = watching.pipeline.names.stamp;
    watching.#say({ kind: 'note', note: { kind: 'reads-rules' } });
    watching.#labs.start();
    watching.recording?.begin();
    try {
      await watching.#ask(options);
    } catch (error) {
      await watching.stop();
      throw error;
    }
    return watching;
  }

  async #ask({ kube, note }: WatchingOptions): Promise<void> {
    if (kube === undefined) return;
    this.#clusters = await Clusters.start({
      ...kube,
      hasOthers: this.pipeline.names.clustersAt().length > 0,
      onFrame: cluster => this.#onCluster(cluster),
      note,
    });
  }

  get isReady(): boolean {
    return this.#keeper?.isReady === true;
  }

  /** One follower less, when all that happened before has been told. False: there is no such follow. */
  async unfollow(id: string): Promise<boolean> {
    if (this.isReady) await this.#told.until(process.hrtime.bigint()); // CLOCK_MONOTONIC, as the kernel's
    return this.follows.remove(id);
  }

  /** Ends the collector, which detaches everything, and closes what is still open. */
  async stop(): Promise<void> {
    this.#labs.stop();
    await this.#clusters?.stop();
    clearTimeout(this.#refresh);
    await this.#keeper?.stop();
    await this.#rules.stop();
    this.#told.end();
    this.pipeline.finish();
    await this.recording?.close();
  }

  #frame(frame: Frame): void {
    this.meter.frame(frame);
    this.recording?.frame(frame);
    this.pipeline.frame(frame);
    if (frame.kind === 'loss' && frame.loss.cause === 'collector') this.recording?.interrupted();
    if (frame.kind === 'heartbeat') this.#beat();
    if (frame.kind === 'inventory' || frame.kind === 'cluster') this.#onChange();
  }

  #beat(): void {
    const kernelNs = this.pipeline.kernelNs!;
    this.store.beat(kernelNs);
    this.#told.beat(kernelNs);
  }

  #onJourney(journey: Journey, record: JourneyRecord, way: readonly Hop[]): void {
    this.recording?.told(record);
    // What was told while it was open is told to its end, also when nobody follows it any more.
    const wasOpen = this.#open.delete(record.id);
    if (this.follows.matches(journey) || wasOpen) this.store.put(journey, record, way);
    else this.unasked++;
  }

  #onUpdate(journey: JourneyVersion, record: JourneyRecord, way: readonly Hop[]): void {
    // A closed one was counted when it closed, as followed or not: one that is not kept does not come back.
    const isOpen = journey.closedBy === undefined;
    if (!(isOpen ? this.follows.mayMatch(journey) : this.store.has(record.id))) return;
    if (isOpen) this.#open.add(record.id);
    this.store.put(journey, record, way);
  }

  /** What does not come from the collector. */
  #say(frame: Extract<Frame, { kind: 'note' }>): void {
    this.recording?.add(frame);
    this.#frame(frame);
  }

  /** Holds from now on, which is later than what the collector has told. */
  #onCluster(cluster: ClusterFrame): void {
    const timeNs = String(process.hrtime.bigint()); // CLOCK_MONOTONIC, as the collector's
    const frame = { kind: 'cluster', cluster: { timeNs, ...cluster } } as const;
    this.recording?.add(frame);
    this.#frame(frame);
  }

  /** Names may mean something else now; looked up once things have settled. */
  #onChange(): void {
    for (const tell of this.#onInventory) tell();
    if (this.pipeline.hello === undefined) return;
    this.#refresh ??= setTimeout(() => {
      this.#refresh = undefined;
      const { stamp } = this.pipeline.names;
      if (stamp === this.#stamp) return;
      this.#stamp = stamp;
      void this.follows.refresh().catch((error: unknown) => this.#note(String(error)));
    }, SETTLE_MS);
  }

  /** Resolves when something new is known, or nothing is. */
  async #look(): Promise<void> {
    this.#labs.look();
    let tell = (): void => {};
    const told = new Promise<void>(resolve => {
      tell = resolve;
    });
    const timer = setTimeout(tell, LOOK_MS);
    this.#onInventory.add(tell);
    this.#keeper?.look();
    await told;
    this.#onInventory.delete(tell);
    clearTimeout(timer);
  }
}
