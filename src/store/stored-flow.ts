/** A flow as the store keeps it: what is remembered of it, and which of its journeys are kept. */
import type { FlowVersion } from '../model/flow.ts';
import type { BlindTimes } from './blind-times.ts';
import type { Filter, Matcher } from './filter.ts';
import { flowOf } from './flow-book.ts';
import type { FlowEntry } from './flow-entry.ts';
import { SeqList } from './seq-list.ts';
import type { StoredJourney } from './stored-journey.ts';

export class StoredFlow {
  readonly id: string;
  /** Number of its last change; 0 = not counted yet, or evicted. */
  seq = 0;
  readonly journeys = new SeqList<StoredJourney>();
  /** Absent until one of its journeys counted. */
  entry: FlowEntry | undefined;
  /** On the heap, estimated. */
  bytes = 0;
  /** In the queue of those that may be overdue. */
  isDue = false;

  constructor(id: string) {
    this.id = id;
  }

  /** `nowNs`, kernel monotonic: what was sent just now is not unanswered yet. Undefined: nothing of it has counted. */
  version(nowNs: bigint, blind?: BlindTimes): FlowVersion | undefined {
    return this.entry === undefined
      ? undefined
      : { ...flowOf(this.entry, { cutNs: nowNs, blind }), rev: this.entry.rev };
  }

  matches(matcher: Matcher, { flow, state }: Filter, nowNs: bigint, blind?: BlindTimes): boolean {
    const version = this.version(nowNs, blind);
    if (version === undefined || (flow !== undefined && flow !== this.id)) return false;
    if (state !== undefined && state !== version.state) return false;
    return matcher.flow(version);
  }
}
