/**
 * The inventory as correlation and resolution ask for it.
 *
 * Each packet asks the same of a dozen places, and the host changes rarely: answers about the present are kept until it does. That is a
 * look into a table instead of several searches and new objects for each hop; a packet's names and devices took a third of its resolution.
 */
import type { LinkFacts, Topology } from '../correlate/topology.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { hasPeerInKernel, isBridge, isLoopback, isPair, isTunnel } from '../inventory/link-kinds.ts';
import type { Names } from '../inventory/names.ts';
import type { LinkSnapshot } from '../model/inventory.ts';
import type { Endpoint, RouteRef } from '../model/journey.ts';
import type { DeviceFacts, EndpointQuery, PlaceName, Places } from '../resolve/places.ts';

/** More than these are asked for only where cookies make no sense. */
const KEPT_MAX = 10_000;

/** What is known of one namespace at present, as far as it was asked for. */
class Kept {
  name: PlaceName | undefined;
  /** By ifindex. */
  readonly links = new Map<number, LinkFacts>();
  readonly devices = new Map<number, DeviceFacts>();
}

export class HostPlaces implements Topology, Places {
  readonly #inventory: Inventory;
  readonly #names: Names;
  /** Hops tell rules, too: what is kept of them is as old as these. */
  readonly #rules: { readonly rev: number } | undefined;
  /** By namespace; of the host as it is since `settledNs` of the names. */
  readonly #kept = new Map<number, Kept>();
  #keptOf = -1;
  /** Questions about namespaces or devices that the inventory does not know (yet). */
  misses = 0;

  constructor(inventory: Inventory, names: Names, rules?: { readonly rev: number }) {
    this.#rules = rules;
    this.#inventory = inventory;
    this.#names = names;
  }

  get version(): number {
    return this.#names.stamp + (this.#rules?.rev ?? 0);
  }

  get settledNs(): number {
    return this.#names.settledNs;
  }

  link(netns: number, ifindex: number, timeNs: number): LinkFacts | undefined {
    const kept = this.#present(netns, timeNs)?.links;
    const known = kept?.get(ifindex);
    if (known !== undefined) return known;
    const link = this.#inventory.linkAt(netns, ifindex, timeNs);
    if (link === undefined) {
      this.misses++;
      return undefined;
    }
    const facts = this.#linkFacts(link, netns, ifindex, timeNs);
    kept?.set(ifindex, facts);
    return facts;
  }

  #linkFacts(link: LinkSnapshot, netns: number, ifindex: number, timeNs: number): LinkFacts {
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
    const kept = this.#present(netns, timeNs);
    if (kept?.name !== undefined) return kept.name;
    const place = this.#names.placeOf(netns, timeNs);
    if (place === undefined) return { label: `netns ${netns}`, kind: 'netns' };
    const name: PlaceName = {
      label: place.label,
      kind: place.kind,
      ...(place.node === undefined ? {} : { node: place.node }),
      ...(place.netnsName === undefined ? {} : { name: place.netnsName }),
    };
    if (kept !== undefined) kept.name = name;
    return name;
  }

  device(netns: number, ifindex: number, timeNs: number): DeviceFacts | undefined {
    const kept = this.#present(netns, timeNs)?.devices;
    const known = kept?.get(ifindex);
    if (known !== undefined) return known;
    const link = this.#inventory.linkAt(netns, ifindex, timeNs);
    if (link === undefined) return undefined;
    const facts = this.#deviceFacts(link, netns, ifindex, timeNs);
    kept?.set(ifindex, facts);
    return facts;
  }

  #deviceFacts(link: LinkSnapshot, netns: number, ifindex: number, timeNs: number): DeviceFacts {
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

  /** Undefined for the past: it is asked for rarely, and each moment of it may differ. */
  #present(netns: number, timeNs: number): Kept | undefined {
    if (timeNs < this.#names.settledNs) return undefined;
    if (this.#keptOf !== this.#names.stamp || this.#kept.size > KEPT_MAX) {
      this.#kept.clear();
      this.#keptOf = this.#names.stamp;
    }
    let kept = this.#kept.get(netns);
    if (kept === undefined) {
      kept = new Kept();
      this.#kept.set(netns, kept);
    }
    return kept;
  }
}

function kindOf(link: LinkSnapshot): LinkFacts['kind'] {
  if (isLoopback(link)) return 'loopback';
  if (isPair(link)) return 'veth';
  if (isBridge(link)) return 'bridge';
  if (isTunnel(link)) return 'vxlan';
  return hasPeerInKernel(link) ? 'stacked' : 'other';
}
