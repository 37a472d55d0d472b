/** A disk that is too slow: what it cannot take is counted, and said twice, when it begins and at the end. */
import { expect, test } from 'vitest';
import { Recording } from '../../../src/daemon/recording.ts';
import { eventFrame, joined } from '../../helpers/frames.ts';
import { framesOf, MemoryTarget, opened } from '../../helpers/sessions.ts';

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
