/**
 * Keeps a collector running. One that dies is replaced, a little later each time that its successor dies young; what was watched is
 * watched again, and the stream says that something is missing. The session goes on: the same clock, the same pipeline.
 */
import { TracerError } from '../base/errors.ts';
import { Collector, type CollectorOptions } from '../collect/collector.ts';
import type { HelloFrame } from '../model/event.ts';
import { vxlanPorts } from '../model/tunnels.ts';
import type { Frame } from '../wire/decode.ts';
import { nothingWatched, type Watched } from './union.ts';

export interface KeeperOptions {
  readonly onFrame: (frame: Frame) => void;
  /** As it came from a collector: for recording. */
  readonly onBytes?: NonNullable<CollectorOptions['onBytes']>;
  readonly note: (text: string) => void;
  /** Session time of the last heartbeat, ns. */
  readonly nowNs: () => number;
  readonly collector?: Pick<CollectorOptions, 'program' | 'args' | 'ringBytes' | 'own' | 'patience'>;
  readonly patience?: Partial<typeof patience>;
}

/**
 * ms. `stable`: one that lived so long did not die of its start. `want`: how long a follow waits for a collector. `silent`: a collector
 * that has nothing to tell says the time each second.
 */
const patience = { first: 100, longest: 10_000, stable: 10_000, want: 20_000, silent: 3_000 };
/** Looks within `silent`: time in which we did not run ourselves is not its silence. */
const LOOKS = 6;

export class CollectorKeeper {
  readonly #options: KeeperOptions;
  readonly #patience: typeof patience;
  #collector: Collector | undefined;
  /** Pending while there is none that has the filter. */
  #running = Promise.withResolvers<Collector>();
  #wanted = nothingWatched;
  #base: bigint | undefined;
  #backoffMs: number;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The attempt to start another one that is under way. */
  #starting: Promise<void> | undefined;
  #isStopped = false;
  #restarts = 0;
  #looks: NodeJS.Timeout | undefined;
  /** Looks since it said anything, and since it was asked for a filter that is not in force. */
  #silentLooks = 0;
  #wantedLooks = 0;
  #isAsked = false;
  #asking: Promise<unknown> | undefined;
  #saidStuck = false;

  private constructor(options: KeeperOptions) {
    this.#options = options;
    this.#patience = { ...patience, ...options.patience };
    this.#backoffMs = this.#patience.first;
    this.#running.promise.catch(() => {}); // nobody may be waiting when it is stopped
  }

  /** @throws what the first one cannot start for: it would not do better later. */
  static async start(options: KeeperOptions): Promise<CollectorKeeper> {
    const keeper = new CollectorKeeper(options);
    await keeper.#start();
    keeper.#looks = setInterval(() => keeper.#check(), keeper.#patience.silent / LOOKS).unref();
    return keeper;
  }

  /** Attached, alive, and what was wanted is in force or will soon be. */
  get isReady(): boolean {
    return this.#collector !== undefined && !this.#isStuck;
  }

