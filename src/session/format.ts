/**
 * The `.tracer` file: a head, then blocks one behind the other, each readable by itself.
 *
 * ```
 * head    magic (8) · format version u16 · 0 u16 · JSON length u32 · CRC-32 of the JSON u32 · 0 u32 · JSON of SessionFacts
 * block   "TBLK" · kind u16 · codec u16 · seq u32 · stored bytes u32 · raw bytes u32 · CRC-32 of the stored bytes u32 ·
 *         0 u32 · CRC-32 of the 28 bytes before u32 · stored bytes
 * ```
 *
 * Integers are little-endian. A block's content is whole frames, as src/wire reads them; so a file that was cut anywhere is read up to the
 * last whole block, and damage costs the blocks that it is in. `seq` counts blocks: a hole in it tells of missing ones, and in a rolling
 * file, which is written round and round, it tells the order.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { TracerError } from '../base/errors.ts';
import { tracerVersion } from '../base/version.ts';
import {
  eventCtLayout,
  eventLayout,
  frameLayout,
  frameType,
  heartbeatLayout,
  lossLayout,
  processLayout,
  recordVersion,
  tap,
} from '../model/layout.generated.ts';
import type { SessionFacts } from '../model/session.ts';

/** As PNG's: no text, and whatever translates line ends breaks it. */
export const MAGIC = Uint8Array.of(0x89, 0x54, 0x52, 0x43, 0x52, 0x0d, 0x0a, 0x1a);
export const FORMAT_VERSION = 1;
export const HEAD_BYTES = 24;
export const HEAD_JSON_MAX = 64 * 1024;
/** Where the blocks of a rolling file begin. */
export const ROLLING_START = 4096;

export const BLOCK_MAGIC = 0x4b4c4254;
export const BLOCK_HEAD_BYTES = 32;
/** A JSON frame may have 16 MiB; nothing of ours makes a larger block. */
export const BLOCK_RAW_MAX = 24 * 1024 * 1024;

export const blockKind = { frames: 1, snapshot: 2 } as const;
export const codec = { stored: 0, zstd: 1 } as const;

export interface BlockHead {
  readonly kind: number;
  readonly codec: number;
  readonly seq: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly crc: number;
}

/** Tells layouts apart whose number somebody forgot to raise. */
export const layoutDigest = createHash('sha256')
  .update(
    JSON.stringify([
      [frameLayout, eventLayout, eventCtLayout, processLayout, lossLayout, heartbeatLayout],
      [tap, Object.entries(frameType).filter(([name]) => name !== 'note')],
    ]),
  )
  .digest('hex')
  .slice(0, 16);

/** Facts about the writer itself; the rest is the caller's. */
export const writerFacts = { tracer: tracerVersion, recordVersion, layout: layoutDigest } as const;

export function encodeHead(facts: SessionFacts): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(facts));
  const bytes = new Uint8Array(HEAD_BYTES + json.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(8, FORMAT_VERSION, true);
  view.setUint32(12, json.length, true);
  view.setUint32(16, crc32(json), true);
  bytes.set(json, HEAD_BYTES);
  return bytes;
}

/** Length of the JSON behind the first HEAD_BYTES. @throws SESSION_FORMAT. */
export function headJsonLength(head: Uint8Array, name: string): number {
  if (head.length < HEAD_BYTES && MAGIC.every((byte, i) => i >= head.length || head[i] === byte))
    throw refuse(`${name} is empty or was cut within its head`, 'nothing can be read of it');
  if (!MAGIC.every((byte, i) => head[i] === byte)) throw refuse(`${name} is no tracer session`, guess(head));
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const version = view.getUint16(8, true);
  if (version !== FORMAT_VERSION)
    throw refuse(
      `${name} has format ${version} of session files; this tracer (${tracerVersion}) reads format ${FORMAT_VERSION}`,
      version > FORMAT_VERSION ? 'a newer tracer reads it' : 'the tracer that wrote it reads it',
    );
  const length = view.getUint32(12, true);
  if (length > HEAD_JSON_MAX) throw refuse(`the head of ${name} is damaged`, 'get another copy of it');
  return length;
}

/** @throws SESSION_FORMAT. */
export function decodeFacts(head: Uint8Array, json: Uint8Array, name: string): SessionFacts {
  const crc = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(16, true);
  const facts = crc32(json) === crc ? factsOf(json) : undefined;
  if (facts === undefined) throw refuse(`the head of ${name} is damaged`, 'get another copy of it');
  if (facts.recordVersion === recordVersion && facts.layout === layoutDigest) return facts;
  throw refuse(
    `${name} holds records of layout ${facts.recordVersion} (${facts.layout}), written by tracer ${facts.tracer}; this one (${tracerVersion}) reads ${recordVersion} (${layoutDigest})`,
    `tracer ${facts.tracer} reads it`,
  );
}

function factsOf(json: Uint8Array): SessionFacts | undefined {
  try {
    const facts = JSON.parse(new TextDecoder().decode(json)) as SessionFacts;
    const texts = [facts.session, facts.tracer, facts.startedAt, facts.layout];
    const fits = texts.every(text => typeof text === 'string') && typeof facts.recordVersion === 'number';
    return fits && /^[a-z0-9]{1,32}$/.test(facts.session) ? facts : undefined;
  } catch {
    return undefined;
  }
}

export function encodeBlockHead(block: BlockHead): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, BLOCK_MAGIC, true);
  view.setUint16(4, block.kind, true);
  view.setUint16(6, block.codec, true);
  view.setUint32(8, block.seq, true);
  view.setUint32(12, block.storedBytes, true);
  view.setUint32(16, block.rawBytes, true);
  view.setUint32(20, block.crc, true);
  view.setUint32(28, crc32(bytes.subarray(0, 28)), true);
  return bytes;
}

/** Undefined: no block begins there. */
export function decodeBlockHead(bytes: Uint8Array, at: number): BlockHead | undefined {
  if (bytes.length - at < BLOCK_HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BLOCK_HEAD_BYTES);
  if (view.getUint32(0, true) !== BLOCK_MAGIC) return undefined;
  if (view.getUint32(28, true) !== crc32(bytes.subarray(at, at + 28))) return undefined;
  const head: BlockHead = {
    kind: view.getUint16(4, true),
    codec: view.getUint16(6, true),
    seq: view.getUint32(8, true),
    storedBytes: view.getUint32(12, true),
    rawBytes: view.getUint32(16, true),
    crc: view.getUint32(20, true),
  };
  return head.rawBytes > BLOCK_RAW_MAX || head.storedBytes > BLOCK_RAW_MAX ? undefined : head;
}

export function refuse(message: string, hint: string): TracerError {
  return new TracerError('SESSION_FORMAT', message, { hint });
}

/** What people mistake for one. */
function guess(head: Uint8Array): string {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const first = head.length < 4 ? 0 : view.getUint32(0, true);
  if (first === 0xa1b2c3d4 || first === 0xa1b23c4d || first === 0x0a0d0d0a)
    return 'it is a packet capture (pcap), which holds packets of one device and not what the kernel did with them';
  if ((first & 0xffff) === 0x8b1f || first === 0xfd2fb528) return 'it is compressed: unpack it first';
  if (head[0] === 0x7b) return 'it is JSON: journeys that were printed cannot be replayed';
  return 'tracer record -w FILE and tracer follow -w FILE make sessions';
}
