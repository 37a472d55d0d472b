/**
 * Nothing moves under the reader: while a journey is selected or pointed at, the picture keeps the journeys that it has. What is told
 * of them later is still taken, because a packet that was on its way has arrived meanwhile.
 */
import type { AnyJourney } from '../../../src/model/journey.ts';

export type Journeys = ReadonlyMap<string, AnyJourney>;

export interface Data {
  readonly journeys: Journeys;
  /** What came meanwhile and is not shown. */
  readonly waiting: number;
}

export class Holding {
  #kept: Journeys = new Map();
  /** Until the page has all that the daemon had when it came, nobody has read anything. */
  #isFilling = true;

  /** @param told has the daemon told all that it had? The last of it may yet have to come here. */
  take(now: Journeys, held: boolean, told: boolean): Data {
    const fills = this.#isFilling && now !== this.#kept;
    if (told && (fills || !held)) this.#isFilling = false;
    if (!held || fills || this.#kept.size === 0) {
      this.#kept = now;
      return { journeys: now, waiting: 0 };
    }
    if (this.#kept === now) return { journeys: now, waiting: 0 };
    let waiting = 0;
    for (const id of now.keys()) if (!this.#kept.has(id)) waiting++;
    const journeys = new Map<string, AnyJourney>();
    for (const [id, journey] of this.#kept) journeys.set(id, now.get(id) ?? journey);
    return { journeys, waiting };
  }
}
