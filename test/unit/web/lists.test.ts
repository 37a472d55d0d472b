import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../src/model/flow.ts';
import { orderOf, windowOf } from '../../../web/lists/row-order.ts';
import { flowSorts, sortedIds } from '../../../web/lists/sorting.ts';

describe('the order of rows', () => {
  test('stays as it is while somebody reads; what is new waits', () => {
    expect(orderOf(['4', '3', '2'], ['2', '1', '3'], true)).toEqual({ ids: ['2', '3'], newer: 1 });
  });

  test('is the present one when nobody does, and at first', () => {
    expect(orderOf(['3', '2'], ['2'], false)).toEqual({ ids: ['3', '2'], newer: 0 });
    expect(orderOf(['3', '2'], [], true)).toEqual({ ids: ['3', '2'], newer: 0 });
  });

  test('draws what is seen, of thousands', () => {
    const { from, to } = windowOf(10_000, 50, 25_000, 500);
    expect(from).toBeLessThanOrEqual(500);
    expect(to).toBeGreaterThanOrEqual(510);
    expect(to - from).toBeLessThan(30);
    expect(windowOf(0, 50, 0, 500)).toEqual({ from: 0, to: 0 });
    expect(windowOf(3, 50, 9999, 500)).toEqual({ from: 3, to: 3 });
  });
});

describe('sorting', () => {
  const flow = (id: string, state: Flow['state'], dropped = 0) => ({ id, state, dropped }) as Flow;
  const flows = [flow('1', 'closed'), flow('2', 'dropped', 2), flow('3', 'closed'), flow('4', 'refused')];
  const by = (name: string) => sortedIds(flows, flowSorts.find(sort => sort.name === name)!);

  test('has the newest first, also among equals', () => {
    expect(by('newest')).toEqual(['4', '3', '2', '1']);
    expect(by('drops')).toEqual(['2', '4', '3', '1']);
  });

  test('has trouble first', () => {
    expect(by('trouble')).toEqual(['2', '4', '3', '1']);
  });
});
