/** Traffic in a lab while the collector follows all of it and, if asked, tcpdump watches every device. */
import { Pipeline } from '../../src/cli/pipeline.ts';
import { Collector, type CollectorOptions } from '../../src/collect/collector.ts';
import type { HookPlace } from '../../src/collect/watch.ts';
import { readNetnsCookies } from '../../src/lab/cookies.ts';
import { labNamespaces } from '../../src/lab/namespaces.ts';
import { readLabSnapshots } from '../../src/lab/state.ts';
import type { LossRecord } from '../../src/model/event.ts';
import { Capture } from './capture.ts';
import { compare, type Fidelity } from './fidelity.ts';
import { type Observation, observationsOf, type Seen } from './fidelity-sights.ts';
import { type Payloads, Traffic, type TrafficStep } from './traffic.ts';

const VXLAN_PORT = 8472;
/** A journey is closed this long after its last event, wherever that was; then all that was sent has been told. */
const CLOSED_NS = 150_000_000;

export interface RunOptions extends Pick<CollectorOptions, 'ringBytes' | 'args'> {
  /** tcpdump clones every packet that is sent and so changes how buffers are recycled: one run is without. */
  readonly capture?: boolean;
  /** `ip netns` names where netfilter links for IPv4 are attached. */
  readonly hooksIn?: readonly string[];
  /** Called at quiet moments, when the collector follows: before and after the traffic. */
  readonly atRest?: (names: readonly string[]) => Promise<void>;
  /** Called with the collector's pid when the traffic begins; what it returns, when the traffic has ended. */
  readonly onTraffic?: (pid: number) => () => void;
}

export interface Run {
  readonly all: readonly Seen[];
  readonly losses: readonly LossRecord[];
  /** Event frames that came, and what the collector says of itself at its end. */
  readonly events: number;
  readonly stats: { readonly seen: number; readonly lost: number };
  readonly suspectJoins: number;
  readonly payloads: Payloads;
  readonly cookies: ReadonlyMap<string, number>;
  /** CLOCK_MONOTONIC at session time 0. */
  readonly baseNs: bigint;
  readonly captured?: {
    readonly observations: readonly Observation[];
    readonly droppedByKernel: number;
    readonly fidelity: Fidelity;
  };
}

export async function runTraffic(
  lab: string,
  steps: readonly TrafficStep[],
  options: RunOptions = {},
): Promise<Run> {
  const names = labNamespaces(lab);
  const texts = await readNetnsCookies(names);
  const cookies = new Map([...texts].map(([name, cookie]) => [name, Number(cookie)]));
  const capture = options.capture === false ? undefined : await Capture.start(names);
  const hooks = (options.hooksIn ?? []).map(netns => ({ cookie: texts.get(netns)!, family: 4 as const }));
  const following = await Following.start([...texts.values()], hooks, options);
  try {
    const traffic = await Traffic.start(lab);
    await options.atRest?.(names);
    const fromNs = await following.settle(0);
    const onEnd = options.onTraffic?.(following.pid);
    const payloads = await traffic.run(steps).finally(() => onEnd?.());
    const toNs = await following.settle(CLOSED_NS);
    await options.atRest?.(names);
    const result = await capture?.finish();
    await following.settle(CLOSED_NS);
    await following.stop();
    const run = { ...following.told(), payloads, cookies };
    if (result === undefined) return run;
    const observations = observationsOf(result.packets, { cookies, realtimeNs: following.realtimeNs });
    const fidelity = compare(observations, run.all, { fromNs, toNs });
    return { ...run, captured: { observations, droppedByKernel: result.droppedByKernel, fidelity } };
  } finally {
    await capture?.abort();
    await following.stop();
  }
}

/** A collector that follows whatever passes a device of these namespaces, and the pipeline behind it. */
class Following {
  readonly #all: Seen[] = [];
  readonly #losses: LossRecord[] = [];
  #events = 0;
  #stats = { seen: 0, lost: 0 };
  #died: Error | undefined;
  #onBeat: (() => void) | undefined;
  #collector: Collector | undefined;
  readonly #pipeline = new Pipeline({
    clusters: readLabSnapshots(),
    onJourney: (journey, record) => this.#all.push({ journey, record }),
    onLoss: loss => this.#losses.push(loss),
    onMiss: () => this.#collector?.look(),
  });

  static async start(
    cookies: readonly string[],
    hooks: readonly HookPlace[],
    options: RunOptions,
  ): Promise<Following> {
    const following = new Following();
    const { ringBytes, args } = options;
    const { collector } = await Collector.start({
      ...(ringBytes === undefined ? {} : { ringBytes }),
      ...(args === undefined ? {} : { args }),
      onDied: error => {
        following.#died = error;
        following.#onBeat?.();
      },
      onFrame: frame => {
        if (frame.kind === 'event') following.#events++;
        if (frame.kind === 'stats')
          following.#stats = { seen: Number(frame.stats.seen), lost: Number(frame.stats.lost) };
        following.#pipeline.frame(frame);
        if (frame.kind === 'heartbeat') following.#onBeat?.();
      },
    });
    following.#collector = collector;
    await collector.watch([{ proto: 'any', a: { netns: cookies }, b: { any: true } }], [VXLAN_PORT], hooks);
    return following;
  }

  get pid(): number {
    return this.#collector!.pid!;
  }

  get baseNs(): bigint {
    return BigInt(this.#pipeline.hello!.clock.monotonicNs);
  }

  get realtimeNs(): bigint {
    return BigInt(this.#pipeline.hello!.clock.realtimeNs);
  }

  /** Waits for the first heartbeat of `afterNs` after now. @returns session time of now. */
  async settle(afterNs: number): Promise<number> {
    const nowNs = Number(process.hrtime.bigint() - this.baseNs);
    while (this.#pipeline.nowNs < nowNs + afterNs) {
      if (this.#died !== undefined) throw this.#died;
      await new Promise<void>(resolve => {
        this.#onBeat = resolve;
      });
    }
    return nowNs;
  }

  async stop(): Promise<void> {
    await this.#collector?.stop();
    this.#pipeline.finish();
  }

  told(): Omit<Run, 'payloads' | 'cookies' | 'captured'> {
    return {
      all: this.#all,
      losses: this.#losses,
      events: this.#events,
      stats: this.#stats,
      suspectJoins: this.#pipeline.correlator.stats.suspectJoins,
      baseNs: this.baseNs,
    };
  }
}
