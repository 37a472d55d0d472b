/** A journey as the store keeps it: its head, its own figures in a few bytes, and a way that it shares with others. */
import { hopsWith } from '../model/hop-figures.ts';
import type { Hop, JourneyVersion } from '../model/journey.ts';
import { textBytes } from './heap-bytes.ts';
import { type JourneyHead, versionOf } from './journey-head.ts';
import { unpackFigures } from './packed-figures.ts';
import type { Way } from './ways.ts';

/** A head with an ordinary packet, the entry in maps and lists; measured, see `test/bench/store.ts`. */
const JOURNEY_BYTES = 900;
const GAP_BYTES = 120;
const LINK_BYTES = 100;
const DNS_BYTES = 400;

export class StoredJourney {
  /** Number of its last change; 0 = evicted. */
  seq = 0;
  head: JourneyHead;
  rev: number;
  way: Way;
  /** Packed; undefined: the hops of the way are its own. */
  figures: string | undefined;

  constructor(head: JourneyHead, rev: number, way: Way, figures: string | undefined) {
    this.head = head;
    this.rev = rev;
    this.way = way;
    this.figures = figures;
  }

  get id(): string {
    return this.head.id;
  }

  get isOpen(): boolean {
    return this.head.closedBy === undefined;
  }

  /** Made anew each time. */
  hops(): readonly Hop[] {
    return this.figures === undefined ? this.way.hops : hopsWith(unpackFigures(this.figures), this.way.hops);
  }

  version(): JourneyVersion {
    return versionOf(this.head, this.rev, this.hops());
  }

  /** On the heap, estimated, without the way. */
  get bytes(): number {
    const { gaps, links, packet, summary } = this.head;
    return (
      JOURNEY_BYTES +
      textBytes(summary) +
      (this.figures?.length ?? 0) +
      gaps.length * GAP_BYTES +
      links.length * LINK_BYTES +
      (packet.dns === undefined ? 0 : DNS_BYTES)
    );
  }
}
