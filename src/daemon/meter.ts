/**
 * Counts for `/api/stats`. What the collector says that it wrote is held against what was read of it, so that the sums balance by
 * counting twice, not by definition: seen = correlated + filtered + lost + malformed.
 */
import type { HelloFrame } from '../model/event.ts';
import { tap as tapNumber } from '../model/layout.generated.ts';
import type { Stats, TapStats } from '../model/stats.ts';
import type { Frame } from '../wire/decode.ts';

/** What one collector counts from its start on. */
interface Epoch {
  decoded: number;
  /** Events that it says it has written, and how many of those could be read. */
  malformed: number;
  own: number;
  sampled: number;
}

const freshEpoch = (): Epoch => ({ decoded: 0, malformed: 0, own: 0, sampled: 0 });

export class Meter {
  readonly #events = new Map<number, number>();
  readonly #lost = new Map<number, number>();
  #past = freshEpoch();
  #epoch = freshEpoch();
  #lostEvents = 0;

  frame(frame: Frame): void {
    switch (frame.kind) {
      case 'event':
        this.#epoch.decoded++;
        add(this.#events, frame.event.tap, 1);
        break;
      case 'heartbeat':
        this.#epoch.malformed = Math.max(this.#epoch.malformed, frame.events - this.#epoch.decoded);
        break;
      case 'stats':
        this.#epoch.own = Number(frame.stats.own ?? 0);
        this.#epoch.sampled = Number(frame.stats.sampled ?? 0);
        break;
      case 'loss':
        this.#loss(frame.loss);
        break;
      case 'hello':
        this.#begin();
        break;
      default:
        break;
    }
  }

  /** Its counters begin at 0. */
  #begin(): void {
    const { decoded, malformed, own, sampled } = this.#epoch;
    this.#past = {
      decoded: this.#past.decoded + decoded,
      malformed: this.#past.malformed + malformed,
      own: this.#past.own + own,
      sampled: this.#past.sampled + sampled,
    };
    this.#epoch = freshEpoch();
  }

  /** State that was thrown out is no event, nor is a sighting of a process. */
  #loss({ cause, tap, count }: Extract<Frame, { kind: 'loss' }>['loss']): void {
    if (cause === 'map' || tap === tapNumber.process) return;
    this.#lostEvents += count;
    add(this.#lost, tap, count);
  }

  get events(): Stats['events'] {
    const sum = (key: keyof Epoch): number => this.#past[key] + this.#epoch[key];
    const filtered = { own: sum('own'), sampled: sum('sampled') };
    const malformed = sum('malformed');
    const lost = this.#lostEvents;
    return {
      seen: sum('decoded') + filtered.own + filtered.sampled + lost + malformed,
      filtered,
      lost,
      malformed,
    };
  }

  /** Several programs may share a number: what they told stands at the first of them that is on. */
  taps({ taps }: HelloFrame): TapStats[] {
    const counted = new Set<number>();
    return taps.map(({ name, mechanism, state, reason, tap }) => {
      const isFirst = state === 'on' && !counted.has(tap);
      if (isFirst) counted.add(tap);
      return {
        name,
        mechanism,
        state,
        ...(reason === undefined ? {} : { reason }),
        events: isFirst ? (this.#events.get(tap) ?? 0) : 0,
        lost: isFirst ? (this.#lost.get(tap) ?? 0) : 0,
      };
    });
  }
}

function add(counts: Map<number, number>, key: number, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
