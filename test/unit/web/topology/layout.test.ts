import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Topology } from '../../../../src/model/topology.ts';
import type { Rect } from '../../../../web/topology/geometry.ts';
import { layoutOf } from '../../../../web/topology/layout.ts';
import type { Box, Layout } from '../../../../web/topology/picture.ts';
import { isSpace } from '../../../../web/topology/tree.ts';
import { networks, recordedPage } from '../recorded-page.ts';
import { anyTopology, madeTopology } from './made-topology.ts';

const nothing: ReadonlySet<string> = new Set();
const shown = (topology: Topology, widthPx = 700, busy = nothing, open = nothing): Layout =>
  layoutOf(topology, { widthPx, busy, open });

const overlap = (a: Rect, b: Rect): boolean =>
  a.xPx < b.xPx + b.widthPx &&
  b.xPx < a.xPx + a.widthPx &&
  a.yPx < b.yPx + b.heightPx &&
  b.yPx < a.yPx + a.heightPx;
const contains = (outer: Rect, inner: Rect): boolean =>
  inner.xPx >= outer.xPx &&
  inner.yPx >= outer.yPx &&
  inner.xPx + inner.widthPx <= outer.xPx + outer.widthPx + 1e-6 &&
  inner.yPx + inner.heightPx <= outer.yPx + outer.heightPx + 1e-6;

function expectSound(layout: Layout): void {
  const numbers = [
    ...layout.boxes.flatMap(({ xPx, yPx, widthPx, heightPx }) => [xPx, yPx, widthPx, heightPx]),
    ...layout.lines.flatMap(({ points }) => points.flatMap(({ xPx, yPx }) => [xPx, yPx])),
    ...layout.ports.flatMap(({ xPx, yPx }) => [xPx, yPx]),
    layout.widthPx,
    layout.heightPx,
  ];
  expect(numbers.filter(number => !Number.isFinite(number) || number < 0)).toEqual([]);
  const byId = new Map(layout.boxes.map(box => [box.id, box]));
  expect(byId.size, 'every box is drawn once').toBe(layout.boxes.length);
  const whole = { xPx: 0, yPx: 0, widthPx: layout.widthPx, heightPx: layout.heightPx };
  const siblings = new Map<string | undefined, Box[]>();
  for (const box of layout.boxes) {
    const outer = box.inside === undefined ? whole : byId.get(box.inside);
    expect(outer !== undefined && contains(outer, box), `${box.id} in ${box.inside}`).toBe(true);
    siblings.set(box.inside, [...(siblings.get(box.inside) ?? []), box]);
  }
  for (const group of siblings.values())
    for (const [i, one] of group.entries())
      for (const other of group.slice(i + 1))
        expect(overlap(one, other), `${one.id} over ${other.id}`).toBe(false);
}

describe('any machine', () => {
  test('siblings do not overlap, children are inside, all is finite', () => {
    fc.assert(
      fc.property(
        anyTopology,
        fc.integer({ min: 200, max: 2000 }),
        fc.subarray(['p0', 'p1', 'p5', 'devices:p1', 'roots', 'services']),
        (topology, widthPx, open) => expectSound(shown(topology, widthPx, nothing, new Set(open))),
      ),
    );
  });

  test('of nodes and pods: every place has a spot, shown or folded away', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat(40), { minLength: 6, maxLength: 6 }),
        fc.boolean(),
        fc.integer({ min: 300, max: 2000 }),
        (nodes, pods, bridged, widthPx) => {
          const topology = madeTopology({ nodes, podsOf: node => pods[node]!, bridged });
          const layout = shown(topology, widthPx);
          expectSound(layout);
          expect(topology.places.filter(({ id }) => !layout.spots.has(id))).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe.each(networks)('the practice cluster with %s', network => {
  const { topology } = recordedPage(network);

  test('is sound, and fits its panel on a small screen without being scrolled sideways', () => {
    const layout = shown(topology, 690);
    expectSound(layout);
    expect(layout.widthPx).toBeLessThanOrEqual(690);
  });

  test('shows every namespace of the cluster, and every veth between them', () => {
    const layout = shown(topology);
    const drawn = new Set(layout.boxes.map(({ id }) => id));
    const spaces = topology.places.filter(place => isSpace(place) && place.cluster !== undefined);
    expect(spaces.filter(({ id }) => !drawn.has(id))).toEqual([]);
    const lines = new Set(layout.lines.filter(({ kind }) => kind === 'veth').flatMap(({ a, b }) => [a, b]));
    const veths = topology.links.filter(({ kind }) => kind === 'veth').flatMap(({ a, b }) => [a, b]);
    expect(new Set(veths)).toEqual(lines);
  });

  test('a line ends at the devices that it joins', () => {
    const layout = shown(topology);
    for (const { kind, a, b, points } of layout.lines) {
      if (kind !== 'veth') continue;
      const ends = [a, b].map(end => layout.spots.get(end));
      expect([points[0], points.at(-1)]).toMatchObject(
        ends.map(spot =>
          spot?.kind === 'gate' ? spot.outer : spot?.kind === 'point' && { xPx: spot.xPx, yPx: spot.yPx },
        ),
      );
    }
  });

  test('the machine itself, of no cluster, waits for traffic', () => {
    const own = topology.places.find(({ kind, cluster }) => kind === 'host' && cluster === undefined)!;
    expect(shown(topology).boxes.map(({ id }) => id)).not.toContain(own.id);
    expect(shown(topology).boxes.find(({ id }) => id === 'more:roots')?.folds).toEqual({
      what: 'namespaces',
      count: 1,
    });
    expect(shown(topology, 700, new Set([own.id])).boxes.map(({ id }) => id)).toContain(own.id);
    expect(shown(topology, 700, nothing, new Set(['roots'])).boxes.map(({ id }) => id)).toContain(own.id);
  });
});

describe('five nodes with a hundred pods', () => {
  const topology = madeTopology({ nodes: 5, podsOf: () => 20, bridged: true });
  const boxesOf = (layout: Layout, kind: Box['kind']): Box[] => layout.boxes.filter(box => box.kind === kind);

  test('pods without traffic are folded into a count that opens', () => {
    const layout = shown(topology);
    expect(boxesOf(layout, 'more').map(({ label }) => label)).toEqual(Array(5).fill('14 more'));
    expect(boxesOf(layout, 'pod')).toHaveLength(30);
    const open = shown(topology, 700, nothing, new Set(['netns:101']));
    expect(boxesOf(open, 'pod')).toHaveLength(44);
    expectSound(open);
  });

  test('what has traffic is shown, however much that is, in its place among the others', () => {
    const busy = new Set(Array.from({ length: 9 }, (_, p) => `netns:${10_000 + 2 * p}`));
    const pods = boxesOf(shown(topology, 700, busy), 'pod').filter(({ inside }) => inside === 'netns:100');
    expect(pods.map(({ id }) => id)).toEqual([...busy]);
  });

  test('fills the width with columns of nodes', () => {
    const columns = (widthPx: number): number =>
      new Set(boxesOf(shown(topology, widthPx), 'node').map(({ xPx }) => xPx)).size;
    expect([columns(300), columns(700), columns(1040), columns(1800)]).toEqual([1, 2, 3, 5]);
  });
});
