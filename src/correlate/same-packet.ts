/** Are two events of different buffers of one packet? Asked where the kernel copies a packet, cuts it or puts it together. */
import type { Event, Headers } from '../model/event.ts';
import { eventUntrackedEnd, tap } from '../model/layout.generated.ts';
import { innermost } from '../model/tuples.ts';
import { isPlace } from './open-journey.ts';

const PAYLOAD_BYTES = 8;
const TCP = 6;

/** By what no hop changes: not addresses, ports, TTL. The kernel side compares the same within one buffer. */
export function samePacket(a: Event, b: Event): boolean {
  const x = innermost(a);
  const y = innermost(b);
  if (x === undefined || y === undefined) return false;
  if (x.family !== y.family || x.proto !== y.proto || x.id !== y.id || x.flowLabel !== y.flowLabel)
    return false;
  if (x.tcp?.seq !== y.tcp?.seq || x.tcp?.ack !== y.tcp?.ack || x.arp?.op !== y.arp?.op) return false;
  if (x.icmp?.seq !== y.icmp?.seq || x.icmp?.type !== y.icmp?.type) return false; // SNAT writes the id
  if (x.fragment?.offset !== y.fragment?.offset || !samePayload(a.headers, b.headers)) return false;
  return isPlace(b) || b.tap === tap.neighbour || (b.flags & eventUntrackedEnd) !== 0;
}

/**
 * The same, and nothing else differs: a clone is alike to the last bit when it is made. Before it is seen, NAT may have written the
 * addresses (a bridge asks iptables once for each port that it floods), which conntrack then tells.
 */
export function isAlike(a: Event, b: Event): boolean {
  const x = innermost(a);
  const y = innermost(b);
  if (x === undefined || y === undefined || !samePacket(a, b)) return false;
  if (x.ttl !== undefined && y.ttl !== undefined && y.ttl > x.ttl) return false;
  return b.ct !== 0 || (x.src === y.src && x.dst === y.dst && x.sport === y.sport && x.dport === y.dport);
}

/** Was `part` cut out of the TCP super-packet `whole`, on the way out of a device that takes no super-packets (skb_segment())? */
export function isSegmentOf(part: Event, whole: Event): boolean {
  const x = innermost(whole);
  const y = innermost(part);
  if (x?.tcp === undefined || y?.tcp === undefined || x.proto !== TCP || !isPlace(part)) return false;
  if (x.src !== y.src || x.dst !== y.dst || x.sport !== y.sport || x.dport !== y.dport) return false;
  const offset = (y.tcp.seq - x.tcp.seq) >>> 0;
  const partBytes = dataBytes(part);
  const wholeBytes = dataBytes(whole);
  return (
    partBytes > 0 && partBytes < wholeBytes && offset + partBytes <= wholeBytes && x.tcp.ack === y.tcp.ack
  );
}

/** TCP payload, by the innermost header; that of a super-packet may tell less than there is. */
function dataBytes(event: Event): number {
  const layer = innermost(event);
  const outer = event.headers?.outer;
  if (layer?.payloadBytes === undefined || outer === undefined) return 0;
  return layer.payloadBytes + Math.max(0, event.skbLen - outer.lenBytes);
}

function samePayload(a: Headers | undefined, b: Headers | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const quotes = a.quoted !== undefined || b.quoted !== undefined; // what an ICMP error quotes is translated with it
  const len = quotes ? 0 : Math.min(a.payload.length, b.payload.length, PAYLOAD_BYTES);
  for (let i = 0; i < len; i++) if (a.payload[i] !== b.payload[i]) return false;
  return true;
}
