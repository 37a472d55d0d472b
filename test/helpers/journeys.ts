/**
 * Packets walking through the hand-made host, as frames: what a test writes down is `queue` and `receive` at devices, what it gets
 * are journeys, each of them checked against the schema and the rules that hold for all.
 */
import { Ajv } from 'ajv';
import { expect } from 'vitest';
import { Correlator } from '../../src/correlate/correlator.ts';
import { hopStory } from '../../src/explain/hop-text.ts';
import type { ConntrackRecord, Event, LossRecord, ProcessSighting } from '../../src/model/event.ts';
import type { Flow } from '../../src/model/flow.ts';
import type { Journey } from '../../src/model/journey.ts';
import type { Delta, JourneyRecord } from '../../src/model/journey-record.ts';
import {
  eventOwnSocket,
  eventUntrackedEnd,
  headersMax,
  identity,
  tap,
} from '../../src/model/layout.generated.ts';
import { flowSchema, journeySchema } from '../../src/model/schema.generated.ts';
import { Resolver } from '../../src/resolve/resolver.ts';
import { Decoder } from '../../src/wire/decode.ts';
import { BASE_NS, type EventFields, eventFrame, helloFrame, REALTIME_NS } from './frames.ts';
import type { Packet } from './frames-packets.ts';
import { Machine, netnses } from './journeys-machine.ts';

export const MS = 1_000_000;
export const US = 1_000;

const ajv = new Ajv({ allErrors: true });
const isJourney = ajv.compile(journeySchema);
const isFlow = ajv.compile(flowSchema);

/** What holds for every journey, whatever was seen of it. CONTRACT 1 and 2. */
export function expectValidJourney(journey: Journey): void {
  const line = JSON.stringify(journey);
  expect(isJourney(JSON.parse(line)), `${ajv.errorsText(isJourney.errors)} in ${line}`).toBe(true);
  expect(line).not.toMatch(/:null|:""/);
  expect(journey.hops.map(hop => hop.index)).toEqual(journey.hops.map((_, index) => index));
  const offsets = journey.hops.map(hop => hop.offsetNs);
  expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  expect(offsets[0]).toBe(0);
  expect(journey.durationNs).toBe(offsets.at(-1));
  expect(journey.hops[journey.outcome.at]).toBeDefined();
  for (const gap of journey.gaps) expect(gap.after).toBeLessThan(journey.hops.length);
  for (const hop of journey.hops) {
    expect(hop.inferred === true).toBe(hop.hook === undefined);
    expect(hop.tunnel === undefined).toBe(hop.inner === undefined);
    expect(hop.text).not.toMatch(/undefined|NaN/);
  }
  if (journey.complete)
    expect([journey.gaps, ['open', 'lost'].includes(journey.outcome.kind)]).toEqual([[], false]);
  if (journey.direction !== 'none') expect(journey.flow).toBeDefined();
}

export function expectValidFlow(flow: Flow): void {
  const line = JSON.stringify(flow);
  expect(isFlow(JSON.parse(line)), `${ajv.errorsText(isFlow.errors)} in ${line}`).toBe(true);
  expect(line).not.toMatch(/:null|:""/);
}

/** Events of frames. */
export function eventsOf(...frames: readonly Uint8Array[]): Event[] {
  const decoder = new Decoder();
  decoder.push(helloFrame());
  return frames
    .flatMap(frame => decoder.push(frame))
    .flatMap(frame => (frame.kind === 'event' ? [frame.event] : []));
}

/** Names of kernel functions as "addresses". */
const symbols: string[] = ['unknown'];

export function symbolAddress(name: string): number {
  if (!symbols.includes(name)) symbols.push(name);
  return symbols.indexOf(name);
}

const reasons = [
  'NOT_SPECIFIED',
  'NO_SOCKET',
  'NETFILTER_DROP',
  'OTHERHOST',
  'TCP_OLD_SEQUENCE',
  'IP_INADDRERRORS',
  'NEIGH_FAILED',
];

export type EventMore = Partial<Omit<EventFields, 'timeNs' | 'tap'>> & {
  /** Time of this event instead of the next microsecond. */
  readonly at?: number;
  readonly own?: true;
};

let addresses = 0x1000;

/** One packet on its way: each call is one event, by default a microsecond after the one before. */
export class Walk {
  readonly events: EventFields[] = [];
  readonly id: number;
  readonly skb: number;
  readonly head: number;
  nowNs: number;
  packet: Packet;
  #came: { place: string; ifindex: number } | undefined;
  #last: Partial<EventFields> = {};

