/**
 * Events → journeys. Pure: no clock but the events' and the collector's heartbeat, so that a recording gives the same
 * journeys as the live run.
 *
 * Events of several CPUs arrive a little out of order; they are held back 5 ms and sorted. The kernel side has given each
 * packet an id; here each step is checked against the topology, copies are joined to what they are copies of, and journeys are
 * closed by the silence that fits the place where they were last seen.
 */
import { type Event, isHearsay, type LossRecord, type ProcessSighting } from '../model/event.ts';
import type { LostCause } from '../model/journey.ts';
import type { Delta, JourneyRecord } from '../model/journey-record.ts';
import { eventEvicted, eventLeftOut, eventUntrackedEnd, identity, tap } from '../model/layout.generated.ts';
import { conclude, soFar } from './conclude.ts';
import { judgeConsume, judgeFree } from './ends.ts';
import { FlowTable } from './flows.ts';
import { Lineage } from './lineage.ts';
import { LossBook, type LossMeanwhile } from './loss-book.ts';
import { move } from './moves.ts';
import { answered, type End, isEndTap, OpenJourney, placeBefore, type Tail } from './open-journey.ts';
import { ProcessTable } from './processes.ts';
import { RecentlyClosed } from './recently-closed.ts';
import { atDestination, ENDED_NS, silenceOf } from './silence.ts';
import type { Topology } from './topology.ts';

/** How long events are held back for those of other CPUs. */
export const REORDER_NS = 5_000_000;
/** What is under way for longer is told of before it is over. */
const TOLD_OPEN_NS = 150_000_000;
const UNKNOWN_STEP = 'the devices of this step are not in the inventory';

export interface CorrelatorOptions {
  readonly topology: Topology;
  /** Name of a kernel function by its return address. */
  readonly symbol: (address: number) => string;
  /** Name of a drop reason of the recorded kernel. */
  readonly dropReason: (reason: number) => string;
  readonly resetReason: (reason: number) => string;
}

export interface CorrelatorStats {
  events: number;
  journeys: number;
  suspectJoins: number;
  /** Came after their journey was closed, or too late to be put in their place. */
  lateEvents: number;
  /** Ends of sk_buffs, and words of sockets, that say nothing of a packet: long after, or of what no device had shown. */
  spareEnds: number;
  lost: number;
}

export class Correlator {
  readonly stats: CorrelatorStats = {
    events: 0,
    journeys: 0,
    suspectJoins: 0,
    lateEvents: 0,
    spareEnds: 0,
    lost: 0,
  };
  readonly #options: CorrelatorOptions;
  readonly #flows = new FlowTable();
  readonly #losses = new LossBook();
  readonly #lineage: Lineage;
  readonly #processes = new ProcessTable();
  #pending: Event[] = [];
  #nextId = 1;
  #nowNs = 0;
  readonly #byPacket = new Map<number, OpenJourney>();
  readonly #bySkb = new Map<number, OpenJourney>();
  /** In order of their last event would be ideal; in order of birth is near enough to walk. */
  readonly #open = new Set<OpenJourney>();
  readonly #closed = new RecentlyClosed();

  constructor(options: CorrelatorOptions) {
    this.#options = options;
    this.#lineage = new Lineage(options.topology, journey => this.#open.has(journey));
  }

  event(event: Event): void {
    this.#pending.push(event);
  }

  process(sighting: ProcessSighting): void {
    this.#processes.add(sighting);
  }

