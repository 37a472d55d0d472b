/** The ways that packets of each conversation were seen to take lately, with all that names and looks of a hop came to. See alike.ts. */
import type { Endpoint, Hop, Journey } from '../model/journey.ts';
import type { JourneyRecord } from '../model/journey-record.ts';
import { isAlike, type Sight, sightsOf } from './alike.ts';
import type { HopDraft } from './hops.ts';
import type { Places } from './places.ts';

/** With some kB each. */
const WAYS_MAX = 4000;
/** Of one conversation: requests and replies, as long as conntrack calls them new and after. */
const OF_FLOW_MAX = 8;

export type Ends = Pick<Journey, 'from' | 'to' | 'backend' | 'service' | 'addressed'>;

/** What all packets on it have in common. */
export interface Way {
  /** With the times, CPUs and lengths of one of them. */
  readonly hops: readonly Hop[];
  /** Index of the hop of each event: the inferred ones stand between. */
  readonly hopOf: readonly number[];
  readonly ends: Ends;
}

interface KnownWay extends Way {
  readonly direction: JourneyRecord['direction'];
  readonly isDropped: boolean;
  /** Of the flow, as far as it was known then. */
  readonly service: Endpoint | undefined;
  readonly sights: readonly Sight[];
}

export class KnownWays {
  readonly #places: Places;
  readonly #byFlow = new Map<string, KnownWay[]>();
  #count = 0;
  /** Of the places: with names that have changed nothing that is kept is worth anything. */
  #version = -1;

  constructor(places: Places) {
    this.#places = places;
  }

  /** `service`: of the flow, as far as it is known. */
  find(record: JourneyRecord, service: Endpoint | undefined): Way | undefined {
    if (!this.#isKeepable(record) || this.#version !== this.#places.version) return undefined;
    const isDropped = record.outcome.kind === 'dropped';
    return this.#byFlow
      .get(record.flow!)
      ?.find(
        way =>
          way.direction === record.direction &&
          way.isDropped === isDropped &&
          way.service === service &&
          isAlike(record, way.sights),
      );
  }

  keep(record: JourneyRecord, service: Endpoint | undefined, way: Way): void {
    // What was not seen as a whole looks different each time, and to keep it would cost most where events are lost.
    if (!record.complete || !this.#isKeepable(record) || way.hops.some(showsLength)) return;
    this.#makeRoom();
    const ofFlow = this.#byFlow.get(record.flow!) ?? [];
    this.#byFlow.set(record.flow!, ofFlow);
    if (ofFlow.length === OF_FLOW_MAX) ofFlow.pop();
    else this.#count++;
    // What comes next is most often like what came last.
    ofFlow.unshift({
      ...way,
      direction: record.direction,
      isDropped: record.outcome.kind === 'dropped',
      service,
      sights: sightsOf(record),
    });
  }

  /** A copy begins with what its original was; the past may have had other names. */
  #isKeepable({ flow, origin, events }: JourneyRecord): boolean {
    const first = events[0]!;
    return flow !== undefined && origin === first && first.timeNs >= this.#places.settledNs;
  }

  #makeRoom(): void {
    if (this.#version !== this.#places.version) {
      this.#byFlow.clear();
      this.#count = 0;
      this.#version = this.#places.version;
    }
    if (this.#count < WAYS_MAX) return;
    for (const [flow, ways] of this.#byFlow) {
      this.#byFlow.delete(flow);
      this.#count -= ways.length;
      return;
    }
  }
}

const showsLength = (hop: Hop): boolean => hop.changes.some(change => change.field === 'length');

/** Index of the hop of each event: the inferred ones stand between. */
export function eventIndexes(hops: readonly HopDraft[]): number[] {
  const indexes: number[] = [];
  for (const [index, hop] of hops.entries()) if (hop.inferred !== true) indexes.push(index);
  return indexes;
}
