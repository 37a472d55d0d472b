/** `tracer follow --edition capture`: tcpdump in the namespaces between the ends, where eBPF is not allowed. */
import { TracerError } from '../base/errors.ts';
import type { Coverage } from '../capture/coverage.ts';
import { captureFilter, choosePlaces, type Ends } from '../capture/live/choose.ts';
import { LiveCapture } from '../capture/live/live-capture.ts';
import { Clusters } from '../cluster/clusters.ts';
import type { FollowTarget } from '../engine/target.ts';
import type { Selection } from '../inventory/selection.ts';
import { readLabSnapshots } from '../lab/state.ts';
import type { FollowRequest } from '../model/follow.ts';
import type { ClusterSnapshot } from '../model/inventory.ts';
import type { Witness } from '../store/flow-verdict.ts';
import { counted } from '../words/counts.ts';
import type { FollowOptions, FollowResult } from './follow.ts';
import { Lifetime } from './following/lifetime.ts';
import { Viewer } from './following/viewer.ts';
import { doorOf, insideOf } from './inside.ts';
import { kubeOptions } from './kube-options.ts';

const FOREVER_NS = 2n ** 63n;

export class CapturedRun {
  readonly #options: FollowOptions;
  readonly #life = new Lifetime();
  readonly #viewer: Viewer;
  #live: LiveCapture | undefined;
  #clusters: Clusters | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#viewer = new Viewer({
      ...options,
      onEnough: () => this.#life.end(),
    });
  }

  async start(request: FollowRequest): Promise<void> {
    if (this.#options.record !== undefined)
      throw new TracerError('USAGE', 'packets that tcpdump saw are not written to a session file', {
        hint: 'tcpdump -w keeps them, and tracer import reads what it kept',
      });
    const live = await LiveCapture.start({
      onFrame: frame => this.#viewer.frame(frame),
      onDied: error => this.#life.end(error),
    });
    this.#live = live;
    const labs = readLabSnapshots();
    for (const cluster of labs.map(withoutCookies)) this.#viewer.frame({ kind: 'cluster', cluster });
    this.#clusters = await Clusters.start({
      ...kubeOptions(this.#options),
      hasOthers: labs.length > 0,
      onFrame: cluster => this.#viewer.frame({ kind: 'cluster', cluster }),
      note: text => this.#viewer.showing.note(text),
      signal: this.#life.signal,
    });
    if (this.#life.isOver) return;
    this.#viewer.follow(request, this.#options);
    const target = this.#viewer.target!;
    const { places, leftOut } = choosePlaces(this.#ends(target), live.devices);
    await live.capture(places, captureFilter(addressesOf(target)));
    const { showing, pipeline } = this.#viewer;
    showing.witness(witnessOf(live.coverage!));
    showing.note(
      `following ${target.src.label} → ${target.dst.label} by tcpdump in ${counted(places.length, 'namespace')}: no reasons for drops, no processes, and nothing that tracer explain could look up; Ctrl-C ends it`,
    );
    if (leftOut > 0)
      showing.note(`${counted(leftOut, 'namespace')} more are not captured: name the ends more closely`);
    const { inside, command, timeoutMs } = this.#options;
    const { inventory } = pipeline;
    const doorTo = (cookie: string) => {
      const netns = inventory.netnsAt(cookie, inventory.latestNs);
      return netns && doorOf(netns);
    };
    const place = inside ? insideOf(target.src, doorTo) : undefined;
    if (timeoutMs !== undefined) this.#life.after(timeoutMs, () => this.#life.end());
    if (command.length > 0) this.#life.run(command, place);
  }

  async untilOver(): Promise<void> {
    void this.#viewer.showing.output.closed.then(() => this.#life.end());
    await this.#life.untilOver();
  }

  async stop(): Promise<void> {
    this.#life.close();
    await this.#clusters?.stop();
    await this.#live?.stop();
  }

  conclude(): FollowResult {
    const { child, error } = this.#life;
    const ending = child === undefined ? {} : { child };
    const exitCode = this.#viewer.finish(ending);
    const ambiguous = this.#live?.stats?.ambiguous ?? 0;
    if (ambiguous > 0)
      this.#viewer.showing.note(
        `${counted(ambiguous, 'sight')} could be of several packets and begin journeys of their own`,
      );
    if (error !== undefined) throw error;
    return { exitCode, ...ending };
  }

  #ends({ src, dst, dnsIps }: FollowTarget): Ends {
    const { inventory } = this.#viewer.pipeline;
    const ips = [...ownAddresses(src), ...ownAddresses(dst), ...dnsIps];
    const owners = ips.flatMap(ip => inventory.ownersOf(ip).map(view => Number(view.cookie)));
    return {
      sure: [...src.netnsCookies, ...dst.netnsCookies].map(Number),
      likely: owners,
      isOpen: src.any === true || dst.any === true,
    };
  }
}

/** It sees until it ends, and what was asked just before that is judged as it is with eBPF. */
function witnessOf(coverage: Coverage): Witness {
  return {
    watchersOf: (question, hops) => coverage.watchersOf(question, hops),
    seesUntil: watchers => (watchers.length === 0 ? undefined : FOREVER_NS),
  };
}

const ownAddresses = ({ ips, backendIps = [] }: Selection): readonly string[] => [...ips, ...backendIps];

/** Every packet between them carries one of these at every place, whichever way NAT writes the others. Undefined: not known. */
function addressesOf({ src, dst, dnsIps }: FollowTarget): string[] | undefined {
  const sideOf = (side: Selection): readonly string[] => [
    ...ownAddresses(side),
    ...(side.nodeIps ?? []),
    ...side.cidrs,
  ];
  const a = src.any === true ? [] : sideOf(src);
  const b = dst.any === true ? [] : sideOf(dst);
  if ((src.any !== true && a.length === 0) || (dst.any !== true && b.length === 0)) return undefined;
  return [...a, ...b, ...dnsIps];
}

/** Without eBPF a namespace is known by its name: the cookies that a lab wrote down say nothing here. */
function withoutCookies(cluster: ClusterSnapshot): ClusterSnapshot {
  const strip = <T extends { readonly netnsCookie?: string }>({
    netnsCookie: _,
    ...rest
  }: T): Omit<T, 'netnsCookie'> => rest;
  return {
    ...cluster,
    nodes: cluster.nodes.map(strip),
    pods: cluster.pods.map(strip),
    machines: cluster.machines.map(strip),
  };
}
