/**
 * Capture files → frames, in three passes: the first learns names of devices (device-names.ts) and checks every file, the second directions and
 * addresses (learn.ts), the third makes events. None holds more than a chunk of each file.
 */
import { createReadStream } from 'node:fs';
import { TracerError } from '../base/errors.ts';
import { systemWords } from '../base/system-words.ts';
import type { Frame } from '../wire/decode.ts';
import type { Owns } from './copies.ts';
import { Coverage } from './coverage.ts';
import { DeviceNames } from './device-names.ts';
import { type CaptureFacts, EventMaker, firstFrames, SightReader, timeOf } from './events.ts';
import { Lessons } from './learn.ts';
import type { MatcherStats } from './matcher.ts';
import { type CaptureBytes, mergeCaptures } from './merge.ts';
import type { PcapProblem } from './pcap-reader.ts';
import type { Sight } from './sight.ts';

export interface ReadStats {
  packets: number;
  /** Neither IP nor ARP, or cut within the network header. */
  unread: number;
  /** Shown by a bridge of what it passes on by itself, because it was captured: not used. */
  passing: number;
  /** Packets whose direction is not known, by number of the file: not used. */
  readonly undirected: Map<number, number>;
  /** Packets of a file of all devices that files of single devices show as well, or may, by number of the file: not used. */
  readonly doubled: Map<number, number>;
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
    doubled: new Map(),
    problems: new Map(),
    matcher: undefined,
  };
  readonly #open: () => CaptureBytes[];
  readonly #facts: CaptureFacts;
  readonly #reader: SightReader;
  #coverage: Coverage | undefined;

  /** `open`: gives the captures from their beginning, each time it is called; `facts.points`: where each was made. */
  constructor(open: () => CaptureBytes[], facts: CaptureFacts) {
    this.#open = open;
    this.#facts = facts;
    this.#reader = new SightReader(facts);
  }

  /** What may be concluded from what the captures do not show. */
  get coverage(): Coverage | undefined {
    return this.#coverage;
  }

  /** In batches. @throws CAPTURE_FORMAT if a file is no capture; what is only damaged is read as far as it goes. */
  async *frames(): AsyncGenerator<Frame[]> {
    const names = new DeviceNames(this.#facts.points);
    const baseNs = await this.#learn(sight => names.look(sight));
    const lessons = new Lessons();
    await this.#learn(sight => {
      const named = names.named(sight);
      if (named !== undefined) lessons.look(named);
    });
    const addresses = lessons.addresses();
    yield firstFrames(this.#facts, baseNs, addresses);
    const owns = this.#owns(addresses);
    const coverage = new Coverage(this.#facts, owns, baseNs);
    this.#coverage = coverage;
    for (const capture of this.stats.problems.keys()) coverage.breaks(capture);
    const maker = new EventMaker(this.#reader.isCaptured, owns);
    this.stats.matcher = maker.matcher.stats;
    for await (const { packet, capture, linkType } of mergeCaptures(this.#open()).packets) {
      this.stats.packets++;
      const seen = this.#reader.sight(packet, capture, linkType, baseNs);
      coverage.saw(capture, Number(timeOf(packet) - baseNs));
      const sight = seen === undefined ? undefined : names.named(seen);
      const direction = sight === undefined ? undefined : lessons.directionOf(sight);
      if (seen === undefined) this.stats.unread++;
      else if (sight === undefined) count(this.stats.doubled, capture);
      else if (lessons.isPassing(sight)) this.stats.passing++;
      else if (direction === undefined) {
        count(this.stats.undirected, capture);
        coverage.breaks(capture);
      } else yield maker.sight({ ...sight, direction });
    }
    yield maker.end();
  }

  #owns(learned: ReadonlyMap<number, readonly string[]>): Owns {
    const own = new Set([...learned].flatMap(([place, ips]) => ips.map(ip => `${place} ${ip}`)));
    for (const { id, snapshot } of this.#facts.places)
      for (const { ip } of snapshot?.addresses ?? []) own.add(`${id} ${ip}`);
    return (place, ip) => own.has(`${place} ${ip}`);
  }

  /** @returns the time of the first packet. */
  async #learn(look: (sight: Sight) => void): Promise<bigint> {
    const { packets, problems } = mergeCaptures(this.#open());
    let baseNs: bigint | undefined;
    for await (const { packet, capture, linkType } of packets) {
      baseNs ??= timeOf(packet);
      const sight = this.#reader.sight(packet, capture, linkType, baseNs);
      if (sight !== undefined) look(sight);
    }
    this.stats.problems = problems;
    return baseNs ?? 0n;
  }
}

function count(counts: Map<number, number>, capture: number): void {
  counts.set(capture, (counts.get(capture) ?? 0) + 1);
}

/** @throws CAPTURE_FILE where the file cannot be read at all. */
export async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new TracerError('CAPTURE_FILE', `${path}: ${systemWords(error)}`, { cause: error });
  }
}
