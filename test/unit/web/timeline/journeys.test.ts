import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Journey } from '../../../../src/model/journey.ts';
import { Columns } from '../../../../web/timeline/journeys/columns.ts';
import { isFork, jointsOf } from '../../../../web/timeline/journeys/joints.ts';
import { overlaidWay, overlayOf, quantile } from '../../../../web/timeline/journeys/overlay.ts';
import { look, mark, stretch, type Track, Tracks } from '../../../../web/timeline/journeys/track.ts';
import { lanesOf } from '../../../../web/timeline/stations/lanes.ts';
import { recordings } from '../../../golden/recordings.ts';
import { recorded } from './recorded.ts';

const { tracks, lanes, journeys } = recorded('flannel-service-hooks');
const syn = tracks[0]!;
const synAck = tracks[1]!;

describe('how a packet looks', () => {
  test('a request changes at its DNAT, and is wrapped between the tunnel ends', () => {
    const dnat = syn.marks.indexOf(mark.dnat);
    expect(syn.journey.hops[dnat]!.changes[0]!.by).toBe('dnat');
    expect([...syn.looks.slice(0, dnat)].every(state => state === 0)).toBe(true);
    expect([...syn.looks.slice(dnat)].every(state => (state & look.dnat) !== 0)).toBe(true);
    const [encap, decap] = [syn.marks.indexOf(mark.encap), syn.marks.indexOf(mark.decap)];
    const wrapped = [...syn.looks].map(state => (state & look.encap) !== 0);
    expect(wrapped).toEqual(wrapped.map((_, hop) => hop >= encap && hop < decap));
  });

  test('a reply is born as the backend wrote it, until conntrack restores the address', () => {
    const undone = synAck.marks.indexOf(mark.undnat);
    expect(undone).toBeGreaterThan(0);
    expect([...synAck.looks].map(state => (state & look.dnat) !== 0)).toEqual(
      [...synAck.looks].map((_, hop) => hop < undone),
    );
  });

  test('so is one that does not get that far', () => {
    const cut = { ...synAck.journey, hops: synAck.journey.hops.slice(0, 4) } as Journey;
    const half = new Tracks(0n).of(cut)!;
    expect([...half.looks].every(state => (state & look.dnat) !== 0)).toBe(true);
  });

  test('stretches before what was not seen are not like the others', () => {
    const gap = { after: 2, kind: 'lost' as const, reason: 'ring' };
    const holed = new Tracks(0n).of({ ...syn.journey, gaps: [gap, { ...gap, after: -1 }] })!;
    expect(holed.stretches[3]).toBe(stretch.gap);
    const inferred = syn.journey.hops.findIndex(hop => hop.inferred);
    expect(syn.stretches[inferred]).toBe(stretch.inferred);
    expect(syn.stretches[1]).toBe(stretch.seen);
  });

  test('a journey without hops is not drawn; another version is another track', () => {
    const all = new Tracks(0n);
    expect(all.of({ ...syn.journey, hops: [] })).toBeUndefined();
    expect(all.of(syn.journey)).toBe(all.of(syn.journey));
    expect(all.of({ ...syn.journey })).not.toBe(all.of(syn.journey));
  });
});

describe('columns', () => {
  const moved = (byNs: readonly number[]): Track[] =>
    byNs.map((by, i) => {
      const { journey } = tracks[i % tracks.length]!;
      return new Tracks(BigInt(journey.startNs) - BigInt(by)).of({ ...journey, id: `${i}` })!;
    });
  const births = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1, maxLength: 60 });

  test('what is left out of a window is not in it', () => {
    fc.assert(
      fc.property(
        births,
        fc.integer({ min: 0, max: 1e7 }),
        fc.integer({ min: 0, max: 1e6 }),
        (by, fromNs, length) => {
          const columns = new Columns(moved(by), lanes);
          const window = { fromNs, toNs: fromNs + length };
          const [from, to] = columns.inWindow(window);
          for (let i = 0; i < columns.count; i++) {
            const inside = columns.starts[i]! <= window.toNs && columns.ends[i]! >= window.fromNs;
            if (inside) expect(i >= from && i < to).toBe(true);
          }
        },
      ),
    );
  });

  test('hold every hop of every journey, in the order of birth', () => {
    fc.assert(
      fc.property(births, by => {
        const columns = new Columns(moved(by), lanes);
        expect([...columns.starts]).toEqual([...columns.starts].sort((a, b) => a - b));
        for (const [i, { journey }] of columns.tracks.entries()) {
          expect(columns.first[i + 1]! - columns.first[i]!).toBe(journey.hops.length);
          expect(columns.indexOf(journey.id)).toBe(i);
        }
        expect(columns.times.every(Number.isFinite)).toBe(true);
      }),
    );
  });
});

describe('what is usual', () => {
  test('quantiles are of the nearest rank', () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => i + 1);
    expect([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)]).toEqual([50, 99, 100]);
  });

  test('the way of the selected, and lines that never run back', () => {
    const way = overlaidWay(tracks, syn)!;
    expect(way).toBe(syn.way);
    const busiest = overlaidWay(tracks, undefined)!;
    const overlay = overlayOf(tracks, busiest);
    expect(overlay.tracks.length).toBeGreaterThan(2);
    for (let hop = 1; hop < overlay.p50.length; hop++) {
      expect(overlay.p50[hop]).toBeGreaterThanOrEqual(overlay.p50[hop - 1]!);
      expect(overlay.p99[hop]).toBeGreaterThanOrEqual(overlay.p50[hop]!);
    }
  });
});

describe('joints', () => {
  test('the copies of a flood come out of the bridge where the packet is flooded', () => {
    const arp = recorded('flannel-policy-drop');
    const columns = new Columns(arp.tracks, arp.lanes);
    const forks = jointsOf(columns).filter(joint => isFork(joint.kind));
    expect(forks.length).toBe(5);
    for (const { from, to } of forks) {
      expect(columns.times[from]).toBeLessThanOrEqual(columns.times[to]!);
      expect(arp.lanes.bands[arp.lanes.bandOf[columns.lanes[from]!]!]!.label).toBe('node-1');
    }
  });
});

test.each(recordings())('every journey of %s has a lane and a time at each hop', name => {
  const one = recorded(name);
  const columns = new Columns(one.tracks, lanesOf(one.tracks, new Map()));
  expect(columns.count).toBe(one.journeys.length);
  expect(columns.lanes.every(lane => lane < one.lanes.count + 100)).toBe(true);
  expect(columns.times.every(Number.isFinite)).toBe(true);
});

test('the recordings are what they were', () => {
  expect(journeys.length).toBe(10);
});
