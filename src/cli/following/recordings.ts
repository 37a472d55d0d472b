/** The session files that a following writes: the one that was asked for with -w, and the last session, which is always kept. */
import type { TracerError } from '../../base/errors.ts';
import { toldJourney } from '../../engine/told-journeys.ts';
import type { JourneyRecord } from '../../model/journey-record.ts';
import type { SessionNote } from '../../model/session.ts';
import { Recorder } from '../../session/recorder.ts';
import { fileError } from '../../session/sources.ts';
import { fileTarget, lastSessionTarget, streamTarget, type Target } from '../../session/targets.ts';
import type { Frame } from '../../wire/decode.ts';
import { bytes as bytesText } from '../../words/counts.ts';

const LAST_BYTES = 64 * 1024 * 1024;

export class Recordings {
  readonly #wanted: Recorder | undefined;
  readonly #last: Recorder;
  readonly #all: readonly Recorder[];

  private constructor(session: string, target: Target | undefined, say: (text: string) => void) {
    this.#wanted =
      target &&
      new Recorder({
        session,
        target,
        onTrouble: error => isReaderGone(error) || say(`${whyNot(target.name, error)}; following goes on`),
      });
    const last = lastSessionTarget();
    this.#last = new Recorder({
      session,
      target: last,
      rollingBytes: LAST_BYTES,
      onTrouble: error => say(`the last session is not kept: ${fileError(last.name, error).message}`),
    });
    this.#all = this.#wanted === undefined ? [this.#last] : [this.#wanted, this.#last];
  }

  /** `path`: of -w; `-` is stdout. @throws SESSION_FILE. */
  static async open(
    session: string,
    path: string | undefined,
    say: (text: string) => void,
  ): Promise<Recordings> {
    try {
      const target = path === '-' ? streamTarget('stdout', process.stdout) : path && (await fileTarget(path));
      return new Recordings(session, target === '' ? undefined : target, say);
    } catch (error) {
      throw fileError(`${path} cannot be written`, error);
    }
  }

  bytes(chunk: Uint8Array, heldBytes: number): void {
    for (const recorder of this.#all) recorder.bytes(chunk, heldBytes);
  }

  frame(frame: Frame): void {
    for (const recorder of this.#all) recorder.frame(frame);
  }

  /** A frame that is not the collector's, where it takes effect. */
  add(frame: Extract<Frame, { kind: 'note' | 'cluster' }>): void {
    for (const recorder of this.#all) recorder.add(frame);
  }

  told(record: JourneyRecord): void {
    this.#last.told(toldJourney(record));
  }

  async close(note: SessionNote): Promise<void> {
    await Promise.all(this.#all.map(recorder => recorder.close(note)));
  }

  /** What the user asked to be recorded is not there as a whole. */
  get failure(): TracerError | undefined {
    const error = this.#wanted?.failed;
    return this.#wanted === undefined || error === undefined || isReaderGone(error)
      ? undefined
      : fileError(`${this.#wanted.name} is not whole`, error);
  }

  /** What was recorded, in words. */
  summary(): string | undefined {
    const recorder = this.#wanted;
    if (recorder === undefined) return undefined;
    const { name, storedBytes, skippedFrames, failed } = recorder;
    if (storedBytes === 0 && failed === undefined) return undefined; // ended before anything was followed: there is no file
    const skipped = skippedFrames === 0 ? '' : `; ${skippedFrames} frames were too many for it`;
    const again =
      name === 'stdout' || failed !== undefined ? '' : `; tracer replay -r ${name} shows it again`;
    return `recorded ${bytesText(storedBytes)} in ${name}${skipped}${again}`;
  }
}

function whyNot(name: string, error: Error): string {
  return `${fileError(`${name} is not written any further`, error).message}; what it holds can be replayed`;
}

function isReaderGone(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE';
}
