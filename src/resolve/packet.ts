/** The packet itself, in the words of CONTRACT 2: what it is, and a summary that a person reads. */

import dnsPacket from 'dns-packet';
import { printable } from '../base/printable.ts';
import { addressPort } from '../model/address-port.ts';
import type { Event, Headers, NetworkLayer } from '../model/event.ts';
import type { DnsSummary, PacketFacts } from '../model/journey.ts';
import { innermost } from '../model/tuples.ts';
import { icmpName, protoName, tcpFlags } from './protocols.ts';

const DNS_PORT = 53;
const UDP = 17;

type Draft = { -readonly [K in keyof PacketFacts]: PacketFacts[K] };

export function packetFacts(event: Event): PacketFacts {
  const layer = innermost(event);
  if (layer === undefined) return {};
  const facts: Draft = {};
  if (layer.family === 4 && layer.id !== undefined) facts.ipId = layer.id;
  if (layer.family === 6 && layer.flowLabel !== undefined) facts.flowLabel = layer.flowLabel;
  if (layer.fragment !== undefined) facts.frag = layer.fragment;
  if (layer.tcp !== undefined) facts.tcp = tcpFacts(layer.tcp);
  if (layer.proto === UDP && layer.sport !== undefined) facts.udp = {};
  if (layer.icmp !== undefined) facts.icmp = icmpFacts(layer);
  if (layer.arp !== undefined) facts.arp = { op: layer.arp.op, sender: layer.src, target: layer.dst };
  if (event.gsoSize > 0) facts.gso = { segs: Math.max(1, event.gsoSegs), sizeBytes: event.gsoSize };
  const dns = dnsFacts(event.headers);
  if (dns !== undefined) facts.dns = dns;
  if (layer.payloadBytes !== undefined) facts.payloadBytes = payloadBytes(event, layer);
  return facts;
}

/** A super-packet's IP length may be 0 (BIG TCP) or, under GSO, that of the whole; the skb knows. */
function payloadBytes(event: Event, layer: NetworkLayer): number {
  if (event.gsoSize === 0 || event.headers?.inner !== undefined) return layer.payloadBytes ?? 0;
  return (layer.payloadBytes ?? 0) + Math.max(0, event.skbLen - layer.lenBytes);
}

function tcpFacts({ flags, seq, ack }: NonNullable<NetworkLayer['tcp']>): NonNullable<PacketFacts['tcp']> {
  return { ...(flags === 0 ? {} : { flags: tcpFlags(flags) }), seq, ack };
}

function icmpFacts(layer: NetworkLayer): NonNullable<PacketFacts['icmp']> {
  const { type, code, id, seq } = layer.icmp!;
  const isEcho = type === 8 || type === 0 || type === 128 || type === 129;
  return isEcho ? { type, code, id, seq } : { type, code };
}

function dnsFacts(headers: Headers | undefined): DnsSummary | undefined {
  const layer = headers?.inner ?? headers?.outer;
  if (headers === undefined || layer?.proto !== UDP) return undefined;
  if (layer.sport !== DNS_PORT && layer.dport !== DNS_PORT) return undefined;
  const message = decodedDns(Buffer.from(headers.payload));
  const question = message?.questions?.[0];
  if (message?.id === undefined || question === undefined) return undefined;
  const answers = message.answers?.flatMap(a => (a.type === 'A' || a.type === 'AAAA' ? [a.data] : []));
  return {
    id: message.id,
    query: printable(question.name),
    type: question.type,
    // @types/dns-packet leaves out the response code, which the library does decode
    ...(message.type === 'response' ? { rcode: (message as { rcode?: string }).rcode ?? 'NOERROR' } : {}),
    ...(message.type === 'response' && answers !== undefined ? { answers } : {}),
  };
}

/** Of a message that is longer than what was copied, all but its records: those are then not known. */
function decodedDns(payload: Buffer): Partial<ReturnType<typeof dnsPacket.decode>> | undefined {
  try {
    return dnsPacket.decode(payload);
  } catch {
    // as below
  }
  try {
    const { answers: _, ...message } = dnsPacket.decode(payload.fill(0, 6, 12)); // the counts of records
    return message;
  } catch {
    return undefined; // no DNS at all
  }
}

export function packetSummary(event: Event, facts: PacketFacts): string {
  const layer = innermost(event);
  if (layer === undefined) return `protocol 0x${event.protocol.toString(16)}`;
  if (facts.arp !== undefined)
    return facts.arp.op === 1 ? `ARP who has ${facts.arp.target}?` : `ARP ${facts.arp.sender} is here`;
  if (facts.dns !== undefined) return dnsSummary(facts.dns);
  if (facts.frag !== undefined && facts.frag.offset > 0) return `fragment at ${facts.frag.offset}`;
  if (facts.tcp !== undefined) return tcpSummary(facts);
  if (facts.icmp !== undefined) return icmpSummary(event, layer, facts);
  const proto = protoName(layer).toUpperCase();
  return facts.payloadBytes === undefined ? proto : `${proto} ${facts.payloadBytes} B`;
}

function dnsSummary(dns: DnsSummary): string {
  if (dns.rcode === undefined) return `DNS ${dns.type}? ${dns.query}`;
  if (dns.rcode !== 'NOERROR') return `DNS ${dns.rcode} ${dns.query}`;
  if (dns.answers === undefined) return `DNS ${dns.type} of ${dns.query} answered`;
  return `DNS ${dns.query} = ${dns.answers.join(', ') || `no ${dns.type}`}`;
}

function tcpSummary(facts: PacketFacts): string {
  const flags = facts.tcp?.flags ?? '';
  const bytes = facts.payloadBytes ?? 0;
  const names = [
    flags.includes('S') ? 'SYN' : '',
    flags.includes('F') ? 'FIN' : '',
    flags.includes('R') ? 'RST' : '',
    flags.includes('A') && /[SFR]/.test(flags) ? 'ACK' : '',
  ].filter(name => name !== '');
  if (bytes > 0) return [`data ${bytes} B`, ...names.filter(name => name !== 'ACK')].join(', ');
  if (names.length > 0) return names.join('-');
  if (flags === '') return 'TCP without flags';
  return flags.includes('A') ? 'ACK' : `TCP ${flags}`;
}

/** An error also says what it is about, as its sender had it, and "too big" what would fit. */
function icmpSummary(event: Event, layer: NetworkLayer, facts: PacketFacts): string {
  const { type, code, seq } = facts.icmp!;
  const name = icmpName(protoName(layer), type, code);
  if (seq !== undefined) return `ICMP ${name} ${seq}`;
  const mtu = mtuOf(layer);
  const quoted = event.headers?.quoted;
  const about =
    quoted === undefined ? '' : ` for ${protoName(quoted)} ${addressPort(quoted.dst, quoted.dport)}`;
  return `ICMP ${name}${mtu === undefined ? '' : ` (MTU ${mtu})`}${about}`;
}

/** Of the next link: in place of the sequence number (RFC 1191), of id and sequence number (RFC 4443); 0 = a router that does not tell. */
function mtuOf({ family, icmp }: NetworkLayer): number | undefined {
  if (family === 4 && icmp?.type === 3 && icmp.code === 4) return icmp.seq === 0 ? undefined : icmp.seq;
  return family === 6 && icmp?.type === 2 ? icmp.id * 65_536 + icmp.seq : undefined;
}
