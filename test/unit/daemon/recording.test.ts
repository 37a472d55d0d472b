/** What is fetched of the daemon's recording; a disk that is too slow: what it cannot take is counted, and said when it begins and at the end. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Recording } from '../../../src/daemon/recording.ts';
import { Recorder } from '../../../src/session/recorder.ts';
import { eventFrame, joined } from '../../helpers/frames.ts';
import { followAny, framesOf, MemoryTarget, opened } from '../../helpers/sessions.ts';

const event = eventFrame({ timeNs: 1, tap: 1, packet: 1, headers: new Uint8Array(60) });
const thousand = joined(...new Array<Uint8Array>(1000).fill(event));
const beat = { kind: 'heartbeat', timeNs: 1, events: 1 } as const;

test('a slow disk', async () => {
  const notes: string[] = [];
  const target = new MemoryTarget();
  const gate = Promise.withResolvers<void>();
  target.gate = gate.promise;
  const recording = new Recording('s1', '/nowhere/daemon.tracer', text => notes.push(text), target);
  recording.begin();
  let events = 0;
  while (recording.stats.skippedEvents === 0) {
    recording.bytes(thousand, 0);
    recording.frame(beat);
    events += 1000;
  }
  expect(events * event.length).toBeGreaterThan(16 * 1024 * 1024);
  expect(notes).toEqual([expect.stringMatching(/^the disk is too slow for the recording/)]);
  gate.resolve();
  await recording.close();
  const { skippedEvents, skippedFrames, storedBytes } = recording.stats;
  expect(skippedFrames).toBeGreaterThanOrEqual(skippedEvents);
  expect(storedBytes).toBeGreaterThan(0);
  expect(notes.slice(1)).toEqual([`${skippedEvents} events are not in the recording: the disk was too slow`]);
  const kept = (await framesOf(await opened(target.bytes))).filter(({ kind }) => kind === 'event').length;
  expect(kept + skippedEvents).toBe(events);
});

test('what came a moment ago is in what is fetched; where there is no file, that is an error', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-recording-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'daemon.tracer');
  const recording = new Recording('s1', path, () => {});
  recording.begin();
  recording.bytes(thousand, 0);
  const parts: Buffer[] = [];
  for await (const part of await recording.read()) parts.push(part);
  const frames = await framesOf(await opened(Buffer.concat(parts)));
  expect(frames.filter(({ kind }) => kind === 'event')).toHaveLength(1000);
  rmSync(path);
  await expect(recording.read()).rejects.toMatchObject({ code: 'SESSION_FILE' });
  await recording.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('what is being fetched when it ends leaves nothing on the disk', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-recording-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const recording = new Recording('s1', join(folder, 'daemon.tracer'), () => {});
  recording.begin();
  for (let i = 0; i < 20; i++) recording.bytes(thousand, 0);
  const fetched = await recording.read();
  const closed = new Promise(resolve => fetched.once('close', resolve));
  await recording.close();
  await closed;
  expect(readdirSync(folder)).toEqual([]);
});

test('a recording that is fetched does not wait for what comes later', async () => {
  const target = new MemoryTarget();
  const later = Promise.withResolvers<void>();
  const write = target.write.bind(target);
  let writes = 0;
  target.write = async (bytes, position) => {
    // The head of the file, a block of the note, one of the first event.
    if (++writes > 3) await later.promise;
    await write(bytes, position);
  };
  const recorder = new Recorder({ session: 's1', target, onTrouble: () => {}, blockBytes: 1 });
  recorder.add({ kind: 'note', note: followAny });
  recorder.bytes(event, 0);
  const flushed = recorder.flush();
  for (let i = 0; i < 3; i++) recorder.bytes(event, 0);
  await flushed;
  const frames = await framesOf(await opened(target.bytes));
  expect(frames.map(({ kind }) => kind)).toEqual(['note', 'event']);
  later.resolve();
  await recorder.close();
});