  constructor(
    packet: Packet,
    options: { readonly at?: number; readonly skb?: number; readonly head?: number } = {},
  ) {
    addresses += 0x100;
    this.id = addresses;
    this.skb = options.skb ?? addresses;
    this.head = options.head ?? addresses + 0x80;
    this.nowNs = options.at ?? 0;
    this.packet = packet;
  }

  /** Leaves by a device; the first of a walk is sent by a socket of that namespace. */
  queue(where: string, more: EventMore = {}): this {
    const isFirst = this.events.length === 0;
    return this.#device(tap.netDevQueue, where, { ...(isFirst ? { own: true as const } : {}), ...more });
  }

  receive(where: string, more: EventMore = {}): this {
    return this.#device(tap.netifReceiveSkb, where, more);
  }

  /** Passes a netfilter hook: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting. */
  hook(where: string, nfHook: number, more: EventMore = {}): this {
    return this.#device(tap.netfilter, where, { nfHook, ...more });
  }

  /** Waits for the MAC address of its next hop. */
  waits(where: string, more: EventMore = {}): this {
    return this.#device(tap.neighbour, where, more);
  }

  /** From here on the packet looks like this. */
  becomes(packet: Packet): this {
    this.packet = packet;
    return this;
  }

  /** `consume_skb` called by that function. */
  consumed(by: string, more: EventMore = {}): this {
    return this.#end(tap.consumeSkb, { location: symbolAddress(by), ...more });
  }

  /** `kfree_skb`. */
  freed(reason: string, by: string, more: EventMore = {}): this {
    const number = reasons.indexOf(reason);
    if (number < 0) throw new Error(`the test knows no drop reason ${reason}`);
    return this.#end(tap.kfreeSkb, { reason: number, location: symbolAddress(by), ...more });
  }

  /** Nothing but the end is seen of it. */
  onlyFreed(reason: string, by: string, where: string, more: EventMore = {}): this {
    const [netns] = placeOf(where);
    return this.freed(reason, by, {
      flags: eventUntrackedEnd,
      netns: netns.cookie,
      netnsInode: netns.inode,
      headers: this.packet.bytes.subarray(0, headersMax),
      protocol: this.packet.protocol,
      skbLen: this.packet.lenBytes,
      ...more,
    });
  }

  /** Copied out to a process. */
  copied(more: EventMore = {}): this {
    return this.#end(tap.copyDatagram, more);
  }

  /** Told by a socket of the namespace where it was last: no headers, no length. */
  told(tapNumber: number, more: EventMore = {}): this {
    const { netns = 0, netnsInode = 0 } = this.#last;
    return this.#end(tapNumber, { netns, netnsInode, head: 0, flags: eventOwnSocket, sk: 0x5c, ...more });
  }

  frames(): Uint8Array[] {
    return this.events.map(event => eventFrame(event));
  }

  #device(tapNumber: number, where: string, { at, own, ...more }: EventMore): this {
    const [netns, dev, place] = placeOf(where);
    const device = netns.devices[dev]!;
    if (tapNumber === tap.netifReceiveSkb) this.#came = { place, ifindex: device.ifindex };
    const iif = this.#came?.place === place ? this.#came.ifindex : 0;
    this.#last = { netns: netns.cookie, netnsInode: netns.inode, ifindex: device.ifindex, dev, iif };
    return this.#push(tapNumber, at, {
      ...this.#last,
      flags: own === true ? eventOwnSocket : 0,
      headers: this.packet.bytes.subarray(0, headersMax),
      protocol: this.packet.protocol,
      skbLen: this.packet.lenBytes,
      ...more,
    });
  }

  #end(tapNumber: number, { at, own: _, ...more }: EventMore): this {
    return this.#push(tapNumber, at, { ...more });
  }

  #push(tapNumber: number, at: number | undefined, fields: Partial<EventFields>): this {
    this.nowNs = at ?? (this.events.length === 0 ? this.nowNs : this.nowNs + US);
    this.events.push({
      packet: this.id,
      skb: this.skb,
      head: this.head,
      identity: this.events.length === 0 ? identity.first : identity.same,
      ...fields,
      timeNs: this.nowNs,
      tap: tapNumber,
    });
    return this;
  }
}

