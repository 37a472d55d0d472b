import { beforeEach, describe, expect, test } from 'vitest';
import type { JourneyVersion } from '../../../../src/model/journey.ts';
import type { Stats } from '../../../../src/model/stats.ts';
import { journeys, paused, range, selection, selectJourney, stats, view } from '../../../../web/app/state.ts';
import { densityOf } from '../../../../web/timeline/draw/density.ts';
import { spotAt } from '../../../../web/timeline/draw/hit.ts';
import { ratesOf } from '../../../../web/timeline/draw/overview.ts';
import { Room } from '../../../../web/timeline/draw/room.ts';
import { pointOf } from '../../../../web/timeline/draw/scene.ts';
import { mark } from '../../../../web/timeline/journeys/track.ts';
import {
  choose,
  fitSelected,
  follow,
  pan,
  pressKey,
  reveal,
  toggleBand,
  toggleEven,
  zoom,
} from '../../../../web/timeline/panel/actions.ts';
import { countText, describeHop, describeJourney } from '../../../../web/timeline/panel/describe.ts';
import { createDiagram, type Diagram } from '../../../../web/timeline/panel/diagram.ts';
import { Holding } from '../../../../web/timeline/panel/holding.ts';
import { LIVE_COUNT } from '../../../../web/timeline/panel/shown.ts';
import { recorded, recordedJourneys } from './recorded.ts';

const real = recordedJourneys('flannel-service-hooks');
const dropped = recordedJourneys('flannel-policy-drop');

function show(list: readonly (typeof real)[number][]): void {
  journeys.value = new Map(list.map(journey => [journey.id, { ...journey, rev: 1 } as JourneyVersion]));
}

/** The recording many times over, each a little later. */
function many(count: number): JourneyVersion[] {
  return Array.from({ length: count }, (_, i) => {
    const journey = real[i % real.length]!;
    const startNs = String(BigInt(journey.startNs) + BigInt(Math.floor(i / real.length)) * 5_000_000n);
    return { ...journey, id: String(i + 1), startNs, links: [], rev: 1 } as JourneyVersion;
  });
}

let diagram: Diagram;
const labels = (): string[] => diagram.scene.value.columns.tracks.map(track => track.id);
const key = (name: string, shiftKey = false): boolean =>
  pressKey(diagram, { key: name, shiftKey, ctrlKey: false, altKey: false, metaKey: false });

beforeEach(() => {
  journeys.value = new Map();
  selection.value = {};
  view.value = 'live';
  range.value = undefined;
  paused.value = false;
  stats.value = { startNs: real[0]!.startNs } as Stats;
  diagram = createDiagram();
  diagram.size.value = { widthPx: 1000, heightPx: 500 };
});

describe('the views', () => {
  test('nothing to show is a picture too', () => {
    expect(diagram.scene.value.columns.count).toBe(0);
    expect(diagram.scene.value.time.x(0)).toBeGreaterThan(0);
  });

  test('Live shows the newest, all of them in sight', () => {
    journeys.value = new Map(many(200).map(journey => [journey.id, journey]));
    expect(labels()).toEqual(Array.from({ length: LIVE_COUNT }, (_, i) => String(151 + i)));
    const { time, columns } = diagram.scene.value;
    expect(time.x(columns.extent!.fromNs)).toBeGreaterThan(0);
    expect(time.x(columns.extent!.toNs)).toBeLessThan(1000);
  });

  test('Flow shows one conversation', () => {
    show([...real, ...dropped.map(journey => ({ ...journey, id: `d${journey.id}`, flow: 'other' }))]);
    view.value = 'flow';
    selection.value = { flow: real[0]!.flow! };
    expect(labels()).toEqual(real.map(({ id }) => id));
  });

  test('Flow without a conversation shows none: the page says to choose one', () => {
    show(real);
    view.value = 'flow';
    expect(labels()).toEqual([]);
  });

  test('Overlay lays journeys of one way on each other at birth', () => {
    show(real);
    view.value = 'overlay';
    const { columns, usual } = diagram.scene.value;
    expect([...columns.starts].every(ns => ns === 0)).toBe(true);
    expect(new Set(columns.tracks.map(({ way }) => way)).size).toBe(1);
    expect(usual.map(({ label }) => label)).toEqual(['p50', 'p99']);
  });

  test('even steps show the selected journey alone', () => {
    show(real);
    toggleEven(diagram);
    expect(diagram.scene.value.kind).toBe('time');
    selectJourney('4', 2);
    toggleEven(diagram);
    const { kind, columns, time } = diagram.scene.value;
    expect([kind, columns.count]).toEqual(['even', 1]);
    const steps = [...columns.times]
      .slice(1)
      .map((ns, i) => Math.round(time.x(ns) - time.x(columns.times[i]!)));
    expect(new Set(steps).size).toBeLessThanOrEqual(2);
  });
});

