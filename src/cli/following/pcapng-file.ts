/** What is shown, as a pcapng file or stream. Written behind the following, which a slow disk or reader does not hold up. */
import type { TracerError } from '../../base/errors.ts';
import { tracerVersion } from '../../base/version.ts';
import type { HelloFrame } from '../../model/event.ts';
import type { Hop, Journey } from '../../model/journey.ts';
import type { JourneyRecord } from '../../model/journey-record.ts';
import { PcapngExport } from '../../pcap/journey-export.ts';
import { fileError } from '../../session/sources.ts';
import { fileTarget, streamTarget, type Target } from '../../session/targets.ts';
import { counted } from '../../words/counts.ts';
import type { JourneySink } from './viewer.ts';

/** Of what a reader has not taken yet. */
const QUEUE_BYTES = 64 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

export class PcapngFile implements JourneySink {
  readonly #target: Target;
  readonly #export: PcapngExport;
  #pieces: Uint8Array[] = [];
  #queuedBytes = 0;
  #position = 0;
  #writing: Promise<void> | undefined;
  #error: Error | undefined;
  #skipped = 0;

  private constructor(target: Target, holdNs: number) {
    this.#target = target;
    this.#export = new PcapngExport({
      application: `tracer ${tracerVersion}`,
      holdNs,
      write: bytes => this.#write(bytes),
    });
  }

  /** `-` is stdout. `holdNs`: how long packets are held for their order. @throws SESSION_FILE. */
  static async open(path: string, holdNs: number): Promise<PcapngFile> {
    try {
      const target = path === '-' ? streamTarget('stdout', process.stdout) : await fileTarget(path);
      return new PcapngFile(target, holdNs);
    } catch (error) {
      throw fileError(`${path} cannot be written`, error);
    }
  }

  begin(session: string, { kernel, machine }: HelloFrame): void {
    this.#export.begin(session, `Linux ${kernel} ${machine}`);
  }

  /** Whole journeys only: what a slow reader costs is counted, and no packet lacks a place of its way. */
  journey(journey: Journey, record: JourneyRecord, label: (hop: Hop) => string): void {
    if (this.#error !== undefined) return;
    if (this.#queuedBytes > QUEUE_BYTES) this.#skipped++;
    else this.#export.journey(journey, record, label);
  }

  beat(nowNs: bigint): void {
    this.#export.beat(nowNs);
  }

  async close(): Promise<void> {
    this.#export.end();
    await this.#writing;
    await this.#target.close().catch((error: Error) => this.#fail(error));
  }

  /** It is not there as a whole. A reader that went away has seen enough. */
  get failure(): TracerError | undefined {
    const error = this.#error as NodeJS.ErrnoException | undefined;
    if (error === undefined || error.code === 'EPIPE') return undefined;
    return fileError(`${this.#target.name} is not whole`, error);
  }

  get isEmpty(): boolean {
    return this.#export.packets === 0;
  }

  summary(): string {
    const { packets, journeys, places, late } = this.#export;
    const parts = [
      `wrote ${counted(journeys, 'packet')} at ${counted(places, 'place')} (${counted(packets, 'record')}) to ${this.#target.name}`,
    ];
    if (late > 0) parts.push(`${counted(late, 'record')} out of order: the packet waited (reordercap sorts)`);
    if (this.#skipped > 0) parts.push(`${counted(this.#skipped, 'packet')} left out: the reader is too slow`);
    return parts.join('; ');
  }

  #write(bytes: Uint8Array): void {
    if (this.#error !== undefined) return;
    this.#pieces.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // what is written in one turn goes together
    while (this.#pieces.length > 0 && this.#error === undefined) {
      const piece = this.#take();
      try {
        await this.#target.write(piece, this.#position);
      } catch (error) {
        this.#fail(error as Error);
      }
      this.#position += piece.length;
      this.#queuedBytes -= piece.length;
    }
  }

  #take(): Uint8Array {
    let length = 0;
    let count = 0;
    while (count < this.#pieces.length && length < PIECE_BYTES) length += this.#pieces[count++]!.length;
    const piece = Buffer.concat(this.#pieces.slice(0, count), length);
    this.#pieces = this.#pieces.slice(count);
    return piece;
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#pieces = [];
    this.#queuedBytes = 0;
  }
}
