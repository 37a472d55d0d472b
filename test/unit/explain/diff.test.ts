/** Where two journeys part. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { align } from '../../../src/explain/diff/align.ts';
import { isSameWay, type JourneyDiff, journeyDiff } from '../../../src/explain/diff/journey-diff.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { replay } from '../../golden/replay.ts';
import { anyJourney, journeyOf } from './any-journey.ts';

/** The other way round. */
function mirrored({ a, b, aNs, bNs, parts, rewrites, segments, outcome }: JourneyDiff): JourneyDiff {
  const swap = <T extends { a?: unknown; b?: unknown }>(both: T) => {
    const { a: x, b: y, ...rest } = both;
    return { ...rest, ...(y === undefined ? {} : { a: y }), ...(x === undefined ? {} : { b: x }) };
  };
  return {
    a: b,
    b: a,
    aNs: bNs,
    bNs: aNs,
    parts: parts.map(part => (part.kind === 'same' ? { ...part, hops: part.hops.map(swap) } : swap(part))),
    rewrites: rewrites.map(each => ({ ...swap(each), at: swap(each.at) })),
    segments: segments.map(({ from, to, ...ns }) => ({
      from: swap(from),
      to: swap(to),
      aNs: ns.bNs,
      bNs: ns.aNs,
    })),
    ...(outcome === undefined ? {} : { outcome: swap(outcome) }),
  } as unknown as JourneyDiff;
}

const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });

describe('align', () => {
  test('pairs equal keys, in order, as many as the shorter way to change one into the other leaves', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const pairs = align(a, b);
        for (const [i, j] of pairs) expect(a[i]).toBe(b[j]);
        for (const [n, [i, j]] of pairs.slice(1).entries())
          expect(i > pairs[n]![0] && j > pairs[n]![1]).toBe(true);
        expect(pairs.length).toBe(longest(a, b));
      }),
    );
  });

  test('is the same whichever is named first', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        expect(align(b, a).map(([x, y]) => [y, x])).toEqual(align(a, b));
      }),
    );
  });
});

/** Length of the longest common subsequence, by its definition. */
function longest(a: readonly string[], b: readonly string[]): number {
  const [first, ...rest] = a;
  if (first === undefined) return 0;
  const at = b.indexOf(first);
  return Math.max(longest(rest, b), at < 0 ? 0 : 1 + longest(rest, b.slice(at + 1)));
}

describe('journeyDiff', () => {
  test('of a journey with itself is empty', () => {
    fc.assert(
      fc.property(anyJourney, journey => {
        const diff = journeyDiff(journey, journey);
        expect(isSameWay(diff)).toBe(true);
        for (const { aNs, bNs } of diff.segments) expect(aNs).toBe(bNs);
      }),
    );
  });

  test('is symmetric', () => {
    fc.assert(
      fc.property(anyJourney, anyJourney, (a, b) => {
        expect(journeyDiff(b, a)).toEqual(mirrored(journeyDiff(a, b)));
      }),
    );
  });

  test('has every hop of the way once', () => {
    fc.assert(
      fc.property(anyJourney, anyJourney, (a, b) => {
        const { parts } = journeyDiff(a, b);
        const told = parts.flatMap(part => (part.kind === 'same' ? part.hops.map(hop => hop.a) : part.a));
        expect(told).toEqual([...told].sort((x, y) => x - y));
        expect(new Set(told).size).toBe(told.length);
        expect(parts.some((part, i) => part.kind === 'same' && parts[i - 1]?.kind === 'same')).toBe(false);
      }),
    );
  });

  test('the same way in two sessions is the same way', () => {
    const here = journeyOf(['n1 tx eth0', 'n2 rx eth0']);
    const there = { ...journeyOf(['n1 tx eth0', 'n2 rx eth0'], 'x'), session: 'other' };
    expect(isSameWay(journeyDiff(here, there))).toBe(true);
  });

  test('a hook that was only passed, seen in one of them, is no difference', () => {
    const without = journeyOf(['n1 tx eth0', 'n2 rx eth0', 'n2 tx eth1']);
    const hop = { ...without.hops[1]!, layer: 'netfilter' as const, stage: 'forward' as const, changes: [] };
    const hops = [...without.hops.slice(0, 2), hop, ...without.hops.slice(2)].map((each, index) => ({
      ...each,
      index,
    }));
    expect(isSameWay(journeyDiff(without, { ...without, hops }))).toBe(true);
  });
});

describe('of recorded requests', () => {
  const syn = (name: string): Journey =>
    replay(recordedBytes(name)).journeys.find(
      ({ summary, direction }) => summary === 'SYN' && direction === 'request',
    )!;
  const same = syn('flannel-service-same-node');
  const cross = syn('flannel-service-cross-node');
  const hooked = syn('flannel-service-hooks');

  test('another pod is another rewrite and another way', () => {
    const diff = journeyDiff(same, cross);
    expect(diff.rewrites.map(({ a, b }) => [a, b])).toEqual([
      ['10.96.45.123:80 → 10.244.1.6:8080 (DNAT)', '10.96.45.123:80 → 10.244.2.7:8080 (DNAT)'],
    ]);
    const [, other] = diff.parts;
    expect(other?.kind === 'other-way' && other.b.length > other.a.length).toBe(true);
    expect(diff.outcome).toBeUndefined();
  });

  test('whether hooks were watched is no difference', () => {
    const diff = journeyDiff(cross, hooked);
    expect(diff.rewrites).toEqual([]);
    expect(diff.parts.filter(part => part.kind !== 'same')).toEqual([]);
  });

  test('what is dropped ends otherwise', () => {
    const { journeys } = replay(recordedBytes('flannel-policy-drop'));
    const dropped = journeys.find(({ outcome }) => outcome.kind === 'dropped')!;
    expect(journeyDiff(dropped, cross).outcome?.a).toContain('NETFILTER_DROP in FORWARD');
  });
});
