import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Matcher } from '../../../src/capture/matcher.ts';
import type { Device } from '../../../src/capture/places.ts';
import type { DirectedSight } from '../../../src/capture/steps.ts';
import { type PacketSpec, sight } from './walk.ts';

/** A short run here; FUZZ_RUNS=100000 makes a long one. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 300);
const timeout = 10_000 + numRuns * 20;

const MS = 1_000_000;

/** Packet numbers of the sights, in their order. */
function packetsOf(sights: readonly DirectedSight[], matcher = new Matcher(() => true)): number[] {
  return sights.flatMap(each => matcher.take([each]).map(({ packet }) => packet));
}

/** Pod 1, its node 2, pod 3. */
const walk = (at: number, packet: PacketSpec = {}): DirectedSight[] => {
  const routed = { ...packet, ttl: (packet.ttl ?? 64) - 1 };
  return [
    sight(1, 'eth0', 'out', at, packet),
    sight(2, 'vetha', 'in', at + 10, packet),
    sight(2, 'vethb', 'out', at + 20, routed),
    sight(3, 'eth0', 'in', at + 30, routed),
  ];
};

describe('one packet', () => {
  test('over namespaces, with a rewritten address', () => {
    const [a, b, , d] = walk(0);
    const rewritten = sight(2, 'vethb', 'out', 20, { ttl: 63, dst: '10.9.9.9' });
    expect(packetsOf([a!, b!, rewritten, d!])).toEqual([1, 1, 1, 1]);
  });

  test('another id or payload is another packet', () => {
    expect(
      packetsOf([...walk(0, { id: 1 }), ...walk(5, { id: 2 }), ...walk(9, { id: 1, payload: 'other' })]),
    ).toEqual([...[1, 1, 1, 1], ...[2, 2, 2, 2], ...[3, 3, 3, 3]]);
  });

  test('sights with one stamp are put in the order of the way, whatever order they come in', () => {
    const tied = walk(0).map(each => ({ ...each, timeNs: 0 }));
    fc.assert(
      fc.property(fc.shuffledSubarray(tied, { minLength: 4 }), shuffled => {
        const matches = new Matcher(() => true).take(shuffled);
        expect(matches.map(({ packet, sight: seen }) => [packet, seen.place, seen.device.name])).toEqual(
          tied.map(({ place, device }) => [1, place, device.name]),
        );
      }),
    );
  });

  test('the TTL never grows', () => {
    const [a, b] = walk(0);
    expect(packetsOf([a!, b!, sight(2, 'vethb', 'out', 20, { ttl: 65 })])).toEqual([1, 1, 2]);
  });

  test('a tenth of a second without it, and it is over', () => {
    const [a] = walk(0);
    expect(packetsOf([a!, sight(2, 'vetha', 'in', 99 * MS)])).toEqual([1, 1]);
    expect(packetsOf([a!, sight(2, 'vetha', 'in', 101 * MS)])).toEqual([1, 2]);
  });
});

describe('packets alike to the last byte', () => {
  test('one after the other: the second is where the first has been', () => {
    expect(packetsOf([...walk(0), ...walk(1000)])).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
  });

  test('interleaved: what could be of either begins a journey of its own, and is counted', () => {
    const [a, b, c, d] = walk(0);
    const [a2, b2, c2, d2] = walk(5);
    const matcher = new Matcher(() => true);
    const packets = packetsOf([a!, a2!, b!, b2!, c!, c2!, d!, d2!], matcher);
    // The first sight in the node fits both senders' packets.
    expect(packets[2]).toBe(3);
    expect(matcher.stats.ambiguous).toBeGreaterThan(0);
    const seen = Map.groupBy(
      packets.map((packet, at) => ({ packet, at })),
      ({ packet }) => packet,
    );
    // None has what only the other can have: a device twice.
    for (const group of seen.values())
      expect(new Set(group.map(({ at }) => at >> 1)).size).toBe(group.length);
  });

  test('addresses tell two conversations apart', () => {
    const one = { src: '10.0.0.1' };
    const two = { src: '10.0.0.7' };
    const sights = [
      sight(1, 'eth0', 'out', 0, one),
      sight(4, 'eth0', 'out', 1, two),
      sight(2, 'vethx', 'in', 5, two),
      sight(2, 'vethy', 'in', 6, one),
    ];
    expect(packetsOf(sights)).toEqual([1, 2, 2, 1]);
  });
});

test('where a pair leads is told: nothing else is joined', () => {
  const eth0 = { name: 'eth0', ifindex: 2, kind: 'veth', peer: { place: 2, dev: 'vetha' } } as const;
  expect(packetsOf([sight(1, eth0, 'out', 0), sight(2, 'vethz', 'in', 5)])).toEqual([1, 2]);
  // Nobody captured the other end: what comes next may be it.
  const blind = new Matcher((_place, dev) => dev !== 'vetha');
  expect(packetsOf([sight(1, eth0, 'out', 0), sight(2, 'vethz', 'in', 5)], blind)).toEqual([1, 1]);
});

