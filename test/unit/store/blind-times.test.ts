import { describe, expect, test } from 'vitest';
import { BlindTimes } from '../../../src/store/blind-times.ts';
import { FlowBook } from '../../../src/store/flow-book.ts';
import { Rig } from '../../helpers/journeys.ts';
import { sameNodeRequest } from '../../helpers/journeys-ways.ts';

test('intervals overlap at their ends, and grow together', () => {
  const blind = new BlindTimes();
  blind.add(10n, 20n);
  blind.add(15n, 30n);
  blind.add(100n, 100n);
  expect(blind.overlaps(0n, 9n)).toBe(false);
  expect(blind.overlaps(30n, 40n)).toBe(true);
  expect(blind.overlaps(31n, 99n)).toBe(false);
  expect(blind.overlaps(99n, 101n)).toBe(true);
});

test('the oldest are forgotten', () => {
  const blind = new BlindTimes();
  for (let n = 0n; n < 1000n; n++) blind.add(n * 10n, n * 10n + 1n);
  expect(blind.overlaps(0n, 5n)).toBe(false);
  expect(blind.overlaps(9990n, 9990n)).toBe(true);
});

describe('an answer that may have gone by unseen', () => {
  const walk = sameNodeRequest();
  const request = new Rig().walk(walk).finish().of(walk);
  const sentNs = BigInt(request.startNs);

  test.each([
    ['at the time when it was due', sentNs + 500_000_000n, 'open'],
    ['long after', sentNs + 5_000_000_000n, 'unanswered'],
  ])('%s', (_, atNs, state) => {
    const book = new FlowBook();
    book.add(request);
    expect(book.all()[0]!.state).toBe('unanswered');
    book.blind.add(atNs, atNs + 1n);
    expect(book.all()[0]!.state).toBe(state);
  });
});
