/** One packet at one device: what a capture shows, read. */
import type { Headers } from '../model/event.ts';
import { parseHeaders } from '../wire/headers.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Direction, type Framing, framingOf } from './link-layer.ts';
import type { PcapPacket } from './pcap-reader.ts';
import type { Device } from './places.ts';

export interface Sight {
  /** ns since the first packet of all captures. */
  readonly timeNs: number;
  /** Which capture; packets of one capture are in the order in which they passed. */
  readonly capture: number;
  readonly place: number;
  readonly device: Device;
  readonly direction: Direction | undefined;
  readonly headers: Headers;
  readonly protocol: number;
  readonly fingerprint: string;
  /** Innermost TTL; 0 where there is none. */
  readonly ttl: number;
  /** From the network header on. */
  readonly lenBytes: number;
  /** MAC address of the sender, as a number. */
  readonly sender: number | undefined;
  readonly receiver: number | undefined;
  /** Broadcast or multicast, as far as the link layer tells. */
  readonly isGroup: boolean;
  /** Is the frame for another receiver than this device? Undefined: not known. */
  readonly isForOthers: boolean | undefined;
  readonly vlanTci: number;
}

export interface SightSource {
  readonly capture: number;
  readonly linkType: number;
  readonly place: number;
  /** By ifindex where the packet tells it; undefined: the device of the capture. */
  readonly deviceOf: (ifindex: number | undefined) => Device;
  readonly vxlanPorts: ReadonlySet<number>;
}

/** Undefined: nothing that is followed (no IP, no ARP, cut within the network header). */
export function sightOf(packet: PcapPacket, timeNs: number, source: SightSource): Sight | undefined {
  const framing = framingOf(packet, source.linkType);
  if (framing === undefined) return undefined;
  const { bytes } = packet;
  const { networkAt, protocol } = framing;
  const end = endOf(bytes, networkAt, protocol);
  const headers = parseHeaders(bytes, networkAt, protocol, source.vxlanPorts, 0, end);
  if (headers === undefined) return undefined;
  const layer = headers.inner ?? headers.outer;
  const device = source.deviceOf(framing.ifindex);
  return {
    timeNs,
    capture: source.capture,
    place: source.place,
    device,
    direction: framing.direction,
    headers,
    protocol,
    fingerprint: fingerprintOf(headers),
    ttl: layer.ttl ?? 0,
    lenBytes: packet.lenBytes - networkAt,
    sender: framing.sender,
    receiver: framing.receiver,
    isGroup: framing.isGroup === true,
    isForOthers: framing.isForOthers ?? isForOthers(framing, device),
    vlanTci: framing.vlanTci ?? 0,
  };
}

/** Behind the packet by its own length lies what fills a short frame. */
function endOf(bytes: Uint8Array, at: number, protocol: number): number {
  if (bytes.length < at + 6) return bytes.length;
  const is4 = protocol === 0x0800;
  const field = is4 ? (bytes[at + 2]! << 8) | bytes[at + 3]! : (bytes[at + 4]! << 8) | bytes[at + 5]!;
  if (field === 0 || (!is4 && protocol !== 0x86dd)) return bytes.length; // BIG TCP says 0
  return Math.min(bytes.length, at + field + (is4 ? 0 : 40));
}

function isForOthers({ receiver, isGroup }: Framing, { mac }: Device): boolean | undefined {
  return receiver === undefined || mac === undefined ? undefined : isGroup !== true && receiver !== mac;
}
