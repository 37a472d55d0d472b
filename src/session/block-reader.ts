/**
 * A session file → its blocks, in the order in which they were written. Bytes that make no block are skipped to the next that may begin
 * one, and counted; never holds more than a block and a piece of the file.
 */
import { promisify } from 'node:util';
import { crc32, zstdDecompress } from 'node:zlib';
import { BLOCK_HEAD_BYTES, type BlockHead, codec, decodeBlockHead } from './format.ts';
import type { Source } from './sources.ts';

const unpack = promisify(zstdDecompress);
/** "TBLK" */
const MAGIC_BYTES = Buffer.from('TBLK');

export interface FoundBlock {
  readonly head: BlockHead;
  /** Of the stored bytes in the file. */
  readonly position: number;
}

export interface ReadBlock extends FoundBlock {
  /** Undefined: they are damaged. */
  readonly raw: Uint8Array | undefined;
}

export interface Scan {
  /** Bytes that belong to no block. */
  skippedBytes: number;
  /** Of a block at the end that is not whole. */
  cutBytes: number;
}

/** Every block, from where the source stands on. */
export async function* readBlocks(source: Source, scan: Scan): AsyncGenerator<ReadBlock> {
  for await (const found of heads(source, scan)) {
    const raw = await rawOf(found.head, await source.peek(found.head.storedBytes));
    yield { ...found, raw };
    // A damaged block may have lost bytes: the next one is looked for within it.
    if (raw !== undefined) source.skip(found.head.storedBytes);
  }
}

/** Where blocks are, without their content. */
export async function* findBlocks(source: Source, scan: Scan): AsyncGenerator<FoundBlock> {
  for await (const found of heads(source, scan)) {
    source.skip(found.head.storedBytes);
    yield found;
  }
}

/** Leaves the source behind each head; its bytes are there as a whole. */
async function* heads(source: Source, scan: Scan): AsyncGenerator<FoundBlock> {
  for (;;) {
    const bytes = await source.peek(BLOCK_HEAD_BYTES);
    if (bytes.length < BLOCK_HEAD_BYTES) {
      scan.cutBytes += bytes.length;
      return;
    }
    const head = decodeBlockHead(bytes, 0);
    if (head === undefined) {
      scan.skippedBytes += skipToMagic(source, bytes);
      continue;
    }
    source.skip(BLOCK_HEAD_BYTES);
    const position = source.position;
    const stored = await source.peek(head.storedBytes);
    if (stored.length >= head.storedBytes) {
      yield { head, position };
      continue;
    }
    // Cut off here; or its length is not to be believed, and others follow.
    const next = Buffer.from(stored.buffer, stored.byteOffset, stored.length).indexOf(MAGIC_BYTES);
    if (next < 0) {
      scan.cutBytes += BLOCK_HEAD_BYTES + stored.length;
      return;
    }
    scan.skippedBytes += next;
    source.skip(next);
  }
}

/** Past what is no block: to the next magic among the bytes at hand, or to their end. */
function skipToMagic(source: Source, peeked: Uint8Array): number {
  const at = source.atHand();
  const bytes = at.length > peeked.length ? at : peeked;
  const next = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(MAGIC_BYTES, 1);
  const count = next < 0 ? Math.max(1, bytes.length - MAGIC_BYTES.length + 1) : next;
  source.skip(count);
  return count;
}

/** `stored`: at least its bytes. Undefined: they are not what was written. */
export async function rawOf(head: BlockHead, stored: Uint8Array): Promise<Uint8Array | undefined> {
  const bytes = stored.subarray(0, head.storedBytes);
  if (bytes.length < head.storedBytes || crc32(bytes) !== head.crc) return undefined;
  if (head.codec === codec.stored) return head.rawBytes === bytes.length ? Uint8Array.from(bytes) : undefined;
  if (head.codec !== codec.zstd || head.rawBytes === 0) return undefined;
  try {
    const raw = await unpack(bytes, { maxOutputLength: head.rawBytes });
    return raw.length === head.rawBytes ? raw : undefined;
  } catch {
    return undefined;
  }
}
