/** What the kernel's link kinds (IFLA_INFO_KIND) mean for a packet. */
import type { LinkSnapshot } from '../model/inventory.ts';

const pairs = new Set(['veth', 'netkit']);
const tunnels = new Set([
  'vxlan',
  'geneve',
  'ipip',
  'sit',
  'ip6tnl',
  'gre',
  'gretap',
  'erspan',
  'ip6gre',
  'ip6gretap',
  'ip6erspan',
  'vti',
  'vti6',
  'xfrm',
  'wireguard',
  'bareudp',
  'gtp',
]);
/** What these send comes out of another device of this kernel. */
const stacked = new Set([
  'vlan',
  'macvlan',
  'macvtap',
  'ipvlan',
  'ipvtap',
  'bond',
  'team',
  'vrf',
  'macsec',
  'hsr',
  'ifb',
]);

export const isLoopback = (link: LinkSnapshot): boolean => link.kind === 'loopback';
export const isPair = (link: LinkSnapshot): boolean => link.kind !== undefined && pairs.has(link.kind);
export const isBridge = (link: LinkSnapshot): boolean => link.kind === 'bridge';
export const isTunnel = (link: LinkSnapshot): boolean => link.kind !== undefined && tunnels.has(link.kind);

/** Does what it sends go on within this kernel? False for an edge: hardware, tun/tap, dummy, and kinds that are not known. */
export function hasPeerInKernel(link: LinkSnapshot): boolean {
  if (link.kind === undefined) return false;
  return isLoopback(link) || isPair(link) || isBridge(link) || isTunnel(link) || stacked.has(link.kind);
}
