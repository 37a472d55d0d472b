/**
 * A recording while it is made: the collector's bytes as they come, in blocks of whole frames, and among them, where it took effect, what
 * else decides what is printed. Never makes the reader of the collector wait: what the file cannot take is counted, and said in it.
 *
 * Whole frames are known from the decoder that reads the same bytes: all that it does not hold is whole.
 */
import type { SessionFacts, SessionNote, ToldJourney } from '../model/session.ts';
import type { Frame } from '../wire/decode.ts';
import { BlockWriter } from './block-writer.ts';
import { jsonFrame, lossFrame } from './encode.ts';
import { blockKind, writerFacts } from './format.ts';
import { type Skim, skim } from './skim.ts';
import { Snapshot } from './snapshot.ts';
import type { Target } from './targets.ts';

/** Packs well, and is soon written. */
const BLOCK_BYTES = 256 * 1024;
/** What came longer ago is in the file, also if we are killed. */
const BLOCK_MS = 1000;
/** A rolling file is read from the oldest snapshot on: so much of it may be lost for each that is dropped. */
const SNAPSHOTS = 16;
/** Raw bytes of one that come to an eighth of the file's: about as well as JSON packs, so half of the file at most is snapshots. */
const SNAPSHOT_PACKS = 8;

export interface RecorderOptions {
  readonly target: Target;
  readonly session: string;
  /** At most once: nothing more is written, what was before can be read. */
  readonly onTrouble: (error: Error) => void;
  /** Keep the newest of so many bytes. */
  readonly rollingBytes?: number;
  readonly queueMax?: number;
  readonly blockBytes?: number;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #writer: BlockWriter;
  readonly #snapshot = new Snapshot();
  readonly #startedAt = new Date().toISOString();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** At the end of them, of a frame that is not whole yet. */
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #told: ToldJourney[] = [];
  #missing: Skim | undefined;
  #snapshotAt = 0;
  #snapshotBytes = 0;
  readonly #snapshotEvery: number;
  /** What is followed has been said: a following that never came to that leaves no file. */
  #hasBegun = false;
  /** Could not be written, in all: the target was too slow. */
  skippedFrames = 0;
  skippedEvents = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#snapshotEvery = (options.rollingBytes ?? 0) / SNAPSHOTS;
    this.#writer = new BlockWriter({
      ...options,
      facts: () => this.#facts(),
    });
  }

  get name(): string {
    return this.#options.target.name;
  }

  get storedBytes(): number {
    return this.#writer.storedBytes;
  }

  get failed(): Error | undefined {
    return this.#writer.failed;
  }

  /** As they came from the collector, before their frames are told; `heldBytes` at their end make no whole frame yet. */
  bytes(chunk: Uint8Array, heldBytes: number): void {
    if (this.failed !== undefined) return;
    if (this.#pendingBytes >= (this.#options.blockBytes ?? BLOCK_BYTES)) this.#cut();
    this.#push(chunk);
    this.#heldBytes = heldBytes;
  }

  /** The rest of a frame that was begun will not come: another collector goes on. */
  interrupted(): void {
    const [whole] = this.#split();
    this.#pending = [whole];
    this.#pendingBytes = whole.length;
    this.#heldBytes = 0;
  }

  /** After they were decoded, in order. */
  frame(frame: Frame): void {
    if (this.failed === undefined) this.#snapshot.note(frame);
  }

  /** A frame that does not come from the collector, to be read where it stands now. Not while a chunk is being decoded. */
  add(frame: Extract<Frame, { kind: 'note' | 'cluster' }>): void {
    if (this.failed !== undefined) return;
    this.#snapshot.note(frame);
    if (frame.kind === 'note' && frame.note.kind === 'follow') this.#hasBegun = true;
    const [whole, rest] = this.#split();
    this.#pending = [
      whole,
      frame.kind === 'note' ? jsonFrame('note', frame.note) : jsonFrame('cluster', frame.cluster),
      rest,
    ];
    this.#pendingBytes = sizeOf(this.#pending);
    this.#arm();
  }

  /** A journey closed under this id: kept where the beginning may be dropped from which ids count. */
  told(journey: ToldJourney): void {
    if (this.#options.rollingBytes !== undefined && this.failed === undefined) this.#told.push(journey);
  }

  /** What came until now is in the file afterwards, as far as its frames are whole. */
  async flush(): Promise<void> {
    this.#cut();
    await this.#writer.flushed();
  }

  /** Writes what there is; `note` is the last frame. Without a follow note before, nothing is written and no file stays. */
  async close(note?: SessionNote): Promise<void> {
    await this.#writer.idle();
    this.#cut();
    if (note !== undefined) this.add({ kind: 'note', note });
    await this.#writer.idle();
    this.#cut();
    await this.#writer.close();
  }

  #push(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#arm();
  }

  #arm(): void {
    if (this.#timer !== undefined || !this.#hasBegun) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#cut();
    }, BLOCK_MS);
    this.#timer.unref();
  }

  /** Whole frames, and the beginning of one. */
  #split(): [whole: Uint8Array, rest: Uint8Array] {
    const all = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    const end = Math.max(0, all.length - this.#heldBytes);
    return [all.subarray(0, end), all.subarray(end)];
  }

  /** What is whole goes into the file; the clock of `#arm` begins anew with what comes next. */
  #cut(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#hasBegun) return;
    const [whole, rest] = this.#split();
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
    if (whole.length === 0 && this.#missing === undefined) return;
    const told =
      this.#told.length === 0 ? [] : [jsonFrame('note', { kind: 'journeys', journeys: this.#told })];
    this.#told = [];
    if (this.#writer.put(blockKind.frames, joined([...this.#aboutMissing(), whole, ...told]))) {
      this.#missing = undefined;
      this.#putSnapshot();
    } else if (this.failed === undefined) {
      const before = this.#missing ?? { frames: 0, events: 0 };
      const { frames, events } = before;
      this.#missing = skim(whole, before);
      this.skippedFrames += this.#missing.frames - frames;
      this.skippedEvents += this.#missing.events - events;
    }
  }

  /** In front of what can be written again: what is missing, and what holds on of it. */
  #aboutMissing(): Uint8Array[] {
    const missing = this.#missing;
    if (missing === undefined) return [];
    const { frames, events, fromNs, toNs } = missing;
    const hasTime = fromNs !== undefined && toNs !== undefined && events > 0;
    return [
      jsonFrame('note', { kind: 'skipped', frames, events }),
      ...(hasTime ? [lossFrame(fromNs, toNs, events)] : []),
      ...this.#snapshot.renewal(),
    ];
  }

  #putSnapshot(): void {
    if (this.#options.rollingBytes === undefined) return;
    const every = Math.max(this.#snapshotEvery, this.#snapshotBytes);
    // Where the next block will be, not where the writer is: it may be far behind.
    const at = this.#writer.expectedBytes;
    if (at - this.#snapshotAt < every) return;
    const bytes = joined(this.#snapshot.frames());
    if (bytes.length === 0 || !this.#writer.put(blockKind.snapshot, bytes)) return;
    this.#snapshotAt = at;
    this.#snapshotBytes = bytes.length / SNAPSHOT_PACKS;
  }

  #facts(): SessionFacts {
    const { hello } = this.#snapshot;
    return {
      session: this.#options.session,
      ...writerFacts,
      startedAt: this.#startedAt,
      ...(this.#options.rollingBytes === undefined ? {} : { rolling: true as const }),
      ...(hello === undefined
        ? {}
        : {
            host: { kernel: hello.kernel, machine: hello.machine, cpus: hello.cpus },
            clock: { monotonicNs: hello.clock.monotonicNs, realtimeNs: hello.clock.realtimeNs },
          }),
    };
  }
}

const sizeOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
