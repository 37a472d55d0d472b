import { describe, expect, test } from 'vitest';
import type { Journey } from '../../../src/model/journey.ts';
import { dropsByReason, quantile, ratesByOutcome, roundNs, segmentsOf } from '../../../web/charts/figures.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { replay } from '../../golden/replay.ts';

const packet = (atMs: number, outcome: Partial<Journey['outcome']>) => ({
  journey: { outcome } as Journey,
  atNs: atMs * 1e6,
});

describe('rates', () => {
  test('are packets a second: their area is the packets', () => {
    const rates = ratesByOutcome([
      ...[0, 10, 990, 2000].map(ms => packet(ms, { kind: 'delivered' })),
      packet(500, { kind: 'dropped' }),
    ]);
    expect(rates.series.map(({ name }) => name)).toEqual(['delivered', 'dropped']);
    const binS = rates.seconds[1]! - rates.seconds[0]!;
    const areas = rates.series.map(({ values }) => values.reduce((sum, value) => sum + value * binS, 0));
    expect(areas[0]).toBeCloseTo(4);
    expect(areas[1]).toBeCloseTo(1);
  });

  test('of drops are by reason, the rare ones together', () => {
    const drops = ['A', 'A', 'A', 'B', 'B', 'C', 'D'].map((reason, at) =>
      packet(at, { kind: 'dropped', reason }),
    );
    expect(dropsByReason(drops, 2).series.map(({ name }) => name)).toEqual(['A', 'B', 'other reasons']);
    expect(dropsByReason([packet(0, { kind: 'delivered' })]).series).toEqual([]);
  });

  test('of nothing are nothing', () => {
    expect(ratesByOutcome([])).toEqual({ seconds: [], series: [] });
  });
});

test('segments are from place to place, of recorded packets', () => {
  const packets = replay(recordedBytes('flannel-service-cross-node')).journeys.map(journey => ({
    journey,
    atNs: 0,
  }));
  const segments = segmentsOf(packets, 50);
  const wire = segments.find(({ from, to }) => from === 'pod-a eth0' && to.startsWith('node-1 veth'));
  expect(wire?.count).toBe(6);
  for (const { p50Ns, p99Ns } of segments) expect(p99Ns).toBeGreaterThanOrEqual(p50Ns);
  expect(segmentsOf(packets, 3)).toHaveLength(3);
});

test('quantiles are values that were seen', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBe(0);
});

test.each([
  [1, 1],
  [1.5, 2],
  [3, 5],
  [70, 100],
])('%d is rounded up to %d', (ns, round) => {
  expect(roundNs(ns)).toBe(round);
});
