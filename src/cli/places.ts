/** The inventory as correlation and resolution ask for it. */
import type { LinkFacts, Topology } from '../correlate/topology.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { hasPeerInKernel, isBridge, isLoopback, isPair, isTunnel } from '../inventory/link-kinds.ts';
import type { Names } from '../inventory/names.ts';
import type { LinkSnapshot } from '../model/inventory.ts';
import type { Endpoint, RouteRef } from '../model/journey.ts';
import type { DeviceFacts, EndpointQuery, PlaceName, Places } from '../resolve/places.ts';

export class HostPlaces implements Topology, Places {
  readonly #inventory: Inventory;
  readonly #names: Names;
  /** Questions about namespaces or devices that the inventory does not know (yet). */
  misses = 0;

  constructor(inventory: Inventory, names: Names) {
    this.#inventory = inventory;
    this.#names = names;
  }

  link(netns: number, ifindex: number, timeNs: number): LinkFacts | undefined {
    const link = this.#inventory.linkAt(netns, ifindex, timeNs);
    if (link === undefined) {
      this.misses++;
      return undefined;
    }
    const kind = kindOf(link);
    const peer = kind === 'veth' ? this.#inventory.peerOf(netns, ifindex, timeNs) : undefined;
    return {
      kind,
      ...(peer === undefined ? {} : { peer: { netns: Number(peer.cookie), ifindex: peer.ifindex } }),
      ...(link.master === undefined ? {} : { master: link.master }),
    };
  }

  owns(netns: number, ip: string, timeNs: number): boolean | undefined {
    const view = this.#inventory.viewAt(netns, timeNs);
    if (view === undefined) {
      this.misses++;
      return undefined;
    }
    return view.accepts(ip);
  }

  netns(netns: number, timeNs: number): PlaceName {
    const place = this.#names.placeOf(netns, timeNs);
    if (place === undefined) return { label: `netns ${netns}`, kind: 'netns' };
    return {
      label: place.label,
      kind: place.kind,
      ...(place.node === undefined ? {} : { node: place.node }),
      ...(place.netnsName === undefined ? {} : { name: place.netnsName }),
    };
  }

  device(netns: number, ifindex: number, timeNs: number): DeviceFacts | undefined {
    const link = this.#inventory.linkAt(netns, ifindex, timeNs);
    if (link === undefined) return undefined;
    const end = this.#inventory.peerOf(netns, ifindex, timeNs);
    const peer = end === undefined ? undefined : this.#inventory.linkAt(end.cookie, end.ifindex, timeNs);
    const master = this.#inventory.masterOf(netns, ifindex, timeNs)?.name;
    return {
      kind: kindOf(link),
      name: link.name,
      ...(end === undefined || peer === undefined
        ? {}
        : { peer: { label: this.netns(Number(end.cookie), timeNs).label, dev: peer.name } }),
      ...(master === undefined ? {} : { master }),
    };
  }

  route(netns: number, ip: string, timeNs: number): RouteRef | undefined {
    const answer = this.#inventory.routeLookup(netns, ip, timeNs);
    if (answer === undefined) return undefined;
    return {
      table: answer.table,
      prefix: answer.prefix,
      ...(answer.via === undefined ? {} : { via: answer.via }),
      ...(answer.dev === undefined ? {} : { dev: answer.dev }),
    };
  }

  endpoint({ ip, port, proto, netns, timeNs }: EndpointQuery): Endpoint {
    return this.#names.endpointOf(ip, port, proto, netns, timeNs);
  }
}

function kindOf(link: LinkSnapshot): LinkFacts['kind'] {
  if (isLoopback(link)) return 'loopback';
  if (isPair(link)) return 'veth';
  if (isBridge(link)) return 'bridge';
  if (isTunnel(link)) return 'vxlan';
  return hasPeerInKernel(link) ? 'stacked' : 'other';
}
