/** Follows everything of a lab while tcpdump watches every device of it, and compares the two. */
import { Pipeline } from '../../src/cli/pipeline.ts';
import { Collector, type CollectorOptions } from '../../src/collect/collector.ts';
import { readNetnsCookies } from '../../src/lab/cookies.ts';
import { labNamespaces } from '../../src/lab/namespaces.ts';
import { readLabSnapshots } from '../../src/lab/state.ts';
import type { LossRecord } from '../../src/model/event.ts';
import { Capture } from './capture.ts';
import type { Seen } from './fidelity.ts';

const VXLAN_PORT = 8472;

export interface Following {
  readonly pipeline: Pipeline;
  readonly collector: Collector;
  readonly all: Seen[];
  readonly losses: LossRecord[];
  /** Frames of kind event that came. */
  readonly events: () => number;
  /** Resolves at the first heartbeat `afterNs` after now: what happened before has arrived. @returns session time before. */
  readonly settle: (afterNs: number) => Promise<number>;
  readonly stop: () => Promise<void>;
}

export type FollowOptions = Pick<CollectorOptions, 'ringBytes' | 'args'>;

/** Everything that passes a device of these namespaces. */
export async function followNamespaces(
  cookies: readonly string[],
  options: FollowOptions = {},
): Promise<Following> {
  const all: Seen[] = [];
  const losses: LossRecord[] = [];
  let events = 0;
  let died: Error | undefined;
  let waiting: (() => void) | undefined;
  const pipeline: Pipeline = new Pipeline({
    clusters: readLabSnapshots(),
    onJourney: (journey, record) => all.push({ journey, record }),
    onLoss: loss => losses.push(loss),
    onMiss: () => collector.look(),
  });
  const started = await Collector.start({
    ...options,
    onDied: error => {
      died = error;
      waiting?.();
    },
    onFrame: frame => {
      if (frame.kind === 'event') events++;
      pipeline.frame(frame);
      if (frame.kind === 'heartbeat') waiting?.();
    },
  });
  const { collector } = started;
  await collector.watch([{ proto: 'any', a: { netns: cookies }, b: { any: true } }], [VXLAN_PORT]);
  const baseNs = BigInt(started.hello.clock.monotonicNs);
  const settle = async (afterNs: number): Promise<number> => {
    const nowNs = Number(process.hrtime.bigint() - baseNs);
    while (pipeline.nowNs < nowNs + afterNs) {
      if (died !== undefined) throw died;
      await new Promise<void>(resolve => {
        waiting = resolve;
      });
    }
    return nowNs;
  };
  const stop = async (): Promise<void> => {
    await collector.stop();
    pipeline.finish();
  };
  return { pipeline, collector, all, losses, events: () => events, settle, stop };
}

export interface LabNetns {
  readonly names: readonly string[];
  readonly cookies: ReadonlyMap<string, number>;
}

export async function labNetns(lab: string): Promise<LabNetns> {
  const names = labNamespaces(lab);
  const cookies = await readNetnsCookies(names);
  return { names, cookies: new Map([...cookies].map(([name, cookie]) => [name, Number(cookie)])) };
}

export { Capture };
