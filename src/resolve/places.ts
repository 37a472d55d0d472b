import type { Endpoint, RouteRef } from '../model/journey.ts';

/** What resolution asks about names and devices at the time of a packet. Namespaces are numbers as in `Event.netns`. */
export interface Places {
  /** As long as it is the same, so are all answers about times from `settledNs` on. */
  readonly version: number;
  readonly settledNs: number;
  netns(netns: number, timeNs: number): PlaceName;
  device(netns: number, ifindex: number, timeNs: number): DeviceFacts | undefined;
  /** The route that the main tables of that namespace hold for `ip`. */
  route(netns: number, ip: string, timeNs: number): RouteRef | undefined;
  owns(netns: number, ip: string, timeNs: number): boolean | undefined;
  endpoint(query: EndpointQuery): Endpoint;
}

export interface PlaceName {
  /** Of the node that it is or hangs on; `host` for the machine itself. */
  readonly node?: string;
  /** `ip netns` name. */
  readonly name?: string;
  /** How a person calls it: pod-a, node-1, host, or the netns name, or its inode. */
  readonly label: string;
  readonly kind: 'host' | 'node' | 'pod' | 'netns' | 'container' | 'external';
}

export interface DeviceFacts {
  /** stacked = its packets go on through another device of this kernel (vlan, macvlan, bond, …). */
  readonly kind: 'loopback' | 'veth' | 'bridge' | 'vxlan' | 'stacked' | 'other';
  readonly name: string;
  readonly peer?: { readonly label: string; readonly dev: string };
  /** Name of the bridge that it is a port of. */
  readonly master?: string;
}

export interface EndpointQuery {
  readonly ip: string;
  readonly port?: number;
  readonly proto: string;
  /** Namespace in which the address was seen: it says which cluster's names apply. */
  readonly netns: number;
  readonly timeNs: number;
}
