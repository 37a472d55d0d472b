import type { LossRecord } from '../model/event.ts';
import type { LostCause } from '../model/journey.ts';

const KEEP_NS = 10_000_000_000;

export interface LossMeanwhile {
  readonly cause: LostCause;
  readonly count: number;
}

/** What could not be recorded, and when: whatever was under way meanwhile may be cut by it, on whichever CPU it would have been next. */
export class LossBook {
  readonly #losses: LossRecord[] = [];
  total = 0;

  add(loss: LossRecord): void {
    this.total += loss.count;
    this.#losses.push(loss);
  }

  during(fromNs: number, toNs: number): LossMeanwhile | undefined {
    let count = 0;
    let cause: LostCause = 'ring';
    for (const loss of this.#losses) {
      if (loss.fromNs > toNs || loss.toNs < fromNs) continue;
      count += loss.count;
      cause = loss.cause === 'map' ? 'map' : 'ring';
    }
    return count === 0 ? undefined : { cause, count };
  }

  forget(nowNs: number): void {
    while (this.#losses.length > 0 && this.#losses[0]!.toNs + KEEP_NS < nowNs) this.#losses.shift();
  }
}