describe('a flood', () => {
  /** From port a of the bridge to ports b and c. */
  const port = (name: string, peer?: number): Device => ({
    ...{ name, ifindex: 9, kind: 'veth', master: 'cni0' },
    ...(peer === undefined ? {} : { peer: { place: peer, dev: 'eth0' } }),
  });
  const before = [sight(1, 'eth0', 'out', 0), sight(2, port('vetha'), 'in', 10)];
  const told = (b: number | undefined, c: number | undefined) => [
    ...before,
    sight(2, port('vethb', b), 'out', 20),
    sight(2, port('vethc', c), 'out', 21),
  ];
  const arrivals = (isForOthers?: boolean) =>
    [3, 4].map(place => ({ ...sight(place, 'eth0', 'in', 20 + place), isForOthers }));
  const matches = (sights: readonly DirectedSight[], matcher: Matcher) =>
    sights.flatMap(each =>
      matcher.take([each]).map(({ packet, root, isFirst }) => ({ packet, root, isFirst })),
    );

  test('its copies are packets of their own, which know what they are copies of', () => {
    const matcher = new Matcher(() => true);
    const seen = matches([...told(3, 4), ...arrivals(true)], matcher);
    expect(seen.map(({ packet }) => packet)).toEqual([1, 1, 1, 2, 1, 2]);
    expect(seen.map(({ root }) => root)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(seen.map(({ isFirst }) => isFirst)).toEqual([true, false, false, true, false, false]);
    expect(matcher.stats).toMatchObject({ packets: 2, copies: 0, ambiguous: 0 });
  });

  test('a copy is left out, and counted, where nobody captured who gets it', () => {
    const matcher = new Matcher((place, dev) => place < 3 && dev !== 'eth0');
    expect(matches(told(3, 4), matcher).map(({ packet }) => packet)).toEqual([1, 1, 1]);
    expect(matcher.stats).toMatchObject({ packets: 1, copies: 1 });
  });

  test('and told from where it comes in, if that is the first that is known of it', () => {
    const matcher = new Matcher(() => true);
    const seen = matches([...told(undefined, undefined), ...arrivals(true)], matcher);
    expect(seen.slice(3).every(({ packet, root }) => packet !== 1 && root === 1)).toBe(true);
    expect(matcher.stats.ambiguous).toBe(0);
  });

  test('the same frame a moment later is another packet', () => {
    const matcher = new Matcher(() => true);
    const later = sight(2, port('vethc', 4), 'out', 6 * MS);
    expect(matches([...told(3, 4).slice(0, 3), later], matcher).at(-1)).toEqual({
      packet: 2,
      root: 2,
      isFirst: true,
    });
  });
});

test(
  'any sights whatever: each is of one packet, none comes by a device twice, none goes back in time',
  () => {
    const arbitrary = fc.record({
      place: fc.integer({ min: 1, max: 3 }),
      dev: fc.constantFrom('eth0', 'vetha', 'cni0', 'flannel.1', 'lo'),
      direction: fc.constantFrom('in' as const, 'out' as const),
      gapNs: fc.integer({ min: 0, max: 60 * MS }),
      ttl: fc.integer({ min: 60, max: 64 }),
      id: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 60 }), steps => {
        let nowNs = 0;
        const matcher = new Matcher(() => false);
        const sights = steps.map(({ place, dev, direction, gapNs, ttl, id }) => {
          nowNs += gapNs;
          return sight(place, dev, direction, nowNs, { ttl, id });
        });
        const chains = Map.groupBy(
          [...Map.groupBy(sights, each => each.timeNs).values()].flatMap(tied => matcher.take(tied)),
          ({ packet }) => packet,
        );
        expect([...chains.values()].flat()).toHaveLength(sights.length - matcher.stats.copies);
        for (const chain of chains.values()) {
          expect(new Set(chain.map(({ sight: { fingerprint } }) => fingerprint)).size).toBe(1);
          const places = chain.map(
            ({ sight: { place, device, direction, ttl } }) => `${place} ${device.name} ${direction} ${ttl}`,
          );
          expect(new Set(places).size).toBe(places.length);
          const times = chain.map(({ sight: { timeNs } }) => timeNs);
          expect(times).toEqual([...times].sort((a, b) => a - b));
          const ttls = chain.map(({ sight: { ttl } }) => ttl);
          expect(ttls).toEqual([...ttls].sort((a, b) => b - a));
        }
      }),
      { numRuns },
    );
  },
  timeout,
);
