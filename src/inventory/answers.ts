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
  endpointOfMember,
  endpointOfPlace,
  isInside,
  podEndpoint,
  serviceEndpoint,
  specialEndpoint,
} from './endpoints.ts';
import type { Cookie, Inventory } from './inventory.ts';
import type { NetnsView } from './netns-view.ts';
import type { Place } from './place.ts';
import { reachableFrom } from './reach.ts';

export type Answer = (at: Address, proto: string) => Endpoint;

/** What `Names` knows of places and clusters. */
export interface Known {
  readonly inventory: Inventory;
  clustersAt(atNs: number): readonly ClusterIndex[];
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
  const clusters = known.clustersAt(atNs);
  const own = clusters.find(index => index.member(view, known.inventory, atNs) !== undefined);
  if (own !== undefined) return [own];
  const linked = new Set<string>();
  for (const other of reachableFrom(view, known.inventory, atNs)) {
    const cluster = known.placeIn(other, atNs).cluster;
    if (cluster !== undefined) linked.add(cluster);
  }
  return clusters.filter(index => linked.has(index.snapshot.name));
}

function inCluster(index: ClusterIndex, ip: string, atNs: number, known: Known): Answer | undefined {
  const cluster = index.snapshot.name;
  if (index.serviceAt(ip, undefined, '') !== undefined)
    return (at, proto) => serviceEndpoint(index.serviceAt(ip, at.port, proto)!, cluster, at);
  const pods = index.podsWith(ip);
  if (pods.length > 0) {
    const pod = pods.length === 1 ? pods[0] : podStillThere(pods, ip, atNs, known);
    return pod === undefined ? unknown : always(podEndpoint(pod, cluster, { ip }));
  }
  const node = index.nodeWith(ip) ?? nodeOwning(index, ip, atNs, known);
  if (node !== undefined) {
    return (at, proto) => {
      const entry = index.nodePort(at.port, proto);
      if (entry !== undefined) return serviceEndpoint(entry, cluster, at);
      return { kind: 'node', cluster, name: node.name, node: node.name, ...at };
    };
  }
  const machine = index.machineWith(ip);
  return machine === undefined ? undefined : always(endpointOfMember(machine, cluster, { ip }));
}

/** Of several with one address (a finished pod's may be given to the next) the only one whose namespace has it. */
function podStillThere(
  pods: readonly ClusterPod[],
  ip: string,
  atNs: number,
  known: Known,
): ClusterPod | undefined {
  const owners = new Set(known.inventory.ownersOf(ip, atNs).map(view => view.cookie));
  const alive = pods.filter(({ netnsCookie }) => netnsCookie !== undefined && owners.has(netnsCookie));
  return alive.length === 1 ? alive[0] : undefined;
}

/** A bridge, tunnel or gateway address of a node; not if two nodes have it. */
function nodeOwning(index: ClusterIndex, ip: string, atNs: number, known: Known) {
  const nodes = known.inventory
    .ownersOf(ip, atNs)
    .map(view => index.member(view, known.inventory, atNs))
    .flatMap(member => (member?.kind === 'node' ? [member.node] : []));
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