describe('nothing moves under the reader', () => {
  test('while a journey is selected, what comes is counted and waits', () => {
    show(real.slice(0, 5));
    selectJourney('2');
    const before = diagram.scene.value.time.window;
    show(real);
    expect(labels()).toHaveLength(5);
    expect(diagram.waiting.value).toBe(5);
    expect(diagram.scene.value.time.window).toEqual(before);
    follow(diagram);
    expect(labels()).toHaveLength(10);
    expect(diagram.waiting.value).toBe(0);
  });

  test('what is told later of a journey that is shown is still taken', () => {
    const holding = new Holding();
    const old = { ...real[0]!, summary: 'old' };
    holding.take(new Map([['1', old]]), false);
    const { journeys: held, waiting } = holding.take(
      new Map([
        ['1', real[0]!],
        ['2', real[1]!],
      ]),
      true,
    );
    expect([...held.values()]).toEqual([real[0]]);
    expect(waiting).toBe(1);
  });

  test('evicted meanwhile, it is still shown', () => {
    const holding = new Holding();
    holding.take(new Map([['1', real[0]!]]), false);
    expect([...holding.take(new Map([['2', real[1]!]]), true).journeys.keys()]).toEqual(['1']);
  });

  test('with a journey in its address, the page fills until somebody does something', () => {
    selectJourney('1', 0);
    diagram = createDiagram();
    show(real.slice(0, 2));
    expect(labels()).toHaveLength(2);
    show(real.slice(0, 4));
    expect(labels()).toHaveLength(4);
    diagram.touched.value = true;
    expect(labels()).toHaveLength(4);
    show(real);
    expect(labels()).toHaveLength(4);
    expect(diagram.waiting.value).toBe(real.length - 4);
  });

  test('what is older than all that is shown is no news', () => {
    const holding = new Holding();
    const [first, second] = [real[0]!, real[1]!];
    holding.take(new Map([['2', second]]), false);
    expect(
      holding.take(
        new Map([
          ['1', first],
          ['2', second],
        ]),
        true,
      ).waiting,
    ).toBe(0);
  });
});

describe('the selected journey', () => {
  beforeEach(() => show(real));

  test('opens the bands where it is rewritten, and a click closes them', () => {
    const open = (): string[] => {
      const { lanes, laneScale } = diagram.scene.value;
      return lanes.bands.filter((_, i) => laneScale.boxes[i]!.open).map(({ label }) => label);
    };
    expect(open()).toEqual([]);
    selectJourney('1', 0);
    expect(open()).toEqual(['node-1']);
    toggleBand(diagram, diagram.scene.value.lanes.bands[1]!.key, true);
    expect(open()).toEqual([]);
  });

  test('a click on a kink selects the journey and its hop', () => {
    const { columns } = diagram.scene.value;
    const hop = columns.tracks[0]!.marks.indexOf(mark.dnat);
    const [x, y] = pointOf(diagram.scene.value, columns.first[0]! + hop);
    choose(diagram, x, y);
    expect(selection.value).toMatchObject({ journey: '1', hop });
    choose(diagram, 990, 30);
    expect(selection.value.journey).toBeUndefined();
  });

  test('a click on a cross selects the drop, also where something else happened at the same time', () => {
    show(dropped);
    const { columns } = diagram.scene.value;
    const at = columns.tracks.findIndex(({ journey }) => journey.outcome.kind === 'dropped');
    const { outcome } = columns.tracks[at]!.journey;
    const hop = columns.first[at]! + outcome.at;
    const [x, y] = pointOf(diagram.scene.value, hop);
    expect(pointOf(diagram.scene.value, hop - 1)[0]).toBeCloseTo(x, 0);
    choose(diagram, x, y);
    expect(selection.value.hop).toBe(outcome.at);
  });

  test('is brought into sight when it is selected elsewhere', () => {
    range.value = { fromNs: 2_000_000, toNs: 2_200_000 };
    selectJourney('1', 3);
    reveal(diagram);
    const { time, columns } = diagram.scene.value;
    const x = time.x(columns.times[3]!);
    expect(x).toBeGreaterThan(0);
    expect(x).toBeLessThan(1000);
  });

  test('is gone back to in Live, where only the newest are shown', () => {
    journeys.value = new Map(many(200).map(journey => [journey.id, journey]));
    expect(labels()).not.toContain('3');
    selectJourney('3', 0);
    reveal(diagram);
    const { selected, columns, time } = diagram.scene.value;
    expect(columns.tracks[selected!.journey]!.id).toBe('3');
    expect(time.x(columns.starts[selected!.journey]!)).toBeGreaterThan(0);
    expect(time.x(columns.ends[selected!.journey]!)).toBeLessThan(1000);
  });

  test('arrow keys walk hops and journeys', () => {
    expect(key('ArrowDown')).toBe(true);
    expect(selection.value).toMatchObject({ journey: '1', hop: 0 });
    key('ArrowRight');
    key('ArrowRight');
    key('ArrowLeft');
    expect(selection.value.hop).toBe(1);
    key('ArrowDown');
    expect(selection.value.journey).toBe('2');
    key('Escape');
    expect(selection.value).toEqual({});
    expect(key('q')).toBe(false);
  });

  test('is let go before the conversation that it is of', () => {
    view.value = 'flow';
    selectJourney('1', 0);
    const { flow } = selection.value;
    key('Escape');
    expect(selection.value).toEqual({ flow });
    choose(diagram, 990, 30);
    expect(selection.value).toEqual({ flow });
    key('Escape');
    expect(selection.value).toEqual({});
    expect(view.value).toBe('live');
  });
});