  get #isStuck(): boolean {
    return this.#silentLooks >= LOOKS || this.#wantedLooks >= LOOKS;
  }

  /** How many had to be replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  get pid(): number | undefined {
    return this.#collector?.pid;
  }

  /** Bytes that made no frame, of the one that runs. */
  get malformedBytes(): number {
    return this.#collector?.decoder.malformedBytes ?? 0;
  }

  /** Resolves when it is in force, if need be in the next collector. @throws USAGE where it cannot be watched. */
  async want(watched: Watched): Promise<void> {
    this.#wanted = watched;
    const deadline = performance.now() + this.#patience.want;
    for (;;) {
      const collector = await this.#anyRunning(deadline);
      if (this.#isStopped) throw new TracerError('COLLECTOR_DIED', 'the daemon is ending');
      try {
        await this.#ask(collector, watched);
        return;
      } catch (error) {
        if (this.#collector === collector) throw error; // it lives, and refuses or is stuck
      }
    }
  }

  async #ask(collector: Collector, { rules, hooks }: Watched): Promise<void> {
    this.#isAsked = true;
    this.#asking = collector.watch(rules, vxlanPorts, hooks);
    try {
      await this.#asking;
      this.#isAsked = false;
    } catch (error) {
      // What it refuses is not in force by its own word; what it did not answer to may be one day.
      this.#isAsked = error instanceof TracerError && error.code === 'COLLECTOR_STUCK';
      throw error;
    } finally {
      this.#asking = undefined;
    }
  }

  /** At the machine. */
  look(): void {
    this.#collector?.look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#looks);
    this.#running.reject(new TracerError('COLLECTOR_DIED', 'the daemon is ending'));
    await this.#starting;
    const collector = this.#collector;
    this.#collector = undefined;
    await collector?.stop();
  }

  #check(): void {
    this.#silentLooks++;
    this.#wantedLooks = this.#isAsked ? this.#wantedLooks + 1 : 0;
    const collector = this.#collector;
    if (collector !== undefined && this.#isAsked && this.#asking === undefined && this.#silentLooks < LOOKS)
      void this.#ask(collector, this.#wanted).catch(() => {}); // it answers again, or will be asked again
    const isStuck = collector !== undefined && this.#isStuck;
    if (isStuck === this.#saidStuck) return;
    this.#saidStuck = isStuck;
    this.#options.note(isStuck ? 'the collector does not answer' : 'the collector answers again');
  }

  async #anyRunning(deadline: number): Promise<Collector> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new TracerError(
        'COLLECTOR_DIED',
        'the collector is being started anew, and is not up yet',
      );
      timer = setTimeout(() => reject(error), Math.max(0, deadline - performance.now()));
    });
    try {
      return await Promise.race([this.#running.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #start(): Promise<void> {
    let death: TracerError | undefined;
    const { collector, hello } = await Collector.start({
      ...this.#options.collector,
      ...(this.#base === undefined ? {} : { clockBaseNs: this.#base }),
      ...(this.#options.onBytes === undefined ? {} : { onBytes: this.#options.onBytes }),
      onFrame: frame => {
        this.#silentLooks = 0;
        this.#options.onFrame(frame);
      },
      onDied: error => {
        death = error;
        if (this.#collector === collector) this.#onDied(error);
      },
    });
    this.#base ??= baseOf(hello);
    try {
      await collector.watch(this.#wanted.rules, vxlanPorts, this.#wanted.hooks);
    } catch (error) {
      await collector.stop();
      throw death ?? error;
    }
    if (death !== undefined) throw death;
    this.#startedAt = performance.now();
    this.#silentLooks = 0;
    this.#isAsked = false;
    this.#collector = collector;
    this.#running.resolve(collector);
  }

  #onDied(error: TracerError): void {
    this.#collector = undefined;
    this.#running = Promise.withResolvers();
    this.#running.promise.catch(() => {});
    this.#restarts++;
    this.#sayLoss();
    if (performance.now() - this.#startedAt >= this.#patience.stable) this.#backoffMs = this.#patience.first;
    this.#again(error);
  }

  /** Whatever was under way is told as cut; how much was lost, nobody knows. */
  #sayLoss(): void {
    const fromNs = this.#options.nowNs();
    const toNs = Math.max(fromNs, Number(process.hrtime.bigint() - (this.#base ?? 0n)));
    this.#options.onFrame({ kind: 'loss', loss: { fromNs, toNs, tap: 0, count: 1, cause: 'collector' } });
  }

  #again(error: TracerError): void {
    if (this.#isStopped) return;
    const waitMs = this.#backoffMs;
    this.#backoffMs = Math.min(2 * waitMs, this.#patience.longest);
    this.#options.note(`${error.message}; it is started anew in ${waitMs} ms`);
    this.#timer = setTimeout(() => {
      this.#starting = this.#startAgain();
    }, waitMs);
  }

  async #startAgain(): Promise<void> {
    try {
      await this.#start();
      if (!this.#isStopped) this.#options.note('the collector is attached again');
    } catch (error) {
      this.#again(error instanceof TracerError ? error : new TracerError('INTERNAL', String(error)));
    }
  }
}

/** process.hrtime() is CLOCK_MONOTONIC too. */
const baseOf = (hello: HelloFrame): bigint => BigInt(hello.clock.monotonicNs);
