/** Whatever comes, in whichever order and chunks: every event is in exactly one journey or counted, and nothing stays open. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../../src/model/event.ts';
import { tap } from '../../../src/model/layout.generated.ts';
import { Decoder } from '../../../src/wire/decode.ts';
import { chunks, type EventFields, eventFrame, helloFrame, joined } from '../../helpers/frames.ts';
import { arpPacket, icmpPacket, tcpPacket, udpPacket, vxlanPacket } from '../../helpers/frames-packets.ts';
import { MS, Rig, symbolAddress, Walk } from '../../helpers/journeys.ts';
import { netnses } from '../../helpers/journeys-machine.ts';
import {
  crossNodeReply,
  crossNodeRequest,
  nginx1,
  outsideRequest,
  podA,
  sameNodeReply,
  sameNodeRequest,
} from '../../helpers/journeys-ways.ts';

const ends = { src: podA, dst: nginx1 };
const inner = tcpPacket({ ...ends, sport: 5, dport: 6 });
const packets = [
  inner,
  tcpPacket({ ...ends, sport: 5, dport: 6, flags: 'A', ttl: 63 }),
  udpPacket({ ...ends, sport: 5, dport: 6 }),
  icmpPacket({ ...ends, type: 8 }),
  icmpPacket({ src: nginx1, dst: podA, type: 3, code: 3, quoted: inner }),
  arpPacket({ op: 1, sender: podA, target: nginx1 }),
  vxlanPacket({ src: '172.18.0.2', dst: '172.18.0.3' }, inner),
  udpPacket({
    src: 'fd00::1',
    dst: 'fd00::2',
    sport: 1,
    dport: 2,
    fragment: { id: 9, offset: 0, more: true },
  }),
  udpPacket({ src: podA, dst: '224.0.0.1', sport: 1, dport: 2 }),
];

const places = Object.values(netnses).flatMap(({ cookie, inode, devices }) =>
  Object.entries(devices).map(([dev, { ifindex }]) => ({ netns: cookie, netnsInode: inode, dev, ifindex })),
);
const nowhere = { netns: 0, netnsInode: 0, dev: '', ifindex: 0 };
const elsewhere = { netns: 999, netnsInode: 1, dev: 'eth0', ifindex: 2 };

const anyEvent: fc.Arbitrary<EventFields> = fc
  .record({
    timeNs: fc.nat(60 * MS),
    packet: fc.integer({ min: 1, max: 6 }),
    tap: fc.constantFrom(
      ...[tap.netDevQueue, tap.netDevQueue, tap.netifReceiveSkb, tap.netifReceiveSkb, tap.netDevStartXmit],
      ...[tap.kfreeSkb, tap.consumeSkb, tap.copyDatagram, tap.groExit, tap.netfilter, 15],
    ),
    cpu: fc.nat(2),
    skb: fc.integer({ min: 1, max: 4 }),
    head: fc.integer({ min: 1, max: 4 }),
    identity: fc.nat(5),
    flags: fc.constantFrom(0, 0x04, 0x10, 0x40),
    iif: fc.nat(3),
    place: fc.constantFrom(...places, nowhere, elsewhere),
    reason: fc.nat(6),
    location: fc.constantFrom(
      ...[
        'unknown',
        'skb_expand_head',
        'validate_xmit_skb',
        'skb_defer_free_flush',
        'icmp_rcv',
        'nft_do_chain',
      ].map(symbolAddress),
    ),
    content: fc.constantFrom(...packets, undefined),
    gsoSize: fc.constantFrom(0, 0, 1400),
  })
  .map(({ place, content, ...rest }) => ({
    ...rest,
    ...place,
    ...(content === undefined
      ? {}
      : { headers: content.bytes.subarray(0, 128), protocol: content.protocol, skbLen: content.lenBytes }),
  }));

/** As a decoder gives them, in chunks of any size. */
function decodedIn(size: number, fields: readonly EventFields[]): Event[] {
  const decoder = new Decoder();
  return chunks(joined(helloFrame(), ...fields.map(eventFrame)), size)
    .flatMap(chunk => decoder.push(chunk))
    .flatMap(frame => (frame.kind === 'event' ? [frame.event] : []));
}

