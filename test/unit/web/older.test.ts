import { expect, test } from 'vitest';
import type { FlowVersion } from '../../../src/model/flow.ts';
import type { JourneyVersion } from '../../../src/model/journey.ts';
import { Older } from '../../../web/app/older.ts';
import { bearer, daemon } from '../server/daemon.ts';

/** Against the real server, with `count` journeys and as many conversations more than were recorded. */
function served(count: number) {
  const { server, store, recorded } = daemon();
  const [first] = recorded.journeys;
  const put = (from: number, to: number): void => {
    for (let id = from; id < to; id++) store.put({ ...first!, id: String(id), flow: String(id) });
  };
  put(1000, 1000 + count);
  const journeys = new Map<string, JourneyVersion>();
  const flows = new Map<string, FlowVersion>();
  const paths: string[] = [];
  let isReachable = true;
  const source = {
    ask: async (url: string) => {
      paths.push(url);
      if (!isReachable) throw new Error('nobody answers');
      return (await server.app.inject({ url, headers: { ...bearer, host: '127.0.0.1' } })).json();
    },
    rest: async () => {},
  };
  const listener = {
    onOlder(someJourneys: readonly JourneyVersion[], someFlows: readonly FlowVersion[]) {
      for (const journey of someJourneys) journeys.set(journey.id, journey);
      for (const flow of someFlows) flows.set(flow.id, flow);
    },
  };
  const reach = (is: boolean): void => {
    isReachable = is;
  };
  return { store, journeys, flows, paths, source, listener, reach, put };
}

test('takes all that is kept, by pages, once for each session', async () => {
  const { store, journeys, flows, paths, source, listener } = served(600);
  const older = new Older(source, listener, 10_000);
  await older.fetch(store.session);
  expect(journeys.size).toBe(610);
  expect(flows.size).toBe(601);
  const asked = paths.length;
  await older.fetch(store.session);
  expect(paths.length).toBe(asked);
  older.forget();
  await older.fetch(store.session);
  expect(paths.length).toBe(2 * asked);
});

test('goes back no further than the page would keep', async () => {
  const { store, journeys, source, listener } = served(600);
  await new Older(source, listener, 250).fetch(store.session);
  expect(journeys.size).toBe(250);
  expect([...journeys.keys()].at(-1)).toBe('1599');
});

test('ends where the connection ends, or another session answers, and begins again', async () => {
  const { store, journeys, source, listener, reach } = served(50);
  const older = new Older(source, listener, 10_000);
  await older.fetch('another');
  expect(journeys.size).toBe(0);
  reach(false);
  await older.fetch(store.session);
  expect(journeys.size).toBe(0);
  reach(true);
  await older.fetch(store.session);
  expect(journeys.size).toBe(60);
});

test('is given up for a newer run: nothing of a stream that was reset comes late', async () => {
  const { store, journeys, source, listener } = served(50);
  const gate = Promise.withResolvers<void>();
  const older = new Older({ ...source, rest: () => gate.promise }, listener, 10_000);
  const run = older.fetch(store.session);
  older.forget();
  gate.resolve();
  await run;
  expect(journeys.size).toBe(0);
});
