/** Session files in memory. */
import type { SessionNote } from '../../src/model/session.ts';
import { type Session, sessionOf } from '../../src/session/open-session.ts';
import { Recorder, type RecorderOptions } from '../../src/session/recorder.ts';
import { bytesSource } from '../../src/session/sources.ts';
import type { Target } from '../../src/session/targets.ts';
import { Decoder, type Frame } from '../../src/wire/decode.ts';
import { chunks } from './frames.ts';

export const followAny: SessionNote = { kind: 'follow', request: { src: 'any', dst: 'any' } };

/** A file in memory, which may have little room or be slow. */
export class MemoryTarget implements Target {
  readonly name = 'memory';
  bytes: Uint8Array = new Uint8Array(0);
  isClosed = false;
  /** Set: the next write waits for it. */
  gate: Promise<void> | undefined;
  readonly #room: number;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.#room = room;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    await this.gate;
    const fits = Math.max(0, Math.min(bytes.length, this.#room - position));
    const grown = new Uint8Array(Math.max(this.bytes.length, position + fits));
    grown.set(this.bytes);
    grown.set(bytes.subarray(0, fits), position);
    this.bytes = grown;
    if (fits < bytes.length) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  }

  cutAt(position: number): Promise<void> {
    this.bytes = this.bytes.slice(0, position);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

export interface Recording extends Partial<RecorderOptions> {
  readonly target?: MemoryTarget;
  readonly chunk?: number;
  readonly beforeEnd?: () => void;
  readonly onFrame?: (frame: Frame, recorder: Recorder) => void;
}

/** As `follow` records what a collector writes: what came before the hello and it, then the note of what is followed, then the rest. */
export async function recorded(bytes: Uint8Array, options: Recording = {}): Promise<Uint8Array> {
  const target = options.target ?? new MemoryTarget();
  const recorder = new Recorder({ session: 'test', onTrouble: () => {}, ...options, target });
  const decoder = new Decoder();
  let isFollowing = false;
  for (const chunk of chunks(bytes, options.chunk ?? 4096)) {
    const frames = decoder.push(chunk);
    recorder.bytes(chunk, decoder.heldBytes);
    for (const frame of frames) {
      recorder.frame(frame);
      options.onFrame?.(frame, recorder);
    }
    if (!isFollowing && frames.some(({ kind }) => kind === 'hello')) {
      isFollowing = true;
      recorder.add({ kind: 'note', note: followAny });
    }
    await settled(options);
  }
  options.beforeEnd?.();
  await recorder.close({ kind: 'end' });
  return target.bytes;
}

/** Lets the writer write, unless the test wants it to be behind. */
function settled({ target }: Recording): Promise<void> {
  return target?.gate === undefined ? new Promise(resolve => setImmediate(resolve)) : Promise.resolve();
}

export function opened(bytes: Uint8Array): Promise<Session> {
  return sessionOf(bytesSource(bytes), 'test.tracer');
}

export async function framesOf(session: Session): Promise<Frame[]> {
  const all: Frame[] = [];
  for await (const frames of session.frames()) all.push(...frames);
  return all;
}
