/** Where sessions are read from: a file, or a stream, which only goes on. */
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { TracerError } from '../base/errors.ts';
import { systemWords } from '../base/system-words.ts';

const PIECE = 1024 * 1024;

/** Bytes one after the other, with a look at those to come. */
export interface Source {
  /** Of the next byte. */
  readonly position: number;
  /** The next bytes, so many or more; fewer only at the end. */
  peek(count: number): Promise<Uint8Array>;
  /** What `peek` would give without reading any further. */
  atHand(): Uint8Array;
  /** Past bytes that have been peeked at. */
  skip(count: number): void;
  close(): Promise<void>;
}

/** A file can also be read at any place. */
export interface FileSource extends Source {
  at(position: number, count: number): Promise<Uint8Array>;
  /** Goes on from there. */
  seek(position: number): void;
}

class Pieces implements Source {
  #held: Uint8Array = new Uint8Array(0);
  #next: () => Promise<Uint8Array | undefined>;
  position = 0;

  constructor(next: () => Promise<Uint8Array | undefined>) {
    this.#next = next;
  }

  async peek(count: number): Promise<Uint8Array> {
    if (this.#held.length >= count) return this.#held;
    const parts = [this.#held];
    let length = this.#held.length;
    while (length < count) {
      const piece = await this.#next();
      if (piece === undefined) break;
      parts.push(piece);
      length += piece.length;
    }
    this.#held = Buffer.concat(parts);
    return this.#held;
  }

  atHand(): Uint8Array {
    return this.#held;
  }

  skip(count: number): void {
    this.#held = this.#held.subarray(count);
    this.position += count;
  }

  protected forget(position: number): void {
    this.#held = new Uint8Array(0);
    this.position = position;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class OpenFile extends Pieces implements FileSource {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    let position = 0;
    super(async () => {
      const piece = await readAt(file, position, PIECE);
      position += piece.length;
      return piece.length === 0 ? undefined : piece;
    });
    this.#file = file;
    this.#seek = to => {
      position = to;
    };
  }

  readonly #seek: (position: number) => void;

  at(position: number, count: number): Promise<Uint8Array> {
    return readAt(this.#file, position, count);
  }

  seek(position: number): void {
    this.#seek(position);
    this.forget(position);
  }

  override close(): Promise<void> {
    return this.#file.close();
  }
}

async function readAt(file: FileHandle, position: number, count: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(count);
  let length = 0;
  while (length < count) {
    const { bytesRead } = await file.read(bytes, length, count - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/** A pipe is read as a stream. @throws SESSION_FILE. */
export async function openSource(path: string): Promise<Source | FileSource> {
  try {
    const file = await open(path, 'r');
    const stat = await file.stat();
    if (stat.isDirectory()) throw new Error('it is a directory');
    return stat.isFile() ? new OpenFile(file) : streamSource(file.createReadStream());
  } catch (error) {
    throw fileError(`${path} cannot be read`, error);
  }
}

export function streamSource(stream: Readable): Source {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new Pieces(async () => {
    const { done, value } = await chunks.next();
    return done === true ? undefined : value;
  });
}

export function bytesSource(bytes: Uint8Array): FileSource {
  return new Held(bytes);
}

class Held extends Pieces implements FileSource {
  readonly #bytes: Uint8Array;
  #from = 0;

  constructor(bytes: Uint8Array) {
    super(() => {
      const piece = this.#bytes.subarray(this.#from, this.#from + PIECE);
      this.#from += piece.length;
      return Promise.resolve(piece.length === 0 ? undefined : piece);
    });
    this.#bytes = bytes;
  }

  at(position: number, count: number): Promise<Uint8Array> {
    return Promise.resolve(this.#bytes.subarray(position, position + count));
  }

  seek(position: number): void {
    this.#from = position;
    this.forget(position);
  }
}

export function isFile(source: Source | FileSource): source is FileSource {
  return 'seek' in source;
}

export function fileError(what: string, error: unknown): TracerError {
  return new TracerError('SESSION_FILE', `${what}: ${systemWords(error)}`, { cause: error });
}
