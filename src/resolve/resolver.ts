/** A journey's events and what correlation knows of them → the `Journey` that the world reads. */

import type { Event } from '../model/event.ts';
import { figuresOf, hopsWith } from '../model/hop-figures.ts';
import type { Endpoint, Hop, Journey, Outcome } from '../model/journey.ts';
import type { JourneyRecord } from '../model/journey-record.ts';
import { innermost, ownConntrack } from '../model/tuples.ts';
import { dropHook } from './drop-hook.ts';
import { HopBuilder, type HopDraft } from './hops.ts';
import { type Ends, eventIndexes, KnownWays, type Way } from './known-ways.ts';
import { packetFacts, packetSummary } from './packet.ts';
import type { Places } from './places.ts';
import { protoName } from './protocols.ts';

export interface ResolverOptions {
  readonly session: string;
  readonly places: Places;
  /** CLOCK_REALTIME at session time 0. */
  readonly realtimeNs: bigint;
  /** CLOCK_MONOTONIC at session time 0. */
  readonly monotonicNs: bigint;
  /** The words of a hop among the others of its packet; `timeNs` is when its names are valid, `dropHook` whose rules dropped it there. */
  readonly explain: (
    hops: readonly HopDraft[],
    index: number,
    timeNs: number,
    dropHook: string | undefined,
  ) => Pick<Hop, 'text' | 'command' | 'rule'>;
}

const FLOWS_MAX = 50_000;
const NETFILTER_DROP = 'NETFILTER_DROP';

interface FlowEnds {
  readonly service: Endpoint | undefined;
}

export class Resolver {
  readonly #options: ResolverOptions;
  readonly #hops: HopBuilder;
  readonly #ways: KnownWays;
  /** What the request told of a flow, for its replies. */
  readonly #flows = new Map<string, FlowEnds>();

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#hops = new HopBuilder(options.places);
    this.#ways = new KnownWays(options.places);
  }

  /** `hops` are made when they are asked for: of a thousand packets that go into one line, nobody asks. */
  resolve(record: JourneyRecord, way = this.wayOf(record)): Journey {
    const first = record.events[0]!;
    const last = record.events[record.events.length - 1]!;
    const layer = innermost(first);
    const packet = packetFacts(first);
    const figures = figuresOf(record.events);
    let hops: Hop[] | undefined;
    return {
      schema: 1,
      session: this.#options.session,
      id: record.id,
      startedAt: rfc3339(this.#options.realtimeNs + BigInt(first.timeNs)),
      startNs: String(this.#options.monotonicNs + BigInt(first.timeNs)),
      durationNs: last.timeNs - first.timeNs,
      direction: record.direction,
      ...(record.flow === undefined ? {} : { flow: record.flow }),
      proto: layer === undefined ? String(first.protocol) : protoName(layer),
      ...(layer === undefined || layer.family === 0 ? {} : { family: layer.family }),
      summary: packetSummary(first, packet),
      lenBytes: first.skbLen,
      packet,
      ...way.ends,
      outcome: this.#outcomeAt(record, way),
      complete: record.complete,
      ...(record.closedBy === undefined ? {} : { closedBy: record.closedBy }),
      get hops() {
        hops ??= hopsWith(figures, way.hops);
        return hops;
      },
      gaps: record.gaps.map(gap => ({ ...gap, after: gap.after < 0 ? -1 : (way.hopOf[gap.after] ?? -1) })),
      links: record.links,
    } as Journey; // of a record that is open it has no closedBy: JourneyVersion
  }

  /** What the packet has in common with others; the same object for many of them. */
  wayOf(record: JourneyRecord): Way {
    const known = this.#ways.find(record, this.#knownService(record));
    if (known !== undefined) return known;
    const firstNs = record.events[0]!.timeNs;
    const drafts = this.#hops.build(record);
    const hookOfDrop = this.#dropHook(record);
    const hops = drafts.map((draft, index) => ({
      ...draft,
      index,
      ...this.#options.explain(
        drafts,
        index,
        firstNs + draft.offsetNs,
        index === drafts.length - 1 ? hookOfDrop : undefined,
      ),
    }));
    const way: Way = {
      hops,
      hopOf: eventIndexes(hops),
      ends: this.#ends(record),
    };
    this.#ways.keep(record, this.#knownService(record), way);
    return way;
  }

  #knownService({ flow }: JourneyRecord): Endpoint | undefined {
    return flow === undefined ? undefined : this.#flows.get(flow)?.service;
  }

  #outcomeAt(record: JourneyRecord, { hops, hopOf }: Way): Outcome {
    const { outcome } = record;
    const at = hopOf[outcome.at] ?? hops.length - 1;
    if (outcome.kind !== 'dropped') return { ...outcome, at };
    const hook = this.#dropHook(record);
    const rule = hops[at]?.rule;
    return {
      ...outcome,
      at,
      ...(hook === undefined ? {} : { hook }),
      ...(rule === undefined ? {} : { rule }),
    };
  }

  #dropHook({ outcome, events }: JourneyRecord): string | undefined {
    if (outcome.kind !== 'dropped' || outcome.reason !== NETFILTER_DROP) return undefined;
    return dropHook(events, this.#options.places);
  }

  #ends(record: JourneyRecord): Ends {
    const first = record.origin;
    const birth = innermost(first);
    const place = lastWithHeaders(record.events);
    const final = innermost(place) ?? birth;
    if (birth === undefined || final === undefined) {
      const unknown: Endpoint = { kind: 'unknown', ip: '0.0.0.0' };
      return { from: unknown, to: unknown };
    }
    const written = writtenBySender(first);
    const proto = protoName(birth);
    const at = (event: Event, ip: string, port: number | undefined): Endpoint =>
      this.#options.places.endpoint({
        ip,
        ...(port === undefined ? {} : { port }),
        proto,
        netns: event.netns,
        timeNs: event.timeNs,
      });
    const process = first === record.events[0] ? record.processes.get(0) : undefined;
    const from = withProcess(at(first, written.src, written.sport), process);
    const addressed = { ip: written.dst, ...(written.dport === undefined ? {} : { port: written.dport }) };
    if (record.direction === 'reply' || record.direction === 'related') {
      const to = at(place, final.dst, final.dport);
      const service = this.#serviceOf(record.flow, at(place, final.src, final.sport));
      return { addressed, from, to, ...(service === undefined ? {} : { service }) };
    }
    const to = at(first, written.dst, written.dport);
    const service = this.#serviceOf(record.flow, to);
    const backend =
      record.direction === 'none' || (final.dst === written.dst && final.dport === written.dport)
        ? undefined
        : at(place, final.dst, final.dport);
    return {
      addressed,
      from,
      to,
      ...(backend === undefined ? {} : { backend }),
      ...(service === undefined ? {} : { service }),
    };
  }

  /** `seen` if it is a service, else what an earlier journey of the flow knew. */
  #serviceOf(flow: string | undefined, seen: Endpoint): Endpoint | undefined {
    if (flow === undefined) return undefined;
    const known = this.#flows.get(flow);
    if (seen.kind !== 'service') return known?.service;
    if (known === undefined) {
      if (this.#flows.size >= FLOWS_MAX) this.#flows.clear();
      this.#flows.set(flow, { service: seen });
    }
    return seen;
  }
}

