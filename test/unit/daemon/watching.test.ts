/** All of the daemon but its doors, with a recording in the collector's place. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { statsOf } from '../../../src/daemon/stats.ts';
import { Watching } from '../../../src/daemon/watching.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { replay } from '../../golden/replay.ts';

const collector = fileURLToPath(new URL('../../fixtures/collectors/replays.ts', import.meta.url));

async function watch(recording: string, memoryBytes?: number): Promise<Watching> {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-watching-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return Watching.start({
    note: () => {},
    recording: join(folder, 'daemon.tracer'),
    collector: {
      program: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', collector, recording, '--asked'],
    },
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  });
}

/** With a protocol of pod-a followed, when all of the recording has been told. */
async function watched(recording: string, proto: string, memoryBytes?: number) {
  const watching = await watch(recording, memoryBytes);
  let observed = 0;
  watching.store.onClosed(() => observed++);
  await watching.follows.add({ src: '10.244.1.5', dst: 'any', proto });
  await watching.stop();
  return { watching, observed, journeys: statsOf(watching).journeys };
}

test('journeys that somebody followed and that nobody did are all that closed', async () => {
  const { watching, observed, journeys } = await watched('flannel-dns', 'udp');
  const all = replay(recordedBytes('flannel-dns')).journeys.length;
  expect(journeys.closed + journeys.filtered).toBe(all);
  expect(journeys.closed).toBe(observed);
  expect(journeys.closed).toBeGreaterThan(0);
  expect(journeys.filtered).toBeGreaterThan(0);
  expect(journeys).toMatchObject({ open: 0, evicted: 0, kept: observed });
  const { recording } = statsOf(watching);
  expect(recording).toMatchObject({ skippedFrames: 0, skippedEvents: 0, storedBytes: expect.any(Number) });
});

test('what is kept and what was evicted are all that were followed', async () => {
  const { journeys, observed } = await watched('flannel-service-cross-node', 'tcp', 40_000);
  expect(journeys.evicted).toBeGreaterThan(0);
  expect(journeys.closed).toBe(observed);
  expect(journeys.closed + journeys.open).toBe(journeys.kept + journeys.evicted);
});
