/**
 * The newest version of each thing, in order of birth, in bounded number: the oldest make room. Reading while it changes is safe: what
 * was given out is never changed.
 */
export interface Versioned {
  /** A number that grows with birth. */
  readonly id: string;
  readonly rev: number;
}

export class Kept<T extends Versioned> {
  readonly #max: number;
  #items = new Map<string, T>();
  #newest = -1;
  #isSorted = true;
  #isChanged = false;
  /** Made room for others, since the last `clear`. */
  evicted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#items.size;
  }

  get isChanged(): boolean {
    return this.#isChanged;
  }

  get(id: string): T | undefined {
    return this.#items.get(id);
  }

  /** `held`: ids that somebody looks at. @returns how many were new or newer. */
  put(items: readonly T[], held: ReadonlySet<string> = new Set()): number {
    let changed = 0;
    for (const item of items) {
      const known = this.#items.get(item.id);
      if (known !== undefined && known.rev >= item.rev) continue;
      changed++;
      this.#items.set(item.id, item);
      if (known !== undefined) continue;
      if (Number(item.id) < this.#newest) this.#isSorted = false;
      else this.#newest = Number(item.id);
    }
    if (changed > 0) this.#isChanged = true;
    if (this.#items.size > this.#max) this.#evict(held);
    return changed;
  }

  clear(): void {
    this.#items = new Map();
    this.#newest = -1;
    this.#isSorted = true;
    this.#isChanged = true;
    this.evicted = 0;
  }

  /** As it is now, for keeps. */
  view(): ReadonlyMap<string, T> {
    this.#sort();
    this.#isChanged = false;
    return new Map(this.#items);
  }

  #sort(): void {
    if (this.#isSorted) return;
    this.#items = new Map([...this.#items].sort(([a], [b]) => Number(a) - Number(b)));
    this.#isSorted = true;
  }

  #evict(held: ReadonlySet<string>): void {
    this.#sort();
    for (const id of this.#items.keys()) {
      if (this.#items.size <= this.#max) return;
      if (held.has(id)) continue;
      this.#items.delete(id);
      this.evicted++;
    }
  }
}