interface Written {
  readonly src: string;
  readonly sport: number | undefined;
  readonly dst: string;
  readonly dport: number | undefined;
}

/** The ends as the sender wrote them: conntrack knows, where OUTPUT rewrote them before the first device. */
function writtenBySender(first: Event): Written {
  const layer = innermost(first)!;
  const ct = ownConntrack(first);
  if (ct === undefined || layer.sport === undefined || first.iif !== 0)
    return { src: layer.src, sport: layer.sport, dst: layer.dst, dport: layer.dport };
  const tuple = ct.ctinfo >= 3 ? ct.reply : ct.orig;
  return { src: tuple.src, sport: tuple.sport, dst: tuple.dst, dport: tuple.dport };
}

function lastWithHeaders(events: readonly Event[]): Event {
  for (let i = events.length - 1; i >= 0; i--)
    if (events[i]!.netns !== 0 && innermost(events[i]!) !== undefined) return events[i]!;
  return events[0]!;
}

function withProcess(
  endpoint: Endpoint,
  process: { readonly pid: number; readonly comm: string } | undefined,
): Endpoint {
  return process === undefined
    ? endpoint
    : { ...endpoint, process: { pid: process.pid, comm: process.comm } };
}

/** The second that was asked for last, as it begins in RFC 3339: thousands of packets share it. */
let lastSecond: { readonly at: bigint; readonly text: string } | undefined;

/** RFC 3339, UTC, 9 digits, of ns since 1970. */
export function rfc3339(ns: bigint): string {
  const at = ns / 1_000_000_000n;
  if (lastSecond?.at !== at)
    lastSecond = { at, text: new Date(Number(at) * 1000).toISOString().slice(0, 19) };
  return `${lastSecond.text}.${String(ns - at * 1_000_000_000n).padStart(9, '0')}Z`;
}
