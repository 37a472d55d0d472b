/**
 * Where the sk_buff changes under a packet: what a new one is the continuation, the copy or the part of.
 *
 * The kernel tells none of it without kprobes. So it is told by what a copy shares with its original: the CPU that makes it, at
 * once; the buffer with the data (`skb->head`), which clones share; what no hop changes in the headers; and a step that the
 * topology allows. What this cannot know: a clone whose data was copied before it was first seen (skb_copy) looks like a packet of its own.
 */
import { type Event, isHearsay } from '../model/event.ts';
import { tap } from '../model/layout.generated.ts';
import { innermost } from '../model/tuples.ts';
import type { Continuation } from './ends.ts';
import { FragmentTable } from './fragments.ts';
import { move } from './moves.ts';
import { isBirth, type OpenJourney } from './open-journey.ts';
import { Relations } from './relations.ts';
import { isAlike, isSegmentOf, samePacket } from './same-packet.ts';
import type { Topology } from './topology.ts';

/** A copy made of a packet is seen this soon after it, or the two have nothing to do with each other. */
const COPY_NS = 5_000_000;

/** A merged packet goes through a few devices before the call returns that merged its last part. */
const RECEIVED_KEPT = 8;

interface Received {
  readonly journey: OpenJourney;
  readonly event: Event;
}

export class Lineage {
  readonly #topology: Topology;
  readonly #isOpen: (journey: OpenJourney) => boolean;
  readonly #fragments = new FragmentTable();
  readonly #relations = new Relations();
  readonly #byHead = new Map<number, OpenJourney>();
  /** Journeys whose sk_buff ended while the packet goes on, by CPU: the copy follows at once. */
  readonly #copying = new Map<number, OpenJourney>();
  /** Packets that GRO put into another one, which has not been seen since. */
  #merging: OpenJourney[] = [];
  /** The last few that each CPU received, newest last. */
  readonly #received = new Map<number, Received[]>();
  /** Super-packets that were cut into segments, newest first: the segments follow soon. */
  #cutting: OpenJourney[] = [];

  constructor(topology: Topology, isOpen: (journey: OpenJourney) => boolean) {
    this.#topology = topology;
    this.#isOpen = isOpen;
  }

