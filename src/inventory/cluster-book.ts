/** All that one cluster said of itself in the last minute. */
import type {
  ClusterChange,
  ClusterFrame,
  ClusterMachine,
  ClusterNode,
  ClusterPod,
  ClusterService,
  ClusterSnapshot,
} from '../model/inventory.ts';
import { namespacedId } from '../model/whole-cluster.ts';
import { ClusterIndex } from './cluster-index.ts';
import { type Span, Timed } from './timed.ts';

interface Placed {
  readonly netnsCookie?: string;
  readonly netnsName?: string;
}

/** Where the cluster itself knows the namespace. */
function* placeKeys({ netnsCookie, netnsName }: Placed): Generator<string> {
  if (netnsCookie !== undefined) yield `cookie ${netnsCookie}`;
  else if (netnsName !== undefined) yield `netns ${netnsName}`;
}

function* nodeKeys(node: ClusterNode): Generator<string> {
  yield* placeKeys(node);
  for (const ip of node.ips) yield `ip ${ip}`;
}

function* machineKeys(machine: ClusterMachine): Generator<string> {
  yield* placeKeys(machine);
  for (const ip of machine.ips) yield `ip ${ip}`;
}

/** A pod of the host's network lives in its node's namespace and shares its addresses. */
function* podKeys(pod: ClusterPod): Generator<string> {
  if (pod.uid !== undefined) yield `uid ${pod.uid}`;
  for (const id of pod.containerIds ?? []) yield `container ${id}`;
  if (pod.hostNetwork === true) return;
  yield* placeKeys(pod);
  for (const ip of pod.ips) yield `ip ${ip}`;
  for (const { protocol, port } of pod.hostPorts ?? []) yield `host port ${protocol} ${port}`;
}

function* serviceKeys(service: ClusterService): Generator<string> {
  for (const ip of service.clusterIps) yield `ip ${ip}`;
  for (const ip of [...service.externalIps, ...service.loadBalancerIps]) yield `entry ${ip}`;
  for (const { protocol, nodePort } of service.ports)
    if (nodePort !== undefined) yield `node port ${protocol} ${nodePort}`;
}

const nodeId = ({ name }: { readonly name: string }): string => name;

export class ClusterBook {
  readonly name: string;
  cni: string | undefined;
  /** Kubernetes namespaces, as they are now. */
  namespaces: readonly string[] | undefined;
  readonly nodes = new Timed<ClusterNode>(nodeKeys);
  readonly pods = new Timed<ClusterPod>(podKeys);
  readonly services = new Timed<ClusterService>(serviceKeys);
  readonly machines = new Timed<ClusterMachine>(machineKeys);
  /** From when to when there was one of this name; several, if it was made again. */
  readonly #lives: Pick<Span<true>, 'fromNs' | 'toNs'>[] = [];
  #latest: ClusterIndex | undefined;
  #changedNs = Number.NEGATIVE_INFINITY;

  constructor(name: string) {
    this.name = name;
  }

  /** @returns false where it says nothing new. */
  apply(frame: ClusterFrame, atNs: number): boolean {
    if (frame.gone === true) return this.#end(atNs);
    const isNew = this.#lives.at(-1)?.toNs !== Number.POSITIVE_INFINITY;
    // The first of all also tells what was before: nothing else does.
    const fromNs = this.#lives.length === 0 ? Number.NEGATIVE_INFINITY : atNs;
    if (isNew) this.#lives.push({ fromNs, toNs: Number.POSITIVE_INFINITY });
    const changed = frame.gone === undefined ? this.#whole(frame, fromNs, atNs) : this.#change(frame, atNs);
    if (changed || isNew) this.#touch(atNs);
    return changed || isNew;
  }

  at(atNs: number): ClusterIndex | undefined {
    if (!this.#lives.some(({ fromNs, toNs }) => fromNs <= atNs && atNs < toNs)) return undefined;
    if (atNs < this.#changedNs) return new ClusterIndex(this, atNs);
    this.#latest ??= new ClusterIndex(this, atNs);
    return this.#latest;
  }

  forget(beforeNs: number): void {
    for (const timed of [this.nodes, this.pods, this.services, this.machines]) timed.forget(beforeNs);
    while (this.#lives.length > 1 && this.#lives[0]!.toNs < beforeNs) this.#lives.shift();
  }

  #touch(atNs: number): void {
    this.#changedNs = Math.max(this.#changedNs, atNs);
    this.#latest = undefined;
  }

  #whole(snapshot: ClusterSnapshot, fromNs: number, toldNs: number): boolean {
    const isOther = this.cni !== snapshot.cni;
    this.cni = snapshot.cni;
    this.namespaces = snapshot.namespaces;
    return [
      isOther,
      replace(this.nodes, snapshot.nodes, nodeId, fromNs, toldNs),
      replace(this.pods, snapshot.pods, namespacedId, fromNs, toldNs),
      replace(this.services, snapshot.services, namespacedId, fromNs, toldNs),
      replace(this.machines, snapshot.machines, nodeId, fromNs, toldNs),
    ].includes(true);
  }

  #change({ nodes, pods, services, gone, namespaces }: ClusterChange, atNs: number): boolean {
    this.namespaces = namespaces ?? this.namespaces;
    return [
      ...(gone.nodes ?? []).map(id => this.nodes.end(id, atNs)),
      ...(gone.pods ?? []).map(id => this.pods.end(id, atNs)),
      ...(gone.services ?? []).map(id => this.services.end(id, atNs)),
      ...nodes.map(node => this.nodes.put(nodeId(node), node, atNs)),
      ...pods.map(pod => this.pods.put(namespacedId(pod), pod, atNs)),
      ...services.map(service => this.services.put(namespacedId(service), service, atNs)),
    ].includes(true);
  }

  #end(atNs: number): boolean {
    const life = this.#lives.at(-1);
    if (life === undefined || life.toNs !== Number.POSITIVE_INFINITY) return false;
    life.toNs = atNs;
    for (const timed of [this.nodes, this.pods, this.services, this.machines])
      for (const id of timed.ids) timed.end(id, atNs);
    this.#touch(atNs);
    return true;
  }
}

function replace<T>(
  timed: Timed<T>,
  values: readonly T[],
  idOf: (value: T) => string,
  fromNs: number,
  toldNs: number,
): boolean {
  const ids = new Set(values.map(idOf));
  const gone = timed.ids.filter(id => !ids.has(id)).map(id => timed.end(id, toldNs));
  const put = values.map(value => timed.put(idOf(value), value, fromNs, toldNs));
  return [...gone, ...put].includes(true);
}
