/** What is kept of one packet and given to the next is what it would have got anyway. */
import { describe, expect, test } from 'vitest';
import { explaining } from '../../../src/engine/explaining.ts';
import { Pipeline } from '../../../src/engine/pipeline.ts';
import { RuleBook } from '../../../src/engine/rule-book.ts';
import { hopStory } from '../../../src/explain/hop-text.ts';
import type { Event } from '../../../src/model/event.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { eventLayout, frameLayout } from '../../../src/model/layout.generated.ts';
import type { Places } from '../../../src/resolve/places.ts';
import { Resolver, type ResolverOptions } from '../../../src/resolve/resolver.ts';
import { Decoder } from '../../../src/wire/decode.ts';
import { recordedBytes, recordings } from '../../golden/recordings.ts';
import { BASE_NS, eventFrame, REALTIME_NS } from '../../helpers/frames.ts';
import { icmpPacket, tcpPacket } from '../../helpers/frames-packets.ts';
import { eventsOf, MS, Rig, Walk } from '../../helpers/journeys.ts';
import { netnses } from '../../helpers/journeys-machine.ts';
import {
  crossNodeRequest,
  nginx1,
  podA,
  sameNodeReply,
  sameNodeRequest,
  service,
  serviceEntry,
} from '../../helpers/journeys-ways.ts';

interface Clock {
  readonly monotonicNs: bigint;
  readonly realtimeNs: bigint;
}

type Explain = ResolverOptions['explain'];

const plainly =
  (places: Places): Explain =>
  (hops, index, timeNs) =>
    hopStory(hops, index, {
      label: places.netns(Number(hops[index]!.netns.cookie), timeNs).label,
      view: undefined,
      who: ip => ({ kind: 'unknown', ip }),
    });

function resolverOf(places: Places, clock: Clock, explain = plainly(places)): Resolver {
  return new Resolver({ session: 'test', places, ...clock, explain });
}

/** A resolver that keeps nothing: it is told that the host changes all the time. */
function forgetful(places: Places, clock: Clock, explain?: Explain): Resolver {
  const restless: Places = {
    version: 0,
    settledNs: Number.POSITIVE_INFINITY,
    netns: (netns, timeNs) => places.netns(netns, timeNs),
    device: (netns, ifindex, timeNs) => places.device(netns, ifindex, timeNs),
    route: (netns, ip, timeNs) => places.route(netns, ip, timeNs),
    owns: (netns, ip, timeNs) => places.owns(netns, ip, timeNs),
    endpoint: query => places.endpoint(query),
  };
  return resolverOf(restless, clock, explain);
}

/** Byte for byte, the order of keys too. */
const json = (journey: Journey): string => JSON.stringify({ ...journey, session: '' });

const STEP_NS = 200 * MS;
const toService = { src: podA, sport: 999, dst: service, dport: 80 };

describe('a journey with hops of an earlier one', () => {
  test.each(recordings())('is what it would be without: %s', name => {
    const pairs: [string, string][] = [];
    let fresh: Resolver | undefined;
    const pipeline: Pipeline = new Pipeline({
      onJourney: (journey, record) => {
        const { monotonicNs, realtimeNs } = pipeline.hello!.clock;
        fresh ??= forgetful(
          pipeline.places,
          { monotonicNs: BigInt(monotonicNs), realtimeNs: BigInt(realtimeNs) },
          explaining(pipeline.inventory, pipeline.names, pipeline.places, new RuleBook(BigInt(monotonicNs))),
        );
        pairs.push([json(journey), json(fresh.resolve(record))]);
      },
    });
    for (const frame of new Decoder().push(recordedBytes(name))) pipeline.frame(frame);
    pipeline.finish();
    expect(pairs.length).toBeGreaterThan(0);
    for (const [kept, anew] of pairs) expect(kept).toBe(anew);
  });

  const ways: Readonly<Record<string, () => Walk>> = {
    'a request on one node': () => sameNodeRequest(),
    'a reply, which a process reads': () => sameNodeReply().copied().consumed('tcp_rcv_established'),
    'a request in a tunnel': () => crossNodeRequest(),
    'a request that is dropped': () => sameNodeRequest().freed('NETFILTER_DROP', 'nft_do_chain'),
    'a request that hooks see': () =>
      new Walk(tcpPacket(toService))
        .hook('node-1 vb', 3)
        .becomes(tcpPacket({ ...toService, dst: nginx1, dport: 8080 }))
        .hook('node-1 vb', 4, { ct: 7, conntrack: serviceEntry(nginx1, false, 999) })
        .queue('node-1 vb', { ct: 7, conntrack: serviceEntry(nginx1, false, 999) }),
    'a request of the node itself, rewritten before its first device': () =>
      new Walk(tcpPacket({ ...toService, dst: nginx1, dport: 8080 }))
        .queue('node-1 vb', { ct: 7, conntrack: serviceEntry(nginx1, false, 999) })
        .receive('nginx-1 eth0'),
    'a ping': () =>
      new Walk(icmpPacket({ src: podA, dst: nginx1, type: 8, echo: { id: 1, seq: 2 } }))
        .queue('pod-a eth0')
        .receive('node-1 va'),
  };

  test.each(Object.entries(ways))('is what it would be without, whichever byte differs: %s', (_, way) => {
    const { correlator, machine } = new Rig();
    const clock = { monotonicNs: BASE_NS, realtimeNs: REALTIME_NS };
    const keeping = resolverOf(machine, clock);
    const fresh = forgetful(machine, clock);
    let count = 0;
    for (const [n, events] of oneByteOff(way).entries()) {
      const { cookie: netns } = netnses['pod-a']!;
      correlator.process({ timeNs: n * STEP_NS, sk: 5, netns, pid: n >> 3, comm: 'curl' });
      for (const event of events) correlator.event(event);
      for (const delta of correlator.heartbeat(n * STEP_NS + 150 * MS)) {
        if (delta.kind !== 'closed') continue;
        expect(json(keeping.resolve(delta.journey)), `packet ${n}`).toBe(json(fresh.resolve(delta.journey)));
        count++;
      }
    }
    expect(count).toBeGreaterThan(300);
  });
});

