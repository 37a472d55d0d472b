/**
 * Journeys of a recording whose beginning is gone, under the ids that they had when they were told live.
 *
 * Ids count births, of journeys and of flows, from the beginning on: without it they cannot be counted again. A rolling session therefore
 * says, right behind the heartbeats that closed them, which journeys were told as what, and each is recognised by its first event. One
 * that is not named began before what is left of the session, and is left out.
 */
import type { JourneyRecord } from '../model/journey-record.ts';
import type { ToldJourney } from '../model/session.ts';

/** Either of the two may come first, but soon: older ones belong to what is gone. */
const WAITING_MAX = 20_000;

export class ToldJourneys {
  readonly #closed = new Map<string, JourneyRecord>();
  readonly #told = new Map<string, ToldJourney>();

  /** @returns it under its own id, once that is known. */
  closed(record: JourneyRecord): JourneyRecord | undefined {
    const { packet, timeNs } = record.events[0]!;
    const key = keyOf(packet, timeNs);
    const told = this.#told.get(key);
    if (told === undefined) {
      keep(this.#closed, key, record);
      return undefined;
    }
    this.#told.delete(key);
    return renamed(record, told);
  }

  /** @returns those that have closed already, in the order in which they were told. */
  told(journeys: readonly ToldJourney[]): JourneyRecord[] {
    return journeys.flatMap(told => {
      const key = keyOf(told.packet, told.timeNs);
      const record = this.#closed.get(key);
      if (record === undefined) {
        keep(this.#told, key, told);
        return [];
      }
      this.#closed.delete(key);
      return [renamed(record, told)];
    });
  }
}

export function toldJourney(record: JourneyRecord): ToldJourney {
  const { packet, timeNs } = record.events[0]!;
  const { id, flow, direction, links, outcome } = record;
  return {
    packet,
    timeNs,
    id,
    direction,
    ...(flow === undefined ? {} : { flow }),
    ...(outcome.kind === 'continued' ? { into: outcome.into } : {}),
    ...(links.length === 0 ? {} : { links }),
  };
}

function renamed(record: JourneyRecord, told: ToldJourney): JourneyRecord {
  const { flow: _, ...rest } = record;
  const { id, flow, direction, into, links = [] } = told;
  const outcome =
    rest.outcome.kind === 'continued' && into !== undefined ? { ...rest.outcome, into } : rest.outcome;
  return { ...rest, id, direction, links, outcome, ...(flow === undefined ? {} : { flow }) };
}

const keyOf = (packet: number, timeNs: number): string => `${packet} ${timeNs}`;

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size > WAITING_MAX) map.delete(map.keys().next().value!);
}
