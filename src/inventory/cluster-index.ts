/** What a cluster said about itself, as it was at one moment, by namespace and by address. */
import type {
  ClusterNode,
  ClusterPod,
  ClusterService,
  ClusterServicePort,
  ClusterSnapshot,
  ProcessSnapshot,
} from '../model/inventory.ts';
import { inCidr } from './addresses.ts';
import type { ClusterBook } from './cluster-book.ts';
import type { NetnsView } from './netns-view.ts';
import type { Span } from './timed.ts';

export type Member =
  | { readonly kind: 'pod'; readonly pod: ClusterPod }
  | { readonly kind: 'node'; readonly node: ClusterNode }
  | { readonly kind: 'host' | 'external'; readonly name: string };

export interface ServiceMatch {
  readonly service: ClusterService;
  readonly port?: ClusterServicePort;
  /** Reached by a node port, a load balancer's or an external address. */
  readonly byEntry: boolean;
}

export class ClusterIndex {
  readonly name: string;
  readonly #book: ClusterBook;
  readonly #atNs: number;
  #snapshot: ClusterSnapshot | undefined;
  #ranges: readonly string[] | undefined;

  constructor(book: ClusterBook, atNs: number) {
    this.name = book.name;
    this.#book = book;
    this.#atNs = atNs;
  }

