import { describe, expect, test } from 'vitest';
import type { JourneyVersion } from '../../../../src/model/journey.ts';
import { layoutOf } from '../../../../web/topology/layout.ts';
import { marksOf } from '../../../../web/topology/marks.ts';
import type { Layout } from '../../../../web/topology/picture.ts';
import { placeOf, placesOf, routeOf } from '../../../../web/topology/route.ts';
import { busyPlaces, passing } from '../../../../web/topology/traffic.ts';
import { journeyOf, networks, recordedPage } from '../recorded-page.ts';

const layout = (network: (typeof networks)[number]): Layout =>
  layoutOf(recordedPage(network).topology, { widthPx: 700, busy: new Set(), open: new Set() });

describe.each(networks)('the way of every recorded packet (%s)', network => {
  const { journeys } = recordedPage(network);
  const picture = layout(network);

  test.each(journeys.map(journey => [`#${journey.id} ${journey.summary}`, journey] as const))(
    '%s',
    (_, journey) => {
      const { pieces, jumps, hops } = routeOf(journey, picture);
      expect(hops.filter(point => point === undefined)).toEqual([]);
      expect(jumps).toEqual([]);
      for (const piece of pieces)
        for (const [i, point] of piece.entries()) {
          const before = piece[i - 1] ?? point;
          expect(before.xPx === point.xPx || before.yPx === point.yPx, 'in right angles').toBe(true);
        }
      for (const { xPx, yPx } of [...hops.map(point => point!), ...pieces.flat()]) {
        expect(xPx).toBeGreaterThanOrEqual(0);
        expect(xPx).toBeLessThanOrEqual(picture.widthPx);
        expect(yPx).toBeGreaterThanOrEqual(0);
        expect(yPx).toBeLessThanOrEqual(picture.heightPx);
      }
    },
  );
});

const page = recordedPage('flannel');
const acrossNodes = journeyOf(page, ({ summary, flow }) => summary === 'SYN' && flow === '2');

/** Names of the boxes that a hop's point is in, innermost last. */
function boxesAt(picture: Layout, { xPx, yPx }: { readonly xPx: number; readonly yPx: number }): string[] {
  const around = picture.boxes.filter(
    box => xPx >= box.xPx && xPx <= box.xPx + box.widthPx && yPx >= box.yPx && yPx <= box.yPx + box.heightPx,
  );
  return around.map(({ label }) => label);
}

describe('a packet between two nodes', () => {
  const picture = layout('flannel');
  const route = routeOf(acrossNodes, picture);
  const placeAt = (isMeant: (hop: JourneyVersion['hops'][number]) => boolean): string[] =>
    boxesAt(picture, route.hops[acrossNodes.hops.find(isMeant)!.index]!);

  test('is at its devices, in the box of its namespace', () => {
    expect(placeAt(({ index }) => index === 0)).toEqual(['host', 'node-1', 'pod-a']);
    expect(placeAt(({ dev, stage }) => dev === 'flannel.1' && stage === 'encap')).toContain('flannel.1');
    expect(placeAt(({ layer }) => layer === 'route')).toEqual(['host', 'node-1', 'routing']);
    expect(boxesAt(picture, route.hops.at(-1)!)).toEqual(['host', 'node-2', 'nginx-2']);
  });

  test('crosses the bridge of the machine without going up to its routing', () => {
    const { cookie } = acrossNodes.hops.find(({ node }) => node === 'host')!.netns;
    const onHost = acrossNodes.hops.filter(({ netns }) => netns.cookie === cookie);
    expect(onHost.some(({ layer }) => layer === 'netfilter')).toBe(true);
    for (const { index } of onHost) expect(boxesAt(picture, route.hops[index]!)).toContain('docker0');
  });

  test('what is missing is a jump, not a line', () => {
    const at = acrossNodes.hops.findIndex(hop => hop.node === 'host') - 1;
    const gaps = [{ after: at, kind: 'lost', reason: 'events were lost' }] as const;
    const { jumps, pieces } = routeOf({ ...acrossNodes, gaps }, picture);
    expect(jumps).toHaveLength(1);
    expect(pieces.length).toBe(route.pieces.length + 1);
    expect(jumps[0]![0]).toEqual(route.hops[at]);
  });

  test('marks what was rewritten, and the end', () => {
    const marks = marksOf(acrossNodes, route);
    expect(marks.map(mark => (mark.kind === 'change' ? mark.change : mark.outcome))).toEqual([
      'encap',
      'encap',
      'delivered',
    ]);
    const syn = journeyOf(page, ({ summary, flow }) => summary === 'SYN' && flow === '1');
    expect(marksOf(syn, routeOf(syn, picture))[0]).toMatchObject({ kind: 'change', change: 'dnat' });
  });

  test('a place that the picture does not know has no point, and breaks nothing', () => {
    const strange = { ...acrossNodes.hops[3]!, netns: { cookie: '99999', inode: 1 } };
    const hops = acrossNodes.hops.with(3, strange);
    expect(placeOf(strange, picture.spots)).toBeUndefined();
    const { hops: points } = routeOf({ hops, gaps: [] }, picture);
    expect(points.flatMap((point, i) => (point === undefined ? [i] : []))).toEqual([3]);
    expect(routeOf({ hops: [], gaps: [] }, picture)).toEqual({ pieces: [], jumps: [], hops: [] });
  });
});

describe('what passes a place', () => {
  const journeys = new Map(page.journeys.map(journey => [journey.id, journey]));

  test('newest first; a service is passed by what was sent to it', () => {
    const { id } = page.topology.places.find(
      ({ kind, name }) => kind === 'service' && name === 'nginx-service',
    )!;
    const toService = page.journeys
      .filter(({ service }) => service?.name === 'nginx-service')
      .map(journey => journey.id);
    expect(passing(journeys, id).map(journey => journey.id)).toEqual(toService.reverse());
    expect(passing(journeys, 'dev:0:0')).toEqual([]);
  });

  test('a busy place stays busy, and nothing new is no change', () => {
    const busy = busyPlaces(journeys);
    for (const place of placesOf(acrossNodes)) expect(busy.has(place)).toBe(true);
    expect(busyPlaces(journeys, busy)).toBe(busy);
    expect(busyPlaces(new Map(), busy)).toBe(busy);
  });
});
