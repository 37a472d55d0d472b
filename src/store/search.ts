/** A page of what is kept. It is looked for in steps, so that nobody has to wait while hundreds of thousands are looked through. */
import type { SeqList, Sequenced } from './seq-list.ts';

export interface Range {
  /** What changed after this one, oldest change first. Absent: what changed last. */
  readonly since?: number;
  readonly limit: number;
}

export class Search<T extends Sequenced> {
  /** In order of their last change. */
  readonly found: T[] = [];
  /** `since` of what comes after. */
  next: number;
  readonly #list: SeqList<T>;
  readonly #isWanted: (item: T) => boolean;
  readonly #range: Range;
  readonly #endSeq: number;
  #at: number;
  #isDone = false;

  constructor(list: SeqList<T>, isWanted: (item: T) => boolean, range: Range, endSeq: number) {
    this.#list = list;
    this.#isWanted = isWanted;
    this.#range = range;
    this.#endSeq = endSeq;
    this.#at = range.since ?? endSeq;
    this.next = endSeq;
  }

  /** Looks through `count` more. @returns true: that is all. */
  step(count: number): boolean {
    if (this.#isDone) return true;
    let left = count;
    this.#isDone = true;
    const look = (item: T): boolean => {
      if (left-- === 0) {
        this.#isDone = false;
        return false;
      }
      return this.#look(item);
    };
    if (this.#range.since === undefined) this.#list.backward(this.#at, look);
    else this.#list.forward(this.#at, look);
    if (this.#isDone && this.#range.since === undefined) this.found.reverse();
    return this.#isDone;
  }

  /** All of it at once. */
  all(): readonly T[] {
    this.step(Number.POSITIVE_INFINITY);
    return this.found;
  }

  /** @returns whether to go on. */
  #look(item: T): boolean {
    const { since, limit } = this.#range;
    // What changed meanwhile is for the next page.
    if (since !== undefined && item.seq > this.#endSeq) return false;
    this.#at = since === undefined ? item.seq - 1 : item.seq;
    if (!this.#isWanted(item)) return true;
    this.found.push(item);
    if (this.found.length < limit) return true;
    if (since !== undefined) this.next = item.seq;
    return false;
  }
}