  get snapshot(): ClusterSnapshot {
    const { nodes, pods, services, machines, cni, namespaces } = this.#book;
    this.#snapshot ??= {
      name: this.name,
      ...(cni === undefined ? {} : { cni }),
      ...(namespaces === undefined ? {} : { namespaces }),
      nodes: nodes.all(this.#atNs),
      pods: pods.all(this.#atNs),
      services: services.all(this.#atNs),
      machines: machines.all(this.#atNs),
    };
    return this.#snapshot;
  }

  /** Where the cluster itself knows the namespace, or a cgroup of it names the pod. */
  proven(view: NetnsView): Member | undefined {
    const { names, processes } = view.snapshot;
    for (const key of [`cookie ${view.cookie}`, ...names.map(name => `netns ${name}`)]) {
      const member = this.#placed(key);
      if (member !== undefined) return member;
    }
    // Such a proof holds for as long as the namespace lives, so also before the cluster told of the pod.
    for (const { pod: uid, container } of processes) {
      const pod = uid === undefined ? undefined : this.#book.pods.ever(`uid ${uid}`);
      const found = pod ?? (container && this.#book.pods.ever(`container ${container}`));
      if (found && (found.hostNetwork === true || mayBeHome(view, found))) return this.#memberOfPod(found);
    }
    return undefined;
  }

  #placed(key: string): Member | undefined {
    const pod = this.#only(this.#book.pods.with(key, this.#atNs));
    if (pod !== undefined) return { kind: 'pod', pod };
    const node = this.#only(this.#book.nodes.with(key, this.#atNs));
    if (node !== undefined) return { kind: 'node', node };
    const machine = this.#only(this.#book.machines.with(key, this.#atNs));
    return machine && { kind: machine.kind, name: machine.name };
  }

  #memberOfPod(pod: ClusterPod): Member | undefined {
    if (pod.hostNetwork !== true) return { kind: 'pod', pod };
    const node = this.#book.nodes.all(this.#atNs).find(({ name }) => name === pod.node);
    return node && { kind: 'node', node };
  }

  #only<T>([first, second]: readonly Span<T>[]): T | undefined {
    return second === undefined ? first?.value : undefined;
  }

  /** The pods that have, or just had, this address. Those that are being deleted only where nobody else has it. */
  podsWith(ip: string): readonly ClusterPod[] {
    const all = this.#book.pods.with(`ip ${ip}`, this.#atNs).map(({ value }) => value);
    const staying = all.filter(({ leaving }) => leaving !== true);
    return staying.length > 0 ? staying : all;
  }

  /** Of which the cluster does not know the namespace, with when this was told of them. */
  unplacedPodsWith(ip: string): readonly { readonly pod: ClusterPod; readonly toldNs: number }[] {
    return this.#book.pods
      .with(`ip ${ip}`, this.#atNs)
      .map(({ value: pod, toldNs }) => ({ pod, toldNs }))
      .filter(({ pod }) => isUnplaced(pod));
  }

  nodeWith(ip: string): ClusterNode | undefined {
    return this.#only(this.#book.nodes.with(`ip ${ip}`, this.#atNs));
  }

  /** Of which the cluster does not know the namespace, and which may be on this machine. */
  unplacedNodeWith(ip: string): ClusterNode | undefined {
    const node = this.nodeWith(ip);
    return node !== undefined && isUnplaced(node) && node.onThisKernel !== false ? node : undefined;
  }

  machineWith(ip: string): Member | undefined {
    const machine = this.#only(this.#book.machines.with(`ip ${ip}`, this.#atNs));
    return machine && { kind: machine.kind, name: machine.name };
  }

  /** Is it an address that services are reached by? */
  isService(ip: string): boolean {
    const { services } = this.#book;
    return services.with(`ip ${ip}`, this.#atNs).length + services.with(`entry ${ip}`, this.#atNs).length > 0;
  }

  /**
   * By the addresses of services. A cluster address is one service's, and its port only tells which of its ports. An external or load balancer's
   * address may be that of several, each with its ports, or a node's, where other ports are no service's.
   */
  serviceAt(ip: string, port: number | undefined, proto: string): ServiceMatch | undefined {
    const own = this.#book.services.with(`ip ${ip}`, this.#atNs)[0]?.value;
    if (own !== undefined) return matchOf(own, port, proto, false);
    const entries = this.#book.services
      .with(`entry ${ip}`, this.#atNs)
      .map(({ value }) => matchOf(value, port, proto, true));
    const exact = entries.find(match => match.port !== undefined);
    if (exact !== undefined) return exact;
    return entries.length === 1 && this.nodeWith(ip) === undefined ? entries[0] : undefined;
  }

  nodePort(port: number | undefined, proto: string): ServiceMatch | undefined {
    if (port === undefined) return undefined;
    const service = this.#only(this.#book.services.with(`node port ${proto} ${port}`, this.#atNs));
    const match = service?.ports.find(each => each.nodePort === port && each.protocol === proto);
    return service && match && { service, port: match, byEntry: true };
  }

  /** The pod that this port of a node leads to. */
  hostPort(
    node: string,
    ip: string,
    port: number | undefined,
    proto: string,
  ): { readonly pod: ClusterPod; readonly portName?: string } | undefined {
    if (port === undefined) return undefined;
    for (const { value: pod } of this.#book.pods.with(`host port ${proto} ${port}`, this.#atNs)) {
      const match = pod.hostPorts?.find(
        each => each.port === port && each.protocol === proto && (each.ip ?? ip) === ip,
      );
      if (pod.node === node && match !== undefined && pod.ips.length > 0)
        return { pod, ...(match.name === undefined ? {} : { portName: match.name }) };
    }
    return undefined;
  }

  /** Could the address be one of the cluster's that is not listed (any more)? */
  couldOwn(ip: string): boolean {
    this.#ranges ??= rangesOf(this.snapshot);
    return this.#ranges.some(range => inCidr(ip, range));
  }
}

function rangesOf({ nodes, services }: ClusterSnapshot): string[] {
  // The range of cluster addresses is in no list; the usual one is a /16 or larger, in IPv6 a /112.
  const around = services.flatMap(({ clusterIps }) =>
    clusterIps.map(ip => (ip.includes(':') ? `${ip}/112` : `${ip.replace(/\.\d+\.\d+$/, '.0.0')}/16`)),
  );
  return [...new Set([...nodes.flatMap(({ podCidrs }) => podCidrs), ...around])];
}

/** A process is put into a pod's cgroup before it enters the pod's namespace: until then it is among others, in the node's. */
function mayBeHome(
  { snapshot: { own, processes } }: NetnsView,
  { uid, containerIds = [] }: ClusterPod,
): boolean {
  const isOther = ({ pod, container }: ProcessSnapshot): boolean =>
    pod === undefined ? container !== undefined && !containerIds.includes(container) : pod !== uid;
  return !own && !processes.some(isOther);
}

function matchOf(
  service: ClusterService,
  port: number | undefined,
  proto: string,
  byEntry: boolean,
): ServiceMatch {
  const match = service.ports.find(each => each.port === port && each.protocol === proto);
  return { service, byEntry, ...(match === undefined ? {} : { port: match }) };
}

const isUnplaced = (known: { readonly netnsCookie?: string; readonly netnsName?: string }): boolean =>
  known.netnsCookie === undefined && known.netnsName === undefined;
