import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packFigures, unpackFigures } from '../../../src/store/packed-figures.ts';

const events = fc.array(fc.tuple(fc.maxSafeNat(), fc.integer({ min: -1, max: 4096 }), fc.nat(2 ** 32)), {
  maxLength: 60,
});

describe('figures of a packet', () => {
  test('come back as they were, also above 2^32 with the largest numbers and without a CPU', () => {
    fc.assert(
      fc.property(events, some => {
        const figures = some.sort(([a], [b]) => a - b).flat();
        expect(unpackFigures(packFigures(figures)!)).toEqual(figures);
      }),
    );
  });

  test.each([
    [[5, 0, 60, 4, 0, 60], 'time goes back'],
    [[0, -2, 60], 'a CPU below -1'],
    [[0, 1, 60.5], 'half a byte'],
    [[Number.NaN, 1, 60], 'no number'],
  ])('%j are kept as they are: %s', figures => {
    expect(packFigures(figures)).toBeUndefined();
  });

  test('take some 6 bytes an event', () => {
    const figures = Array.from({ length: 13 }, (_, i) => [i * 6180, 1, 236]).flat();
    expect(packFigures(figures)!.length).toBeLessThan(13 * 6);
  });
});
