/**
 * What is remembered of one conversation. Journeys are added as they close, which is not the order in which they were sent: a packet
 * that a process has read closes before the one that it answers. So everything here goes by `startNs`, never by the order of adding.
 * Journeys are remembered without their hops, so that none outlives its place in the store by more than its head.
 */
import type { Endpoint, Hop, Tuple } from '../model/journey.ts';
import type { Witness } from './flow-verdict.ts';
import { birthTuple, type JourneyHead } from './journey-head.ts';
import { Latencies } from './latencies.ts';

export type Counted = 'request' | 'reply' | 'related';

/** More unanswered requests than these are not told apart. */
const WAITING_MAX = 64;
/** What is sent again was sent not long ago. */
const SEQS_MAX = 1024;
/** Estimated; `test/bench/store.ts` holds the sum against the real heap. */
const ENTRY_BYTES = 2200;
const SEQ_BYTES = 36;
const HEAD_BYTES = 700;

export class FlowEntry {
  readonly id: string;
  readonly session: string;
  /** Seen by tcpdump: a packet may be cut in two, and an answer may go by unseen. */
  readonly isCaptured: boolean;
  /** Raised with each change. */
  rev = 0;
  /** Earliest and latest of all. */
  first: JourneyHead;
  last: JourneyHead;
  /** Kernel time of the last hop of any. */
  lastNs = 0n;
  /** Earliest of each direction. */
  request: JourneyHead | undefined;
  reply: JourneyHead | undefined;
  /** As these were sent. */
  firstTuple: Tuple;
  requestTuple: Tuple | undefined;
  replyTuple: Tuple | undefined;
  lastRequest: JourneyHead | undefined;
  /** The latest reply that was dropped. */
  lostReply: JourneyHead | undefined;
  /** Requests that want an answer, sent after the latest reply that arrived. */
  waiting: JourneyHead[] = [];
  /** By the ids of those. */
  readonly #watchers = new Map<string, readonly string[]>();
  /** Of those that arrived. */
  #latestReply: JourneyHead | undefined;
  /** The first RST, or ICMP error that refuses. */
  refusal: JourneyHead | undefined;
  /** The other side has spoken TCP, other than to refuse. */
  established = false;
  readonly fin = { request: false, reply: false };
  service: Endpoint | undefined;
  backend: Endpoint | undefined;
  readonly packets = { request: 0, reply: 0, related: 0 };
  readonly bytes = { request: 0, reply: 0, related: 0 };
  /** By sequence number, where what carried it was first seen; "" where packets have identities. */
  readonly #seqs = new Map<number, string>();
  retransmits = 0;
  drops = 0;
  lost = 0;
  readonly latencies = new Latencies();

  constructor(id: string, first: JourneyHead, seen: WithHops) {
    this.id = id;
    this.session = first.session;
    this.first = first;
    this.last = first;
    this.firstTuple = birthTuple(first, seen.hops);
    this.isCaptured = seen.hops.some(hop => hop.hook === 'pcap');
  }

  /** `seen`: its hops, or those of another packet on the same way; looked at only if they are needed. */
  add(journey: JourneyHead, direction: Counted, seen: WithHops, witness?: Witness): void {
    this.rev++;
    this.#count(journey, direction);
    if (isBefore(journey, this.first)) {
      this.first = journey;
      this.firstTuple = birthTuple(journey, seen.hops);
    }
    this.last = later(this.last, journey);
    this.#lasts(journey);
    this.service ??= journey.service;
    this.backend ??= journey.backend;
    if (direction === 'request') this.#addRequest(journey, seen, witness);
    else if (direction === 'reply') this.#addReply(journey, seen);
    const flags = flagsOf(journey);
    if (flags.includes('R') || (direction === 'related' && isRefusal(journey)))
      this.refusal = earlier(this.refusal, journey);
    if (flags.includes('F') && direction !== 'related') this.fin[direction] = true;
  }

  /** A journey that was added has become another: something came late. */
  amend(before: JourneyHead, after: JourneyHead): void {
    this.rev++;
    if (before.outcome.kind === 'dropped') this.drops--;
    if (!before.complete) this.lost--;
    this.#judge(after, before.outcome.kind !== 'delivered');
    this.#lasts(after);
    this.#replace(before, after);
    if (after.direction === 'reply') this.#arrived(after);
  }

  /** Where the answer to this request has to pass in sight. */
  watchersOf({ id }: JourneyHead): readonly string[] {
    return this.#watchers.get(id) ?? [];
  }

  /** Kernel time of the first request that still waits for its answer. */
  get waitsSinceNs(): bigint | undefined {
    let due: JourneyHead | undefined;
    for (const journey of this.waiting) due = earlier(due, journey);
    return due === undefined ? undefined : startNs(due);
  }

  /** On the heap, estimated. */
  get heapBytes(): number {
    return (
      ENTRY_BYTES +
      this.#seqs.size * SEQ_BYTES +
      this.latencies.size * 8 +
      Math.max(0, this.waiting.length - 1) * HEAD_BYTES
    );
  }

