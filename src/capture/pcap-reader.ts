/**
 * Bytes of a classic pcap file or stream → packets. The one file behind which pcap-parser is used.
 *
 * pcap-parser 0.2.1 keeps whatever it was given until a record is whole, believes every length, knows no file of nanoseconds, and takes
 * version 2.9 as well as 9.4. So it gets whole records alone, whose lengths have been checked, one after the other: what is held here is
 * never more than one record. Stamps of nanoseconds pass through it unchanged, as the "microseconds" of a file whose header we write.
 *
 * Damage ends a capture: behind a wrong length nothing can be told from noise. What came before stays.
 */
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

/** What of pcap-parser is used; it has no types of its own. */
interface PcapParser {
  parse(stream: EventEmitter & { pause(): void; resume(): void }): Parser;
}

interface Parser {
  /** What it has not parsed yet; null = nothing came. */
  buffer: Buffer | null;
  on(event: 'packet', listener: (packet: ParsedPacket) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
}

interface ParsedPacket {
  readonly header: {
    readonly timestampSeconds: number;
    /** The second word of the stamp as it is: of a file of nanoseconds, nanoseconds. */
    readonly timestampMicroseconds: number;
    readonly originalLength: number;
  };
  readonly data: Buffer;
}

const { parse } = createRequire(import.meta.url)('pcap-parser') as PcapParser;

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGIC_MICROS = 0xa1b2c3d4;
const MAGIC_NANOS = 0xa1b23c4d;
const VERSION_MAJOR = 2;
const VERSION_MINOR = 4;
/** libpcap's MAXIMUM_SNAPLEN: nothing that it writes is longer. */
export const RECORD_BYTES_MAX = 262_144;
/** A packet on the wire, or a super-packet in the kernel (BIG TCP: 512 KiB), is not longer. */
const ORIGINAL_BYTES_MAX = 16 * 1024 * 1024;

export interface PcapPacket {
  /** CLOCK_REALTIME: whole seconds, and ns within the second. */
  readonly seconds: number;
  readonly nanos: number;
  /** From the link layer's header on, as far as captured. */
  readonly bytes: Uint8Array;
  /** Before it was cut. */
  readonly lenBytes: number;
}

/** Why it can not be read, or not any further. */
export interface PcapProblem {
  readonly kind: 'not-pcap' | 'pcapng' | 'compressed' | 'version' | 'link-type' | 'damaged' | 'cut';
  readonly text: string;
}

/** LINKTYPE_* that are understood; how each is read: link-layer.ts. */
export const linkTypes: ReadonlyMap<number, string> = new Map([
  [0, 'NULL'],
  [1, 'EN10MB'],
  [101, 'RAW'],
  [108, 'LOOP'],
  [113, 'LINUX_SLL'],
  [228, 'IPV4'],
  [229, 'IPV6'],
  [276, 'LINUX_SLL2'],
]);

export class PcapReader {
  /** Set with the first packets at the latest. */
  linkType: number | undefined;
  isNanos = false;
  /** Nothing is read any more once it is set. */
  problem: PcapProblem | undefined;
  readonly #feed = new Feed();
  readonly #parser = parse(this.#feed);
  #held: Uint8Array = new Uint8Array(0);
  #little = true;
  /** Of all that was given. */
  #atBytes = 0;
  #snapBytes = RECORD_BYTES_MAX;
  #packets: PcapPacket[] = [];

