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

  take(now: Journeys, held: boolean): Data {
    if (!held || this.#kept.size === 0) {
      this.#kept = now;
      return { journeys: now, waiting: 0 };
    }
    if (this.#kept === now) return { journeys: now, waiting: 0 };
    const newest = newestId(this.#kept);
    let waiting = 0;
    // What is older than all came late, and is not news.
    for (const id of now.keys()) if (Number(id) > newest && !this.#kept.has(id)) waiting++;
    const journeys = new Map<string, AnyJourney>();
    for (const [id, journey] of this.#kept) journeys.set(id, now.get(id) ?? journey);
    return { journeys, waiting };
  }
}

function newestId(journeys: Journeys): number {
  let newest = -1;
  for (const id of journeys.keys()) newest = Math.max(newest, Number(id));
  return newest;
}