  #lasts(journey: JourneyHead): void {
    const endNs = startNs(journey) + BigInt(journey.durationNs);
    if (endNs > this.lastNs) this.lastNs = endNs;
  }

  #replace(before: JourneyHead, after: JourneyHead): void {
    if (this.first === before) this.first = after;
    if (this.last === before) this.last = after;
    if (this.request === before) this.request = after;
    if (this.reply === before) this.reply = after;
    if (this.lastRequest === before) this.lastRequest = after;
    if (this.lostReply === before) this.lostReply = undefined;
    if (this.#latestReply === before) this.#latestReply = after;
    if (this.refusal === before) this.refusal = after;
    const waits = this.waiting.indexOf(before);
    if (waits >= 0) this.waiting[waits] = after;
  }

  #count(journey: JourneyHead, direction: Counted): void {
    this.packets[direction]++;
    this.bytes[direction] += journey.lenBytes;
    this.#judge(journey, true);
  }

  #judge({ outcome, complete, durationNs }: JourneyHead, isTimed: boolean): void {
    if (outcome.kind === 'dropped') this.drops++;
    if (!complete) this.lost++;
    if (outcome.kind === 'delivered' && isTimed && durationNs > 0) this.latencies.add(durationNs);
  }

  #addRequest(journey: JourneyHead, seen: WithHops, witness: Witness | undefined): void {
    if (this.request === undefined || isBefore(journey, this.request)) {
      this.request = journey;
      this.requestTuple = birthTuple(journey, seen.hops);
    }
    this.lastRequest = later(this.lastRequest, journey);
    this.#countRetransmit(journey, seen);
    if (!wantsAnswer(journey) || !this.#isAfterReply(journey)) return;
    this.waiting.push(journey);
    if (witness !== undefined) this.#watchers.set(journey.id, witness.watchersOf(journey, seen.hops));
    if (this.waiting.length > WAITING_MAX) this.#watchers.delete(this.waiting.shift()!.id);
  }

  #addReply(journey: JourneyHead, seen: WithHops): void {
    if (this.reply === undefined || isBefore(journey, this.reply)) {
      this.reply = journey;
      this.replyTuple = birthTuple(journey, seen.hops);
    }
    if (journey.proto === 'tcp' && !flagsOf(journey).includes('R')) this.established = true;
    this.#arrived(journey);
  }

  /** Did it? Then what was sent before it is answered. */
  #arrived(journey: JourneyHead): void {
    if (journey.outcome.kind === 'dropped') this.lostReply = later(this.lostReply, journey);
    if (journey.outcome.kind === 'dropped') return;
    // In a capture, to be seen on its way is all that an answer can do where the one who asked was not captured.
    if (journey.outcome.kind === 'open' && !this.isCaptured) return;
    this.#latestReply = later(this.#latestReply, journey);
    if (this.waiting.length === 0) return;
    this.waiting = this.waiting.filter(request => this.#isAfterReply(request));
    if (this.waiting.length === 0) this.#watchers.clear();
  }

  #isAfterReply(request: JourneyHead): boolean {
    return this.#latestReply === undefined || isBefore(this.#latestReply, request);
  }

  #countRetransmit(journey: JourneyHead, seen: WithHops): void {
    const { tcp, payloadBytes = 0 } = journey.packet;
    if (tcp === undefined || !(payloadBytes > 0 || /[SF]/.test(flagsOf(journey)))) return;
    const place = this.isCaptured ? firstPlace(seen) : '';
    const before = this.#seqs.get(tcp.seq);
    if (before !== undefined) {
      // What a capture shows of one packet at two places may be two journeys.
      if (before === place) this.retransmits++;
      return;
    }
    this.#seqs.set(tcp.seq, place);
    if (this.#seqs.size > SEQS_MAX) this.#seqs.delete(this.#seqs.keys().next().value!);
  }
}

function firstPlace({ hops }: WithHops): string {
  const hop = hops[0];
  return hop === undefined ? '' : `${hop.netns.cookie} ${hop.dev} ${hop.stage}`;
}

/** Getting them may be work. */
export interface WithHops {
  readonly hops: readonly Hop[];
}

export function startNs(journey: JourneyHead): bigint {
  return BigInt(journey.startNs);
}

function earlier(a: JourneyHead | undefined, b: JourneyHead): JourneyHead {
  return a === undefined || isBefore(b, a) ? b : a;
}

export function later(a: JourneyHead | undefined, b: JourneyHead): JourneyHead {
  return a === undefined || !isBefore(b, a) ? b : a;
}

/** Decimal texts are compared as they stand: to make numbers of them, several times a packet, cost more than all else here. */
function isBefore(a: JourneyHead, b: JourneyHead): boolean {
  return a.startNs.length === b.startNs.length ? a.startNs < b.startNs : a.startNs.length < b.startNs.length;
}

function flagsOf(journey: JourneyHead): string {
  return journey.packet.tcp?.flags ?? '';
}

/** An answer is due to: a TCP SYN or data, an echo request, a DNS query. */
function wantsAnswer(journey: JourneyHead): boolean {
  const { tcp, icmp, dns, payloadBytes = 0 } = journey.packet;
  if (tcp !== undefined) return flagsOf(journey).includes('S') || payloadBytes > 0;
  if (icmp !== undefined) return icmp.type === 8 || icmp.type === 128;
  return dns !== undefined && dns.rcode === undefined;
}

/** ICMP (v6) destination unreachable; not that the packet was too big. */
function isRefusal(journey: JourneyHead): boolean {
  const icmp = journey.packet.icmp;
  if (icmp === undefined) return false;
  if (journey.proto === 'icmp') return icmp.type === 3 && icmp.code !== 4;
  return icmp.type === 1;
}
