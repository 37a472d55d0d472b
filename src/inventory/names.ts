/**
 * The words for places and addresses, as they were at a packet's time.
 *
 * No name is ever wrong: the same address means another pod in each lab and each kind cluster on the machine, so an
 * address is named by the cluster that the namespace belongs to in which it was seen. Seen from outside of any cluster, it
 * is named by whoever owns it among the namespaces that are linked to the viewer. Where two fit it stays an address.
 */
import type { ClusterPod, ClusterSnapshot } from '../model/inventory.ts';
import type { Endpoint } from '../model/journey.ts';
import { isLinkLocal, isLoopbackIp } from './addresses.ts';
import { ClusterIndex } from './cluster-index.ts';
import {
  type Address,
  endpointOfMember,
  endpointOfPlace,
  isInside,
  podEndpoint,
  serviceEndpoint,
  specialEndpoint,
} from './endpoints.ts';
import type { Cookie, Inventory, When } from './inventory.ts';
import type { NetnsView } from './netns-view.ts';
import { containerLabel, containerOf, labelOf, type Place, placeOfMember } from './place.ts';
import { reachableFrom } from './reach.ts';

/** As long as a gone namespace is remembered. */
const keepNs = 60e9;

interface Version {
  readonly fromNs: number;
  /** Absent: the cluster is gone. */
  readonly index?: ClusterIndex;
}

export class Names {
  readonly inventory: Inventory;
  readonly #clusters = new Map<string, Version[]>();
  #rev = 0;
  #places = new WeakMap<NetnsView, { readonly stamp: string; readonly place: Place }>();
  #endpoints = new Map<string, Endpoint>();
  #endpointsRev = '';
  #changedNs = Number.NEGATIVE_INFINITY;

  constructor(inventory: Inventory, clusters: readonly ClusterSnapshot[] = []) {
    this.inventory = inventory;
    for (const cluster of clusters) this.apply(cluster);
  }

  /** Grows with each version of a cluster. */
  get rev(): number {
    return this.#rev;
  }

  /** A cluster's new state, from then on. Its first also tells what was before: nothing else does. */
  apply(cluster: ClusterSnapshot, when?: When): void {
    this.#add(cluster.name, new ClusterIndex(cluster), when);
  }

  /** The cluster is gone from then on. */
  remove(name: string, when?: When): void {
    if (this.#clusters.has(name)) this.#add(name, undefined, when);
  }

  #add(name: string, index: ClusterIndex | undefined, when: When | undefined): void {
    const known = this.#clusters.get(name) ?? [];
    const fromNs =
      known.length === 0 ? Number.NEGATIVE_INFINITY : this.inventory.timeOf(when ?? this.inventory.latestNs);
    const versions = known.filter(version => version.fromNs < fromNs);
    versions.push(index === undefined ? { fromNs } : { fromNs, index });
    while (versions.length > 1 && fromNs - versions[1]!.fromNs > keepNs) versions.shift();
    this.#clusters.set(name, versions);
    this.#changedNs = Math.max(this.#changedNs, fromNs);
    this.#rev += 1;
  }

  clustersAt(when: When = this.inventory.latestNs): ClusterIndex[] {
    const atNs = this.inventory.timeOf(when);
    const found: ClusterIndex[] = [];
    for (const versions of this.#clusters.values()) {
      const index = versions.findLast(version => version.fromNs <= atNs)?.index;
      if (index !== undefined) found.push(index);
    }
    return found;
  }

  /** Undefined: the namespace is not known (yet). */
  placeOf(cookie: Cookie, when: When = this.inventory.latestNs): Place | undefined {
    const view = this.inventory.viewAt(cookie, when);
    return view && this.#place(view, this.inventory.timeOf(when));
  }

