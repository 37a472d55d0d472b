/**
 * Why a packet passed a device: what tables of the kernel, as the inventory had them then, say the same as the packet shows. Where
 * they do not (they were read earlier or later, or something else decided), nothing is claimed.
 */

import { splitEnd } from '../model/address-port.ts';
import type { NeighbourSnapshot } from '../model/inventory.ts';
import type { Tuple } from '../model/journey.ts';
import type { HopFacts } from '../words/hop-facts.ts';
import type { Surroundings } from './surroundings.ts';

export type DeviceFacts =
  /** Made in this namespace; `route`, if its main table leads there. */
  | { readonly kind: 'sent'; readonly src: string; readonly dst: string; readonly route?: string }
  /** The frame is addressed to the MAC address that the neighbour table has for `ip`. */
  | { readonly kind: 'neighbour'; readonly ip: string; readonly mac: string }
  /** Out of a port of a bridge; `mac`, if the forwarding table has it behind that port. */
  | { readonly kind: 'bridged'; readonly bridge: string; readonly mac?: string }
  /** In by a port of a bridge. */
  | { readonly kind: 'port'; readonly bridge: string }
  /** Addressed to the device's own MAC address. */
  | { readonly kind: 'own-mac'; readonly mac: string }
  /** For an address of this namespace. */
  | { readonly kind: 'own-address'; readonly ip: string }
  | { readonly kind: 'plain' };

export function deviceFacts(hops: readonly HopFacts[], index: number, around: Surroundings): DeviceFacts {
  const hop = hops[index]!;
  return (hop.stage === 'tx' ? sendingFacts : receivingFacts)(hops, index, hop, around);
}

function sendingFacts(
  hops: readonly HopFacts[],
  index: number,
  hop: HopFacts,
  around: Surroundings,
): DeviceFacts {
  const { view } = around;
  const { tuple, ifindex } = hop;
  const src = sourceHere(hops, index, around);
  if (src !== undefined && tuple !== undefined) {
    const route = view?.route(tuple.dst);
    return {
      kind: 'sent',
      src,
      dst: tuple.dst,
      ...(route === undefined || route.dev !== hop.dev || route.type === 'local'
        ? {}
        : { route: route.text }),
    };
  }
  const bridge = ifindex === undefined ? undefined : view?.master(ifindex);
  if (bridge?.kind === 'bridge') {
    const mac = hop.mac?.dst;
    const isKnown = view?.snapshot.fdb.some(entry => entry.ifindex === ifindex && entry.mac === mac);
    return {
      kind: 'bridged',
      bridge: bridge.name,
      ...(isKnown === true && mac !== undefined ? { mac } : {}),
    };
  }
  const neighbour = neighbourUsed(hop, around);
  return neighbour?.mac === undefined
    ? { kind: 'plain' }
    : { kind: 'neighbour', ip: neighbour.ip, mac: neighbour.mac };
}

/** The address that it was sent from in this namespace, before POSTROUTING; undefined: it came from elsewhere, or may have. */
function sourceHere(hops: readonly HopFacts[], index: number, { view }: Surroundings): string | undefined {
  const before = hops.slice(0, index);
  const { tuple } = hops[index]!;
  if (tuple === undefined || tuple.op !== undefined || before.some(({ layer }) => layer === 'device'))
    return undefined;
  const rewritten = before.flatMap(({ changes }) => changes).find(({ field }) => field === 'src')?.from;
  const src = rewritten === undefined ? tuple.src : splitEnd(rewritten).ip;
  return view?.owns(src) === true ? src : undefined;
}

function neighbourUsed(hop: HopFacts, around: Surroundings): NeighbourSnapshot | undefined {
  const ip = nextHopOf(hop, around);
  if (ip === undefined || hop.ifindex === undefined || hop.mac === undefined) return undefined;
  const entry = around.view?.neighbour(hop.ifindex, ip);
  return entry?.mac === hop.mac.dst ? entry : undefined;
}

/** Whom a packet that leaves by the hop's device is handed to: the gateway, or the destination itself. */
export function nextHopOf(
  { tuple, dev, inner }: Pick<HopFacts, 'tuple' | 'dev' | 'inner'>,
  { view }: Surroundings,
): string | undefined {
  // On a tunnel's device the packet is still bare, on the one below it is the outer one: `tuple` in both.
  if (tuple === undefined || tuple.op !== undefined || (inner !== undefined && dev === undefined))
    return undefined;
  const route = view?.route(tuple.dst);
  if (route === undefined || route.dev !== dev || route.type !== 'unicast') return undefined;
  return route.via ?? tuple.dst;
}

function receivingFacts(
  _hops: readonly HopFacts[],
  _index: number,
  hop: HopFacts,
  { view }: Surroundings,
): DeviceFacts {
  const { ifindex, tuple } = hop;
  if (ifindex === undefined || view === undefined) return { kind: 'plain' };
  const bridge = view.master(ifindex);
  if (bridge?.kind === 'bridge') return { kind: 'port', bridge: bridge.name };
  if (isOwn(tuple, view)) return { kind: 'own-address', ip: tuple!.dst };
  const mac = view.link(ifindex)?.mac;
  return mac !== undefined && mac === hop.mac?.dst ? { kind: 'own-mac', mac } : { kind: 'plain' };
}

function isOwn(tuple: Tuple | undefined, view: NonNullable<Surroundings['view']>): boolean {
  return tuple !== undefined && tuple.op === undefined && view.owner(tuple.dst) !== undefined;
}