/** As it is, now and then, and with one byte of one event changed: every byte that says something of it. */
function oneByteOff(way: () => Walk): Event[][] {
  const base = way().events.map((event, n) => eventFrame(n === 0 ? { ...event, sk: 5 } : event));
  const all: Uint8Array[][] = [];
  for (const [event, frame] of base.entries())
    for (let at: number = frameLayout.size; at < frame.length; at++) {
      if (isIdentity(at)) continue;
      if (at % 4 === 0) all.push(again(base, all.length));
      const frames = again(base, all.length);
      frames[event]![at]! ^= 0x35;
      all.push(frames);
    }
  const events = eventsOf(...all.flat());
  expect(events).toHaveLength(all.length * base.length);
  return all.map((_, n) => events.slice(n * base.length, (n + 1) * base.length));
}

const identities = [eventLayout.timeNs, eventLayout.packet, eventLayout.skb, eventLayout.head];
const isIdentity = (at: number): boolean => identities.some(from => at >= from && at < from + 8);

/** As another packet, later. */
function again(base: readonly Uint8Array[], n: number): Uint8Array[] {
  return base.map(frame => {
    const copy = frame.slice();
    const view = new DataView(copy.buffer);
    const add = (at: number, more: number): void =>
      view.setBigUint64(at, view.getBigUint64(at, true) + BigInt(more), true);
    add(eventLayout.timeNs, n * STEP_NS);
    for (const at of [eventLayout.packet, eventLayout.skb, eventLayout.head]) add(at, n * 4096);
    return copy;
  });
}

test('hops are given to packets of the present alone, and to none once the host has changed', () => {
  const rig = new Rig();
  rig.walk(sameNodeRequest({ at: 0 })).beat(150 * MS);
  rig.machine.routes.set('node-1 10.244.1.6', { table: 'main', prefix: '10.244.1.0/24', dev: 'cni0' });
  rig.walk(sameNodeRequest({ at: 200 * MS })).finish();
  const routes = rig.journeys.map(({ hops }) => hops.find(hop => hop.layer === 'route')?.route?.prefix);
  expect(routes).toEqual([undefined, '10.244.1.0/24']);
});

test('a packet on a known way has its own times, CPUs and length', () => {
  const one = sameNodeRequest({ at: 0 });
  const two = sameNodeRequest({ at: 5 * MS });
  const [first, second] = new Rig()
    .events(
      eventsOf(
        ...one.events.map(event => eventFrame({ ...event, cpu: 0 })),
        ...two.events.map((event, n) =>
          eventFrame({ ...event, cpu: 1, timeNs: event.timeNs + n * 100, skbLen: event.skbLen! + 7 }),
        ),
      ),
    )
    .finish().journeys;
  const seen = (journey: Journey | undefined) => journey!.hops.filter(hop => hop.inferred !== true);
  expect(second!.hops.map(({ layer, stage, dev }) => [layer, stage, dev])).toEqual(
    first!.hops.map(({ layer, stage, dev }) => [layer, stage, dev]),
  );
  expect(seen(second).map(hop => hop.offsetNs)).toEqual(seen(first).map((hop, n) => hop.offsetNs + n * 100));
  expect(new Set(second!.hops.map(hop => hop.cpu))).toEqual(new Set([1]));
  expect(seen(second).map(hop => hop.lenBytes)).toEqual(seen(first).map(hop => hop.lenBytes! + 7));
});
