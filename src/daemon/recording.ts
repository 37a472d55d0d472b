/**
 * What the daemon saw lately, as a session file: `GET /api/session`. The newest 64 MiB of the collector's bytes, whoever followed what; a
 * replay shows all of it. Where the file cannot be written, it is said once and the daemon goes on.
 */
import { createReadStream } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { toldJourney } from '../engine/told-journeys.ts';
import type { JourneyRecord } from '../model/journey-record.ts';
import type { RecordingStats } from '../model/stats.ts';
import { Recorder } from '../session/recorder.ts';
import { fileError } from '../session/sources.ts';
import { lastSessionPath, lastSessionTarget, type Target } from '../session/targets.ts';
import type { Frame } from '../wire/decode.ts';
import { defaultSocket } from './sockets.ts';

const ROLLING_BYTES = 64 * 1024 * 1024;
const COPY = 'copy';

export class Recording {
  readonly #path: string;
  readonly #recorder: Recorder;
  readonly #note: (text: string) => void;
  #isBehind = false;
  /** Fetched and not read to their end; resolves when it is gone from the disk. */
  readonly #copies = new Map<Readable, Promise<void>>();

  constructor(
    session: string,
    path: string,
    note: (text: string) => void,
    target: Target = lastSessionTarget(path),
  ) {
    this.#path = path;
    this.#note = note;
    this.#recorder = new Recorder({
      session,
      target,
      rollingBytes: ROLLING_BYTES,
      onTrouble: error => note(`no recording is kept: ${fileError(path, error).message}`),
    });
  }

  /** As it came from a collector. */
  bytes(chunk: Uint8Array, heldBytes: number): void {
    this.#recorder.bytes(chunk, heldBytes);
  }

  frame(frame: Frame): void {
    this.#recorder.frame(frame);
    if (this.#isBehind || this.#recorder.skippedFrames === 0) return;
    this.#isBehind = true;
    this.#note(
      `the disk is too slow for the recording (${this.#path}): what it cannot take is counted and left out`,
    );
  }

  /** What no collector says. */
  add(frame: Extract<Frame, { kind: 'cluster' | 'note' }>): void {
    this.#recorder.add(frame);
  }

  /** From here on it is written: attached, and able to say what the machine looks like. */
  begin(): void {
    this.#recorder.add({ kind: 'note', note: { kind: 'follow', request: { src: 'any', dst: 'any' } } });
  }

  told(record: JourneyRecord): void {
    this.#recorder.told(toldJourney(record));
  }

  /** Another collector goes on. */
  interrupted(): void {
    this.#recorder.interrupted();
  }

  get stats(): RecordingStats {
    const { storedBytes, skippedFrames, skippedEvents, failed } = this.#recorder;
    return {
      storedBytes,
      skippedFrames,
      skippedEvents,
      ...(failed === undefined ? {} : { failed: failed.message }),
    };
  }

  async close(): Promise<void> {
    await this.#recorder.close({ kind: 'end' });
    const { skippedEvents } = this.#recorder;
    if (skippedEvents > 0)
      this.#note(`${skippedEvents} events are not in the recording: the disk was too slow`);
    await rm(this.#path, { force: true });
    for (const copy of this.#copies.keys()) copy.destroy();
    await Promise.all(this.#copies.values());
  }

  /** With all that came until now: a copy, because the oldest is being written over. @throws SESSION_FILE. */
  async read(): Promise<Readable> {
    const folder = await this.#copy();
    const copy = createReadStream(join(folder, COPY));
    const closed = new Promise<void>(resolve => copy.once('close', resolve));
    const gone = closed
      .then(() => rm(folder, { recursive: true, force: true }))
      .catch(() => {})
      .finally(() => this.#copies.delete(copy));
    this.#copies.set(copy, gone);
    return copy;
  }

  /** @returns the folder that it is in. */
  async #copy(): Promise<string> {
    let folder: string | undefined;
    try {
      await this.#recorder.flush();
      if (this.#recorder.failed !== undefined) throw this.#recorder.failed;
      folder = await mkdtemp(join(dirname(this.#path), '.tracer-'));
      await copyFile(this.#path, join(folder, COPY));
      return folder;
    } catch (cause) {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
      throw fileError('this daemon keeps no recording', cause);
    }
  }
}

/** Beside the last session; of a daemon with a socket of its own beside that. */
export function recordingPath(socket: string): string {
  return socket === defaultSocket ? join(dirname(lastSessionPath()), 'daemon.tracer') : `${socket}.tracer`;
}
