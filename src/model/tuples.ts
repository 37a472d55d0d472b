import type { Event, NetworkLayer, TupleRecord } from './event.ts';

const ICMP = 1;
const ICMPV6 = 58;

/** The innermost layer of the headers that an event carries. */
export function innermost(event: Event): NetworkLayer | undefined {
  return event.headers?.inner ?? event.headers?.outer;
}

/**
 * One text for both directions of a conversation as a namespace sees it. ICMP echo: the id stands for the ports.
 * Undefined for what has no conversation: ARP, neighbour discovery, multicast, ICMP errors (they have that of what they quote).
 */
export function conversationKey(netns: number, layer: NetworkLayer): string | undefined {
  if (layer.family === 0 || isMulticast(layer.dst)) return undefined;
  if (layer.proto === ICMP || layer.proto === ICMPV6) {
    const type = layer.icmp?.type;
    const echo = layer.proto === ICMP ? type === 0 || type === 8 : type === 128 || type === 129;
    if (!echo || layer.icmp === undefined) return undefined;
    return key(netns, layer.proto, layer.src, layer.icmp.id, layer.dst, layer.icmp.id);
  }
  if (layer.sport === undefined || layer.dport === undefined) return undefined;
  return key(netns, layer.proto, layer.src, layer.sport, layer.dst, layer.dport);
}

export function conntrackKey(netns: number, tuple: TupleRecord): string {
  const isIcmp = tuple.proto === ICMP || tuple.proto === ICMPV6;
  return key(netns, tuple.proto, tuple.src, tuple.sport, tuple.dst, isIcmp ? tuple.sport : tuple.dport);
}

function key(netns: number, proto: number, a: string, aPort: number, b: string, bPort: number): string {
  const one = `${a} ${aPort}`;
  const two = `${b} ${bPort}`;
  return one < two ? `${netns} ${proto} ${one} ${two}` : `${netns} ${proto} ${two} ${one}`;
}

export function isMulticast(ip: string): boolean {
  if (ip.includes(':')) return ip.startsWith('ff');
  const first = Number.parseInt(ip, 10);
  return (first >= 224 && first <= 239) || ip === '255.255.255.255';
}

/** Does the conntrack entry of this event belong to the innermost packet? A tunnel's outer entry joins nothing. */
export function ownConntrack(event: Event): Event['conntrack'] {
  if (event.ct === 0 || event.headers?.inner !== undefined) return undefined;
  return event.conntrack;
}
