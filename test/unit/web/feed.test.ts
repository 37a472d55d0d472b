import { beforeEach, describe, expect, test } from 'vitest';
import type { JourneyVersion } from '../../../src/model/journey.ts';
import type { Stats } from '../../../src/model/stats.ts';
import {
  back,
  cameMeanwhile,
  connection,
  eventsPerSecond,
  Feed,
  missed,
  nothingMissed,
} from '../../../web/app/feed.ts';
import { journeys, paused, selection, selectJourney, stepHop } from '../../../web/app/state.ts';

const journey = (id: number, rest: Partial<JourneyVersion> = {}) =>
  ({
    id: String(id),
    rev: 1,
    outcome: { kind: 'delivered', to: 'stack', at: 1 },
    hops: [{}, {}],
    ...rest,
  }) as unknown as JourneyVersion;
const statsOf = (session: string, seen: number) => ({ session, startNs: '0', events: { seen } }) as Stats;

let nowMs: number;
let draws: (() => void)[];
let feed: Feed;

const frame = (): void => {
  for (const draw of draws.splice(0)) draw();
};

beforeEach(() => {
  nowMs = 0;
  draws = [];
  paused.value = false;
  journeys.value = new Map();
  selection.value = {};
  missed.value = nothingMissed;
  back.value = undefined;
  feed = new Feed({ nowMs: () => nowMs, onFrame: draw => void draws.push(draw) });
  feed.onOpen('s1');
});

describe('what comes from the daemon', () => {
  test('is shown once a frame', () => {
    feed.onJourneys([journey(1)]);
    feed.onJourneys([journey(2)]);
    expect(journeys.value.size).toBe(0);
    expect(draws).toHaveLength(1);
    frame();
    expect([...journeys.value.keys()]).toEqual(['1', '2']);
  });

  test('is kept aside and counted while the page is paused', () => {
    paused.value = true;
    feed.onJourneys([journey(1), journey(2)]);
    frame();
    expect(journeys.value.size).toBe(0);
    expect(cameMeanwhile.value).toBe(2);
    paused.value = false;
    expect(journeys.value.size).toBe(2);
    expect(cameMeanwhile.value).toBe(0);
  });

  test('of another session takes the place of all that was there', () => {
    feed.onJourneys([journey(1)]);
    frame();
    selectJourney('1');
    feed.onLost(250);
    expect(connection.value).toEqual({ kind: 'lost', retryMs: 250 });
    feed.onOpen('s2');
    frame();
    expect(journeys.value.size).toBe(0);
    expect(selection.value).toEqual({});
    expect(missed.value).toMatchObject({ reconnects: 1, sessions: 1 });
    expect(connection.value).toEqual({ kind: 'live' });
  });

  test('says how many events a second there were', () => {
    feed.onStats(statsOf('s1', 100));
    nowMs = 500;
    feed.onStats(statsOf('s1', 700));
    expect(eventsPerSecond.value).toBe(1200);
  });

  test('after a lost connection is told with what that cost', () => {
    nowMs = 1000;
    feed.onLost(250);
    nowMs = 1250;
    feed.onLost(500);
    nowMs = 4000;
    feed.onOpen('s1');
    expect(back.value).toEqual({ afterMs: 3000, passedOver: 0, isAnew: false });
    feed.onSkipped({ count: 7, reason: 'evicted' });
    expect(back.value).toMatchObject({ passedOver: 7, isAnew: false });
    feed.onReset();
    expect(back.value).toMatchObject({ passedOver: 7, isAnew: true });
    expect(missed.value).toMatchObject({ reconnects: 1, resets: 1, sessions: 0 });
  });

  test('that was passed over is counted', () => {
    feed.onSkipped({ count: 7, reason: 'slow' });
    feed.onSkipped({ count: 2, reason: 'evicted' });
    expect(missed.value).toMatchObject({ slow: 7, evicted: 2 });
  });
});

describe('walking along a journey', () => {
  test('begins where it was dropped, and stays at its ends', () => {
    const outcome = { kind: 'dropped', reason: 'NO_SOCKET', location: 'x', at: 1 } as const;
    feed.onJourneys([journey(1, { outcome, flow: '4' })]);
    frame();
    selectJourney('1');
    expect(selection.value).toEqual({ flow: '4', journey: '1', hop: 1 });
    stepHop(1);
    expect(selection.value.hop).toBe(1);
    stepHop(-5);
    expect(selection.value.hop).toBe(0);
  });
});
