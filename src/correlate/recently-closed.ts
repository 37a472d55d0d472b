/**
 * Journeys that were closed a moment ago, for what comes late: a process that reads after the silence that closed them, a packet
 * that waited longer than a queue should. The last few are kept whole, so that a late event amends them; of others it is only known
 * that they were closed.
 */
import type { JourneyRecord } from '../model/journey-record.ts';
import type { OpenJourney } from './open-journey.ts';

const REMEMBER_NS = 1_000_000_000;
const KEPT_MAX = 2_000;

export interface Kept {
  readonly journey: OpenJourney;
  record: JourneyRecord;
  /** Gaps that were there before it was concluded. */
  readonly gaps: number;
}

interface Closed {
  readonly id: string;
  readonly atNs: number;
}

export class RecentlyClosed {
  readonly #byPacket = new Map<number, Closed>();
  /** In order of closing. */
  readonly #kept = new Map<string, Kept>();

  add(packet: number, id: string, atNs: number): void {
    this.#byPacket.set(packet, { id, atNs });
  }

  keep(kept: Kept): void {
    this.#kept.set(kept.journey.id, kept);
    if (this.#kept.size > KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value!);
  }

  idOf(packet: number): string | undefined {
    return this.#byPacket.get(packet)?.id;
  }

  kept(id: string): Kept | undefined {
    return this.#kept.get(id);
  }

  forget(nowNs: number): void {
    for (const [packet, closed] of this.#byPacket) {
      if (closed.atNs + REMEMBER_NS > nowNs) break;
      this.#byPacket.delete(packet);
      this.#kept.delete(closed.id);
    }
  }

  clear(): void {
    this.#byPacket.clear();
    this.#kept.clear();
  }
}
