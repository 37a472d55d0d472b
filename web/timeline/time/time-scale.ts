/**
 * From time to px, immutable: another window is another scale. Time space is ns since the session began; px space begins at the left
 * edge of the plot. Folded stretches take a fixed width, all else is linear. Where there are so many folds that little else would be
 * left, they get narrower.
 */
import type { Quiet } from './quiet.ts';

export interface Window {
  readonly fromNs: number;
  readonly toNs: number;
}

export const FOLD_PX = 26;
/** One nanosecond is not drawn wider: nothing is measured finer. */
export const NS_PX_MAX = 2;
/** All folds of a window take no more of the width than this. */
const FOLDS_SHARE = 0.4;

/** Where the folds are: the same for each window of one picture. */
export class Folds {
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** Folded ns before the fold of the same index. */
  readonly #before: Float64Array;

  /** @param quiet sorted, not overlapping */
  constructor(quiet: readonly Quiet[]) {
    this.from = Float64Array.from(quiet, fold => fold.fromNs);
    this.to = Float64Array.from(quiet, fold => fold.toNs);
    this.#before = new Float64Array(quiet.length + 1);
    for (let i = 0; i < quiet.length; i++)
      this.#before[i + 1] = this.#before[i]! + this.to[i]! - this.from[i]!;
  }

  static readonly none = new Folds([]);

  get count(): number {
    return this.from.length;
  }

  /** Folds that begin before that time. */
  begunBefore(ns: number): number {
    let low = 0;
    let high = this.from.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.from[middle]! < ns) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What is folded away before the fold. */
  beforeNs(fold: number): number {
    return this.#before[fold]!;
  }

  /** How many folds lie before that time, a part of one inside of it. */
  foldsBefore(ns: number): number {
    const begun = this.begunBefore(ns);
    if (begun === 0 || ns >= this.to[begun - 1]!) return begun;
    const from = this.from[begun - 1]!;
    return begun - 1 + (ns - from) / (this.to[begun - 1]! - from);
  }

  /** Time without what is folded away. */
  movingNs(ns: number): number {
    const begun = this.begunBefore(ns);
    return begun === 0 ? ns : Math.max(ns, this.to[begun - 1]!) - this.#before[begun]!;
  }
}

export class TimeScale {
  readonly window: Window;
  readonly widthPx: number;
  readonly folds: Folds;
  readonly pxPerNs: number;
  readonly foldPx: number;
  readonly #originNs: number;
  readonly #originFolds: number;

  constructor(window: Window, widthPx: number, folds: Folds = Folds.none) {
    this.widthPx = Math.max(1, widthPx);
    this.folds = folds;
    const toNs = Math.max(window.fromNs, window.toNs);
    this.#originNs = folds.movingNs(window.fromNs);
    this.#originFolds = folds.foldsBefore(window.fromNs);
    const foldCount = folds.foldsBefore(toNs) - this.#originFolds;
    const movingNs = folds.movingNs(toNs) - this.#originNs;
    this.foldPx = foldCount <= 0 ? FOLD_PX : Math.min(FOLD_PX, (FOLDS_SHARE * this.widthPx) / foldCount);
    const forTime = this.widthPx - foldCount * this.foldPx;
    this.pxPerNs = movingNs <= 0 ? NS_PX_MAX : Math.min(NS_PX_MAX, forTime / movingNs);
    this.window = { fromNs: window.fromNs, toNs: Math.max(toNs, this.ns(this.widthPx)) };
  }

  x(ns: number): number {
    const { folds } = this;
    return (
      (folds.movingNs(ns) - this.#originNs) * this.pxPerNs +
      (folds.foldsBefore(ns) - this.#originFolds) * this.foldPx
    );
  }

  /** Inverse of `x`. */
  ns(xPx: number): number {
    const { folds } = this;
    let low = 0;
    let high = folds.count;
    // The last fold that begins left of it.
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.foldX(middle) < xPx) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return this.#originNs + (xPx + this.#originFolds * this.foldPx) / this.pxPerNs;
    const from = folds.from[low - 1]!;
    const to = folds.to[low - 1]!;
    const inside = xPx - this.foldX(low - 1);
    if (inside < this.foldPx) return from + (inside / this.foldPx) * (to - from);
    return to + (inside - this.foldPx) / this.pxPerNs;
  }

  /** Left edge of a fold. */
  foldX(fold: number): number {
    const movingNs = this.folds.from[fold]! - this.folds.beforeNs(fold);
    return (movingNs - this.#originNs) * this.pxPerNs + (fold - this.#originFolds) * this.foldPx;
  }

  /** Folds in sight: indexes from, to (not included). */
  foldsInSight(): readonly [number, number] {
    const { folds, window } = this;
    const begun = folds.begunBefore(window.fromNs);
    const inside = begun > 0 && folds.to[begun - 1]! > window.fromNs;
    return [inside ? begun - 1 : begun, folds.begunBefore(window.toNs)];
  }
}
