import type { LossRecord } from '../model/event.ts';
import type { LostCause } from '../model/journey.ts';

/** Records come in order of the look that found them; each reaches at most this far back or forth of its place. */
const SPREAD_NS = 1_000_000_000;
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
    for (let i = this.#firstAfter(fromNs - SPREAD_NS); i < this.#losses.length; i++) {
      const loss = this.#losses[i]!;
      if (loss.fromNs > toNs + SPREAD_NS) break;
      if (loss.fromNs > toNs || loss.toNs < fromNs) continue;
      count += loss.count;
      cause = loss.cause === 'map' ? 'map' : 'ring';
    }
    return count === 0 ? undefined : { cause, count };
  }

  /** Index of the first that began after that. */
  #firstAfter(ns: number): number {
    let low = 0;
    let high = this.#losses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#losses[middle]!.fromNs < ns) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  forget(nowNs: number): void {
    while (this.#losses.length > 0 && this.#losses[0]!.toNs + KEEP_NS < nowNs) this.#losses.shift();
  }
}
