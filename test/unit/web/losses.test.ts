import { expect, test } from 'vitest';
import type { Stats } from '../../../src/model/stats.ts';
import { nothingMissed } from '../../../web/app/feed.ts';
import { backText, lossesOf } from '../../../web/status/losses.ts';

const stats = {
  events: { seen: 10, filtered: { own: 1, sampled: 0 }, lost: 2, malformed: 0, unaccounted: 0 },
  journeys: { closed: 3, open: 0, kept: 3, evicted: 0, filtered: 0 },
  suspectJoins: 0,
  lateEvents: 0,
} as unknown as Stats;

test('what is missing is named with its reason, and what hides nothing is no alarm', () => {
  const losses = lossesOf(stats, { ...nothingMissed, slow: 5, malformed: 2, reconnects: 1 }, 7);
  expect(losses.map(({ what, isBad }) => [what, isBad])).toEqual([
    ['2 events lost', true],
    ['1 event own', false],
    ['5 changes passed over', true],
    ['2 messages unreadable', true],
    ['1 time reconnected', false],
    ['7 packets left this page', false],
  ]);
  for (const { why } of losses) expect(why.length).toBeGreaterThan(20);
});

test('nothing is said where nothing is missing, or known', () => {
  expect(lossesOf(undefined, nothingMissed, 0)).toEqual([]);
});

test('a lost connection says how long it was away, and what that cost', () => {
  expect(backText({ afterMs: 4000, passedOver: 0, isAnew: false })).toBe('back after 4.00 s, nothing missed');
  expect(backText({ afterMs: 4000, passedOver: 1, isAnew: false })).toBe(
    'back after 4.00 s: 1 change missed',
  );
  expect(backText({ afterMs: 4000, passedOver: 1, isAnew: true })).toBe('back after 4.00 s: begun anew');
});
