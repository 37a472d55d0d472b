import type { Event, Process } from '../model/event.ts';
import type { Gap } from '../model/journey.ts';
import type { RawLink } from '../model/journey-record.ts';
import { eventOwnSocket, tap } from '../model/layout.generated.ts';
import type { Verdict } from './ends.ts';
import { isEdge, type Topology } from './topology.ts';

/** The kernel gave an sk_buff back, and what that meant. */
export interface End {
  readonly verdict: Verdict;
  /** Drop reason; "" for consume_skb. */
  readonly reason: string;
  readonly location: string;
}

/** What belongs to the events of a journey from one of them on; indexes count from there. */
export interface Tail {
  readonly events: readonly Event[];
  readonly ends: ReadonlyMap<number, End>;
  readonly unknownSteps: readonly number[];
  readonly copied: boolean;
}

const NF_INET_LOCAL_OUT = 3;

/** A packet that is still being seen. */
export class OpenJourney {
  readonly id: string;
  events: Event[] = [];
  gaps: Gap[] = [];
  readonly links: RawLink[] = [];
  processes = new Map<number, Process>();
  end: End | undefined;
  /** By the index of the event that showed it: an sk_buff may end while the packet goes on in another. */
  ends = new Map<number, End>();
  /** Its data was copied to a process. */
  copied = false;
  /** Another packet was seen at the address of its sk_buff. */
  reused = false;
  /** It began as a copy or part of another journey: the first of them. */
  root: OpenJourney | undefined;
  /** The datagram or super-packet that it is a part of, put together on the way or taken apart there. */
  datagram: OpenJourney | undefined;
  /** Journeys that it goes on in: the datagram of a fragment, the fragments of a datagram. */
  readonly into: OpenJourney[] = [];
  /** The copies made of it and of its copies, in order of birth. */
  readonly copies: OpenJourney[] = [];
  /** How often it has been told of. */
  rev = 0;
  /** How many events there were when it was told of while open. */
  toldEvents = 0;
  /** Indexes of events whose step could not be judged yet: the inventory may be a little behind. */
  unknownSteps: number[] = [];

  constructor(id: string) {
    this.id = id;
  }

  get first(): Event {
    return this.events[0]!;
  }

  get last(): Event {
    return this.events[this.events.length - 1]!;
  }

  /** The last event at a device: an end often has no device any more. */
  get lastPlace(): Event {
    for (let i = this.events.length - 1; i >= 0; i--) if (isPlace(this.events[i]!)) return this.events[i]!;
    return this.last;
  }

  /** Takes away the events from `index` on with all that they showed. */
  splitOff(index: number): Tail {
    const events = this.events.splice(index);
    const ends = new Map<number, End>();
    for (const [at, end] of this.ends) {
      if (at < index) continue;
      ends.set(at - index, end);
      this.ends.delete(at);
    }
    const unknownSteps = this.unknownSteps.filter(at => at > index).map(at => at - index);
    this.unknownSteps = this.unknownSteps.filter(at => at < index);
    for (let i = this.gaps.length - 1; i >= 0; i--) if (this.gaps[i]!.after >= index) this.gaps.splice(i, 1);
    if (ends.size > 0) this.end = [...this.ends.values()].findLast(isEnd);
    const copied = events.some(event => event.tap === tap.copyDatagram);
    if (copied) this.copied = false;
    return { events, ends, unknownSteps, copied };
  }

  /** Its events have been appended. */
  takeOver(tail: Tail): void {
    for (const [at, end] of tail.ends) {
      this.ends.set(at, end);
      if (isEnd(end)) this.end = end;
    }
    this.unknownSteps.push(...tail.unknownSteps);
    this.copied = tail.copied;
  }

  /** What was told of it stays as it was told; of its gaps the first `gaps` go on. */
  reopen(gaps: number): void {
    this.events = [...this.events];
    this.gaps = this.gaps.slice(0, gaps);
    this.processes = new Map(this.processes);
    this.ends = new Map(this.ends);
  }

  gap(gap: Gap): void {
    if (!this.gaps.some(g => g.kind === gap.kind && g.after === gap.after && g.reason === gap.reason))
      this.gaps.push(gap);
  }
}

/** The kernel sends a RST. */
export function answered(reason: string): End {
  return { verdict: { kind: 'answered' }, reason, location: 'tcp_send_reset' };
}

const isEnd = ({ verdict }: End): boolean => verdict.kind !== 'answered';

export function isEndTap(event: Event): boolean {
  return event.tap === tap.kfreeSkb || event.tap === tap.consumeSkb || event.tap === tap.groExit;
}

export function placeBefore(events: readonly Event[], index: number): Event {
  for (let i = index - 1; i > 0; i--) if (isPlace(events[i]!)) return events[i]!;
  return events[0]!;
}

export function isPlace(event: Event): boolean {
  return (
    event.tap === tap.netDevQueue || event.tap === tap.netifReceiveSkb || event.tap === tap.netDevStartXmit
  );
}

/**
 * Did the packet come to be here? A socket of this namespace sent it, or no device of it ever received it, or it came in by a
 * device that leads out of this kernel.
 */
export function isBirth(event: Event, topology: Topology): boolean {
  if (event.tap === tap.netDevQueue)
    return (event.flags & eventOwnSocket) !== 0 || (event.iif === 0 && event.headers?.inner === undefined);
  if (event.tap === tap.netfilter) return event.nfHook === NF_INET_LOCAL_OUT;
  if (event.tap !== tap.netifReceiveSkb) return event.iif === 0 && (event.flags & eventOwnSocket) !== 0;
  const link = topology.link(event.netns, event.ifindex, event.timeNs);
  return link !== undefined && isEdge(link);
}
