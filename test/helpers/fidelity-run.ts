/** Traffic in a lab while the collector follows all of it and, if asked, tcpdump watches every device. */
import { readNetnsCookies } from '../../src/lab/cookies.ts';
import { labNamespaces } from '../../src/lab/namespaces.ts';
import { Capture } from './capture.ts';
import { compare, type Fidelity } from './fidelity.ts';
import { type Observation, observationsOf } from './fidelity-sights.ts';
import { CLOSED_NS, Following, type FollowingOptions, type Told } from './following.ts';
import { type Payloads, Traffic, type TrafficStep } from './traffic.ts';

export interface RunOptions extends FollowingOptions {
  /** tcpdump clones every packet that is sent and so changes how buffers are recycled: one run is without. */
  readonly capture?: boolean;
  /** `ip netns` names where netfilter links are attached. */
  readonly hooksIn?: readonly string[];
  /** Called at quiet moments, when the collector follows: before and after the traffic. */
  readonly atRest?: (names: readonly string[]) => Promise<void>;
  /** Called with the collector's pid when the traffic begins; what it returns, when the traffic has ended. */
  readonly onTraffic?: (pid: number) => () => void;
}

export interface Run extends Told {
  readonly payloads: Payloads;
  readonly cookies: ReadonlyMap<string, number>;
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
  const hooks = (options.hooksIn ?? [])
    .map(netns => texts.get(netns)!)
    .flatMap(cookie => ([4, 6] as const).map(family => ({ cookie, family })));
  const following = await Following.start(options);
  try {
    await following.watch([{ proto: 'any', a: { netns: [...texts.values()] }, b: { any: true } }], hooks);
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
