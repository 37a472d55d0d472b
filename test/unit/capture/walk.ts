/** Sights of made-up packets at made-up devices. */

import type { Direction } from '../../../src/capture/link-layer.ts';
import type { Device } from '../../../src/capture/places.ts';
import { sightOf } from '../../../src/capture/sight.ts';
import type { DirectedSight } from '../../../src/capture/steps.ts';

export interface PacketSpec {
  readonly src?: string;
  readonly dst?: string;
  readonly ttl?: number;
  readonly id?: number;
  readonly payload?: string;
}

/** UDP over IPv4 on Ethernet. */
export function udpFrame({
  src = '10.0.0.1',
  dst = '10.0.0.2',
  ttl = 64,
  id = 0,
  payload = 'hello',
}: PacketSpec = {}): Uint8Array {
  const data = Buffer.from(payload);
  const b = Buffer.alloc(14 + 20 + 8 + data.length);
  b.writeUInt16BE(0x0800, 12);
  b[14] = 0x45;
  b.writeUInt16BE(28 + data.length, 16);
  b.writeUInt16BE(id, 18);
  b[22] = ttl;
  b[23] = 17;
  b.set(src.split('.').map(Number), 26);
  b.set(dst.split('.').map(Number), 30);
  b.writeUInt16BE(4000, 34);
  b.writeUInt16BE(5000, 36);
  b.writeUInt16BE(8 + data.length, 38);
  b.set(data, 42);
  return b;
}

export function sight(
  place: number,
  device: Device | string,
  direction: Direction,
  timeNs: number,
  packet: PacketSpec = {},
  capture = place,
): DirectedSight {
  const bytes = udpFrame(packet);
  const seen = sightOf({ seconds: 0, nanos: 0, bytes, lenBytes: bytes.length }, timeNs, {
    capture,
    linkType: 1,
    place,
    deviceOf: () => (typeof device === 'string' ? { name: device, ifindex: 0 } : device),
    vxlanPorts: new Set([8472]),
  });
  return { ...seen!, direction };
}

export interface SegmentSpec {
  readonly src: string;
  readonly sport: number;
  readonly dst: string;
  readonly dport: number;
  readonly flags: number;
  readonly seq: number;
  readonly ack?: number;
  readonly id?: number;
  readonly ttl?: number;
  readonly payload?: string;
  /** Last byte of the MAC addresses. */
  readonly from?: number;
  readonly to?: number;
}

export const tcpFlags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

/** TCP over IPv4 on Ethernet. */
export function tcpFrame({
  ack = 0,
  id = 1,
  ttl = 64,
  payload = '',
  from = 1,
  to = 2,
  ...spec
}: SegmentSpec): Uint8Array {
  const data = Buffer.from(payload);
  const b = Buffer.alloc(14 + 20 + 20 + data.length);
  b.set([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 8, 0, 0x45]);
  b.writeUInt16BE(40 + data.length, 16);
  b.writeUInt16BE(id, 18);
  b[22] = ttl;
  b[23] = 6;
  b.set(spec.src.split('.').map(Number), 26);
  b.set(spec.dst.split('.').map(Number), 30);
  b.writeUInt16BE(spec.sport, 34);
  b.writeUInt16BE(spec.dport, 36);
  b.writeUInt32BE(spec.seq, 38);
  b.writeUInt32BE(ack, 42);
  b[46] = 0x50;
  b[47] = spec.flags;
  b.set(data, 54);
  return b;
}
