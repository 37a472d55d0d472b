import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fold } from '../../../../web/topology/fold.ts';

const isBusy = (item: number): boolean => item % 7 === 3;

test('nothing is lost, the order stays, what is busy is shown, and never is one thing folded alone', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), fc.nat(12), fc.boolean(), (items, max, isOpen) => {
      const { shown, hidden } = fold(items, { max, isBusy, isOpen });
      expect([...shown, ...hidden].sort()).toEqual([...items].sort());
      expect(shown).toEqual(items.filter(item => shown.includes(item)));
      expect(hidden.filter(isBusy)).toEqual([]);
      expect(hidden).not.toHaveLength(1);
      if (isOpen) expect(hidden).toEqual([]);
      else expect(shown.length).toBeLessThanOrEqual(Math.max(max, items.filter(isBusy).length) + 1);
    }),
  );
});