describe('moving about', () => {
  test('among the newest the picture stays as it is; further back there is all that is known', () => {
    journeys.value = new Map(many(200).map(journey => [journey.id, journey]));
    const { columns, time } = diagram.scene.value;
    zoom(diagram, 3, 500);
    expect(diagram.scene.value.columns).toBe(columns);
    expect(diagram.scene.value.time.ns(500)).toBeCloseTo(time.ns(500), 0);
    range.value = { fromNs: 0, toNs: 10_000_000 };
    expect(labels()).toHaveLength(200);
  });

  test('zoom, pan, the selected, and back to all', () => {
    show(real);
    const all = diagram.scene.value.time.window;
    zoom(diagram, 4, 100);
    expect(range.value!.toNs - range.value!.fromNs).toBeLessThan(all.toNs - all.fromNs);
    const before = range.value!.fromNs;
    pan(diagram, 50);
    expect(range.value!.fromNs).toBeGreaterThan(before);
    selectJourney('3', 0);
    fitSelected(diagram);
    const { time, columns, selected } = diagram.scene.value;
    expect(time.x(columns.starts[selected!.journey]!)).toBeGreaterThan(0);
    expect(time.x(columns.ends[selected!.journey]!)).toBeLessThan(1000);
    key('f');
    expect(range.value).toBeUndefined();
    key('t');
    expect(diagram.scene.value.time.folds.count).toBe(0);
    key(' ');
    expect(paused.value).toBe(true);
  });
});

describe('what is found and counted', () => {
  test('every hop is found where it is drawn', () => {
    show(real);
    const scene = diagram.scene.value;
    for (let hop = scene.columns.first[0]!; hop < scene.columns.first[1]!; hop++) {
      const [x, y] = pointOf(scene, hop);
      const spot = spotAt(scene, x, y)!;
      const found = scene.columns.first[spot.journey]! + spot.hop;
      const [foundX, foundY] = pointOf(scene, found);
      expect(Math.hypot(foundX - x, foundY - y)).toBeLessThan(10);
    }
    expect(spotAt(scene, 500, 30)).toBeUndefined();
  });

  test('density counts each stretch, and finds no less than there is', () => {
    journeys.value = new Map(many(400).map(journey => [journey.id, journey]));
    range.value = { fromNs: 0, toNs: 300_000_000 };
    const scene = diagram.scene.value;
    const one = densityOf(scene, 0, 1);
    const all = densityOf(scene, 0, scene.columns.count);
    expect(all.counts.every(Number.isFinite)).toBe(true);
    const sum = (counts: Float32Array): number => counts.reduce((total, count) => total + count, 0);
    expect(sum(one.counts)).toBeGreaterThan(0);
    expect(sum(all.counts)).toBeGreaterThan(100 * sum(one.counts));
    expect(sum(all.rewritten)).toBeLessThanOrEqual(sum(all.counts));
  });

  test('rates hold every journey, drops among them', () => {
    const born = [0, 10, 10, 99, 100].map(startNs => ({ startNs, bad: startNs === 10 }));
    const rates = ratesOf(born, { fromNs: 0, toNs: 100 }, 10);
    expect([...rates.all]).toEqual([1, 2, 0, 0, 0, 0, 0, 0, 0, 2]);
    expect([...rates.bad]).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('the diagram in words', () => {
  test('a journey: who, where it was rewritten, what took longest, its end', () => {
    expect(describeJourney(real[3]!)).toMatch(
      /^Journey 4, data 76 B, pod-a:\d+ → nginx-service:80 → nginx-2:8080: 28 hops in 489 µs\. In node-1: 10\.96\.45\.123:80 → 10\.244\.2\.7:8080 \(DNAT\)\. In the end: delivered to the process\. Longest: 470 µs before hop 28, .* in nginx-2\.$/,
    );
    expect(describeHop(real[0]!, 2)).toMatch(/^Hop 3 of 28, node-1 cni0: 10\.96\.45\.123:80 → /);
  });

  test('counts name what did not arrive', () => {
    expect(countText(recorded('flannel-policy-drop').tracks)).toBe('9 journeys, 2 dropped');
  });
});

describe('room for words', () => {
  test('what would lie on another is left out, what touches it is not', () => {
    const room = new Room();
    expect(room.take(0, 0, 50, 14)).toBe(true);
    expect(room.take(49, 13, 90, 27)).toBe(false);
    expect(room.take(50, 0, 90, 14)).toBe(true);
    expect(room.take(49, 14, 90, 27)).toBe(true);
  });
});
