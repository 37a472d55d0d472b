import { describe, expect, test } from 'vitest';
import { Kept } from '../../../web/app/kept.ts';

const item = (id: number, rev = 1) => ({ id: String(id), rev });
const idsOf = (kept: Kept<{ id: string; rev: number }>): string[] => [...kept.view().keys()];

describe('what the page keeps', () => {
  test('is in order of birth, whatever came first', () => {
    const kept = new Kept(10);
    kept.put([item(2), item(10), item(9)]);
    kept.put([item(3)]);
    expect(idsOf(kept)).toEqual(['2', '3', '9', '10']);
  });

  test('holds the newest version', () => {
    const kept = new Kept(10);
    expect(kept.put([item(1, 2)])).toBe(1);
    expect(kept.put([item(1, 1), item(1, 2)])).toBe(0);
    expect(kept.put([item(1, 3)])).toBe(1);
    expect(kept.get('1')?.rev).toBe(3);
  });

  test('is bounded: the oldest go, but for what is looked at', () => {
    const kept = new Kept(3);
    kept.put(
      [1, 2, 3, 4, 5].map(id => item(id)),
      new Set(['1']),
    );
    expect(idsOf(kept)).toEqual(['1', '4', '5']);
    expect(kept.evicted).toBe(2);
  });

  test('is never changed once it was given out', () => {
    const kept = new Kept(3);
    kept.put([item(1)]);
    const view = kept.view();
    expect(kept.isChanged).toBe(false);
    kept.put([item(2)]);
    expect([...view.keys()]).toEqual(['1']);
    expect(kept.isChanged).toBe(true);
  });
});
