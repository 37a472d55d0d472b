/** Whoever was found, as the `Endpoint` of CONTRACT 3. */
import type { ClusterPod } from '../model/inventory.ts';
import type { Endpoint } from '../model/journey.ts';
import { broadcastOf, inPrefix, isMulticast, parseAddress, withPort } from './addresses.ts';
import type { Member, ServiceMatch } from './cluster-index.ts';
import { hasPeerInKernel } from './link-kinds.ts';
import type { NetnsView } from './netns-view.ts';
import type { Place } from './place.ts';

export interface Address {
  readonly ip: string;
  readonly port?: number;
}

export function specialEndpoint(at: Address, view: NetnsView | undefined): Endpoint | undefined {
  const range = parseAddress(at.ip)?.range();
  if (range === undefined || range === 'unspecified') return { kind: 'unknown', ...at };
  if (isMulticast(at.ip)) return { kind: 'multicast', ...at };
  if (range === 'broadcast') return { kind: 'broadcast', ...at };
  const everybody = view?.addresses().some(({ ip, prefixLen }) => broadcastOf(ip, prefixLen) === at.ip);
  return everybody === true && view?.owner(at.ip) === undefined ? { kind: 'broadcast', ...at } : undefined;
}

/** In a network that lies wholly within this machine, but nobody there has the address. */
export function isInside(ip: string, views: readonly NetnsView[]): boolean {
  return views.some(view =>
    view.addresses().some(address => {
      const link = view.link(address.ifindex);
      return link !== undefined && hasPeerInKernel(link) && inPrefix(ip, address.ip, address.prefixLen);
    }),
  );
}

export function podEndpoint(pod: ClusterPod, cluster: string, at: Address): Endpoint {
  return {
    kind: 'pod',
    ...clusterOf(cluster),
    namespace: pod.namespace,
    name: pod.name,
    node: pod.node,
    ...at,
    ...(pod.labels === undefined ? {} : { labels: pod.labels }),
  };
}

export function serviceEndpoint(
  { service, port, byEntry }: ServiceMatch,
  cluster: string,
  at: Address,
): Endpoint {
  return {
    kind: 'service',
    ...clusterOf(cluster),
    namespace: service.namespace,
    name: service.name,
    ...at,
    ...(port?.name === undefined ? {} : { portName: port.name }),
    ...(byEntry ? { entry: withPort(at.ip, at.port) } : {}),
  };
}

/** By a port of its node. */
export function hostPortEndpoint(
  { pod, portName }: { readonly pod: ClusterPod; readonly portName?: string },
  cluster: string,
  at: Address,
): Endpoint {
  return {
    ...podEndpoint(pod, cluster, at),
    ...(portName === undefined ? {} : { portName }),
    entry: withPort(at.ip, at.port),
  };
}

export function endpointOfMember(member: Member, cluster: string, at: Address): Endpoint {
  if (member.kind === 'pod') return podEndpoint(member.pod, cluster, at);
  if (member.kind === 'node')
    return { kind: 'node', cluster, name: member.node.name, node: member.node.name, ...at };
  return {
    kind: member.kind,
    ...clusterOf(cluster),
    name: member.name,
    ...(member.kind === 'host' ? { node: 'host' } : {}),
    ...at,
  };
}

export function endpointOfPlace(place: Place, at: Address): Endpoint {
  const { cluster, pod, node, kind, label } = place;
  return {
    kind,
    ...clusterOf(cluster ?? ''),
    ...(pod === undefined ? {} : { namespace: pod.namespace }),
    name: pod?.name ?? label,
    ...(node === undefined ? {} : { node }),
    ...at,
    ...(pod?.labels === undefined ? {} : { labels: pod.labels }),
  };
}

/** Lists without a context have no name. */
export const clusterOf = (cluster: string): Pick<Endpoint, 'cluster'> => (cluster === '' ? {} : { cluster });
