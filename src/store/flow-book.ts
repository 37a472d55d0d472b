/**
 * Journeys → flows: the state of each conversation, and the journey and hop to look at first. CONTRACT 6.
 *
 * "curl hangs" is a fact about a flow: three SYNs, each delivered, and nothing came back.
 */

import type { Flow, FlowState } from '../model/flow.ts';
import type { Endpoint, Journey, Tuple } from '../model/journey.ts';
import { Latencies } from './latencies.ts';

const ANSWER_NS = 1_000_000_000n;
const FLOWS_MAX = 20_000;

type Counted = 'request' | 'reply' | 'related';

interface Entry {
  readonly id: string;
  readonly session: string;
  readonly first: Journey;
  request: Journey | undefined;
  reply: Journey | undefined;
  /** The request that wants an answer and has none yet. */
  due: Journey | undefined;
  /** How often it was sent. */
  dueTimes: number;
  /** The last request that the kernel dropped, unless a later one got through. */
  dropped: Journey | undefined;
  /** RST, or an ICMP error that refuses. */
  refusal: Journey | undefined;
  established: boolean;
  readonly fin: { request: boolean; reply: boolean };
  last: Journey;
  lastNs: bigint;
  service: Endpoint | undefined;
  backend: Endpoint | undefined;
  readonly packets: Record<Counted, number>;
  readonly bytes: Record<Counted, number>;
  readonly seqs: Set<number>;
  retransmits: number;
  drops: number;
  lost: number;
  readonly latencies: Latencies;
}

export class FlowBook {
  readonly #entries = new Map<string, Entry>();
  /** Flows forgotten because there were too many. */
  evicted = 0;

  add(journey: Journey): void {
    if (journey.flow === undefined || journey.direction === 'none' || isSpareCopy(journey)) return;
    const entry = this.#entryOf(journey);
    const direction = journey.direction as Counted;
    entry.packets[direction]++;
    entry.bytes[direction] += journey.lenBytes;
    entry.last = journey;
    const endNs = BigInt(journey.startNs) + BigInt(journey.durationNs);
    if (endNs > entry.lastNs) entry.lastNs = endNs;
    entry.service ??= journey.service;
    entry.backend ??= journey.backend;
    if (journey.outcome.kind === 'dropped') entry.drops++;
    if (!journey.complete) entry.lost++;
    if (journey.outcome.kind === 'delivered') entry.latencies.add(journey.durationNs);
    this.#advance(entry, journey, direction);
  }

  all(): Flow[] {
    return [...this.#entries.values()].map(entry => flowOf(entry));
  }

  get(id: string): Flow | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : flowOf(entry);
  }

  #entryOf(journey: Journey): Entry {
    const id = journey.flow!;
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    if (this.#entries.size >= FLOWS_MAX) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
      this.evicted++;
    }
    const entry: Entry = {
      id,
      session: journey.session,
      first: journey,
      request: undefined,
      reply: undefined,
      due: undefined,
      dueTimes: 0,
      dropped: undefined,
      refusal: undefined,
      established: false,
      fin: { request: false, reply: false },
      last: journey,
      lastNs: BigInt(journey.startNs),
      service: undefined,
      backend: undefined,
      packets: { request: 0, reply: 0, related: 0 },
      bytes: { request: 0, reply: 0, related: 0 },
      seqs: new Set(),
      retransmits: 0,
      drops: 0,
      lost: 0,
      latencies: new Latencies(),
    };
    this.#entries.set(id, entry);
    return entry;
  }

  #advance(entry: Entry, journey: Journey, direction: Counted): void {
    const flags = journey.packet.tcp?.flags ?? '';
    if (direction === 'request') {
      entry.request ??= journey;
      this.#countRetransmit(entry, journey);
      if (wantsAnswer(journey)) {
        entry.dueTimes = entry.due?.summary === journey.summary ? entry.dueTimes + 1 : 1;
        entry.due = journey;
      }
      entry.dropped = journey.outcome.kind === 'dropped' ? journey : undefined;
      if (flags.includes('F')) entry.fin.request = true;
    } else if (direction === 'reply') {
      entry.reply ??= journey;
      if (flags.includes('F')) entry.fin.reply = true;
      if (flags.includes('S')) entry.established = true;
      if (arrived(journey) && (entry.due === undefined || answers(journey, entry.due))) entry.due = undefined;
    } else if (isRefusal(journey)) entry.refusal ??= journey;
    if (flags.includes('R')) entry.refusal ??= journey;
  }

  #countRetransmit(entry: Entry, journey: Journey): void {
    const tcp = journey.packet.tcp;
    if (tcp === undefined || !((journey.packet.payloadBytes ?? 0) > 0 || /[SF]/.test(tcp.flags ?? '')))
      return;
    if (entry.seqs.has(tcp.seq)) entry.retransmits++;
    else if (entry.seqs.size < 10_000) entry.seqs.add(tcp.seq);
  }
}

/** A copy or part of a packet that has been counted: only one that was dropped adds something. */
function isSpareCopy(journey: Journey): boolean {
  const isPart = journey.links.some(
    link =>
      link.role === 'parent' && link.kind !== 'retransmit' && link.kind !== 'error' && link.kind !== 'answer',
  );
  return isPart && journey.outcome.kind !== 'dropped';
}

/** An answer is due to: a TCP SYN or data, an echo request, a DNS query. */
function wantsAnswer(journey: Journey): boolean {
  const { tcp, icmp, dns, payloadBytes } = journey.packet;
  if (tcp !== undefined) return (tcp.flags ?? '').includes('S') || (payloadBytes ?? 0) > 0;
  if (icmp !== undefined) return icmp.type === 8 || icmp.type === 128;
  return dns !== undefined && dns.rcode === undefined;
}

