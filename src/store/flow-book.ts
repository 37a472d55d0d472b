/**
 * Journeys → flows: the state of each conversation, and the journey and hop to look at first. CONTRACT 6.
 *
 * "curl hangs" is a fact about a flow: three SYNs, each delivered, and nothing came back.
 */

import type { Flow } from '../model/flow.ts';
import type { Journey, LinkKind, Tuple } from '../model/journey.ts';
import { FlowEntry } from './flow-entry.ts';
import { ANSWER_NS, blameOf, stateOf } from './flow-verdict.ts';

const FLOWS_MAX = 20_000;

export class FlowBook {
  readonly #entries = new Map<string, FlowEntry>();
  /** Flows forgotten because there were too many. */
  evicted = 0;

  add(journey: Journey): void {
    const { flow, direction } = journey;
    if (flow === undefined || direction === 'none' || isSpareCopy(journey)) return;
    this.#entryOf(flow, journey).add(journey, direction);
  }

  /** `cutNs` (kernel monotonic): the following was ended then before an answer had its time; see stateOf(). */
  all(cutNs?: bigint): Flow[] {
    return [...this.#entries.values()].map(entry => flowOf(entry, cutNs));
  }

  get(id: string): Flow | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : flowOf(entry);
  }

  #entryOf(id: string, first: Journey): FlowEntry {
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    if (this.#entries.size >= FLOWS_MAX) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
      this.evicted++;
    }
    const entry = new FlowEntry(id, first);
    this.#entries.set(id, entry);
    return entry;
  }
}

/** What a packet that has been counted was copied, cut or put together to. */
const spares: ReadonlySet<LinkKind> = new Set(['clone', 'flood', 'segment', 'fragment', 'reassembly']);

/** Only one that was dropped adds something. */
function isSpareCopy(journey: Journey): boolean {
  const isPart = journey.links.some(({ role, kind }) => role === 'parent' && spares.has(kind));
  return isPart && journey.outcome.kind !== 'dropped';
}

function flowOf(entry: FlowEntry, cutNs?: bigint): Flow {
  const state = stateOf(entry, cutNs);
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
    packets: { ...entry.packets },
    bytes: { ...entry.bytes },
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