  constructor() {
    this.#parser
      .on('packet', ({ header, data }) => {
        this.#packets.push({
          seconds: header.timestampSeconds,
          nanos: this.isNanos ? header.timestampMicroseconds : header.timestampMicroseconds * 1000,
          bytes: data,
          lenBytes: header.originalLength,
        });
      })
      .on('error', error => {
        this.problem ??= { kind: 'damaged', text: error.message };
      });
  }

  /** Bytes of a header or record that is not whole yet. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Packets that `chunk` completes. */
  push(chunk: Uint8Array): PcapPacket[] {
    if (this.problem !== undefined) return [];
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (this.linkType === undefined) {
      if (bytes.length < 4) return this.#hold(bytes);
      this.problem = problemOfMagic(bytes) ?? this.problem;
      if (this.problem !== undefined) return this.#hold(bytes.subarray(0, 0));
      if (bytes.length < FILE_HEADER_BYTES) return this.#hold(bytes);
      this.#begin(bytes);
      if (this.problem !== undefined) return this.#hold(bytes.subarray(0, 0));
      bytes = bytes.subarray(FILE_HEADER_BYTES);
    }
    return this.#records(bytes);
  }

  /** The end of the bytes: is there a rest that makes no record? */
  end(): void {
    if (this.problem !== undefined) return;
    if (this.linkType === undefined)
      this.problem = {
        kind: 'not-pcap',
        text: `it ends after ${this.#held.length} bytes, within its header`,
      };
    else if (this.#held.length > 0)
      this.problem = { kind: 'cut', text: `it ends within a record, at byte ${this.#atBytes}` };
  }

  #hold(rest: Uint8Array): PcapPacket[] {
    this.#held = rest;
    return [];
  }

  #begin(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    this.#little = view.getUint32(0, false) !== MAGIC_MICROS && view.getUint32(0, false) !== MAGIC_NANOS;
    this.isNanos = view.getUint32(0, this.#little) === MAGIC_NANOS;
    const major = view.getUint16(4, this.#little);
    const minor = view.getUint16(6, this.#little);
    if (major !== VERSION_MAJOR || minor !== VERSION_MINOR) {
      this.problem = { kind: 'version', text: `its format is ${major}.${minor}, and 2.4 is read` };
      return;
    }
    const snapBytes = view.getUint32(16, this.#little);
    // 0 and anything larger mean "whole packets" (libpcap's sf-pcap.c reads such files likewise).
    if (snapBytes > 0 && snapBytes < RECORD_BYTES_MAX) this.#snapBytes = snapBytes;
    const type = view.getUint32(20, this.#little) & 0x03ffffff; // above: length of the frame's check sequence
    if (!linkTypes.has(type)) {
      this.problem = {
        kind: 'link-type',
        text: `its link type ${type} is not read (${[...linkTypes.values()].join(', ')} are)`,
      };
      return;
    }
    this.linkType = type;
    this.#atBytes = FILE_HEADER_BYTES;
    this.#parse(this.#header(bytes));
  }

  /** Nothing of it is left in the parser, which would put it together with the next by `new Buffer()`. */
  #parse(bytes: Buffer): void {
    this.#feed.emit('data', bytes);
    this.#parser.buffer = null;
  }

  /** The header with the magic that pcap-parser knows. */
  #header(bytes: Uint8Array): Buffer {
    const header = Buffer.from(bytes.subarray(0, FILE_HEADER_BYTES));
    viewOf(header).setUint32(0, MAGIC_MICROS, this.#little);
    return header;
  }

  #records(bytes: Uint8Array): PcapPacket[] {
    const view = viewOf(bytes);
    let at = 0;
    while (bytes.length - at >= RECORD_HEADER_BYTES) {
      const captured = view.getUint32(at + 8, this.#little);
      const wrong = this.#wrong(view, at, captured);
      if (wrong !== undefined) {
        this.problem = { kind: 'damaged', text: `${wrong}, at byte ${this.#atBytes + at}` };
        break;
      }
      const end = at + RECORD_HEADER_BYTES + captured;
      if (end > bytes.length) break;
      this.#parse(Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at));
      at = end;
    }
    this.#atBytes += at;
    // A copy: the chunk may be large, and what is left of it is not.
    this.#held = this.problem === undefined ? bytes.slice(at) : new Uint8Array(0);
    const packets = this.#packets;
    this.#packets = [];
    return packets;
  }

  #wrong(view: DataView, at: number, captured: number): string | undefined {
    const original = view.getUint32(at + 12, this.#little);
    if (captured > this.#snapBytes)
      return `a record of ${captured} bytes in a capture cut at ${this.#snapBytes}`;
    if (captured > original)
      return `a record with more bytes than its packet had (${captured} of ${original})`;
    if (original > ORIGINAL_BYTES_MAX) return `a packet of ${original} bytes`;
    const fraction = view.getUint32(at + 4, this.#little);
    if (fraction >= (this.isNanos ? 1e9 : 1e6)) return `a time stamp with ${fraction} parts of a second`;
    return undefined;
  }
}

/** What pcap-parser takes for a stream. It hands on at once what it is given. */
class Feed extends EventEmitter {
  pause(): void {}
  resume(): void {}
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const packers = [
  { start: 0x1f8b, bits: 16, unpack: 'gunzip -k FILE.gz' },
  { start: 0x28b52ffd, bits: 32, unpack: 'unzstd FILE.zst' },
  { start: 0xfd377a58, bits: 32, unpack: 'unxz -k FILE.xz' },
  { start: 0x425a68, bits: 24, unpack: 'bunzip2 -k FILE.bz2' },
] as const;

function problemOfMagic(bytes: Uint8Array): PcapProblem | undefined {
  const magic = viewOf(bytes).getUint32(0, false);
  const swapped = viewOf(bytes).getUint32(0, true);
  if ([magic, swapped].some(value => value === MAGIC_MICROS || value === MAGIC_NANOS)) return undefined;
  if (magic === 0x0a0d0d0a)
    return { kind: 'pcapng', text: 'it is pcapng; convert it: editcap -F pcap FILE.pcapng FILE.pcap' };
  const unpack = packers.find(({ start, bits }) => magic >>> (32 - bits) === start)?.unpack;
  if (unpack !== undefined)
    return { kind: 'compressed', text: `it is compressed; unpack it first: ${unpack}` };
  return {
    kind: 'not-pcap',
    text: `it begins with 0x${magic.toString(16).padStart(8, '0')}, which is no pcap file`,
  };
}
