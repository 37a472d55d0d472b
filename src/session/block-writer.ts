/**
 * Blocks on their way into a file: packed and written behind the back of whoever makes them, in order, never more than QUEUE_MAX of them
 * waiting. What fails is said once; what was written before stays readable.
 */
import { promisify } from 'node:util';
import { constants, crc32, zstdCompress } from 'node:zlib';
import type { SessionFacts } from '../model/session.ts';
import { BLOCK_HEAD_BYTES, codec, encodeBlockHead, encodeHead, ROLLING_START } from './format.ts';
import type { Target } from './targets.ts';

/** Raw bytes: a second of 20,000 packets/s across nodes is 100 MB, and a disk that hangs for longer is too slow for it. */
const QUEUE_MAX = 32 * 1024 * 1024;
const pack = promisify(zstdCompress);
/** The quickest that still finds what events have in common. */
const packing = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export interface BlockWriterOptions {
  readonly target: Target;
  /** Asked for with the first block. */
  readonly facts: () => SessionFacts;
  /** The file is written round and round within so many bytes. */
  readonly rollingBytes?: number;
  /** At most once. */
  readonly onTrouble: (error: Error) => void;
  readonly queueMax?: number;
}

interface Waiting {
  readonly kind: number;
  readonly raw: Uint8Array;
  readonly onWritten: () => void;
}

export class BlockWriter {
  readonly #options: BlockWriterOptions;
  readonly #queue: Waiting[] = [];
  #waitingBytes = 0;
  #rawBytes = 0;
  #position = 0;
  #seq = 0;
  #work: Promise<void> | undefined;
  #lastPut: Promise<void> | undefined;
  #failed: Error | undefined;
  storedBytes = 0;

  constructor(options: BlockWriterOptions) {
    this.#options = options;
  }

  /** What will have been stored when all that waits is written, by how well it packed so far. */
  get expectedBytes(): number {
    const ratio = this.#rawBytes === 0 ? 1 / 8 : this.storedBytes / this.#rawBytes;
    return this.storedBytes + this.#waitingBytes * ratio;
  }

  /** Nothing is written any more. */
  get failed(): Error | undefined {
    return this.#failed;
  }

  /** False: too much is waiting already. The bytes are whole frames and must not be changed. */
  put(kind: number, raw: Uint8Array): boolean {
    if (this.#failed !== undefined) return false;
    if (this.#waitingBytes > 0 && this.#waitingBytes + raw.length > (this.#options.queueMax ?? QUEUE_MAX))
      return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lastPut = promise;
    this.#queue.push({ kind, raw, onWritten: resolve });
    this.#waitingBytes += raw.length;
    this.#work ??= this.#writeAll();
    return true;
  }

  /** Nothing is waiting to be written. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** What waits now has been written, or never will be; what comes meanwhile is not waited for. */
  async flushed(): Promise<void> {
    await Promise.race([this.#work, this.#lastPut]);
  }

  /** Everything has been written, or never will be. */
  async close(): Promise<void> {
    await this.#work;
    await this.#options.target.close().catch((error: unknown) => this.#fail(error));
  }

  async #writeAll(): Promise<void> {
    try {
      if (this.#position === 0) await this.#begin();
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        await this.#write(next);
        this.#waitingBytes -= next.raw.length;
        next.onWritten();
      }
    } catch (error) {
      this.#fail(error);
      await this.#options.target.cutAt(this.#position).catch(() => {});
    } finally {
      this.#work = undefined;
    }
  }

  #fail(error: unknown): void {
    if (this.#failed !== undefined) return;
    this.#failed = error instanceof Error ? error : new Error(String(error));
    this.#queue.length = 0;
    this.#waitingBytes = 0;
    this.#options.onTrouble(this.#failed);
  }

  async #begin(): Promise<void> {
    const head = encodeHead(this.#options.facts());
    await this.#options.target.write(head, 0);
    this.#position = this.#options.rollingBytes === undefined ? head.length : ROLLING_START;
  }

  async #write({ kind, raw }: Waiting): Promise<void> {
    const packed = await pack(raw, packing);
    const stored = packed.length < raw.length ? packed : raw;
    const head = encodeBlockHead({
      kind,
      codec: stored === raw ? codec.stored : codec.zstd,
      seq: this.#seq,
      storedBytes: stored.length,
      rawBytes: raw.length,
      crc: crc32(stored),
    });
    const bytes = Buffer.concat([head, stored]);
    const { rollingBytes, target } = this.#options;
    if (rollingBytes !== undefined && this.#position + bytes.length > rollingBytes && this.#seq > 0)
      this.#position = ROLLING_START;
    await target.write(bytes, this.#position);
    this.#position += bytes.length;
    this.storedBytes += BLOCK_HEAD_BYTES + stored.length;
    this.#rawBytes += raw.length;
    this.#seq++;
  }
}
