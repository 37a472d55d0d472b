import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeqList } from '../../../src/store/seq-list.ts';

interface Item {
  readonly name: number;
  seq: number;
}

type Step = { readonly kind: 'change' | 'go' | 'trim'; readonly name: number };

const steps = fc.array(
  fc.record<Step>({ kind: fc.constantFrom('change', 'change', 'change', 'go', 'trim'), name: fc.nat(12) }),
  { maxLength: 400 },
);

const collect = (
  walk: (visit: (item: Item) => boolean) => void,
  most = Number.POSITIVE_INFINITY,
): number[] => {
  const names: number[] = [];
  walk(item => names.push(item.name) < most);
  return names;
};

test('is what a sorted list of those that are there would be', () => {
  fc.assert(
    fc.property(steps, fc.nat(450), fc.integer({ min: 1, max: 5 }), (all, since, most) => {
      const list = new SeqList<Item>();
      const there = new Map<number, Item>();
      let seq = 0;
      for (const { kind, name } of all) {
        const known = there.get(name);
        if (kind === 'trim') list.trim();
        else if (known !== undefined) {
          list.leave();
          known.seq = 0;
          there.delete(name);
        }
        if (kind !== 'change') continue;
        const item: Item = { name, seq: ++seq };
        there.set(name, item);
        list.push(item);
      }
      const sorted = [...there.values()].sort((a, b) => a.seq - b.seq);
      const after = sorted.filter(item => item.seq > since).map(({ name }) => name);
      const before = sorted.filter(item => item.seq <= since).map(({ name }) => name);
      expect(list.size).toBe(sorted.length);
      expect(collect(visit => list.forward(since, visit))).toEqual(after);
      expect(collect(visit => list.backward(since, visit))).toEqual(before.toReversed());
      expect(collect(visit => list.forward(since, visit), most)).toEqual(after.slice(0, most));
      expect(list.first()?.name).toBe(sorted[0]?.name);
    }),
    { numRuns: 300 },
  );
});

test('an item that changes again and again leaves nothing behind', () => {
  const list = new SeqList<Item>();
  const item: Item = { name: 1, seq: 1 };
  list.push(item);
  for (let seq = 2; seq < 10_000; seq++) {
    list.leave();
    item.seq = seq;
    list.push(item);
  }
  expect(collect(visit => list.forward(0, visit))).toEqual([1]);
  expect(list.places).toBeLessThan(200);
});
