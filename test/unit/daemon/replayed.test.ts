import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Replayed, type ReplayedOptions } from '../../../src/daemon/replayed.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { replay } from '../../golden/replay.ts';
import { opened, recorded } from '../../helpers/sessions.ts';

const RECORDING = 'flannel-service-cross-node';

async function replayed(options: Partial<ReplayedOptions> = {}): Promise<Replayed> {
  const session = await opened(await recorded(recordedBytes(RECORDING)));
  return Replayed.read(session, { path: 'test.tracer', ...options });
}

test('a recording has the packets that were printed live, and the machine of then', async () => {
  const { store, control } = await replayed();
  const live = replay(recordedBytes(RECORDING)).journeys;
  expect(store.counts.journeys).toBe(live.length);
  for (const { id, hops, outcome } of live) expect(store.journey(id)).toMatchObject({ hops, outcome });
  expect(control.topology().places.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['pod-a', 'node-1', 'nginx-service']),
  );
  const { events, replay: shown, journeys } = control.stats();
  expect(shown).toEqual({ name: 'test.tracer' });
  expect(events).toMatchObject({ lost: 0, malformed: 0, unaccounted: 0 });
  expect(journeys).toMatchObject({ closed: live.length, open: 0, kept: live.length });
});

test('other ends leave what is between them', async () => {
  const { store } = await replayed({ request: { src: 'pod-a', dst: 'nginx-1' } });
  expect(store.counts.journeys).toBe(0);
});

test('a filter leaves the packets that match it somewhere', async () => {
  const of = async (answer: number): Promise<number> => {
    const filter = { expression: 'made up', program: [[6, 0, 0, answer]] }; // ret: so many bytes of it, 0: none
    return (await replayed({ request: { filter } })).store.counts.journeys;
  };
  expect(await of(0)).toBe(0);
  expect(await of(65_535)).toBe(replay(recordedBytes(RECORDING)).journeys.length);
});

test('nothing can be followed or run in it', async () => {
  const { control } = await replayed();
  expect(() => control.follow({ src: 'any', dst: 'any' })).toThrow(/recording/);
  expect(() => control.runScenario('lo')).toThrow(expect.objectContaining({ code: 'NOT_LIVE' }));
  expect(control.lab()).toEqual({ clusters: [], scenarios: [] });
});

test('can be taken along', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-replayed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.tracer');
  const bytes = await recorded(recordedBytes(RECORDING));
  writeFileSync(path, bytes);
  const { control } = await replayed({ path });
  const chunks = await (await control.sessionFile()).toArray();
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
});
