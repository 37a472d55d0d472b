/** A file that keeps the newest of what was seen: what is left of it says the same of the same journeys, under the same ids. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Pipeline } from '../../../src/engine/pipeline.ts';
import { toldJourney } from '../../../src/engine/told-journeys.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { eventLayout, frameLayout, frameType, heartbeatLayout } from '../../../src/model/layout.generated.ts';
import { ROLLING_START } from '../../../src/session/format.ts';
import { Recorder } from '../../../src/session/recorder.ts';
import { Decoder } from '../../../src/wire/decode.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { chunks, joined } from '../../helpers/frames.ts';
import { followAny, framesOf, MemoryTarget, opened } from '../../helpers/sessions.ts';

const ROOM = 120_000;
const SPAN_NS = 500_000_000n;

/** A recording that goes on: its packets again and again, each time later and as other packets. */
function goingOn(bytes: Uint8Array, times: number): Uint8Array[] {
  const first = bytes.slice();
  const view = new DataView(first.buffer);
  const moving: Uint8Array[] = [];
  for (let at = 0; at < first.length; at += view.getUint32(at, true)) {
    const type = view.getUint16(at + frameLayout.type, true);
    if (type === frameType.event || type === frameType.heartbeat)
      moving.push(first.subarray(at, at + view.getUint32(at, true)));
  }
  const again = Array.from({ length: times }, (_, n) => joined(...moving.map(frame => later(frame, n + 1))));
  return [first, ...again];
}

/** The first packets of one more time, whose journeys are open when it ends. */
function unfinished(bytes: Uint8Array): Uint8Array {
  const more = goingOn(bytes, 61).at(-1)!;
  const view = new DataView(more.buffer);
  let at = 0;
  for (let events = 0; events < 12; at += view.getUint32(at, true))
    if (view.getUint16(at + frameLayout.type, true) === frameType.event) events++;
  return more.slice(0, at);
}

function later(frame: Uint8Array, n: number): Uint8Array {
  const copy = frame.slice();
  const view = new DataView(copy.buffer);
  const isEvent = view.getUint16(frameLayout.type, true) === frameType.event;
  const timeAt = isEvent ? eventLayout.timeNs : heartbeatLayout.timeNs;
  view.setBigUint64(timeAt, view.getBigUint64(timeAt, true) + BigInt(n) * SPAN_NS, true);
  if (isEvent)
    view.setBigUint64(
      eventLayout.packet,
      view.getBigUint64(eventLayout.packet, true) + BigInt(n) * 100_000n,
      true,
    );
  return copy;
}

const textOf = (journeys: readonly Journey[]): string[] => journeys.map(journey => JSON.stringify(journey));

async function follow(
  bytes: readonly Uint8Array[],
  target: MemoryTarget,
  rollingBytes: number,
): Promise<Journey[]> {
  const live: Journey[] = [];
  const recorder = new Recorder({
    session: 'rolls',
    target,
    rollingBytes,
    onTrouble: error => {
      throw error;
    },
    blockBytes: 4000,
  });
  const decoder = new Decoder();
  const pipeline = new Pipeline({
    session: 'rolls',
    onJourney: (journey, record) => {
      live.push(journey);
      recorder.told(toldJourney(record));
    },
  });
  let isFollowing = false;
  for (const part of bytes)
    for (const chunk of chunks(part, 3000)) {
      const frames = decoder.push(chunk);
      recorder.bytes(chunk, decoder.heldBytes);
      for (const frame of frames) {
        recorder.frame(frame);
        pipeline.frame(frame);
      }
      if (!isFollowing && pipeline.hello !== undefined) {
        isFollowing = true;
        recorder.add({ kind: 'note', note: followAny });
      }
      await new Promise(resolve => setImmediate(resolve));
    }
  pipeline.finish();
  await recorder.close({ kind: 'end' });
  return live;
}

async function journeysIn(
  file: Uint8Array,
): Promise<{ readonly journeys: Journey[]; readonly isRest: boolean }> {
  const session = await opened(file);
  const journeys: Journey[] = [];
  const pipeline = new Pipeline({
    session: session.facts.session,
    isRest: session.isRest,
    onJourney: journey => journeys.push(journey),
  });
  for (const frame of await framesOf(session)) pipeline.frame(frame);
  pipeline.finish();
  return { journeys, isRest: session.isRest };
}

describe.each(['flannel-service-cross-node', 'flannel-dns', 'flannel-policy-drop'])('%s, on and on', name => {
  const target = new MemoryTarget();
  let live: Journey[] = [];
  beforeAll(async () => {
    live = await follow([...goingOn(recordedBytes(name), 60), unfinished(recordedBytes(name))], target, ROOM);
  });

  test('the file does not grow beyond its room', () => {
    expect(target.bytes.length).toBeLessThanOrEqual(ROOM);
    expect(target.bytes.length).toBeGreaterThan(ROOM * 0.8);
  });

  test('the newest journeys are told as they were told live, ids and flows and links', async () => {
    const { journeys, isRest } = await journeysIn(target.bytes);
    expect(isRest).toBe(true);
    expect(journeys.length).toBeGreaterThan(live.length / 20);
    expect(journeys.length).toBeLessThan(live.length);
    const same = live.slice(-journeys.length);
    expect(journeys.map(({ id }) => id)).toEqual(same.map(({ id }) => id));
    // Right behind the cut something that came before may be missing, and then it says that it is incomplete.
    const isSettled = ({ startNs }: Journey): boolean => BigInt(startNs) - BigInt(same[0]!.startNs) > SPAN_NS;
    expect(textOf(journeys.filter(isSettled))).toEqual(textOf(same.filter(isSettled)));
    for (const [n, journey] of journeys.entries())
      if (journey.complete) expect(JSON.stringify(journey)).toBe(JSON.stringify(same[n]));
  });

  test('torn while it was written, it tells what is whole', async () => {
    const torn = target.bytes.slice();
    torn.fill(0x55, ROLLING_START, ROLLING_START + 9000);
    const { journeys } = await journeysIn(torn);
    const all = new Set(textOf(live));
    expect(textOf(journeys).filter(text => !all.has(text)).length).toBeLessThan(journeys.length / 10 + 1);
  });
});

test('as long as nothing gave way it is read from its beginning', async () => {
  const target = new MemoryTarget();
  const live = await follow(goingOn(recordedBytes('flannel-dns'), 5), target, 10_000_000);
  const { journeys, isRest } = await journeysIn(target.bytes);
  expect(isRest).toBe(false);
  expect(textOf(journeys)).toEqual(textOf(live));
});
