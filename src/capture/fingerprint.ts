/**
 * What of a packet no hop changes, as one text: the only identity that a packet has in a capture.
 *
 * As the kernel side has it (bpf/lib/headers.bpf.h): innermost version, protocol, IPv4 id, fragment; TCP seq, ack, SYN and RST; ICMP
 * type, code, seq; ARP operation and addresses; and more of the payload, because there is no buffer's address beside it here. Not
 * addresses, ports, ICMP ids, TTL, checksums, which NAT and routing write; not PSH and FIN, not lengths, which move between a
 * super-packet and its segments. What an ICMP error quotes is translated with it: only the quoted packet's id and sequence number count.
 *
 * What it cannot tell apart: repetitions of a packet without an IPv4 id (a repeated SYN-ACK, ACKs over IPv6, UDP that must not be
 * fragmented). Their order and their places have to (matcher.ts).
 */
import type { Headers, NetworkLayer } from '../model/event.ts';

/** Enough for what tells two datagrams apart; less than every capture of 128 bytes has behind VXLAN. */
const PAYLOAD_BYTES = 16;
const SYN_RST = 0x06;

export function fingerprintOf(headers: Headers): string {
  const layer = headers.inner ?? headers.outer;
  const parts: (string | number)[] = [layer.family, layer.proto, layer.id ?? '', fragmentOf(layer)];
  if (layer.family === 0) parts.push(layer.arp?.op ?? '', layer.src, layer.dst);
  else if (headers.quoted !== undefined) {
    const { quoted } = headers;
    parts.push(
      layer.icmp!.type,
      layer.icmp!.code,
      quoted.id ?? '',
      quoted.tcp?.seq ?? '',
      quoted.icmp?.seq ?? '',
    );
  } else {
    if (layer.tcp !== undefined) parts.push(layer.tcp.seq, layer.tcp.ack, layer.tcp.flags & SYN_RST);
    if (layer.icmp !== undefined) parts.push(layer.icmp.type, layer.icmp.code, layer.icmp.seq);
    parts.push(layer.flowLabel ?? '', payloadOf(headers, layer));
  }
  return parts.join(' ');
}

function fragmentOf({ fragment }: NetworkLayer): string {
  return fragment === undefined ? '' : `${fragment.id}/${fragment.offset}/${fragment.more}`;
}

/** Two captures that were cut at different lengths do not fit together: to join them would be a guess. */
function payloadOf({ payload }: Headers, layer: NetworkLayer): string {
  const length = Math.min(PAYLOAD_BYTES, layer.payloadBytes ?? PAYLOAD_BYTES, payload.length);
  return Buffer.from(payload.subarray(0, length)).toString('latin1');
}
