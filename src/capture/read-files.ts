/**
 * Capture files → frames, in two passes: the first learns directions and addresses (learn.ts) and checks every file, the second makes
 * events. Neither holds more than a chunk of each file.
 */
import { createReadStream } from 'node:fs';
import { TracerError } from '../base/errors.ts';
import type { Frame } from '../wire/decode.ts';
import { type CaptureFacts, EventMaker, firstFrames, SightReader, timeOf } from './events.ts';
import { Lessons } from './learn.ts';
import type { MatcherStats } from './matcher.ts';
import { type CaptureBytes, mergeCaptures } from './merge.ts';
import type { PcapProblem } from './pcap-reader.ts';

export interface ReadStats {
  packets: number;
  /** Neither IP nor ARP, or cut within the network header. */
  unread: number;
  /** Shown by a bridge of what it passes on by itself, because it was captured: not used. */
  passing: number;
  /** Packets whose direction is not known, by number of the file: not used. */
  readonly undirected: Map<number, number>;
  /** Why a file could not be read to its end, by its number. */
  problems: ReadonlyMap<number, PcapProblem>;
  matcher: MatcherStats | undefined;
}

export class CaptureFiles {
  readonly stats: ReadStats = {
    packets: 0,
    unread: 0,
    passing: 0,
    undirected: new Map(),
    problems: new Map(),
    matcher: undefined,
  };
  readonly #open: () => CaptureBytes[];
  readonly #facts: CaptureFacts;
  readonly #reader: SightReader;

  /** `open`: gives the captures from their beginning, each time it is called; `facts.points`: where each was made. */
  constructor(open: () => CaptureBytes[], facts: CaptureFacts) {
    this.#open = open;
    this.#facts = facts;
    this.#reader = new SightReader(facts);
  }

  /** In batches. @throws CAPTURE_FORMAT if a file is no capture; what is only damaged is read as far as it goes. */
  async *frames(): AsyncGenerator<Frame[]> {
    const lessons = new Lessons();
    const baseNs = await this.#learn(lessons);
    yield firstFrames(this.#facts, baseNs, lessons.addresses());
    const maker = new EventMaker(this.#reader.isCaptured);
    this.stats.matcher = maker.matcher.stats;
    for await (const { packet, capture, linkType } of mergeCaptures(this.#open()).packets) {
      this.stats.packets++;
      const sight = this.#reader.sight(packet, capture, linkType, baseNs);
      const direction = sight === undefined ? undefined : lessons.directionOf(sight);
      if (sight === undefined) this.stats.unread++;
      else if (lessons.isPassing(sight)) this.stats.passing++;
      else if (direction === undefined)
        this.stats.undirected.set(capture, (this.stats.undirected.get(capture) ?? 0) + 1);
      else yield maker.sight({ ...sight, direction });
    }
    yield maker.end();
  }

  async #learn(lessons: Lessons): Promise<bigint> {
    const { packets, problems } = mergeCaptures(this.#open());
    let baseNs: bigint | undefined;
    for await (const { packet, capture, linkType } of packets) {
      baseNs ??= timeOf(packet);
      const sight = this.#reader.sight(packet, capture, linkType, baseNs);
      if (sight !== undefined) lessons.look(sight);
    }
    this.stats.problems = problems;
    return baseNs ?? 0n;
  }
}

/** @throws CAPTURE_FORMAT where the file cannot be read at all. */
export async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new TracerError('CAPTURE_FORMAT', `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
