/**
 * Journeys that wait until the rules that decided in them have been read; whatever comes behind waits too, so that the order is kept. By
 * event time, and by what stands among the frames: a replay waits for the same.
 */

/** As long as it takes to read thousands of rules; then they are told without. */
const WAIT_NS = 1e9;

interface Waiting {
  /** False: it lacks something that may still come. */
  readonly tell: (isLate: boolean) => boolean;
  readonly untilNs: number;
}

export class WaitingLine {
  #line: Waiting[] = [];

  /** Tells it, or keeps it. */
  add(nowNs: number, tell: (isLate: boolean) => boolean): void {
    if (this.#line.length > 0 || !tell(false)) this.#line.push({ tell, untilNs: nowNs + WAIT_NS });
  }

  /** Something new is known, or time has passed. */
  go(nowNs: number): void {
    let told = 0;
    for (const { tell, untilNs } of this.#line) {
      if (!tell(nowNs >= untilNs)) break;
      told++;
    }
    this.#line.splice(0, told);
  }

  /** Nothing more will come. */
  end(): void {
    for (const { tell } of this.#line.splice(0)) tell(true);
  }
}
