/**
 * Records that come, change and go, each with the time from which to which it held, found by any of their keys. What has
 * ended is kept for as long as somebody may ask about that time.
 */

export interface Span<T> {
  readonly value: T;
  readonly fromNs: number;
  /** When it was told first, which for the first of all is later than `fromNs`. */
  readonly toldNs: number;
  toNs: number;
}

export class Timed<T> {
  readonly #keysOf: (value: T) => Iterable<string>;
  readonly #now = new Map<string, Span<T>>();
  readonly #byKey = new Map<string, Span<T>[]>();
  /** In order of their end. */
  readonly #ended: Span<T>[] = [];

  constructor(keysOf: (value: T) => Iterable<string>) {
    this.#keysOf = keysOf;
  }

  /** False: it is known so already. */
  put(id: string, value: T, fromNs: number, toldNs = fromNs): boolean {
    const before = this.#now.get(id);
    if (before !== undefined && isSame(before.value, value)) return false;
    if (before !== undefined) this.#end(before, fromNs);
    const span = { value, fromNs, toldNs, toNs: Number.POSITIVE_INFINITY };
    this.#now.set(id, span);
    for (const key of new Set(this.#keysOf(value)))
      this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), span]);
    return true;
  }

  /** False: there is none. */
  end(id: string, atNs: number): boolean {
    const span = this.#now.get(id);
    if (span === undefined) return false;
    this.#now.delete(id);
    this.#end(span, atNs);
    return true;
  }

  get ids(): readonly string[] {
    return [...this.#now.keys()];
  }

  all(atNs: number): T[] {
    const found: T[] = [];
    for (const span of this.#now.values()) if (holds(span, atNs)) found.push(span.value);
    for (const span of this.#ended) if (holds(span, atNs)) found.push(span.value);
    return found;
  }

  with(key: string, atNs: number): Span<T>[] {
    return (this.#byKey.get(key) ?? []).filter(span => holds(span, atNs));
  }

  /** What has a key that is never another's, at whatever time. The newest. */
  ever(key: string): T | undefined {
    return this.#byKey.get(key)?.at(-1)?.value;
  }

  /** Ended before: not asked about any more. */
  forget(beforeNs: number): void {
    while (this.#ended[0] !== undefined && this.#ended[0].toNs < beforeNs) this.#drop(this.#ended.shift()!);
  }

  #end(span: Span<T>, atNs: number): void {
    span.toNs = atNs;
    this.#ended.push(span);
    if ((this.#ended.at(-2)?.toNs ?? atNs) > atNs) this.#ended.sort((a, b) => a.toNs - b.toNs);
  }

  #drop(span: Span<T>): void {
    for (const key of this.#keysOf(span.value)) {
      const left = (this.#byKey.get(key) ?? []).filter(each => each !== span);
      if (left.length === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, left);
    }
  }
}

const holds = ({ fromNs, toNs }: Span<unknown>, atNs: number): boolean => fromNs <= atNs && atNs < toNs;

/** Plain data; its keys stand in the order in which one function wrote them. */
const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
