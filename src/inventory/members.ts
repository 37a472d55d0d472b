/**
 * Which namespace is which pod or node.
 *
 * The surest comes first: a cluster that knows its namespaces (the practice cluster), a cgroup that names the pod. Else it is
 * found by address: a node is the one namespace that has the node's address and is nothing else; a pod has the pod's address, hangs on
 * that pod's node by a veth, and was there before the cluster told of the pod, or when we began to look. Where two fit, none
 * is named: several clusters of one machine have the same addresses.
 */
import type { ClusterIndex, Member } from './cluster-index.ts';
import type { Inventory } from './inventory.ts';
import type { NetnsView } from './netns-view.ts';

export interface Found {
  readonly index: ClusterIndex;
  readonly member: Member;
}

/** A namespace is found within this time of its birth; a cluster tells of an address after it was given. */
const bornLateNs = 1e9;

/** `clusters`: as they were at `atNs`. */
export function memberOf(
  view: NetnsView,
  clusters: readonly ClusterIndex[],
  inventory: Inventory,
  atNs: number,
): Found | undefined {
  const proven = provenIn(view, clusters);
  if (proven !== undefined) return proven;
  const likely = clusters.flatMap(index => {
    const member = likelyIn(index, view, clusters, inventory, atNs);
    return member === undefined ? [] : [{ index, member }];
  });
  return likely.length === 1 ? likely[0] : undefined;
}

function provenIn(view: NetnsView, clusters: readonly ClusterIndex[]): Found | undefined {
  for (const index of clusters) {
    const member = index.proven(view);
    if (member !== undefined) return { index, member };
  }
  return undefined;
}

function likelyIn(
  index: ClusterIndex,
  view: NetnsView,
  clusters: readonly ClusterIndex[],
  inventory: Inventory,
  atNs: number,
): Member | undefined {
  for (const { ip } of view.addresses()) {
    const node = index.unplacedNodeWith(ip);
    if (node === undefined) continue;
    const owners = node.ips
      .flatMap(each => inventory.ownersOf(each, atNs))
      .filter(owner => owner === view || provenIn(owner, clusters) === undefined);
    return owners.every(owner => owner.cookie === view.cookie) ? { kind: 'node', node } : undefined;
  }
  // A pod's cgroup names it: this one is of a pod that the cluster has not told of yet.
  if (view.snapshot.processes.some(({ pod }) => pod !== undefined)) return undefined;
  const bornNs = inventory.bornNs(view.cookie);
  const pods = view.addresses().flatMap(({ ip }) => index.unplacedPodsWith(ip));
  const fitting = new Set(
    pods
      .filter(({ toldNs }) => bornNs <= toldNs + bornLateNs)
      .map(({ pod }) => pod)
      .filter(pod => hangsOn(view, pod.node, index, clusters, inventory, atNs)),
  );
  const [pod, another] = fitting;
  return pod !== undefined && another === undefined ? { kind: 'pod', pod } : undefined;
}

/** Is the other end of one of its veths in that node? */
function hangsOn(
  view: NetnsView,
  node: string,
  index: ClusterIndex,
  clusters: readonly ClusterIndex[],
  inventory: Inventory,
  atNs: number,
): boolean {
  return view.snapshot.links.some(link => {
    const other = link.peer?.netns === undefined ? undefined : inventory.viewAt(link.peer.netns, atNs);
    if (other === undefined || other.cookie === view.cookie) return false;
    const found = nodeIn(other, index, clusters, inventory, atNs);
    return found?.kind === 'node' && found.node.name === node;
  });
}

/** As `memberOf`, of nodes alone: a pod that hangs on a pod is none. */
function nodeIn(
  view: NetnsView,
  index: ClusterIndex,
  clusters: readonly ClusterIndex[],
  inventory: Inventory,
  atNs: number,
): Member | undefined {
  const proven = provenIn(view, clusters);
  if (proven !== undefined) return proven.index === index ? proven.member : undefined;
  const hasNodeAddress = view.addresses().some(({ ip }) => index.unplacedNodeWith(ip) !== undefined);
  return hasNodeAddress ? likelyIn(index, view, clusters, inventory, atNs) : undefined;
}
