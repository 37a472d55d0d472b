/**
 * Counts for `/api/stats`, by counting twice. What the collector says that it wrote is held against what was read of it (`malformed`), and
 * what its programs count as seen in the kernel against all that came of it (`unaccounted`): `seen` is theirs, not the sum of ours.
 *
 * The kernel side counts an event before it is in the ring, and its counts are told once a second, also while a full ring is being written
 * out. What it had counted at one telling is older than the time of the next: it has come when a heartbeat says that time. And what has
 * come by a telling it has counted. Nothing else can be held against each other while packets pass. What a collector that was killed had
 * counted and not told is lost. What nobody knows: what came into its ring after it counted last.
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
  /** Counted there, and never came. */
  missing: number;
  /** Came, and was not counted. */
  surplus: number;
}

const freshEpoch = (): Epoch => ({ decoded: 0, malformed: 0, own: 0, sampled: 0, missing: 0, surplus: 0 });

/** How many events should have been written when the collector counted. */
interface Count {
  /** Of the session; the collector counted a little later. */
  readonly timeNs: number;
  readonly due: number;
}

export class Meter {
  readonly #events = new Map<number, number>();
  readonly #lost = new Map<number, number>();
  #past = freshEpoch();
  #epoch = freshEpoch();
  /** Those that cannot be held against what came yet, oldest first. */
  #counts: Count[] = [];
  #baseNs: bigint | undefined;
  #lostEvents = 0;

  frame(frame: Frame): void {
    switch (frame.kind) {
      case 'event':
        this.#epoch.decoded++;
        add(this.#events, frame.event.tap, 1);
        break;
      case 'heartbeat':
        this.#epoch.malformed = Math.max(this.#epoch.malformed, frame.events - this.#epoch.decoded);
        this.#settle(frame.timeNs);
        break;
      case 'stats':
        this.#count(frame.stats);
        break;
      case 'loss':
        this.#loss(frame.loss);
        break;
      case 'hello':
        this.#begin(BigInt(frame.hello.clock.monotonicNs));
        break;
      default:
        break;
    }
  }

  #count(stats: Readonly<Record<string, number | string>>): void {
    const of = (key: string): number => Number(stats[key] ?? 0);
    const epoch = this.#epoch;
    epoch.own = of('own');
    epoch.sampled = of('sampled');
    if (stats.seen === undefined || stats.timeNs === undefined || this.#baseNs === undefined) return;
    const due = of('seen') - epoch.own - epoch.sampled - of('lost');
    epoch.surplus = Math.max(0, epoch.decoded + epoch.malformed - due);
    this.#counts.push({ timeNs: Number(BigInt(stats.timeNs) - this.#baseNs), due });
  }

  #settle(timeNs: number): void {
    const { decoded, malformed } = this.#epoch;
    while (this.#counts[1] !== undefined && this.#counts[1].timeNs <= timeNs)
      this.#epoch.missing = Math.max(0, this.#counts.shift()!.due - decoded - malformed);
  }

  /** Its counters begin at 0. */
  #begin(baseNs: bigint): void {
    this.#baseNs ??= baseNs;
    for (const key of Object.keys(this.#past) as (keyof Epoch)[]) this.#past[key] += this.#epoch[key];
    this.#epoch = freshEpoch();
    this.#counts = [];
  }

  /** State that was thrown out is no event, nor is a sighting of a process. */
  #loss({ cause, tap, count }: Extract<Frame, { kind: 'loss' }>['loss']): void {
    if (cause === 'map' || tap === tapNumber.process) return;
    const lost = cause === 'collector' ? Math.max(count, this.#untold()) : count;
    this.#lostEvents += lost;
    add(this.#lost, tap, lost);
  }

  /** What the collector that died counted last and nothing came of; it was behind, so its ring was not empty. */
  #untold(): number {
    const { decoded, malformed, missing } = this.#epoch;
    const due = this.#counts.at(-1)?.due ?? 0;
    this.#epoch.missing = 0;
    return Math.max(missing, due - decoded - malformed);
  }

  get events(): Stats['events'] {
    const sum = (key: keyof Epoch): number => this.#past[key] + this.#epoch[key];
    const filtered = { own: sum('own'), sampled: sum('sampled') };
    const malformed = sum('malformed');
    const unaccounted = sum('missing') - sum('surplus');
    const lost = this.#lostEvents;
    return {
      seen: sum('decoded') + filtered.own + filtered.sampled + lost + malformed + unaccounted,
      filtered,
      lost,
      malformed,
      unaccounted,
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
