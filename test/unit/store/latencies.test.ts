import { expect, test } from 'vitest';
import { Latencies, quantile } from '../../../src/store/latencies.ts';

test('nearest rank', () => {
  expect(quantile([7], 0.5)).toBe(7);
  expect(quantile([1, 2], 0.5)).toBe(1);
  expect(quantile([1, 2, 3], 0.5)).toBe(2);
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(quantile(hundred, 0.99)).toBe(99);
  expect(quantile(hundred, 0)).toBe(1);
  expect(quantile(hundred, 1)).toBe(100);
});

test('nothing is no latency', () => {
  expect(new Latencies().summary()).toBeUndefined();
});

test('only the newest thousand count', () => {
  const latencies = new Latencies();
  for (let i = 0; i < 5000; i++) latencies.add(1_000_000);
  for (let i = 0; i < 1024; i++) latencies.add(5);
  expect(latencies.summary()).toEqual({ p50: 5, p99: 5 });
});
