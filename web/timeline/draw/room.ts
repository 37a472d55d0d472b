/** Rectangles that are taken: a label that would overlap one is left out. */
export class Room {
  readonly #taken: (readonly [number, number, number, number])[] = [];

  /** Did it fit? Then it is taken. Touching is no overlap. */
  take(left: number, top: number, right: number, bottom: number): boolean {
    for (const [l, t, r, b] of this.#taken) if (left < r && right > l && top < b && bottom > t) return false;
    this.#taken.push([left, top, right, bottom]);
    return true;
  }
}
