/**
 * Journeys → flows: the state of each conversation, and the journey and hop to look at first. CONTRACT 6.
 *
 * "curl hangs" is a fact about a flow: three SYNs, each delivered, and nothing came back.
 */

import type { Flow } from '../model/flow.ts';
import type { Journey, LinkKind, Tuple } from '../model/journey.ts';
import { BlindTimes } from './blind-times.ts';
import { FlowEntry, type WithHops } from './flow-entry.ts';
import { ANSWER_NS, blameOf, type Circumstances, stateOf, type Witness } from './flow-verdict.ts';
import { headOf, type JourneyHead } from './journey-head.ts';

export interface FlowBookOptions {
  /** More than these, and the oldest is forgotten. */
  readonly flowsMax?: number;
}

const FLOWS_MAX = 20_000;

export class FlowBook {
  readonly #entries = new Map<string, FlowEntry>();
  readonly #flowsMax: number;
  readonly blind = new BlindTimes();
  /** Absent where all that happens is seen. */
  witness: Witness | undefined;
  /** Flows forgotten because there were too many. */
  evicted = 0;

  constructor({ flowsMax = FLOWS_MAX }: FlowBookOptions = {}) {
    this.#flowsMax = flowsMax;
  }

  /** Its entry, if it counts. `seen`: hops of a packet on the same way, where they are at hand. */
  add(journey: Journey): void {
    this.addHead(headOf(journey), journey);
  }

  /** `seen`: its hops, or those of another packet on the same way. @returns its flow, if it counts. */
  addHead(head: JourneyHead, seen: WithHops): FlowEntry | undefined {
    const { flow, direction } = head;
    if (flow === undefined || direction === 'none' || isSpareCopy(head)) return undefined;
    const entry = this.#entryOf(flow, head, seen);
    entry.add(head, direction, seen, this.witness);
    return entry;
  }

  /** One that was added has become another. */
  amend(before: JourneyHead, after: JourneyHead): void {
    if (after.flow !== undefined && !isSpareCopy(after)) this.#entries.get(after.flow)?.amend(before, after);
  }

  forget(id: string): void {
    this.#entries.delete(id);
  }

  /** `cutNs` (kernel monotonic): the following was ended then before an answer had its time; see stateOf(). */
  all(cutNs?: bigint): Flow[] {
    return [...this.#entries.values()].map(entry => flowOf(entry, this.#circumstances(cutNs)));
  }

  get(id: string, cutNs?: bigint): Flow | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : flowOf(entry, this.#circumstances(cutNs));
  }

  #circumstances(cutNs: bigint | undefined): Circumstances {
    return { cutNs, blind: this.blind, witness: this.witness };
  }

  #entryOf(id: string, first: JourneyHead, seen: WithHops): FlowEntry {
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    if (this.#entries.size >= this.#flowsMax) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
      this.evicted++;
    }
    const entry = new FlowEntry(id, first, seen);
    this.#entries.set(id, entry);
    return entry;
  }
}

/** What a packet that has been counted was copied, cut or put together to. */
const spares: ReadonlySet<LinkKind> = new Set(['clone', 'flood', 'segment', 'fragment', 'reassembly']);

/** Only one that was dropped adds something. */
function isSpareCopy(journey: JourneyHead): boolean {
  const isPart = journey.links.some(({ role, kind }) => role === 'parent' && spares.has(kind));
  return isPart && journey.outcome.kind !== 'dropped';
}

export function flowOf(entry: FlowEntry, circumstances: Circumstances = {}): Flow {
  const state = stateOf(entry, circumstances);
  const blame = blameOf(entry, state, circumstances.witness);
  const request = entry.request;
  const base = request ?? entry.first;
  const sent = entry.requestTuple ?? entry.firstTuple;
  const isReversed = request === undefined && entry.first.direction === 'reply';
  const latency = entry.latencies.summary();
  return {
    schema: 1,
    session: entry.session,
    id: entry.id,
    proto: base.proto,
    orig: isReversed ? reverse(sent) : sent,
    ...(entry.replyTuple === undefined ? {} : { reply: entry.replyTuple }),
    from: isReversed ? base.to : base.from,
    to: isReversed ? (base.service ?? base.from) : base.to,
    ...(entry.service === undefined ? {} : { service: entry.service }),
    ...(entry.backend === undefined ? {} : { backend: entry.backend }),
    state,
    ...(blame === undefined ? {} : { blame }),
    startedAt: entry.first.startedAt,
    lastAt: entry.last.startedAt,
    lastNs: String(entry.lastNs),
    packets: { ...entry.packets },
    bytes: { ...entry.bytes },
    retransmits: entry.retransmits,
    dropped: entry.drops,
    lost: entry.lost,
    ...(latency === undefined ? {} : { latencyNs: latency }),
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
