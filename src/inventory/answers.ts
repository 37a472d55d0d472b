/**
 * Who an address is, seen from a namespace. Found once an address; the port only chooses among a service's ports and node
 * ports, so that the many ports of clients cost nothing.
 */
import type { ClusterPod } from '../model/inventory.ts';
import type { Endpoint } from '../model/journey.ts';
import { isLinkLocal, isLoopbackIp } from './addresses.ts';
import type { ClusterIndex } from './cluster-index.ts';
import {
  type Address,
  clusterOf,
  endpointOfMember,
  endpointOfPlace,
  hostPortEndpoint,
  isInside,
  podEndpoint,
  serviceEndpoint,
  specialEndpoint,
} from './endpoints.ts';
import type { Cookie, Inventory } from './inventory.ts';
import type { Found } from './members.ts';
import type { NetnsView } from './netns-view.ts';
import type { Place } from './place.ts';
import { linkedTo, reachableFrom } from './reach.ts';

export type Answer = (at: Address, proto: string) => Endpoint;

/** What `Names` knows of places and clusters. */
export interface Known {
  readonly inventory: Inventory;
  clustersAt(atNs: number): readonly ClusterIndex[];
  memberOf(view: NetnsView, atNs: number): Found | undefined;
  placeIn(view: NetnsView, atNs: number): Place;
}

const unknown: Answer = at => ({ kind: 'unknown', ...at });
const always =
  (endpoint: Endpoint): Answer =>
  at => ({ ...endpoint, ...at });

export function findAnswer(ip: string, viewer: Cookie, atNs: number, known: Known): Answer {
  const view = known.inventory.viewAt(viewer, atNs);
  const special = specialEndpoint({ ip }, view);
  if (special !== undefined) return always(special);
  if (view === undefined) return unknown;
  if (isLoopbackIp(ip)) return always(endpointOfPlace(known.placeIn(view, atNs), { ip }));
  const scope = scopeOf(view, atNs, known);
  const answers = scope
    .map(index => inCluster(index, ip, atNs, known))
    .filter(answer => answer !== undefined);
  if (answers.length > 1) return unknown;
  return answers[0] ?? always(byOwner(ip, view, scope, atNs, known));
}

/** The viewer's own cluster; outside of any, those that have a node or machine linked to the viewer. */
function scopeOf(view: NetnsView, atNs: number, known: Known): readonly ClusterIndex[] {
  const own = known.memberOf(view, atNs);
  if (own !== undefined) return [own.index];
  const linked = new Set<string>();
  for (const other of reachableFrom(view, known.inventory, atNs)) {
    const cluster = known.placeIn(other, atNs).cluster;
    if (cluster !== undefined) linked.add(cluster);
  }
  return known.clustersAt(atNs).filter(({ name }) => linked.has(name));
}

function inCluster(index: ClusterIndex, ip: string, atNs: number, known: Known): Answer | undefined {
  const other = withoutServices(index, ip, atNs, known);
  if (!index.isService(ip)) return other;
  return (at, proto) => {
    const match = index.serviceAt(ip, at.port, proto);
    return match === undefined ? (other ?? unknown)(at, proto) : serviceEndpoint(match, index.name, at);
  };
}

function withoutServices(index: ClusterIndex, ip: string, atNs: number, known: Known): Answer | undefined {
  const cluster = index.name;
  const pods = index.podsWith(ip);
  if (pods.length > 0) {
    const pod = podThere(pods, index, ip, atNs, known);
    return pod === undefined ? unknown : always(podEndpoint(pod, cluster, { ip }));
  }
  const node = index.nodeWith(ip) ?? nodeOwning(index, ip, atNs, known);
  if (node !== undefined) {
    return (at, proto) => {
      const entry = index.nodePort(at.port, proto);
      if (entry !== undefined) return serviceEndpoint(entry, cluster, at);
      const byHost = index.hostPort(node.name, ip, at.port, proto);
      if (byHost !== undefined) return hostPortEndpoint(byHost, cluster, at);
      return { kind: 'node', ...clusterOf(cluster), name: node.name, node: node.name, ...at };
    };
  }
  const machine = index.machineWith(ip);
  return machine === undefined ? undefined : always(endpointOfMember(machine, cluster, { ip }));
}

/**
 * Whose address it is: the kernel knows better than the cluster, which tells of a pod's address after the pod has it, and of its end after
 * another may have got it.
 */
function podThere(
  pods: readonly ClusterPod[],
  index: ClusterIndex,
  ip: string,
  atNs: number,
  known: Known,
): ClusterPod | undefined {
  const owners = known.inventory.ownersOf(ip, atNs).filter(view => mayBeOf(index, view, atNs, known));
  if (owners.length === 0) return pods.length === 1 ? pods[0] : undefined;
  const there = owners.map(view => known.memberOf(view, atNs)?.member);
  const [found] = there;
  return there.length === 1 && found?.kind === 'pod' ? found.pod : undefined;
}

/** Its own, or not known and linked to one of its nodes. Other clusters have the same addresses. */
function mayBeOf(index: ClusterIndex, view: NetnsView, atNs: number, known: Known): boolean {
  const found = known.memberOf(view, atNs);
  if (found !== undefined) return found.index.name === index.name;
  return linkedTo(view).some(cookie => {
    const other = known.inventory.viewAt(cookie, atNs);
    const around = other && known.memberOf(other, atNs);
    return around?.index.name === index.name && around.member.kind === 'node';
  });
}

/** A bridge, tunnel or gateway address of a node; not if two nodes have it. */
function nodeOwning(index: ClusterIndex, ip: string, atNs: number, known: Known) {
  const nodes = known.inventory
    .ownersOf(ip, atNs)
    .map(view => known.memberOf(view, atNs))
    .filter(found => found?.index.name === index.name)
    .flatMap(found => (found?.member.kind === 'node' ? [found.member.node] : []));
  return nodes.length === 1 ? nodes[0] : undefined;
}

function byOwner(
  ip: string,
  view: NetnsView,
  scope: readonly ClusterIndex[],
  atNs: number,
  known: Known,
): Endpoint {
  if (view.owner(ip) !== undefined) return endpointOfPlace(known.placeIn(view, atNs), { ip });
  const reach = reachableFrom(view, known.inventory, atNs);
  // A link-local address means something only on the link itself.
  const near = isLinkLocal(ip) ? reach.filter(other => sharesLink(view, other)) : reach;
  const owners = near.filter(other => other.owner(ip) !== undefined);
  if (owners.length === 1) return endpointOfPlace(known.placeIn(owners[0]!, atNs), { ip });
  if (owners.length > 1 || isLinkLocal(ip)) return { kind: 'unknown', ip };
  if (scope.some(index => index.couldOwn(ip))) return { kind: 'unknown', ip };
  return { kind: isInside(ip, [view, ...reach]) ? 'unknown' : 'external', ip };
}

function sharesLink(view: NetnsView, other: NetnsView): boolean {
  return view.snapshot.links.some(link => link.peer?.netns === other.cookie);
}