function arrived(journey: Journey): boolean {
  return journey.outcome.kind !== 'dropped' && journey.outcome.kind !== 'open';
}

function answers(reply: Journey, due: Journey): boolean {
  return BigInt(reply.startNs) >= BigInt(due.startNs);
}

/** ICMP (v6) destination unreachable. */
function isRefusal(journey: Journey): boolean {
  const icmp = journey.packet.icmp;
  if (icmp === undefined) return false;
  if (journey.proto === 'icmp') return icmp.type === 3 && icmp.code !== 4;
  return icmp.type === 1;
}

function stateOf(entry: Entry): FlowState {
  // A packet that is rejected is dropped and answered by an ICMP error: the error tells more.
  if (entry.dropped !== undefined && entry.refusal?.direction !== 'related') return 'dropped';
  if (entry.refusal !== undefined)
    return entry.established && entry.refusal.proto === 'tcp' ? resetState(entry) : 'refused';
  if (entry.due !== undefined) return 'unanswered';
  if (entry.fin.request && entry.fin.reply) return 'closed';
  return entry.reply === undefined ? 'open' : 'answered';
}

/** A client that closes with RST after it has got everything is no failure; one in the middle is. */
function resetState(entry: Entry): FlowState {
  return entry.fin.request && entry.fin.reply ? 'closed' : 'reset';
}

function blameOf(entry: Entry, state: FlowState): Flow['blame'] {
  const pick = (journey: Journey, text: string): Flow['blame'] => ({
    journey: journey.id,
    hop: journey.outcome.at,
    text,
  });
  if (state === 'dropped' && entry.dropped?.outcome.kind === 'dropped') {
    const { reason, location, hook } = entry.dropped.outcome;
    return pick(entry.dropped, `${reason} in ${hook?.toUpperCase() ?? location}`);
  }
  if ((state === 'refused' || state === 'reset') && entry.refusal !== undefined)
    return pick(entry.refusal, `${entry.refusal.summary} from ${nameOf(entry.refusal.from)}`);
  if (state === 'unanswered' && entry.due !== undefined)
    return pick(entry.due, unansweredText(entry.due, entry.dueTimes));
  return undefined;
}

/** What is known of the request that nothing answered. */
function unansweredText(due: Journey, times: number): string {
  const sent = times === 1 ? due.summary : `${due.summary} sent ${times} times`;
  const { outcome } = due;
  if (outcome.kind === 'open' && outcome.waiting === 'neighbour')
    return `${sent}, waits for the MAC address of its next hop`;
  if (outcome.kind === 'open' || outcome.kind === 'lost') return `${sent}, where it went was not seen`;
  if (outcome.kind === 'transmitted') return `${sent}, left this kernel by ${outcome.dev}, nothing came back`;
  return `${sent}, reached ${nameOf(due.backend ?? due.to)}, nothing came back (is anything listening there?)`;
}

function nameOf(endpoint: Endpoint): string {
  return endpoint.name ?? endpoint.ip;
}

function flowOf(entry: Entry): Flow {
  const state = stateOf(entry);
  const blame = blameOf(entry, state);
  const request = entry.request;
  const base = request ?? entry.first;
  const isReversed = request === undefined && entry.first.direction === 'reply';
  const latency = entry.latencies.summary();
  return {
    schema: 1,
    session: entry.session,
    id: entry.id,
    proto: base.proto,
    orig: isReversed ? reverse(birthTuple(base)) : birthTuple(base),
    ...(entry.reply === undefined ? {} : { reply: birthTuple(entry.reply) }),
    from: isReversed ? base.to : base.from,
    to: isReversed ? (base.service ?? base.from) : base.to,
    ...(entry.service === undefined ? {} : { service: entry.service }),
    ...(entry.backend === undefined ? {} : { backend: entry.backend }),
    state,
    ...(blame === undefined ? {} : { blame }),
    startedAt: entry.first.startedAt,
    lastAt: entry.last.startedAt,
    lastNs: String(entry.lastNs),
    packets: entry.packets,
    bytes: entry.bytes,
    retransmits: entry.retransmits,
    dropped: entry.drops,
    lost: entry.lost,
    ...(latency === undefined ? {} : { latencyNs: latency }),
  };
}

function birthTuple(journey: Journey): Tuple {
  const hop = journey.hops.find(h => h.tuple !== undefined);
  const seen = hop?.inner ?? hop?.tuple;
  if (seen === undefined) return { proto: journey.proto, src: journey.from.ip, dst: journey.to.ip };
  const addressed = journey.addressed;
  if (addressed === undefined) return seen;
  return {
    ...seen,
    dst: addressed.ip,
    ...(addressed.port === undefined || seen.dport === undefined ? {} : { dport: addressed.port }),
  };
}

function reverse(tuple: Tuple): Tuple {
  return {
    ...tuple,
    src: tuple.dst,
    dst: tuple.src,
    ...(tuple.dport === undefined ? {} : { sport: tuple.dport }),
    ...(tuple.sport === undefined ? {} : { dport: tuple.sport }),
  };
}

/** Has an unanswered request waited as long as CONTRACT 6 gives it? */
export function isOverdue(flow: Flow, nowNs: bigint): boolean {
  return flow.state === 'unanswered' && nowNs - BigInt(flow.lastNs) >= ANSWER_NS;
}
