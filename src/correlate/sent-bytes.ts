/** What one side of a TCP conversation has sent, so that bytes sent again are known. */
import type { NetworkLayer } from '../model/event.ts';

const SEGMENTS_MAX = 4096;
const SYN_OR_FIN = 0x03;

/** `flags`: SYN and FIN, which count as a byte each. */
export interface Segment {
  readonly seq: number;
  readonly lenBytes: number;
  readonly flags: number;
}

/** Undefined for what takes no sequence number, such as an ACK. */
export function segmentOf({ tcp, payloadBytes = 0 }: NetworkLayer): Segment | undefined {
  if (tcp === undefined) return undefined;
  const flags = tcp.flags & SYN_OR_FIN;
  return payloadBytes === 0 && flags === 0
    ? undefined
    : { seq: tcp.seq, lenBytes: payloadBytes + (flags === 0 ? 0 : 1), flags };
}

export class SentBytes {
  /** By sequence number and flags, in the order of sending. */
  readonly #first = new Map<number, { readonly segment: Segment; readonly journey: string }>();

  get size(): number {
    return this.#first.size;
  }

  /** The journey that first sent what begins here: `journey`, unless there was one before. */
  first(segment: Segment, journey: string): string {
    const key = segment.seq * 4 + segment.flags;
    const known = this.#first.get(key);
    if (known !== undefined) return known.journey;
    this.#first.set(key, { segment, journey });
    if (this.#first.size > SEGMENTS_MAX) this.#first.delete(this.#first.keys().next().value!);
    return journey;
  }

  /** The first other journey that sent any of these bytes. */
  earlier(segment: Segment, journey: string): string | undefined {
    for (const known of this.#first.values())
      if (known.journey !== journey && overlaps(known.segment, segment)) return known.journey;
    return undefined;
  }
}

/** Sequence numbers begin anew after 2^32. */
function overlaps(a: Segment, b: Segment): boolean {
  const ahead = (b.seq - a.seq) | 0;
  return ahead >= 0 ? ahead < a.lenBytes : -ahead < b.lenBytes;
}
