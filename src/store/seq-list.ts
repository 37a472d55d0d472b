/**
 * Things in order of their last change, each with the number of that change. What changes again is put at the end, and its old place
 * is passed over until enough of them have gathered to be cleared away. So every operation costs the same however much there is.
 */
export interface Sequenced {
  /** Number of the last change; 0 = gone. */
  readonly seq: number;
}

const SLACK = 64;

export class SeqList<T extends Sequenced> {
  #items: (T | undefined)[] = [];
  /** Of each place: another number than the item's means that the item is elsewhere by now, or gone. */
  #seqs: number[] = [];
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What it holds room for, those that are passed over included. */
  get places(): number {
    return this.#items.length;
  }

  /** `seq` must be larger than that of all others. */
  push(item: T): void {
    this.#items.push(item);
    this.#seqs.push(item.seq);
    this.#size++;
    if (this.#items.length > 2 * this.#size + SLACK) this.#clear();
  }

  /** One that is in the list has got, or is about to get, another number: it is not there any more. */
  leave(): void {
    this.#size--;
  }

  /** The one that has not changed for longest. */
  first(): T | undefined {
    while (this.#head < this.#items.length) {
      const item = this.#items[this.#head]!;
      if (item.seq === this.#seqs[this.#head]) return item;
      // What is gone is let go now, not when the list is cleared.
      this.#items[this.#head++] = undefined;
    }
    this.#clear();
    return undefined;
  }

  /** Lets go of what is at its beginning and gone. */
  trim(): void {
    this.first();
    if (this.#head > this.#size + SLACK) this.#clear();
  }

  /** Those changed after `seq`, oldest change first, until `visit` says false. */
  forward(seq: number, visit: (item: T) => boolean): void {
    for (let at = this.#indexAfter(seq); at < this.#items.length; at++) {
      const item = this.#items[at]!;
      if (item.seq === this.#seqs[at] && !visit(item)) return;
    }
  }

  /** Those not changed after `seq`, newest change first, until `visit` says false. */
  backward(seq: number, visit: (item: T) => boolean): void {
    for (let at = this.#indexAfter(seq) - 1; at >= this.#head; at--) {
      const item = this.#items[at]!;
      if (item.seq === this.#seqs[at] && !visit(item)) return;
    }
  }

  #indexAfter(seq: number): number {
    let low = this.#head;
    let high = this.#seqs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#seqs[middle]! <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #clear(): void {
    const items: T[] = [];
    const seqs: number[] = [];
    for (let at = this.#head; at < this.#items.length; at++) {
      if (this.#items[at]!.seq !== this.#seqs[at]) continue;
      items.push(this.#items[at]!);
      seqs.push(this.#seqs[at]!);
    }
    this.#items = items;
    this.#seqs = seqs;
    this.#head = 0;
  }
}
