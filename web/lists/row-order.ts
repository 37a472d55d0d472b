/** The order of rows: nobody's place changes while it is read. */

export interface Ordered {
  readonly ids: readonly string[];
  /** Came since, and not shown. */
  readonly newer: number;
}

/**
 * `sorted`: as it would be now. `shown`: as it was. Held, what is there stays where it is, and what is gone goes; what is new waits.
 */
export function orderOf(sorted: readonly string[], shown: readonly string[], isHeld: boolean): Ordered {
  if (!isHeld || shown.length === 0) return { ids: sorted, newer: 0 };
  const there = new Set(sorted);
  const ids = shown.filter(id => there.has(id));
  return { ids, newer: sorted.length - ids.length };
}

/** Rows of `rowPx` that a window of `heightPx` shows, and some around it. */
export function windowOf(
  count: number,
  rowPx: number,
  scrollPx: number,
  heightPx: number,
): { readonly from: number; readonly to: number } {
  const around = 6;
  const from = Math.max(0, Math.min(count, Math.floor(scrollPx / rowPx) - around));
  return { from, to: Math.min(count, Math.ceil((scrollPx + heightPx) / rowPx) + around) };
}