  loss(loss: LossRecord): void {
    this.stats.lost += loss.count;
    this.#losses.add(loss);
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Everything that happened before `timeNs` has been given to this correlator. */
  heartbeat(timeNs: number): Delta[] {
    this.#nowNs = timeNs;
    const out: Delta[] = [];
    this.#release(timeNs - REORDER_NS, out);
    for (const journey of this.#open) {
      if (journey.root !== undefined) continue; // closes with its root
      if (journey.unknownSteps.length > 0 && !this.#judgeSteps(journey, false, out)) continue;
      if (this.#isSilent(journey, timeNs - REORDER_NS)) this.#closeFamily(journey, out);
      else if (timeNs - journey.first.timeNs > TOLD_OPEN_NS) this.#tellOpen(journey, out);
    }
    this.#forget(timeNs);
    return out;
  }

  /** A flood is judged as a whole: it is over when every copy is. */
  #isSilent(journey: OpenJourney, nowNs: number): boolean {
    if (nowNs - journey.last.timeNs < ENDED_NS) return false;
    if (nowNs - journey.last.timeNs < silenceOf(journey, this.#options.topology)) return false;
    return journey.copies.every(copy => !this.#open.has(copy) || this.#isSilent(copy, nowNs));
  }

  #tellOpen(journey: OpenJourney, out: Delta[]): void {
    if (journey.toldEvents === journey.events.length) return;
    journey.toldEvents = journey.events.length;
    this.#processes.name(journey);
    const { topology } = this.#options;
    out.push({ kind: 'open', journey: { ...soFar(journey, topology), ...this.#flows.assign(journey) } });
  }

  #closeFamily(journey: OpenJourney, out: Delta[], shutdown = false): void {
    this.#close(journey, out, shutdown);
    for (const copy of journey.copies) if (this.#open.has(copy)) this.#close(copy, out, shutdown);
  }

  /** No more events will come: what is still open is closed as it stands. */
  finish(): Delta[] {
    const out: Delta[] = [];
    this.#release(Number.POSITIVE_INFINITY, out);
    for (const journey of this.#open) if (journey.root === undefined) this.#closeFamily(journey, out, true);
    for (const journey of this.#open) this.#close(journey, out, true);
    return out;
  }

  /**
   * The collector ended, and another one will follow, which numbers packets anew: what was under way is closed as it stands, and
   * nothing of it is complete, because its end may be what nobody saw.
   */
  interrupt(loss: LossRecord): Delta[] {
    const out: Delta[] = [];
    this.#release(Number.POSITIVE_INFINITY, out);
    for (const journey of this.#open)
      if (journey.end === undefined)
        journey.gap({
          after: journey.events.length - 1,
          kind: 'lost',
          reason: 'the collector ended while it was under way',
        });
    out.push(...this.finish());
    this.loss(loss);
    this.#byPacket.clear();
    this.#bySkb.clear();
    this.#closed.clear();
    return out;
  }

  #release(untilNs: number, out: Delta[]): void {
    this.#pending.sort((a, b) => a.timeNs - b.timeNs);
    let i = 0;
    for (; i < this.#pending.length && this.#pending[i]!.timeNs <= untilNs; i++)
      this.#take(this.#pending[i]!, out);
    this.#pending = i === this.#pending.length ? [] : this.#pending.slice(i);
  }

  #take(event: Event, out: Delta[]): void {
    this.stats.events++;
    const journey = this.#byPacket.get(event.packet) ?? this.#begin(event, out);
    if (journey === undefined) return;
    if (journey.events.length > 0 && journey.last.timeNs > event.timeNs) {
      this.stats.lateEvents++;
      journey.gap({ after: -1, kind: 'lost', reason: 'an event came too late to be put in its place' });
      return;
    }
    if (journey.events.length > 0 && !this.#join(journey, event, out)) return;
    this.#append(journey, event);
    if ((event.flags & eventEvicted) !== 0)
      journey.gap({ after: -1, kind: 'evicted', reason: 'packet state of the kernel side' });
    if (isEndTap(event)) this.#end(journey, event);
    if (event.tap === tap.copyDatagram) journey.copied = true;
    if (event.tap === tap.tcpReset)
      journey.ends.set(journey.events.length - 1, answered(this.#options.resetReason(event.reason)));
  }

  /** False: the event was taken elsewhere. */
  #join(journey: OpenJourney, event: Event, out: Delta[]): boolean {
    const step = move(journey.lastPlace, event, this.#options.topology);
    if (step === 'possible') return true;
    const after = journey.events.length - 1;
    if (this.#losses.during(journey.last.timeNs, event.timeNs) !== undefined) {
      journey.gap({ after, kind: 'lost', reason: 'events of the steps between were lost' });
      return true;
    }
    if (step === 'unknown') {
      journey.unknownSteps.push(journey.events.length);
      return true;
    }
    this.#cut(journey, { events: [event], ends: new Map(), unknownSteps: [], copied: false }, out);
    return false;
  }

  /** The events from a step on that cannot be become a journey of their own: a wrong join turns into a visible cut. */
  #cut(journey: OpenJourney, tail: Tail, out: Delta[]): void {
    this.stats.suspectJoins++;
    const after = journey.events.length - 1;
    journey.gap({ after, kind: 'suspect', reason: 'the next place cannot be reached from here' });
    this.#close(journey, out);
    const next = this.#open_(tail.events[0]!);
    next.gap({ after: -1, kind: 'suspect', reason: 'cut off a journey that cannot have come here' });
    for (const event of tail.events) this.#append(next, event);
    next.takeOver(tail);
  }

  #append(journey: OpenJourney, event: Event): void {
    const before = journey.events[journey.events.length - 1];
    journey.events.push(event);
    if (before?.packet !== event.packet) this.#byPacket.set(event.packet, journey);
    if (before?.skb !== event.skb) this.#bySkb.set(event.skb, journey);
    this.#lineage.note(journey, event);
  }

  /** Steps that were ahead of the inventory are judged again. False: the journey was cut. */
  #judgeSteps(journey: OpenJourney, final: boolean, out: Delta[]): boolean {
    const still: number[] = [];
    for (const index of journey.unknownSteps) {
      const step = move(placeBefore(journey.events, index), journey.events[index]!, this.#options.topology);
      if (step === 'unknown') still.push(index);
      if (step !== 'impossible') continue;
      this.#cut(journey, journey.splitOff(index), out);
      return false;
    }
    journey.unknownSteps = still;
    if (final)
      for (const index of still) journey.gap({ after: index - 1, kind: 'unobserved', reason: UNKNOWN_STEP });
    return true;
  }

  #begin(event: Event, out: Delta[]): OpenJourney | undefined {
    const before = this.#closed.idOf(event.packet);
    if (before !== undefined) {
      this.#comesLate(before, event, out);
      return undefined;
    }
    if (isHearsay(event)) {
      this.stats.spareEnds++;
      return undefined;
    }
    // An end of an sk_buff that no device showed tells something only if the packet was lost (in OUTPUT, say).
    if ((event.flags & eventUntrackedEnd) !== 0 && this.#judge(event).verdict.kind !== 'dropped') {
      this.stats.spareEnds++;
      return undefined;
    }
    const previous = this.#bySkb.get(event.skb);
    if (previous !== undefined && this.#open.has(previous)) previous.reused = true;
    const continued = this.#lineage.continuedBy(event);
    if (continued !== undefined) {
      continued.end = undefined;
      this.#byPacket.set(event.packet, continued);
      return continued;
    }
    const journey = this.#open_(event);
    this.#flows.begin(event);
    this.#lineage.link(journey, event, previous);
    if ((event.flags & eventLeftOut) !== 0)
      journey.gap({
        after: -1,
        kind: 'filtered',
        reason: 'left out: there were too many packets to show each',
      });
    if (event.identity === identity.same)
      journey.gap({ after: -1, kind: 'unobserved', reason: 'it was under way when the following began' });
    return journey;
  }

  #open_(event: Event): OpenJourney {
    const journey = new OpenJourney(String(this.#nextId++));
    this.#byPacket.set(event.packet, journey);
    this.#open.add(journey);
    return journey;
  }

  #judge(event: Event): End {
    if (event.tap === tap.groExit)
      return { verdict: { kind: 'continues', as: 'merged' }, reason: '', location: 'napi_gro_receive' };
    const location = this.#options.symbol(event.location);
    if (event.tap === tap.consumeSkb) return { verdict: judgeConsume(location), reason: '', location };
    const reason = this.#options.dropReason(event.reason);
    return { verdict: judgeFree(reason, location), reason, location };
  }

  #end(journey: OpenJourney, event: Event): void {
    journey.end = this.#judge(event);
    const { verdict } = journey.end;
    journey.ends.set(journey.events.length - 1, journey.end);
    if (verdict.kind === 'continues') this.#lineage.goesOn(journey, event.cpu, verdict.as);
    if (verdict.kind !== 'late') return;
    journey.ends.delete(journey.events.length - 1);
    this.stats.spareEnds++;
    journey.events.pop(); // memory given back long after: neither a place nor a time of the journey
    if (journey.events.length === 0) this.#drop(journey, event);
  }

  /** Its only event said nothing. */
  #drop(journey: OpenJourney, event: Event): void {
    this.#open.delete(journey);
    if (this.#byPacket.get(event.packet) === journey) this.#byPacket.delete(event.packet);
    if (this.#bySkb.get(event.skb) === journey) this.#bySkb.delete(event.skb);
    this.#lineage.forget(journey);
  }

  #close(journey: OpenJourney, out: Delta[], shutdown = false): void {
    if (!this.#judgeSteps(journey, true, out)) return;
    this.#open.delete(journey);
    this.#unlist(journey);
    this.#lineage.forget(journey);
    const lost = this.#lossOf(journey);
    if (lost !== undefined)
      journey.gap({
        after: journey.events.length - 1,
        kind: 'lost',
        reason: `events were lost meanwhile (${lost.cause})`,
        count: lost.count,
      });
    this.#processes.name(journey);
    this.stats.journeys++;
    const gaps = journey.gaps.length;
    const record = this.#record(journey, shutdown, lost?.cause);
    this.#closed.keep({ journey, record, gaps });
    out.push({ kind: 'closed', journey: record });
  }

  /** Of a journey that has been closed: it is concluded again with this event, if that tells anything and can be put in. */
  #comesLate(id: string, event: Event, out: Delta[]): void {
    this.stats.lateEvents++;
    const kept = this.#closed.kept(id);
    const canFollow =
      kept !== undefined &&
      kept.journey.last.timeNs <= event.timeNs &&
      move(kept.journey.lastPlace, event, this.#options.topology) === 'possible';
    if (!canFollow || (isEndTap(event) && this.#judge(event).verdict.kind === 'late')) {
      out.push({ kind: 'late', journey: id });
      return;
    }
    const { journey, record, gaps } = kept;
    journey.reopen(gaps);
    journey.events.push(event);
    if (isEndTap(event)) this.#end(journey, event);
    if (event.tap === tap.copyDatagram) journey.copied = true;
    this.#processes.name(journey);
    const lost = this.#lossOf(journey)?.cause;
    const { flow, direction } = record;
    kept.record = {
      ...conclude(journey, this.#options.topology, { shutdown: false, lost }),
      direction,
      ...(flow === undefined ? {} : { flow }),
    };
    out.push({ kind: 'amended', journey: kept.record });
  }

  /** Takes it out of the tables of what is open. Most journeys have one packet id and one sk_buff from end to end. */
  #unlist(journey: OpenJourney): void {
    let before: Event | undefined;
    for (const event of journey.events) {
      const { packet, skb } = event;
      if (packet !== before?.packet) {
        if (this.#byPacket.get(packet) === journey) this.#byPacket.delete(packet);
        this.#closed.add(packet, journey.id, this.#nowNs);
      }
      if (skb !== before?.skb && this.#bySkb.get(skb) === journey) this.#bySkb.delete(skb);
      before = event;
    }
  }

  #record(journey: OpenJourney, shutdown: boolean, lost: LostCause | undefined): JourneyRecord {
    const { flow, direction } = this.#flows.assign(journey);
    return {
      ...conclude(journey, this.#options.topology, { shutdown, lost }),
      direction,
      ...(flow === undefined ? {} : { flow }),
    };
  }

  /** Which losses may have cut this journey: any while it was on its way, or while it was being waited for. */
  #lossOf(journey: OpenJourney): LossMeanwhile | undefined {
    const { first, last } = journey;
    const ended = journey.end !== undefined || atDestination(journey, this.#options.topology);
    return this.#losses.during(first.timeNs, ended ? last.timeNs : Math.max(this.#nowNs, last.timeNs));
  }

  #forget(nowNs: number): void {
    this.#closed.forget(nowNs);
    this.#losses.forget(nowNs);
    this.#processes.forget(nowNs);
  }
}
