/** Packets as bytes, from the Ethernet header on. Checksums are 0: nothing here looks at them. */
import ipaddr from 'ipaddr.js';

export interface Packet {
  /** From the Ethernet header on. */
  readonly bytes: Uint8Array;
  /** ETH_P_*. */
  readonly protocol: number;
  /** From the network header on. */
  readonly lenBytes: number;
}

export interface IpFields {
  readonly src: string;
  readonly dst: string;
  readonly ttl?: number;
  /** IPv4 only. */
  readonly id?: number;
  readonly dscp?: number;
  /** IPv6 only. */
  readonly flowLabel?: number;
  readonly fragment?: { readonly id: number; readonly offset: number; readonly more: boolean };
  readonly mac?: { readonly src: string; readonly dst: string };
}

export interface PortFields {
  readonly sport: number;
  readonly dport: number;
  readonly payload?: Uint8Array;
}

export interface TcpFields extends IpFields, PortFields {
  /** Of S F R P A. */
  readonly flags?: string;
  readonly seq?: number;
  readonly ack?: number;
}

const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const FLAG_BITS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32, E: 64, C: 128 };

export function tcpPacket(fields: TcpFields): Packet {
  const { sport, dport, seq = 0, ack = 0, flags = 'S', payload = none } = fields;
  const bits = [...flags].reduce((sum, letter) => sum | FLAG_BITS[letter]!, 0);
  const head = [...be16(sport), ...be16(dport), ...be32(seq), ...be32(ack), 5 << 4, bits];
  return ipPacket(fields, 6, [...head, ...be16(64_240), 0, 0, 0, 0, ...payload]);
}

export function udpPacket(fields: IpFields & PortFields): Packet {
  const { sport, dport, payload = none } = fields;
  return ipPacket(fields, 17, [
    ...be16(sport),
    ...be16(dport),
    ...be16(8 + payload.length),
    0,
    0,
    ...payload,
  ]);
}

/** `quoted`: the packet that an error is about; its IP header and what follows are put behind ours. */
export function icmpPacket(
  fields: IpFields & {
    readonly type: number;
    readonly code?: number;
    readonly echo?: { readonly id: number; readonly seq: number };
    readonly quoted?: Packet;
    readonly payload?: Uint8Array;
  },
): Packet {
  const { type, code = 0, echo = { id: 0, seq: 0 }, quoted, payload = none } = fields;
  const behind = quoted === undefined ? payload : quoted.bytes.subarray(14);
  const proto = fields.src.includes(':') ? 58 : 1;
  return ipPacket(fields, proto, [type, code, 0, 0, ...be16(echo.id), ...be16(echo.seq), ...behind]);
}

export function arpPacket(fields: {
  readonly op: number;
  readonly sender: string;
  readonly target: string;
  readonly mac?: { readonly src: string; readonly dst: string };
}): Packet {
  const mac = fields.mac ?? { src: '02:00:00:00:00:01', dst: 'ff:ff:ff:ff:ff:ff' };
  const body = [
    ...[0, 1, 8, 0, 6, 4],
    ...be16(fields.op),
    ...macBytes(mac.src),
    ...addressBytes(fields.sender),
    ...[0, 0, 0, 0, 0, 0],
    ...addressBytes(fields.target),
  ];
  return {
    bytes: Uint8Array.from([...ethernet(mac, ETH_P_ARP), ...body]),
    protocol: ETH_P_ARP,
    lenBytes: 28,
  };
}

export function vxlanPacket(
  outer: IpFields & { readonly sport?: number; readonly dport?: number; readonly vni?: number },
  inner: Packet,
): Packet {
  const { sport = 50_953, dport = 8472, vni = 1 } = outer;
  const payload = Uint8Array.from([8, 0, 0, 0, ...be32(vni * 256), ...inner.bytes]);
  return udpPacket({ ...outer, sport, dport, payload });
}

/** An IP packet with any bytes behind its header. */
export function ipPacket(fields: IpFields, proto: number, behind: readonly number[]): Packet {
  const mac = fields.mac ?? { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
  const isV6 = fields.src.includes(':');
  const protocol = isV6 ? ETH_P_IPV6 : ETH_P_IP;
  const header = isV6 ? ipv6Header(fields, proto, behind.length) : ipv4Header(fields, proto, behind.length);
  return {
    bytes: Uint8Array.from([...ethernet(mac, protocol), ...header, ...behind]),
    protocol,
    lenBytes: header.length + behind.length,
  };
}

function ipv4Header(fields: IpFields, proto: number, behindBytes: number): number[] {
  const { fragment, ttl = 64, dscp = 0 } = fields;
  const bits = fragment === undefined ? 0x4000 : (fragment.more ? 0x2000 : 0) | (fragment.offset / 8);
  return [
    ...[0x45, dscp << 2],
    ...be16(20 + behindBytes),
    ...be16(fragment?.id ?? fields.id ?? 0),
    ...be16(bits),
    ...[ttl, proto, 0, 0],
    ...addressBytes(fields.src),
    ...addressBytes(fields.dst),
  ];
}

function ipv6Header(fields: IpFields, proto: number, behindBytes: number): number[] {
  const { fragment, ttl = 64, dscp = 0, flowLabel = 0 } = fields;
  const extension =
    fragment === undefined
      ? []
      : [proto, 0, ...be16(fragment.offset | (fragment.more ? 1 : 0)), ...be32(fragment.id)];
  return [
    ...be32(0x60000000 + dscp * 2 ** 22 + flowLabel),
    ...be16(extension.length + behindBytes),
    ...[fragment === undefined ? proto : 44, ttl],
    ...addressBytes(fields.src),
    ...addressBytes(fields.dst),
    ...extension,
  ];
}

const none = new Uint8Array(0);
const be16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
const be32 = (value: number): number[] => [...be16(Math.floor(value / 65_536)), ...be16(value % 65_536)];

export function addressBytes(ip: string): Uint8Array {
  return Uint8Array.from(ipaddr.parse(ip).toByteArray());
}

function ethernet(mac: { readonly src: string; readonly dst: string }, protocol: number): number[] {
  return [...macBytes(mac.dst), ...macBytes(mac.src), ...be16(protocol)];
}

function macBytes(mac: string): number[] {
  return mac.split(':').map(part => Number.parseInt(part, 16));
}

export function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], byte => Number.parseInt(byte, 16));
}
