/** Journeys over a few places, made up. */
import fc from 'fast-check';
import type { Change, Hop, Journey, Outcome } from '../../../src/model/journey.ts';

/** `place stage device`, e.g. "node-1 tx eth0"; cookies begin with `seed`. */
export function journeyOf(places: readonly string[], seed = ''): Journey {
  const hops = places.map((text, index): Hop => {
    const [place = '', stage = 'tx', dev = 'eth0'] = text.split(' ');
    return {
      index,
      offsetNs: index * 1000,
      layer: 'device',
      stage: stage as 'tx',
      netns: { cookie: seed + place, inode: index, name: place },
      dev,
      changes: [],
      text: '',
    };
  });
  const end = { kind: 'unknown', ip: '10.0.0.1' } as const;
  return {
    schema: 1,
    session: 's',
    id: '1',
    startedAt: '2026-11-20T10:00:00.000000000Z',
    startNs: '0',
    durationNs: hops.at(-1)?.offsetNs ?? 0,
    direction: 'request',
    proto: 'tcp',
    summary: 'SYN',
    lenBytes: 60,
    packet: {},
    from: end,
    to: end,
    outcome: { kind: 'delivered', to: 'stack', at: Math.max(0, hops.length - 1) },
    complete: true,
    closedBy: 'quiet',
    hops,
    gaps: [],
    links: [],
  };
}

const rewrite = fc.record<Change>({
  field: fc.constantFrom('src' as const, 'dst' as const),
  from: fc.constantFrom('10.0.0.1:80', '10.0.0.2:40000'),
  to: fc.constantFrom('10.0.0.3:8080', '10.0.0.4:8080', '10.0.0.4:50000'),
  by: fc.constantFrom('dnat' as const, 'masquerade' as const),
});

const outcome = (at: number): fc.Arbitrary<Outcome> =>
  fc.constantFrom<Outcome>(
    { kind: 'delivered', to: 'stack', at },
    { kind: 'dropped', reason: 'NETFILTER_DROP', location: 'nft_do_chain', at },
    { kind: 'dropped', reason: 'IP_RPFILTER', location: 'ip_rcv', at },
    { kind: 'open', waiting: 'unknown', at },
  );

const anyHop = fc.record({
  place: fc.constantFrom('n1', 'n2', 'n3'),
  layer: fc.constantFrom('device' as const, 'netfilter' as const, 'route' as const, 'socket' as const),
  dev: fc.constantFrom('eth0', 'eth1'),
  stepNs: fc.nat(50_000),
  repeats: fc.boolean(),
  changes: fc.array(rewrite, { maxLength: 1 }),
});

export const anyJourney: fc.Arbitrary<Journey> = fc
  .array(anyHop, { minLength: 1, maxLength: 12 })
  .chain(hops => fc.tuple(fc.constant(hops), outcome(hops.length - 1), fc.nat(99)))
  .map(([parts, end, id]) => {
    const base = journeyOf(parts.map(({ place, dev }) => `${place} tx ${dev}`));
    let offsetNs = 0;
    const hops = base.hops.map((hop, i): Hop => {
      const { layer, changes, repeats, stepNs } = parts[i]!;
      offsetNs += i === 0 ? 0 : stepNs;
      return { ...hop, offsetNs, layer, changes, ...(repeats ? { repeats: true as const } : {}) };
    });
    return { ...base, id: String(id), hops, durationNs: offsetNs, outcome: end };
  });
