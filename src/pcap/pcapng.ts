/**
 * Blocks of the pcapng format, as the IETF draft (draft-ietf-opsawg-pcapng) has them: little-endian, times in nanoseconds. Each function
 * gives one whole block.
 */
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const block = { section: 0x0a0d0d0a, interface: 1, names: 4, packet: 6 } as const;
const END_OF_OPTIONS = 0;
const option = {
  comment: 1,
  sectionOs: 3,
  sectionApplication: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  interfaceTimeResolution: 9,
  packetFlags: 2,
  packetId: 5,
} as const;
const record = { end: 0, ipv4: 1, ipv6: 2 } as const;
const NANOSECONDS = 9;
/** An option's length has 16 bits; what readers show of a comment is far less. */
const TEXT_MAX = 16_384;

export const linkType = { ethernet: 1, linuxCooked: 113 } as const;
export type LinkType = (typeof linkType)[keyof typeof linkType];

export interface InterfaceDescription {
  readonly linkType: LinkType;
  readonly name: string;
  readonly description: string;
}

export interface EnhancedPacket {
  /** Counts interface blocks, from 0. */
  readonly interface: number;
  /** CLOCK_REALTIME. */
  readonly timeNs: bigint;
  readonly bytes: Uint8Array;
  /** As it was on the device. */
  readonly originalLenBytes: number;
  readonly direction: 'in' | 'out' | 'unknown';
  /** The same at every interface that the packet was seen at. */
  readonly packetId: bigint;
  readonly comments: readonly string[];
}

export interface AddressName {
  readonly address: Uint8Array;
  readonly name: string;
}

interface Option {
  readonly code: number;
  readonly value: Uint8Array;
}

const encoder = new TextEncoder();

export function sectionHeader(about: { application: string; os?: string; comment: string }): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  view.setUint16(4, 1, true);
  view.setBigInt64(8, -1n, true); // its length is not known when it begins
  return blockOf(block.section, [
    body,
    options([
      text(option.comment, about.comment),
      ...(about.os === undefined ? [] : [text(option.sectionOs, about.os)]),
      text(option.sectionApplication, about.application),
    ]),
  ]);
}

export function interfaceDescription(about: InterfaceDescription): Uint8Array {
  const body = new Uint8Array(8);
  new DataView(body.buffer).setUint16(0, about.linkType, true);
  return blockOf(block.interface, [
    body,
    options([
      text(option.interfaceName, about.name),
      text(option.interfaceDescription, about.description),
      { code: option.interfaceTimeResolution, value: Uint8Array.of(NANOSECONDS) },
    ]),
  ]);
}

export function nameResolution(names: readonly AddressName[]): Uint8Array {
  const records = names.flatMap(({ address, name }) => {
    const value = encoder.encode(`${name}\0`);
    return [
      ...typed(address.length === 4 ? record.ipv4 : record.ipv6, address.length + value.length),
      padded(Buffer.concat([address, value])),
    ];
  });
  return blockOf(block.names, [...records, ...typed(record.end, 0)]);
}

export function enhancedPacket(packet: EnhancedPacket): Uint8Array {
  const head = new Uint8Array(20);
  const view = new DataView(head.buffer);
  view.setUint32(0, packet.interface, true);
  view.setUint32(4, Number(packet.timeNs >> 32n), true);
  view.setUint32(8, Number(packet.timeNs & 0xffffffffn), true);
  view.setUint32(12, packet.bytes.length, true);
  view.setUint32(16, Math.max(packet.originalLenBytes, packet.bytes.length), true);
  return blockOf(block.packet, [
    head,
    padded(packet.bytes),
    options([
      ...packet.comments.map(comment => text(option.comment, comment)),
      { code: option.packetFlags, value: number32({ unknown: 0, in: 1, out: 2 }[packet.direction]) },
      { code: option.packetId, value: number64(packet.packetId) },
    ]),
  ]);
}

/** Its length stands before and behind it, so that it can be read from both ends. */
function blockOf(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = 12 + parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([number32(type), number32(length), ...parts, number32(length)]);
}

function options(all: readonly Option[]): Uint8Array {
  return Buffer.concat([
    ...all.flatMap(({ code, value }) => [...typed(code, value.length), padded(value)]),
    ...typed(END_OF_OPTIONS, 0),
  ]);
}

/** Cut between characters, not within one. */
function text(code: number, value: string): Option {
  const bytes = new Uint8Array(TEXT_MAX);
  return { code, value: bytes.subarray(0, encoder.encodeInto(value, bytes).written) };
}

function typed(type: number, length: number): [Uint8Array] {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type, true);
  view.setUint16(2, length, true);
  return [bytes];
}

function number32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function number64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

function padded(bytes: Uint8Array): Uint8Array {
  const rest = -bytes.length & 3;
  return rest === 0 ? bytes : Buffer.concat([bytes, new Uint8Array(rest)]);
}
