import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeWays } from '../../../../web/timeline/stations/merge.ts';

const out = (places: string) => ({ places: [...places], back: false });
const home = (places: string) => ({ places: [...places], back: true });

describe('the order of the stations', () => {
  test.each([
    ['a way alone', [out('abc')], 'abc'],
    ['a reply climbs back over the same', [out('abc'), home('cba')], 'abc'],
    ['a reply that is met first', [home('cba'), out('abc')], 'abc'],
    ['what lies between goes between', [out('ac'), out('abc')], 'abc'],
    ['ends of one place stand beside each other', [out('abc'), out('xbc')], 'axbc'],
    ['the opposite conversation shares the stations', [out('abc'), out('cba')], 'abc'],
    ['half a reply', [out('abcd'), home('cb')], 'abcd'],
  ])('%s', (_, ways, order) => {
    expect(mergeWays(ways).order.join('')).toBe(order);
  });

  test('a place that is crossed twice is two stations', () => {
    const { order, stops } = mergeWays([out('aba'), home('aba')]);
    expect(order).toEqual(['a', 'b', 'a@2']);
    expect(stops).toEqual([
      [0, 1, 2],
      [2, 1, 0],
    ]);
  });

  const place = fc.constantFrom(...'abcdefgh');
  const way = fc.record({ places: fc.array(place, { minLength: 1, maxLength: 8 }), back: fc.boolean() });

  test('each stop is the place of its way, and no place has the same name twice', () => {
    fc.assert(
      fc.property(fc.array(way, { maxLength: 8 }), ways => {
        const { order, stops } = mergeWays(ways);
        expect(new Set(order).size).toBe(order.length);
        for (const [w, { places }] of ways.entries()) {
          expect(stops[w]!.map(stop => order[stop]!.replace(/@\d+$/, ''))).toEqual(places);
          expect(new Set(stops[w]).size).toBe(places.length);
        }
      }),
    );
  });

  test('ways of which none contradicts another run down, and their replies up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ part: fc.subarray([...'abcdefgh'], { minLength: 2 }), back: fc.boolean() }), {
          maxLength: 6,
        }),
        parts => {
          const whole = out('abcdefgh');
          const ways = parts.map(({ part, back }) => ({ places: back ? part.toReversed() : part, back }));
          const { stops } = mergeWays([whole, ...ways]);
          for (const [w, { back }] of ways.entries()) {
            const down = back ? stops[w + 1]!.toReversed() : stops[w + 1]!;
            expect(down).toEqual([...down].sort((a, b) => a - b));
          }
        },
      ),
    );
  });
});
