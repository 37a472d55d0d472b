import { describe, expect, test } from 'vitest';
import { duration, mark, offsets, since } from '../../../src/words/times.ts';

describe('how long', () => {
  test.each([
    [0, '0.0 µs'],
    [1_234, '1.2 µs'],
    [9_996, '10.0 µs'],
    [99_900, '99.9 µs'],
    [99_960, '100 µs'],
    [123_456, '123 µs'],
    [999_499, '999 µs'],
    [999_500, '1.00 ms'],
    [1_572_000, '1.57 ms'],
    [9_999_000, '10.0 ms'],
    [12_345_678, '12.3 ms'],
    [123_456_789, '123 ms'],
    [999_500_000, '1.00 s'],
    [1_091_699_000, '1.09 s'],
    [62_000_000_000, '62.0 s'],
    [600_000_000_000, '600 s'],
  ])('%i ns: %s', (ns, text) => {
    expect(duration(ns)).toBe(text);
  });

  test('never shrinks as it grows, whatever the rounding', () => {
    const units: Readonly<Record<string, number>> = { µs: 1e3, ms: 1e6, s: 1e9 };
    let before = -1;
    for (let ns = 1; ns < 1e12; ns = Math.ceil(ns * 1.003)) {
      const [number = '', unit = ''] = duration(ns).split(' ');
      const shown = Number(number) * units[unit]!;
      expect(shown, `${ns} ns as ${number} ${unit}`).toBeGreaterThanOrEqual(before);
      expect(number.replace('.', '').length, number).toBeLessThanOrEqual(3);
      before = shown;
    }
  });
});

describe('when', () => {
  test.each([
    [0, '+0.000 ms'],
    [484_123, '+0.484 ms'],
    [1_091_699_400, '+1091.699 ms'],
    [-1_500_000, '−1.500 ms'],
  ])('%i ns: %s', (ns, text) => {
    expect(since(ns)).toBe(text);
  });
});

describe('offsets of one journey', () => {
  test('are all µs where it is short', () => {
    const text = offsets(4_206_000);
    expect([0, 1_200, 4_206_000].map(text)).toEqual(['0.0 µs', '1.2 µs', '4206.0 µs']);
  });

  test('are all ms where it waited', () => {
    const text = offsets(3_021_445_000);
    expect([0, 1_200, 3_021_445_000].map(text)).toEqual(['0.000 ms', '0.001 ms', '3021.445 ms']);
  });
});

test.each([
  [0, 200_000, '0 µs'],
  [400_000, 200_000, '400 µs'],
  [1_200_000, 200_000, '1.2 ms'],
  [1_203_400, 200, '1.2034 ms'],
  [3_000_000_000, 500_000_000, '3.0 s'],
  [300, 100, '0.3 µs'],
])('a mark at %i ns, %i ns from the next: %s', (ns, stepNs, text) => {
  expect(mark(ns, stepNs)).toBe(text);
});