function placeOf(where: string): readonly [(typeof netnses)[string], string, string] {
  const [place = '', dev = ''] = where.split(' ');
  const netns = netnses[place];
  if (netns === undefined || (dev !== '' && netns.devices[dev] === undefined))
    throw new Error(`the machine has no "${where}"`);
  return [netns, dev, place];
}

/** A correlator and a resolver over the hand-made host. */
export class Rig {
  readonly machine = new Machine();
  readonly deltas: Delta[] = [];
  readonly correlator = new Correlator({
    topology: this.machine,
    symbol: address => symbols[address] ?? 'unknown',
    dropReason: reason => reasons[reason] ?? String(reason),
    resetReason: reason => (reason === 1 ? 'NO_SOCKET' : String(reason)),
  });
  readonly #resolver = new Resolver({
    session: 'test',
    places: this.machine,
    monotonicNs: BASE_NS,
    realtimeNs: REALTIME_NS,
    explain: (hops, index) =>
      hopStory(hops, index, {
        label: this.machine.netns(Number(hops[index]!.netns.cookie)).label,
        view: undefined,
        who: ip => ({ kind: 'unknown', ip }),
      }),
  });
  #resolved: Journey[] = [];

  /** Gives it the events of walks, in order of time. */
  walk(...walks: readonly Walk[]): this {
    const frames = walks.flatMap(walk => walk.events).sort((a, b) => a.timeNs - b.timeNs);
    return this.events(eventsOf(...frames.map(eventFrame)));
  }

  events(events: readonly Event[]): this {
    for (const event of events) this.correlator.event(event);
    return this;
  }

  process(sighting: ProcessSighting): this {
    this.correlator.process(sighting);
    return this;
  }

  loss(loss: LossRecord): this {
    this.correlator.loss(loss);
    return this;
  }

  /** The collector's heartbeat at that time. */
  beat(timeNs: number): this {
    this.#take(this.correlator.heartbeat(timeNs));
    return this;
  }

  /** Heartbeats every 20 ms from `fromNs` on until `toNs`. */
  beats(fromNs: number, toNs: number): this {
    for (let at = fromNs; at <= toNs; at += 20 * MS) this.beat(at);
    return this;
  }

  finish(): this {
    this.#take(this.correlator.finish());
    expect(this.correlator.openCount).toBe(0);
    return this;
  }

  /** In the order in which they closed. */
  get records(): JourneyRecord[] {
    return this.deltas.flatMap(delta => (delta.kind === 'closed' ? [delta.journey] : []));
  }

  /** In the order in which they closed, resolved and checked. */
  get journeys(): Journey[] {
    return this.#resolved;
  }

  /** The journey of a walk; there must be exactly one. */
  of(walk: Walk): Journey {
    const found = this.records
      .filter(record => record.events.some(event => event.packet === walk.id))
      .map(record => record.id);
    expect(found).toHaveLength(1);
    return this.journeys.find(journey => journey.id === found[0])!;
  }

  #take(deltas: readonly Delta[]): void {
    for (const delta of deltas) {
      this.deltas.push(delta);
      if (delta.kind !== 'closed') continue;
      const journey = this.#resolver.resolve(delta.journey);
      expectValidJourney(journey);
      this.#resolved.push(journey);
    }
  }
}

/** conntrack's entry of a TCP or UDP conversation; `to` and `from` absent = not rewritten. */
export function conntrackOf(
  orig: { readonly src: string; readonly sport: number; readonly dst: string; readonly dport: number },
  rewritten: {
    readonly dst?: readonly [ip: string, port: number];
    readonly src?: readonly [ip: string, port: number];
    readonly reply?: true;
    readonly proto?: number;
  } = {},
): ConntrackRecord {
  const proto = rewritten.proto ?? 6;
  const [dst, dport] = rewritten.dst ?? [orig.dst, orig.dport];
  const [src, sport] = rewritten.src ?? [orig.src, orig.sport];
  const dstNat = rewritten.dst === undefined ? 0 : 0x20;
  const srcNat = rewritten.src === undefined ? 0 : 0x10;
  return {
    orig: { proto, ...orig },
    reply: { proto, src: dst, sport: dport, dst: src, dport: sport },
    status: 0x188 | dstNat | srcNat,
    mark: 0,
    zone: 0,
    ctinfo: rewritten.reply === true ? 3 : 2,
  };
}
