/** The header in front of a captured packet: what it says of the device and the direction, and where the network header begins. */
import type { PcapPacket } from './pcap-reader.ts';

export type Direction = 'in' | 'out';

export interface Framing {
  /** ETH_P_* of the network header. */
  readonly protocol: number;
  /** Of the network header in the packet's bytes. */
  readonly networkAt: number;
  /** As the kernel told it; absent where the link layer does not say. */
  readonly direction?: Direction;
  /** Only LINUX_SLL2 has it. */
  readonly ifindex?: number;
  /** Sender's MAC address as a number: what shows from which side of a device a frame came. */
  readonly sender?: number;
  /** Receiver's, where the link layer has it. */
  readonly receiver?: number;
  /** Broadcast or multicast. */
  readonly isGroup?: true;
  /** Is the frame for another receiver than the device that it came in by? Absent where the kernel does not tell. */
  readonly isForOthers?: boolean;
  readonly vlanTci?: number;
}

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const ETH_P_8021Q = 0x8100;
const ETH_P_8021AD = 0x88a8;
/** `sll_pkttype`. */
const PACKET_HOST = 0;
const PACKET_BROADCAST = 1;
const PACKET_MULTICAST = 2;
const PACKET_OTHERHOST = 3;
const PACKET_OUTGOING = 4;
/** AF_INET6 of Linux, macOS and the BSDs, in files that others wrote. */
const AF_INET6 = new Set([10, 24, 28, 30]);

/** Undefined: too short, or nothing that is followed. `linkType`: LINKTYPE_*. */
export function framingOf({ bytes }: PcapPacket, linkType: number): Framing | undefined {
  const read = readers[linkType];
  if (read === undefined) return undefined;
  const framing = read(bytes);
  return framing === undefined ? undefined : withoutVlan(bytes, framing);
}

const be16 = (b: Uint8Array, at: number): number => (b[at]! << 8) | b[at + 1]!;
const be32 = (b: Uint8Array, at: number): number => be16(b, at) * 65536 + be16(b, at + 2);
const mac = (b: Uint8Array, at: number): number => be16(b, at) * 4294967296 + be32(b, at + 2);

const readers: Readonly<Record<number, (b: Uint8Array) => Framing | undefined>> = {
  0: loopback,
  1: ethernet,
  101: raw,
  108: loopback,
  113: cooked,
  228: raw,
  229: raw,
  276: cooked2,
};

function ethernet(b: Uint8Array): Framing | undefined {
  if (b.length < 14) return undefined;
  const group = (b[0]! & 1) === 0 ? {} : { isGroup: true as const };
  return { protocol: be16(b, 12), networkAt: 14, sender: mac(b, 6), receiver: mac(b, 0), ...group };
}

/** A tag that the device did not take off: as the kernel's own events, which have it beside the packet. */
function withoutVlan(b: Uint8Array, framing: Framing): Framing {
  const { protocol, networkAt } = framing;
  if ((protocol !== ETH_P_8021Q && protocol !== ETH_P_8021AD) || b.length < networkAt + 4) return framing;
  return {
    ...framing,
    protocol: be16(b, networkAt + 2),
    networkAt: networkAt + 4,
    vlanTci: be16(b, networkAt),
  };
}

function raw(b: Uint8Array): Framing | undefined {
  const version = (b[0] ?? 0) >> 4;
  if (version === 4) return { protocol: ETH_P_IP, networkAt: 0 };
  return version === 6 ? { protocol: ETH_P_IPV6, networkAt: 0 } : undefined;
}

/** Address family in the byte order of the host that captured (NULL) or of the network (LOOP). */
function loopback(b: Uint8Array): Framing | undefined {
  if (b.length < 4) return undefined;
  const family = Math.min(be32(b, 0), b[0]! | (b[1]! << 8) | (b[2]! << 16));
  if (family === 2) return { protocol: ETH_P_IP, networkAt: 4 };
  return AF_INET6.has(family) ? { protocol: ETH_P_IPV6, networkAt: 4 } : undefined;
}

function cooked(b: Uint8Array): Framing | undefined {
  if (b.length < 16) return undefined;
  const direction = be16(b, 0) === PACKET_OUTGOING ? 'out' : 'in';
  const sender = be16(b, 4) === 6 ? { sender: mac(b, 6) } : {};
  return { protocol: be16(b, 14), networkAt: 16, direction, ...sender, ...receiverOf(be16(b, 0)) };
}

function cooked2(b: Uint8Array): Framing | undefined {
  if (b.length < 20) return undefined;
  const direction = b[10] === PACKET_OUTGOING ? 'out' : 'in';
  const sender = b[11] === 6 ? { sender: mac(b, 12) } : {};
  const ifindex = be32(b, 4);
  return { protocol: be16(b, 0), networkAt: 20, ifindex, direction, ...sender, ...receiverOf(b[10]!) };
}

/** Of what was sent the kernel does not tell it. */
function receiverOf(kind: number): Pick<Framing, 'isGroup' | 'isForOthers'> {
  if (kind === PACKET_BROADCAST || kind === PACKET_MULTICAST) return { isGroup: true };
  return kind === PACKET_HOST || kind === PACKET_OTHERHOST ? { isForOthers: kind === PACKET_OTHERHOST } : {};
}
