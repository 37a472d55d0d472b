/** A collector and the pipeline behind it, in the process of the test: what it told so far, and waiting for the rest. */
import { execa } from 'execa';
import { Collector, type CollectorOptions } from '../../src/collect/collector.ts';
import type { HookPlace, WatchRule } from '../../src/collect/watch.ts';
import { Pipeline } from '../../src/engine/pipeline.ts';
import type { Names } from '../../src/inventory/names.ts';
import type { NetnsView } from '../../src/inventory/netns-view.ts';
import { readLabSnapshots } from '../../src/lab/state.ts';
import type { LossRecord } from '../../src/model/event.ts';
import type { SessionNote } from '../../src/model/session.ts';
import type { Seen } from './fidelity-sights.ts';

const VXLAN_PORT = 8472;
/** As `follow` has it. */
const RING_BYTES = 64 * 1024 * 1024;
/** A journey is closed this long after its last event, wherever that was; then all that was sent has been told. */
export const CLOSED_NS = 150_000_000;

export type FollowingOptions = Pick<CollectorOptions, 'ringBytes' | 'args' | 'own'>;

export interface CollectorStats {
  readonly seen: number;
  readonly lost: number;
  readonly own: number;
  readonly sampled: number;
}

export interface Told {
  readonly all: readonly Seen[];
  readonly losses: readonly LossRecord[];
  /** Event frames that came, and what the collector says of itself at its end. */
  readonly events: number;
  readonly stats: CollectorStats;
  readonly suspectJoins: number;
  /** CLOCK_MONOTONIC at session time 0. */
  readonly baseNs: bigint;
}

export class Following {
  readonly #all: Seen[] = [];
  readonly #losses: LossRecord[] = [];
  #events = 0;
  #stats: CollectorStats = { seen: 0, lost: 0, own: 0, sampled: 0 };
  #died: Error | undefined;
  #onBeat: (() => void) | undefined;
  #collector: Collector | undefined;
  readonly #pipeline = new Pipeline({
    clusters: readLabSnapshots(),
    onJourney: (journey, record) => this.#all.push({ journey, record }),
    onLoss: loss => this.#losses.push(loss),
    onMiss: () => this.#collector?.look(),
  });

  static async start({ ringBytes, args, own }: FollowingOptions = {}): Promise<Following> {
    const following = new Following();
    const { collector } = await Collector.start({
      ringBytes: ringBytes ?? RING_BYTES,
      ...(args === undefined ? {} : { args }),
      ...(own === undefined ? {} : { own }),
      onDied: error => {
        following.#died = error;
        following.#onBeat?.();
      },
      onFrame: frame => {
        if (frame.kind === 'event') following.#events++;
        if (frame.kind === 'stats') {
          const { seen, lost, own, sampled } = frame.stats;
          following.#stats = {
            seen: Number(seen),
            lost: Number(lost),
            own: Number(own),
            sampled: Number(sampled),
          };
        }
        following.#pipeline.frame(frame);
        if (frame.kind === 'heartbeat') following.#onBeat?.();
      },
    });
    following.#collector = collector;
    return following;
  }

  /** Replaces what was watched before. */
  watch(rules: readonly WatchRule[], hooks: readonly HookPlace[] = []): Promise<void> {
    return this.#collector!.watch(rules, [VXLAN_PORT], hooks);
  }

  /** As if it stood among the frames. */
  note(note: SessionNote): void {
    this.#pipeline.frame({ kind: 'note', note });
  }

  get pid(): number {
    return this.#collector!.pid!;
  }

  get names(): Names {
    return this.#pipeline.names;
  }

  get baseNs(): bigint {
    return BigInt(this.#pipeline.hello!.clock.monotonicNs);
  }

  get realtimeNs(): bigint {
    return BigInt(this.#pipeline.hello!.clock.realtimeNs);
  }

  /** Waits until the inventory has these namespaces (`ip netns` names) with all addresses that they have now. */
  async knows(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { stdout } = await execa('ip', ['-n', name, '-j', 'addr']);
      const links = JSON.parse(stdout) as { readonly addr_info: readonly { readonly local: string }[] }[];
      const ips = links.flatMap(({ addr_info }) => addr_info.map(({ local }) => local));
      const isKnown = () => {
        const view = this.#pipeline.inventory.all().find(({ snapshot }) => snapshot.names.includes(name));
        return ips.every(ip => view?.snapshot.addresses.some(address => address.ip === ip) === true);
      };
      while (!isKnown()) {
        this.#collector!.look();
        await this.#beat();
      }
    }
  }

  /** Waits until the inventory has a namespace that is so. */
  async finds(is: (view: NetnsView) => boolean): Promise<NetnsView> {
    for (;;) {
      const view = this.#pipeline.inventory.all().find(is);
      if (view !== undefined) return view;
      this.#collector!.look();
      await this.#beat();
    }
  }

  /** Waits for the first heartbeat of `afterNs` after now. @returns session time of now. */
  async settle(afterNs: number): Promise<number> {
    const nowNs = Number(process.hrtime.bigint() - this.baseNs);
    while (this.#pipeline.nowNs < nowNs + afterNs) await this.#beat();
    return nowNs;
  }

  async #beat(): Promise<void> {
    if (this.#died !== undefined) throw this.#died;
    await new Promise<void>(resolve => {
      this.#onBeat = resolve;
    });
  }

  async stop(): Promise<void> {
    await this.#collector?.stop();
    this.#pipeline.finish();
  }

  told(): Told {
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
