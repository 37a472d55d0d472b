/**
 * Journeys that wait until the rules that decided in them have been read; whatever comes behind waits too, so that the order is kept. By
 * event time, and by what stands among the frames: a replay waits for the same.
 */

/** False: it lacks something that may still come. `waitedNs`: Infinity where nothing more will. */
type Tell = (waitedNs: number) => boolean;

interface Waiting {
  readonly tell: Tell;
  readonly sinceNs: number;
}

export class WaitingLine {
  #line: Waiting[] = [];

  /** Tells it, or keeps it. */
  add(nowNs: number, tell: Tell): void {
    if (this.#line.length > 0 || !tell(0)) this.#line.push({ tell, sinceNs: nowNs });
  }

  /** Something new is known, or time has passed. */
  go(nowNs: number): void {
    let told = 0;
    for (const { tell, sinceNs } of this.#line) {
      if (!tell(nowNs - sinceNs)) break;
      told++;
    }
    this.#line.splice(0, told);
  }

  /** Nothing more will come. */
  end(): void {
    for (const { tell } of this.#line.splice(0)) tell(Number.POSITIVE_INFINITY);
  }
}
