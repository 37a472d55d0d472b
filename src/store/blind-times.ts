/** When packets may have gone by that were not seen: lost, or left out because there were too many. Kernel monotonic ns. */
interface Interval {
  readonly fromNs: bigint;
  toNs: bigint;
}

const KEPT_MAX = 256;

export class BlindTimes {
  /** In the order in which they were told of, which is nearly that of time. */
  readonly #intervals: Interval[] = [];

  add(fromNs: bigint, toNs: bigint): void {
    const last = this.#intervals.at(-1);
    if (last !== undefined && fromNs <= last.toNs && fromNs >= last.fromNs) {
      if (toNs > last.toNs) last.toNs = toNs;
      return;
    }
    this.#intervals.push({ fromNs, toNs });
    if (this.#intervals.length > KEPT_MAX) this.#intervals.shift();
  }

  overlaps(fromNs: bigint, toNs: bigint): boolean {
    return this.#intervals.some(blind => blind.fromNs <= toNs && blind.toNs >= fromNs);
  }
}