  note(journey: OpenJourney, event: Event): void {
    this.#relations.note(journey, event);
    if (isHearsay(event)) return;
    if (this.#merging.length > 0) this.#linkMerged(journey, event);
    if (event.tap === tap.netifReceiveSkb && event.gsoSegs > 1) this.#remember(journey, event);
    this.#fragments.note(journey, event);
    // The first holder of the data stays the one that copies are copies of.
    if (journey.root === undefined && this.#byHead.get(event.head) !== journey)
      this.#byHead.set(event.head, journey);
  }

  /** The sk_buff of this journey ended on that CPU, and the packet goes on in another one. */
  goesOn(journey: OpenJourney, cpu: number, as: Continuation): void {
    if (as === 'copy') this.#copying.set(cpu, journey);
    if (as === 'segments') this.#cutting.unshift(journey);
    if (as === 'merged') this.#merged(journey, cpu);
    if (as === 'datagram') this.#fragments.reassembled(journey.lastPlace);
  }

  forget(journey: OpenJourney): void {
    this.#fragments.forget(journey);
    let before = 0;
    for (const { head } of journey.events) {
      if (head !== before && this.#byHead.get(head) === journey) this.#byHead.delete(head);
      before = head;
    }
  }

  /** The journey that goes on in the sk_buff of this event, which was not seen before. */
  continuedBy(event: Event): OpenJourney | undefined {
    const ended = this.#copying.get(event.cpu);
    this.#copying.delete(event.cpu);
    if (ended !== undefined && event.timeNs - ended.last.timeNs <= COPY_NS && this.#mayBe(ended, event))
      return ended;
    const holder = this.#byHead.get(event.head);
    return holder !== undefined && this.#isStandIn(holder, event) ? holder : undefined;
  }

  /** Links a new journey to what it was made of, if it was. `previous`: what was at its sk_buff before. */
  link(journey: OpenJourney, event: Event, previous: OpenJourney | undefined): void {
    this.#linkCopy(journey, event, previous);
    if (!journey.links.some(link => link.role === 'parent')) this.#relations.begin(journey, event);
  }

  #linkCopy(journey: OpenJourney, event: Event, previous: OpenJourney | undefined): void {
    if (this.#linkFragments(journey, event) || this.#linkSegment(journey, event)) return;
    const holder = this.#byHead.get(event.head);
    if (holder === undefined || holder === previous || !this.#isOpen(holder)) return;
    // Who compared captured packets has said that this is a copy.
    if (
      event.captured === true ||
      (event.timeNs - holder.last.timeNs < COPY_NS && isAlike(holder.lastPlace, event))
    )
      this.#fork(holder, journey, event);
  }

  #mayBe(journey: OpenJourney, event: Event): boolean {
    const was = journey.lastPlace;
    return this.#isOpen(journey) && samePacket(was, event) && move(was, event, this.#topology) === 'possible';
  }

  /**
   * Reassembly turns the last fragment's sk_buff into the datagram and puts a clone in its place (inet_frag_reasm_prepare(),
   * Linux 6.18): the fragment that leaves again is that clone. A bridge that floods makes clones too, between its ports. There only
   * a reassembly that was seen, or an IPv6 fragment that leaves with another id, tells the two apart.
   */
  #isStandIn(holder: OpenJourney, event: Event): boolean {
    const fragment = innermost(event)?.fragment;
    if (fragment === undefined || isBirth(event, this.#topology) || !this.#mayBe(holder, event)) return false;
    const was = holder.lastPlace;
    if (innermost(was)?.fragment?.id !== fragment.id) return true;
    if (was.tap === tap.netifReceiveSkb && this.#fragments.wasReassembled(was)) return true;
    const from = this.#topology.link(was.netns, was.ifindex, was.timeNs);
    return from !== undefined && from.master === undefined && from.kind !== 'bridge';
  }

  /** Put together from fragments, or cut from a datagram, in this namespace. */
  #linkFragments(journey: OpenJourney, event: Event): boolean {
    const whole = this.#fragments.wholeOf(event);
    if (whole !== undefined && whole !== journey && event.timeNs - whole.last.timeNs < COPY_NS) {
      journey.datagram = whole;
      goOn('fragment', whole, journey);
      return true;
    }
    const parts = this.#fragments.partsOf(event);
    for (const part of parts) {
      part.datagram = journey;
      goOn('reassembly', part, journey);
    }
    return parts.length > 0;
  }

  /** A segment with PSH flushes: the whole is received inside of the call that merges its last part. */
  #merged(part: OpenJourney, cpu: number): void {
    const whole = this.#received
      .get(cpu)
      ?.findLast(({ journey, event }) => journey !== part && isSegmentOf(part.lastPlace, event));
    if (whole === undefined) this.#merging.push(part);
    else goOn('merge', part, whole.journey);
  }

  #remember(journey: OpenJourney, event: Event): void {
    const known = this.#received.get(event.cpu);
    if (known === undefined) this.#received.set(event.cpu, [{ journey, event }]);
    else if (known.push({ journey, event }) > RECEIVED_KEPT) known.shift();
  }

  /** GRO keeps the first segment's sk_buff and id: the next sight of it is longer, and the merged ones lie inside. */
  #linkMerged(journey: OpenJourney, event: Event): void {
    this.#merging = this.#merging.filter(part => {
      if (part === journey || !isSegmentOf(part.lastPlace, event))
        return event.timeNs - part.last.timeNs < COPY_NS;
      goOn('merge', part, journey);
      return false;
    });
  }

  #linkSegment(journey: OpenJourney, event: Event): boolean {
    if (this.#cutting.length === 0) return false;
    this.#cutting = this.#cutting.filter(whole => event.timeNs - whole.last.timeNs <= COPY_NS);
    const whole = this.#cutting.find(cut => isSegmentOf(event, cut.lastPlace));
    if (whole === undefined) return false;
    journey.datagram = whole;
    goOn('segment', whole, journey);
    return true;
  }

  /** A clone shares its data with the original: a bridge that floods makes one for each port. */
  #fork(parent: OpenJourney, journey: OpenJourney, event: Event): void {
    const link = this.#topology.link(event.netns, event.ifindex, event.timeNs);
    const isFlood = event.captured === true || link?.master !== undefined || link?.kind === 'bridge';
    const kind = isFlood ? 'flood' : 'clone';
    journey.root = parent.root ?? parent;
    journey.root.copies.push(journey);
    journey.links.push({ kind, role: 'parent', journey: parent.id });
    parent.links.push({ kind, role: 'child', journey: journey.id });
  }
}

function goOn(
  kind: 'fragment' | 'reassembly' | 'segment' | 'merge',
  parent: OpenJourney,
  child: OpenJourney,
): void {
  parent.into.push(child);
  parent.links.push({ kind, role: 'child', journey: child.id });
  child.links.push({ kind, role: 'parent', journey: parent.id });
}