  #place(view: NetnsView, atNs: number): Place {
    const recent = atNs >= this.#changedNs;
    const stamp = `${this.#rev}/${this.inventory.rev}`;
    const cached = recent ? this.#places.get(view) : undefined;
    if (cached?.stamp === stamp) return cached.place;
    const place = this.#findPlace(view, atNs);
    if (recent) this.#places.set(view, { stamp, place });
    return place;
  }

  #findPlace(view: NetnsView, atNs: number): Place {
    for (const index of this.clustersAt(atNs)) {
      const member = index.member(view, this.inventory, atNs);
      if (member !== undefined) return placeOfMember(member, index, view);
    }
    const netnsName = view.snapshot.names[0];
    const common = { ...(netnsName === undefined ? {} : { netnsName }) };
    if (view.snapshot.own) return { kind: 'host', node: 'host', label: 'host', ...common };
    const container = containerOf(view);
    if (container !== undefined)
      return { kind: 'container', label: containerLabel(view, container), container, ...common };
    return { kind: 'netns', label: labelOf(view), ...common };
  }

  /**
   * Who `ip` (and `port`) is, as seen in the viewer's namespace. Always an answer: `unknown` keeps the address.
   */
  endpointOf(ip: string, port: number | undefined, proto: string, viewer: Cookie, when: When): Endpoint {
    const atNs = this.inventory.timeOf(when);
    // Cached for the present only: what is asked of the past is rare and may differ.
    if (atNs < this.#changedNs || atNs < this.inventory.latestNs)
      return this.#endpoint(ip, port, proto, viewer, atNs);
    const rev = `${this.#rev}/${this.inventory.rev}`;
    if (rev !== this.#endpointsRev || this.#endpoints.size > 50_000) this.#endpoints.clear();
    this.#endpointsRev = rev;
    const key = `${viewer}|${ip}|${port ?? ''}|${proto}`;
    const known = this.#endpoints.get(key);
    if (known !== undefined) return known;
    const endpoint = this.#endpoint(ip, port, proto, viewer, atNs);
    this.#endpoints.set(key, endpoint);
    return endpoint;
  }

  #endpoint(ip: string, port: number | undefined, proto: string, viewer: Cookie, atNs: number): Endpoint {
    const at: Address = { ip, ...(port === undefined ? {} : { port }) };
    const view = this.inventory.viewAt(viewer, atNs);
    const special = specialEndpoint(at, view);
    if (special !== undefined) return special;
    if (view === undefined) return { kind: 'unknown', ...at };
    if (isLoopbackIp(ip)) return endpointOfPlace(this.#place(view, atNs), at);
    const scope = this.#scope(view, atNs);
    const answers = scope
      .map(index => this.#inCluster(index, at, proto, atNs))
      .filter(answer => answer !== undefined);
    if (answers.length > 1) return { kind: 'unknown', ...at };
    return answers[0] ?? this.#byOwner(at, view, scope, atNs);
  }

  /** The viewer's own cluster; outside of any, those that have a node or machine linked to the viewer. */
  #scope(view: NetnsView, atNs: number): ClusterIndex[] {
    const clusters = this.clustersAt(atNs);
    const own = clusters.find(index => index.member(view, this.inventory, atNs) !== undefined);
    if (own !== undefined) return [own];
    const linked = new Set<string>();
    for (const other of reachableFrom(view, this.inventory, atNs)) {
      const cluster = this.#place(other, atNs).cluster;
      if (cluster !== undefined) linked.add(cluster);
    }
    return clusters.filter(index => linked.has(index.snapshot.name));
  }

  #inCluster(index: ClusterIndex, at: Address, proto: string, atNs: number): Endpoint | undefined {
    const cluster = index.snapshot.name;
    const service = index.serviceAt(at.ip, at.port, proto);
    if (service !== undefined) return serviceEndpoint(service, cluster, at);
    const pods = index.podsWith(at.ip);
    if (pods.length > 0) return this.#podEndpoint(pods, cluster, at, atNs);
    const node = index.nodeWith(at.ip) ?? this.#nodeOwning(index, at.ip, atNs);
    if (node !== undefined) {
      const entry = index.nodePort(at.port, proto);
      if (entry !== undefined) return serviceEndpoint(entry, cluster, at);
      return { kind: 'node', cluster, name: node.name, node: node.name, ...at };
    }
    const machine = index.machineWith(at.ip);
    return machine === undefined ? undefined : endpointOfMember(machine, cluster, at);
  }

  /** Of several with one address (a finished pod's may be given to the next) the one whose namespace is still there. */
  #podEndpoint(pods: readonly ClusterPod[], cluster: string, at: Address, atNs: number): Endpoint {
    const there = this.inventory.all(atNs);
    const alive = pods.filter(
      pod =>
        pods.length === 1 ||
        there.some(view => view.cookie === pod.netnsCookie && view.owner(at.ip) !== undefined),
    );
    const [pod] = alive;
    return pod === undefined || alive.length > 1 ? { kind: 'unknown', ...at } : podEndpoint(pod, cluster, at);
  }

  /** A bridge, tunnel or gateway address of a node; not if two nodes have it. */
  #nodeOwning(index: ClusterIndex, ip: string, atNs: number) {
    const nodes = this.inventory
      .ownersOf(ip, atNs)
      .map(view => index.member(view, this.inventory, atNs))
      .flatMap(member => (member?.kind === 'node' ? [member.node] : []));
    return nodes.length === 1 ? nodes[0] : undefined;
  }

  #byOwner(at: Address, view: NetnsView, scope: readonly ClusterIndex[], atNs: number): Endpoint {
    if (view.owner(at.ip) !== undefined) return endpointOfPlace(this.#place(view, atNs), at);
    const reach = reachableFrom(view, this.inventory, atNs);
    // A link-local address means something only on the link itself.
    const near = isLinkLocal(at.ip) ? reach.filter(other => this.#sharesLink(view, other)) : reach;
    const owners = near.filter(other => other.owner(at.ip) !== undefined);
    if (owners.length === 1) return endpointOfPlace(this.#place(owners[0]!, atNs), at);
    if (owners.length > 1 || isLinkLocal(at.ip)) return { kind: 'unknown', ...at };
    if (scope.some(index => index.couldOwn(at.ip))) return { kind: 'unknown', ...at };
    return { kind: isInside(at.ip, [view, ...reach]) ? 'unknown' : 'external', ...at };
  }

  #sharesLink(view: NetnsView, other: NetnsView): boolean {
    return view.snapshot.links.some(link => link.peer?.netns === other.cookie);
  }
}
