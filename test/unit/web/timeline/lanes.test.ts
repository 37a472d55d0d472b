import { describe, expect, test } from 'vitest';
import { LaneScale } from '../../../../web/timeline/stations/lane-scale.ts';
import { BANDS_MAX, lanesOf } from '../../../../web/timeline/stations/lanes.ts';
import { placeNamesOf } from '../../../../web/timeline/stations/place-names.ts';
import { recordings } from '../../../golden/recordings.ts';
import { recorded } from './recorded.ts';

describe('a service on another node', () => {
  const { tracks, lanes, journeys } = recorded('flannel-service-hooks');

  test('bands are the places in the order in which the request meets them', () => {
    expect(lanes.bands.map(({ kind, label, note }) => `${kind} ${label}, ${note}`)).toEqual([
      'pod pod-a, pod on node-1',
      'node node-1, node',
      'tunnel flannel.1, tunnel of node-1',
      'host host, host',
      'tunnel flannel.1, tunnel of node-2',
      'node node-2, node',
      'pod nginx-2, pod on node-2',
    ]);
  });

  test('requests go down the bands, replies climb back up the same', () => {
    for (const track of tracks) {
      const bands = [...lanes.of(track)].map(lane => lanes.bandOf[lane]!);
      const down = track.journey.direction === 'reply' ? bands.toReversed() : bands;
      expect(down).toEqual([...down].sort((a, b) => a - b));
      expect(down[0]).toBe(0);
      expect(down.at(-1)).toBe(lanes.bands.length - 1);
    }
  });

  test('where one direction is rewritten the other is restored', () => {
    const stationOf = (by: string): string => {
      const track = tracks.find(({ journey }) =>
        journey.hops.some(hop => hop.changes.some(change => change.by === by)),
      )!;
      const hop = track.journey.hops.findIndex(({ changes }) => changes.some(change => change.by === by));
      const lane = lanes.of(track)[hop]!;
      const band = lanes.bands[lanes.bandOf[lane]!]!;
      return `${band.label} ${band.stations[lane - band.first]!.label}`;
    };
    expect(stationOf('dnat')).toBe('node-1 PRE/POSTROUTING');
    expect(stationOf('undnat')).toBe(stationOf('dnat'));
  });

  test('the inventory is believed before the packets', () => {
    const place = {
      id: 'netns:1',
      kind: 'pod' as const,
      name: 'renamed',
      netns: journeys[0]!.hops[0]!.netns.cookie,
    };
    const names = placeNamesOf(journeys, { rev: 1, places: [place], links: [] });
    expect(lanesOf(tracks, names).bands[0]!.label).toBe('renamed');
  });
});

describe('many places', () => {
  test('what only a broadcast reached is put together, and shown one by one on demand', () => {
    const { tracks, lanes, journeys } = recorded('flannel-policy-drop');
    const group = lanes.bands.find(({ kind }) => kind === 'group')!;
    expect(group.label).toBe('4 others');
    const names = placeNamesOf(journeys, undefined);
    const each = lanesOf(tracks, names, { ungrouped: new Set([group.key]) });
    expect(each.bands.length).toBe(lanes.bands.length + 3);
    expect(each.bands.map(({ label }) => label)).toEqual(
      expect.arrayContaining(group.stations.map(({ label }) => label)),
    );
  });

  test('no more than so many bands at first sight', () => {
    const { tracks, journeys } = recorded('flannel-policy-drop');
    const names = placeNamesOf(journeys, undefined);
    for (const most of [3, 4, 5, BANDS_MAX]) {
      const lanes = lanesOf(tracks, names, { most });
      expect(lanes.bands.length).toBeLessThanOrEqual(most);
      for (const track of tracks)
        for (const lane of lanes.of(track)) expect(lanes.bandOf[lane]).toBeDefined();
    }
  });
});

test('a drop is at the station of the hook that dropped it', () => {
  const { tracks, lanes } = recorded('flannel-policy-drop');
  const dropped = tracks.find(({ journey }) => journey.outcome.kind === 'dropped')!;
  const lane = lanes.of(dropped)[dropped.journey.outcome.at]!;
  const band = lanes.bands[lanes.bandOf[lane]!]!;
  expect(`${band.label} ${band.stations[lane - band.first]!.label}`).toBe('node-2 routing · FORWARD');
});

test('a service on another node needs no scrolling in a small window, also where the rewriting node is open', () => {
  const { lanes } = recorded('flannel-service-hooks');
  const open = new Set([lanes.bands.find(({ label }) => label === 'node-1')!.key]);
  expect(new LaneScale(lanes, open, 274).heightPx).toBe(274);
});

describe.each(recordings())('lanes of %s', name => {
  const { lanes } = recorded(name);

  test.each([120, 300, 900])('stand in order and apart in %i px, folded and open', heightPx => {
    for (const open of [new Set<string>(), new Set(lanes.bands.map(({ key }) => key))]) {
      const scale = new LaneScale(lanes, open, heightPx);
      let before = Number.NEGATIVE_INFINITY;
      for (let lane = 0; lane < lanes.count; lane++) {
        const { topPx, bottomPx } = scale.boxes[lanes.bandOf[lane]!]!;
        expect(scale.y(lane)).toBeGreaterThan(before);
        expect(scale.y(lane)).toBeGreaterThanOrEqual(topPx);
        expect(scale.y(lane)).toBeLessThanOrEqual(bottomPx);
        before = scale.y(lane);
      }
      expect(scale.boxes.at(-1)!.bottomPx).toBeLessThanOrEqual(scale.heightPx);
    }
  });
});
