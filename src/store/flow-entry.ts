/**
 * What is remembered of one conversation. Journeys are added as they close, which is not the order in which they were sent: a packet
 * that a process has read closes before the one that it answers. So everything here goes by `startNs`, never by the order of adding.
 */
import type { Endpoint, Journey } from '../model/journey.ts';
import { Latencies } from './latencies.ts';

export type Counted = 'request' | 'reply' | 'related';

/** More unanswered requests than these are not told apart. */
const WAITING_MAX = 64;
const SEQS_MAX = 10_000;

export class FlowEntry {
  readonly id: string;
  readonly session: string;
  /** Earliest and latest of all. */
  first: Journey;
  last: Journey;
  /** Kernel time of the last hop of any. */
  lastNs = 0n;
  /** Earliest of each direction. */
  request: Journey | undefined;
  reply: Journey | undefined;
  lastRequest: Journey | undefined;
  /** The latest reply that was dropped. */
  lostReply: Journey | undefined;
  /** Requests that want an answer, sent after the latest reply that arrived. */
  waiting: Journey[] = [];
  /** Of those that arrived. */
  #latestReply: Journey | undefined;
  /** The first RST, or ICMP error that refuses. */
  refusal: Journey | undefined;
  /** The other side has spoken TCP, other than to refuse. */
  established = false;
  readonly fin = { request: false, reply: false };
  service: Endpoint | undefined;
  backend: Endpoint | undefined;
  readonly packets = { request: 0, reply: 0, related: 0 };
  readonly bytes = { request: 0, reply: 0, related: 0 };
  readonly #seqs = new Set<number>();
  retransmits = 0;
  drops = 0;
  lost = 0;
  readonly latencies = new Latencies();

  constructor(id: string, first: Journey) {
    this.id = id;
    this.session = first.session;
    this.first = first;
    this.last = first;
  }

  add(journey: Journey, direction: Counted): void {
    this.#count(journey, direction);
    this.first = earlier(this.first, journey);
    this.last = later(this.last, journey);
    const endNs = startNs(journey) + BigInt(journey.durationNs);
    if (endNs > this.lastNs) this.lastNs = endNs;
    this.service ??= journey.service;
    this.backend ??= journey.backend;
    if (direction === 'request') this.#addRequest(journey);
    else if (direction === 'reply') this.#addReply(journey);
    const flags = flagsOf(journey);
    if (flags.includes('R') || (direction === 'related' && isRefusal(journey)))
      this.refusal = earlier(this.refusal, journey);
    if (flags.includes('F') && direction !== 'related') this.fin[direction] = true;
  }

  #count(journey: Journey, direction: Counted): void {
    this.packets[direction]++;
    this.bytes[direction] += journey.lenBytes;
    if (journey.outcome.kind === 'dropped') this.drops++;
    if (!journey.complete) this.lost++;
    if (journey.outcome.kind === 'delivered') this.latencies.add(journey.durationNs);
  }

  #addRequest(journey: Journey): void {
    this.request = earlier(this.request, journey);
    this.lastRequest = later(this.lastRequest, journey);
    this.#countRetransmit(journey);
    if (!wantsAnswer(journey) || !this.#isAfterReply(journey)) return;
    this.waiting.push(journey);
    if (this.waiting.length > WAITING_MAX) this.waiting.shift();
  }

  #addReply(journey: Journey): void {
    this.reply = earlier(this.reply, journey);
    if (journey.proto === 'tcp' && !flagsOf(journey).includes('R')) this.established = true;
    if (journey.outcome.kind === 'dropped') this.lostReply = later(this.lostReply, journey);
    if (journey.outcome.kind === 'dropped' || journey.outcome.kind === 'open') return;
    this.#latestReply = later(this.#latestReply, journey);
    if (this.waiting.length > 0) this.waiting = this.waiting.filter(request => this.#isAfterReply(request));
  }

  #isAfterReply(request: Journey): boolean {
    return this.#latestReply === undefined || isBefore(this.#latestReply, request);
  }

  #countRetransmit(journey: Journey): void {
    const { tcp, payloadBytes = 0 } = journey.packet;
    if (tcp === undefined || !(payloadBytes > 0 || /[SF]/.test(flagsOf(journey)))) return;
    if (this.#seqs.has(tcp.seq)) this.retransmits++;
    else if (this.#seqs.size < SEQS_MAX) this.#seqs.add(tcp.seq);
  }
}

export function startNs(journey: Journey): bigint {
  return BigInt(journey.startNs);
}

function earlier(a: Journey | undefined, b: Journey): Journey {
  return a === undefined || isBefore(b, a) ? b : a;
}

export function later(a: Journey | undefined, b: Journey): Journey {
  return a === undefined || !isBefore(b, a) ? b : a;
}

/** Decimal texts are compared as they stand: to make numbers of them, several times a packet, cost more than all else here. */
function isBefore(a: Journey, b: Journey): boolean {
  return a.startNs.length === b.startNs.length ? a.startNs < b.startNs : a.startNs.length < b.startNs.length;
}

function flagsOf(journey: Journey): string {
  return journey.packet.tcp?.flags ?? '';
}

/** An answer is due to: a TCP SYN or data, an echo request, a DNS query. */
function wantsAnswer(journey: Journey): boolean {
  const { tcp, icmp, dns, payloadBytes = 0 } = journey.packet;
  if (tcp !== undefined) return flagsOf(journey).includes('S') || payloadBytes > 0;
  if (icmp !== undefined) return icmp.type === 8 || icmp.type === 128;
  return dns !== undefined && dns.rcode === undefined;
}

/** ICMP (v6) destination unreachable; not that the packet was too big. */
function isRefusal(journey: Journey): boolean {
  const icmp = journey.packet.icmp;
  if (icmp === undefined) return false;
  if (journey.proto === 'icmp') return icmp.type === 3 && icmp.code !== 4;
  return icmp.type === 1;
}
