/** Packets of several captures in order of time, with no more of each in memory than one chunk of its bytes. */
import { type PcapPacket, type PcapProblem, PcapReader } from './pcap-reader.ts';

export interface CaptureBytes {
  /** Its number: that of its point. */
  readonly capture: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface CapturedPacket {
  readonly capture: number;
  readonly linkType: number;
  readonly packet: PcapPacket;
}

/** One capture being read. Packets of several CPUs may stand a little out of order in it: they are given as they stand. */
class Tape {
  readonly capture: number;
  readonly reader = new PcapReader();
  readonly #chunks: AsyncIterator<Uint8Array>;
  #packets: readonly PcapPacket[] = [];
  #at = 0;

  constructor({ capture, chunks }: CaptureBytes) {
    this.capture = capture;
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  get head(): PcapPacket | undefined {
    return this.#packets[this.#at];
  }

  /** Drops the head, and reads on until there is another one or the end. */
  async next(): Promise<void> {
    this.#at++;
    while (this.#at >= this.#packets.length) {
      const { value, done } = await this.#chunks.next();
      if (done === true) {
        this.reader.end();
        this.#packets = [];
        return;
      }
      this.#packets = this.reader.push(value);
      this.#at = 0;
      if (this.reader.problem !== undefined && this.#packets.length === 0) {
        await this.#chunks.return?.();
        return;
      }
    }
  }
}

export interface Merged {
  readonly packets: AsyncGenerator<CapturedPacket>;
  /** Why a capture could not be read to its end; complete when the packets have come to theirs. */
  readonly problems: ReadonlyMap<number, PcapProblem>;
}

export function mergeCaptures(captures: readonly CaptureBytes[]): Merged {
  const problems = new Map<number, PcapProblem>();
  return { packets: merged(captures, problems), problems };
}

async function* merged(
  captures: readonly CaptureBytes[],
  problems: Map<number, PcapProblem>,
): AsyncGenerator<CapturedPacket> {
  let tapes = captures.map(bytes => new Tape(bytes));
  for (const tape of tapes) await tape.next();
  const isOver = (tape: Tape): boolean => {
    if (tape.head !== undefined) return false;
    if (tape.reader.problem !== undefined) problems.set(tape.capture, tape.reader.problem);
    return true;
  };
  tapes = tapes.filter(tape => !isOver(tape));
  while (tapes.length > 0) {
    const first = tapes.reduce((a, b) => (isEarlier(b.head!, a.head!) ? b : a));
    yield { capture: first.capture, linkType: first.reader.linkType!, packet: first.head! };
    await first.next();
    if (isOver(first)) tapes = tapes.filter(tape => tape !== first);
  }
}

export function isEarlier(a: PcapPacket, b: PcapPacket): boolean {
  return a.seconds === b.seconds ? a.nanos < b.nanos : a.seconds < b.seconds;
}
