import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { around, panned, zoomed } from '../../../../web/timeline/time/move-window.ts';
import { quietOf } from '../../../../web/timeline/time/quiet.ts';
import { niceStep, ticksOf } from '../../../../web/timeline/time/ticks.ts';
import { FOLD_PX, Folds, TimeScale } from '../../../../web/timeline/time/time-scale.ts';

const cuts = fc
  .uniqueArray(fc.integer({ min: 0, max: 1_000_000_000 }), { minLength: 2, maxLength: 40 })
  .map(times => times.sort((a, b) => a - b));
const folds = cuts.map(times => {
  const quiet = [];
  for (let i = 0; i + 1 < times.length; i += 2) quiet.push({ fromNs: times[i]!, toNs: times[i + 1]! });
  return new Folds(quiet);
});
const scale = fc
  .record({
    folds,
    fromNs: fc.integer({ min: -1000, max: 900_000_000 }),
    lengthNs: fc.integer({ min: 0, max: 1_000_000_000 }),
    widthPx: fc.integer({ min: 1, max: 4000 }),
  })
  .map(
    ({ folds: of, fromNs, lengthNs, widthPx }) =>
      new TimeScale({ fromNs, toNs: fromNs + lengthNs }, widthPx, of),
  );

describe('the time scale', () => {
  test('is its own inverse, inside of folds too', () => {
    fc.assert(
      fc.property(scale, fc.integer({ min: -2000, max: 1_000_000_000 }), (time, ns) => {
        const back = time.ns(time.x(ns));
        // Half a px of a fold is much time; elsewhere it is to the nanosecond.
        expect(Math.abs(time.x(back) - time.x(ns))).toBeLessThan(1e-3);
        expect(Number.isFinite(back)).toBe(true);
      }),
    );
  });

  test('never runs back, and puts the window on the width', () => {
    fc.assert(
      fc.property(scale, cuts, (time, times) => {
        const x = times.map(ns => time.x(ns));
        expect(x.every((value, i) => Number.isFinite(value) && (i === 0 || value >= x[i - 1]!))).toBe(true);
        expect(time.x(time.window.fromNs)).toBeCloseTo(0, 3);
        expect(time.x(time.window.toNs)).toBeCloseTo(time.widthPx, 3);
      }),
    );
  });

  test('folds take a fixed width, all else is in proportion', () => {
    const time = new TimeScale({ fromNs: 0, toNs: 3_000_000 }, 1026, new Folds([{ fromNs: 1e6, toNs: 2e6 }]));
    expect(time.x(1e6)).toBe(500);
    expect(time.x(2e6)).toBe(500 + FOLD_PX);
    expect(time.x(2.5e6)).toBe(776);
    expect(time.ns(513)).toBeCloseTo(1.5e6);
    expect(time.foldsInSight()).toEqual([0, 1]);
  });

  test('with many folds they get narrower, and leave room for what moves', () => {
    const quiet = Array.from({ length: 100 }, (_, i) => ({ fromNs: i * 1000 + 100, toNs: i * 1000 + 1000 }));
    const time = new TimeScale({ fromNs: 0, toNs: 100_000 }, 1000, new Folds(quiet));
    expect(time.foldPx).toBeCloseTo(4);
    expect(time.x(100_000)).toBeCloseTo(1000);
  });
});

describe('moving about', () => {
  test('zooming keeps what is below the pointer, panning moves by px', () => {
    fc.assert(
      fc.property(scale, fc.double({ min: 0.2, max: 5, noNaN: true }), (time, factor) => {
        fc.pre(time.widthPx > 50);
        const panTo = panned(time, 10);
        expect(time.x(panTo.fromNs)).toBeCloseTo(10, 3);
        const zoomedTo = zoomed(time, factor, 40);
        expect(zoomedTo.fromNs).toBeLessThanOrEqual(zoomedTo.toNs);
        // Nothing is drawn wider than what was measured: then there is no further in.
        const at =
          time.x(zoomedTo.fromNs) * 1 +
          40 / (time.widthPx / (time.x(zoomedTo.toNs) - time.x(zoomedTo.fromNs)));
        expect(at).toBeCloseTo(40, 2);
      }),
    );
  });

  test('what is fitted has room around it', () => {
    fc.assert(
      fc.property(
        folds,
        fc.integer({ min: 0, max: 1e8 }),
        fc.integer({ min: 1000, max: 1e8 }),
        (of, fromNs, length) => {
          const inside = { fromNs, toNs: fromNs + length };
          const time = new TimeScale(around(inside, { widthPx: 1000, folds: of }), 1000, of);
          expect(time.x(inside.fromNs)).toBeGreaterThan(0);
          expect(time.x(inside.toNs)).toBeLessThan(1000);
        },
      ),
    );
  });
});

describe('stretches in which nothing moves', () => {
  const packets = (...spans: readonly (readonly [number, number])[]) => ({
    times: Float64Array.from(spans.flat()),
    starts: Float64Array.from(spans, span => span[0]),
    ends: Float64Array.from(spans, span => span[1]),
  });

  test('two packets a second apart are drawn side by side', () => {
    const quiet = quietOf(packets([0, 100_000], [1e9, 1e9 + 100_000]));
    expect(quiet).toHaveLength(1);
    expect(quiet[0]!.fromNs).toBeGreaterThan(100_000);
    expect(quiet[0]!.toNs).toBeLessThan(1e9);
  });

  test('a packet that waits is what the reader looks for', () => {
    expect(quietOf(packets([0, 30_000], [35_000, 100_000]))).toEqual([]);
    const [wait] = quietOf(packets([0, 1_000_000_000], [1_000_010_000, 1_000_020_000]));
    expect(wait!.toNs).toBeLessThanOrEqual(1_000_000_000);
    expect(wait!.toNs - wait!.fromNs).toBeGreaterThan(900_000_000);
  });

  test('no packet is in one, whatever comes', () => {
    fc.assert(
      fc.property(cuts, times => {
        const moments = {
          times: Float64Array.from(times),
          starts: Float64Array.from(times),
          ends: Float64Array.from(times),
        };
        const quiet = quietOf(moments);
        for (const [i, { fromNs, toNs }] of quiet.entries()) {
          expect(fromNs).toBeLessThan(toNs);
          if (i > 0) expect(fromNs).toBeGreaterThanOrEqual(quiet[i - 1]!.toNs);
          expect(times.some(time => time > fromNs && time < toNs)).toBe(false);
        }
      }),
    );
  });
});

describe('marks of the axis', () => {
  test('steps are round and marks stay in sight and apart', () => {
    expect([1, 3, 7, 60, 1001].map(niceStep)).toEqual([1, 5, 10, 100, 2000]);
    fc.assert(
      fc.property(scale, time => {
        for (const tick of ticksOf(time, 0)) {
          expect(tick.xPx).toBeGreaterThan(-0.01);
          expect(tick.xPx).toBeLessThan(time.widthPx + 0.01);
        }
      }),
    );
  });
});
