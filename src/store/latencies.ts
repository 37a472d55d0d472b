const KEPT = 1024;

/** p50 and p99 of the newest values, in ns. */
export class Latencies {
  readonly #values: number[] = [];
  #next = 0;

  get size(): number {
    return this.#values.length;
  }

  add(ns: number): void {
    if (this.#values.length < KEPT) this.#values.push(ns);
    else this.#values[this.#next] = ns;
    this.#next = (this.#next + 1) % KEPT;
  }

  summary(): { readonly p50: number; readonly p99: number } | undefined {
    if (this.#values.length === 0) return undefined;
    const sorted = [...this.#values].sort((a, b) => a - b);
    return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
  }
}

/** Nearest rank of values in ascending order; there must be at least one. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))]!;
}