test('every event is in one journey, late, or an end without a packet', () => {
  fc.assert(
    fc.property(
      fc.array(anyEvent, { maxLength: 60 }),
      fc.integer({ min: 1, max: 900 }),
      fc.boolean(),
      (fields, size, beats) => {
        const rig = new Rig();
        const events = decodedIn(size, fields);
        let from = 0;
        if (beats)
          for (let at = 0; at <= 80 * MS; at += 20 * MS) {
            const due = events.slice(from).filter(event => event.timeNs <= at);
            const rest = events.slice(from).filter(event => event.timeNs > at);
            events.splice(from, events.length, ...due, ...rest);
            rig.events(due).beat(at);
            from += due.length;
          }
        rig.events(events.slice(from)).finish();
        const placed = rig.records.flatMap(record => record.events);
        expect(new Set(placed).size).toBe(placed.length);
        for (const event of placed) expect(events).toContain(event);
        const { stats } = rig.correlator;
        expect(stats.events).toBe(events.length);
        expect(placed.length + stats.lateEvents + stats.spareEnds).toBe(events.length);
        expect(rig.records.map(record => record.id)).toHaveLength(
          new Set(rig.records.map(record => record.id)).size,
        );
        for (const { events: own } of rig.records)
          expect(own.map(event => event.timeNs)).toEqual(
            own.map(event => event.timeNs).sort((a, b) => a - b),
          );
      },
    ),
    { numRuns: 200 },
  );
});

const walks = (): Walk[] => [
  crossNodeRequest({ at: 0 }),
  crossNodeReply({ at: 300_000 }),
  sameNodeRequest({ at: 1 * MS, sport: 4 }),
  sameNodeReply({ at: 2 * MS, sport: 4 }),
  outsideRequest({ at: 3 * MS, sport: 6 }),
  new Walk(inner, { at: 4 * MS })
    .queue('pod-a eth0')
    .receive('node-1 va')
    .freed('NETFILTER_DROP', 'nft_do_chain'),
];

test('events that are less than 5 ms out of order give the same journeys', () => {
  const told = (rig: Rig): string[] =>
    rig.journeys.map(({ id, flow, direction, outcome, complete, hops, gaps }) =>
      JSON.stringify({
        id,
        flow,
        direction,
        outcome,
        complete,
        gaps,
        hops: hops.map(hop => [hop.offsetNs, hop.text]),
      }),
    );
  const run = (delays: readonly number[], size: number): string[] => {
    const fields = walks().flatMap(walk => walk.events);
    const first = fields.length === 0 ? 0 : Math.min(...fields.map(event => event.packet));
    const arrivals = fields
      .map((event, n) => ({
        event: { ...event, packet: event.packet - first },
        at: event.timeNs + delays[n % delays.length]!,
      }))
      .sort((a, b) => a.at - b.at);
    const events = decodedIn(
      size,
      arrivals.map(({ event }) => event),
    );
    const rig = new Rig();
    let given = 0;
    for (let now = 0; now <= 200 * MS; now += 1 * MS) {
      while (given < events.length && arrivals[given]!.at <= now) rig.events([events[given++]!]);
      rig.beat(now);
    }
    return told(rig.finish());
  };
  const inOrder = run([0], 1 << 20);
  expect(inOrder).toHaveLength(6);
  fc.assert(
    fc.property(
      fc.array(fc.nat(4 * MS), { minLength: 1, maxLength: 97 }),
      fc.integer({ min: 1, max: 5000 }),
      (delays, size) => {
        expect(run(delays, size)).toEqual(inOrder);
      },
    ),
    { numRuns: 60 },
  );
});
