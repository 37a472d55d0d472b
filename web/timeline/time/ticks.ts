/** Where the time axis is marked. Each moving stretch counts from its own beginning: what lies before it is torn off. */
import type { TimeScale } from './time-scale.ts';

export interface Tick {
  readonly xPx: number;
  /** Since the beginning of its stretch; 0 is that beginning. */
  readonly sinceNs: number;
  readonly atNs: number;
  /** From one to the next. */
  readonly stepNs: number;
}

const APART_PX = 84;
const TICKS_MAX = 200;

/** 1, 2 or 5 times a power of ten, not below `least`. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  for (const factor of [1, 2, 5]) if (power * factor >= least) return power * factor;
  return power * 10;
}

/** @param originNs where the first stretch counts from */
export function ticksOf(scale: TimeScale, originNs: number): Tick[] {
  const step = niceStep(APART_PX / scale.pxPerNs);
  const ticks: Tick[] = [];
  const [first, last] = scale.foldsInSight();
  const { folds, window } = scale;
  let baseNs = first === 0 ? originNs : folds.to[first - 1]!;
  for (let fold = first; fold <= last && ticks.length < TICKS_MAX; fold++) {
    const endNs = fold < last ? folds.from[fold]! : window.toNs;
    const skipped = Math.max(0, Math.ceil((window.fromNs - baseNs) / step));
    for (let n = skipped; ticks.length < TICKS_MAX; n++) {
      const atNs = baseNs + n * step;
      if (atNs > endNs) break;
      ticks.push({ xPx: scale.x(atNs), sinceNs: n * step, atNs, stepNs: step });
    }
    if (fold < last) baseNs = folds.to[fold]!;
  }
  return ticks;
}
