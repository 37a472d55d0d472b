/** A packet at a hook, as far as it is known; what is undefined makes the tests that look at it unsure. */
import type { Seen } from './elements.ts';
import type { Look } from './ruleset.ts';

export type AddressType = 'local' | 'unicast' | 'broadcast' | 'multicast';

export interface RulePacket {
  readonly family: 4 | 6;
  /** tcp, udp, icmp, icmpv6, sctp, or its number as text. */
  readonly proto: string;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  readonly tcpFlags?: number;
  readonly iif?: string;
  readonly oif?: string;
  /** As the first chain of the hook sees it. */
  readonly mark?: number;
  readonly ctState?: 'new' | 'established' | 'related' | 'invalid' | 'untracked';
  /** Which ways its conntrack entry is translated. */
  readonly ctNat?: readonly ('dnat' | 'snat')[];
  /** It came in by a device: no socket here sent it. */
  readonly isForwarded?: boolean;
  /** Of an address, seen from the namespace. */
  readonly typeOf: (ip: string) => AddressType | undefined;
}

export function seenAt(packet: RulePacket, look: Look, mark: number | undefined): Seen {
  const value = fieldOf(packet, look, mark);
  return look.mask === undefined || typeof value !== 'number' ? value : (value & look.mask) >>> 0;
}

function fieldOf(packet: RulePacket, { field }: Look, mark: number | undefined): Seen {
  switch (field) {
    case 'src':
      return packet.src;
    case 'dst':
      return packet.dst;
    case 'sport':
      return packet.sport ?? (hasPorts(packet) ? undefined : []);
    case 'dport':
      return packet.dport ?? (hasPorts(packet) ? undefined : []);
    case 'proto':
      return packet.proto;
    case 'family':
      return packet.family === 4 ? 'ipv4' : 'ipv6';
    case 'iif':
      return packet.iif;
    case 'oif':
      return packet.oif;
    case 'mark':
      return mark;
    case 'ct-state':
      return packet.ctState === undefined ? undefined : [packet.ctState, ...(packet.ctNat ?? [])];
    case 'ct-status':
      return packet.ctNat;
    case 'src-type':
      return packet.typeOf(packet.src);
    case 'dst-type':
      return packet.typeOf(packet.dst);
    case 'icmp':
      return icmpOf(packet);
    case 'sender':
      return packet.isForwarded === true ? [] : undefined;
    case 'tcp-flags':
      return packet.proto === 'tcp' ? packet.tcpFlags : [];
  }
}

const hasPorts = ({ proto }: RulePacket): boolean =>
  ['tcp', 'udp', 'sctp', 'dccp', 'udplite'].includes(proto);

function icmpOf({ proto, icmp }: RulePacket): Seen {
  if (!proto.startsWith('icmp')) return [];
  return icmp === undefined ? undefined : [String(icmp.type), `${icmp.type}/${icmp.code}`];
}
