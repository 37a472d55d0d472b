/**
 * The inventory as correlation asks it: by the numbers of an event, and answered so that "not known" is never a no.
 */
import type { LinkSnapshot } from '../model/inventory.ts';
import { type Inventory, keyOf } from './inventory.ts';
import { hasPeerInKernel, isBridge, isLoopback, isPair } from './link-kinds.ts';

export interface Facts {
  link(netns: number, ifindex: number, timeNs: number): LinkFact | undefined;
  /** Is `ip` an address of that namespace, or one that all hosts listen to? */
  owns(netns: number, ip: string, timeNs: number): boolean | undefined;
}

export interface LinkFact {
  /** stacked = its packets go on through another device of this kernel; other = they leave it. */
  readonly kind: 'loopback' | 'veth' | 'bridge' | 'vxlan' | 'stacked' | 'other';
  readonly peer?: { readonly netns: number; readonly ifindex: number };
  readonly master?: number;
}

export function factsOf(inventory: Inventory): Facts {
  // One fact a version of a link: snapshots do not change, and a packet asks for the same few again and again.
  const facts = new WeakMap<LinkSnapshot, LinkFact>();
  return {
    link(netns, ifindex, timeNs) {
      const link = inventory.linkAt(netns, ifindex, timeNs);
      if (link === undefined) return undefined;
      const known = facts.get(link);
      if (known !== undefined) return known;
      const fact = factOf(link);
      facts.set(link, fact);
      return fact;
    },
    owns(netns, ip, timeNs) {
      const view = inventory.viewAt(netns, timeNs);
      return view === undefined || view.snapshot.unreadable !== undefined ? undefined : view.accepts(ip);
    },
  };
}

function factOf(link: LinkSnapshot): LinkFact {
  const { peer, master } = link;
  return {
    kind: kindOf(link),
    ...(peer?.netns === undefined ? {} : { peer: { netns: keyOf(peer.netns), ifindex: peer.ifindex } }),
    ...(master === undefined ? {} : { master }),
  };
}

function kindOf(link: LinkSnapshot): LinkFact['kind'] {
  if (isLoopback(link)) return 'loopback';
  if (isPair(link)) return 'veth';
  if (isBridge(link)) return 'bridge';
  if (link.kind === 'vxlan') return 'vxlan';
  return hasPeerInKernel(link) ? 'stacked' : 'other';
}
