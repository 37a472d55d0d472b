/**
 * One version of what a cluster says about itself, indexed by namespace and by address.
 *
 * Where the cluster does not know its namespaces (a Kubernetes API does not), they are found by address: a node is the one
 * namespace that owns the node's address, a pod the one that owns the pod's address and hangs on the node by a veth. Where
 * two fit, none is named.
 */
import type {
  ClusterNode,
  ClusterPod,
  ClusterService,
  ClusterServicePort,
  ClusterSnapshot,
} from '../model/inventory.ts';
import { inCidr } from './addresses.ts';
import type { Inventory } from './inventory.ts';
import type { NetnsView } from './netns-view.ts';

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

interface Known {
  readonly netnsCookie?: string;
  readonly netnsName?: string;
}

export class ClusterIndex {
  readonly snapshot: ClusterSnapshot;
  readonly #byCookie = new Map<string, Member>();
  readonly #byNetnsName = new Map<string, Member>();
  readonly #podsByIp = new Map<string, ClusterPod[]>();
  readonly #nodesByIp = new Map<string, ClusterNode>();
  readonly #machinesByIp = new Map<string, Member>();
  readonly #servicesByIp = new Map<string, { readonly service: ClusterService; readonly byEntry: boolean }>();
  readonly #nodePorts = new Map<string, ServiceMatch>();
  readonly #unplacedNodes: readonly ClusterNode[];
  readonly #unplacedPods: readonly ClusterPod[];

  constructor(snapshot: ClusterSnapshot) {
    this.snapshot = snapshot;
    for (const node of snapshot.nodes) {
      this.#place(node, { kind: 'node', node });
      for (const ip of node.ips) this.#nodesByIp.set(ip, node);
    }
    for (const pod of snapshot.pods) this.#addPod(pod);
    for (const machine of snapshot.machines) {
      const member: Member = { kind: machine.kind, name: machine.name };
      this.#place(machine, member);
      for (const ip of machine.ips) this.#machinesByIp.set(ip, member);
    }
    for (const service of snapshot.services) this.#addService(service);
    this.#unplacedNodes = snapshot.nodes.filter(isUnplaced);
    this.#unplacedPods = snapshot.pods.filter(pod => pod.hostNetwork !== true && isUnplaced(pod));
  }

  #place(known: Known, member: Member): void {
    if (known.netnsCookie !== undefined) this.#byCookie.set(known.netnsCookie, member);
    else if (known.netnsName !== undefined) this.#byNetnsName.set(known.netnsName, member);
  }

  #addPod(pod: ClusterPod): void {
    // A pod of the host's network lives in its node's namespace and shares its address.
    if (pod.hostNetwork === true) return;
    this.#place(pod, { kind: 'pod', pod });
    for (const ip of pod.ips) this.#podsByIp.set(ip, [...(this.#podsByIp.get(ip) ?? []), pod]);
  }

  #addService(service: ClusterService): void {
    for (const ip of service.clusterIps) this.#servicesByIp.set(ip, { service, byEntry: false });
    for (const ip of [...service.externalIps, ...service.loadBalancerIps])
      this.#servicesByIp.set(ip, { service, byEntry: true });
    for (const port of service.ports) {
      if (port.nodePort !== undefined)
        this.#nodePorts.set(`${port.protocol}:${port.nodePort}`, { service, port, byEntry: true });
    }
  }

  member(view: NetnsView, inventory: Inventory, atNs: number): Member | undefined {
    const known = this.#byCookie.get(view.cookie);
    if (known !== undefined) return known;
    for (const name of view.snapshot.names) {
      const named = this.#byNetnsName.get(name);
      if (named !== undefined) return named;
    }
    if (this.#unplacedNodes.length === 0 && this.#unplacedPods.length === 0) return undefined;
    return this.#nodeByAddress(view, inventory, atNs) ?? this.#podByAddress(view, inventory, atNs);
  }

  #nodeByAddress(view: NetnsView, inventory: Inventory, atNs: number): Member | undefined {
    const node = this.#unplacedNodes.find(candidate =>
      candidate.ips.some(ip => view.owner(ip) !== undefined),
    );
    if (node === undefined) return undefined;
    const owners = node.ips.flatMap(ip => inventory.ownersOf(ip, atNs));
    return owners.every(owner => owner.cookie === view.cookie) ? { kind: 'node', node } : undefined;
  }

  #podByAddress(view: NetnsView, inventory: Inventory, atNs: number): Member | undefined {
    const pods = this.#unplacedPods.filter(pod => pod.ips.some(ip => view.owner(ip) !== undefined));
    const fitting = pods.filter(pod => this.#hangsOn(view, pod.node, inventory, atNs));
    return fitting.length === 1 ? { kind: 'pod', pod: fitting[0]! } : undefined;
  }

  /** Is the other end of one of its veths in that node? */
  #hangsOn(view: NetnsView, node: string, inventory: Inventory, atNs: number): boolean {
    return view.snapshot.links.some(link => {
      const other = link.peer?.netns === undefined ? undefined : inventory.viewAt(link.peer.netns, atNs);
      if (other === undefined || other.cookie === view.cookie) return false;
      const member = this.member(other, inventory, atNs);
      return member?.kind === 'node' && member.node.name === node;
    });
  }

  /** The pods that have, or just had, this address. */
  podsWith(ip: string): readonly ClusterPod[] {
    return this.#podsByIp.get(ip) ?? [];
  }

  nodeWith(ip: string): ClusterNode | undefined {
    return this.#nodesByIp.get(ip);
  }

  machineWith(ip: string): Member | undefined {
    return this.#machinesByIp.get(ip);
  }

  /** By the service's own addresses. The port only tells which of its ports. */
  serviceAt(ip: string, port: number | undefined, proto: string): ServiceMatch | undefined {
    const found = this.#servicesByIp.get(ip);
    if (found === undefined) return undefined;
    const match = found.service.ports.find(
      candidate => candidate.port === port && candidate.protocol === proto,
    );
    return { ...found, ...(match === undefined ? {} : { port: match }) };
  }

  nodePort(port: number | undefined, proto: string): ServiceMatch | undefined {
    return port === undefined ? undefined : this.#nodePorts.get(`${proto}:${port}`);
  }

  /** Could the address be one of the cluster's that is not listed (any more)? */
  couldOwn(ip: string): boolean {
    if (this.snapshot.nodes.some(node => node.podCidrs.some(cidr => inCidr(ip, cidr)))) return true;
    // The range of cluster addresses is in no list; the usual one is a /16 or larger, in IPv6 a /112.
    const bits = ip.includes(':') ? 112 : 16;
    return this.snapshot.services.some(service =>
      service.clusterIps.some(own => inCidr(ip, `${own}/${bits}`)),
    );
  }
}

const isUnplaced = (known: Known): boolean =>
  known.netnsCookie === undefined && known.netnsName === undefined;
