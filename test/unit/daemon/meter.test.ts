/** The sums of /api/stats balance, over the lives of several collectors. */
import { describe, expect, test } from 'vitest';
import { Meter } from '../../../src/daemon/meter.ts';
import type { LossRecord } from '../../../src/model/event.ts';
import { tap } from '../../../src/model/layout.generated.ts';
import type { Stats } from '../../../src/model/stats.ts';
import { Decoder, type Frame } from '../../../src/wire/decode.ts';
import {
  BASE_NS,
  eventFrame,
  heartbeatFrame,
  helloFrame,
  helloJson,
  joined,
  jsonFrame,
} from '../../helpers/frames.ts';

const event = (packet: number): Uint8Array => eventFrame({ timeNs: packet, tap: tap.netDevQueue, packet });
const loss = (more: Partial<LossRecord>): Frame => ({
  kind: 'loss',
  loss: { fromNs: 0, toNs: 1, tap: tap.netDevQueue, count: 1, cause: 'ring', ...more },
});

const decoders = new WeakMap<Meter, Decoder>();

function feed(meter: Meter, ...bytes: readonly Uint8Array[]): void {
  const decoder = decoders.get(meter) ?? new Decoder();
  decoders.set(meter, decoder);
  for (const frame of decoder.push(joined(...bytes))) meter.frame(frame);
}

const balances = (
  { seen, filtered, lost, malformed, unaccounted }: Stats['events'],
  correlated: number,
): boolean => seen === correlated + filtered.own + filtered.sampled + lost + malformed + unaccounted;

describe('events', () => {
  test('that were written and could not be read are malformed', () => {
    const meter = new Meter();
    feed(meter, helloFrame(), event(1), event(2), heartbeatFrame(10, 3), event(3), heartbeatFrame(20, 4));
    expect(meter.events).toMatchObject({ seen: 4, malformed: 1, lost: 0 });
    expect(balances(meter.events, 3)).toBe(true);
  });

  test('that were lost count by how many, those of another collector too', () => {
    const meter = new Meter();
    feed(meter, helloFrame(), event(1), heartbeatFrame(10, 1), jsonFrame('stats', { own: 4, sampled: 2 }));
    meter.frame(loss({ count: 7 }));
    meter.frame(loss({ cause: 'collector', tap: 0 }));
    feed(meter, helloFrame(), event(1), event(2), heartbeatFrame(10, 2), jsonFrame('stats', { own: 1 }));
    expect(meter.events).toEqual({
      seen: 18,
      filtered: { own: 5, sampled: 2 },
      lost: 8,
      malformed: 0,
      unaccounted: 0,
    });
    expect(balances(meter.events, 3)).toBe(true);
  });

  test('state that was thrown out, and processes, are no events', () => {
    const meter = new Meter();
    meter.frame(loss({ cause: 'map', count: 5 }));
    meter.frame(loss({ tap: tap.process, count: 5 }));
    expect(meter.events).toMatchObject({ seen: 0, lost: 0 });
  });
});

describe('what the kernel side counts itself', () => {
  /** At that time of the session. */
  const counted = (atNs: number, seen: number, lost = 0) =>
    jsonFrame('stats', { timeNs: String(BASE_NS + BigInt(atNs)), seen, lost, own: 1, sampled: 2 });

  test('is in the ring still, or was lost: nothing is unaccounted', () => {
    const meter = new Meter();
    // Of five that it counted one was lost and one is in the ring; that comes before the time of the next count.
    feed(meter, helloFrame(), event(1), event(2), event(3), counted(10, 3 + 5, 1), heartbeatFrame(10, 3));
    meter.frame(loss({}));
    expect(meter.events).toMatchObject({ unaccounted: 0, lost: 1 });
    feed(meter, event(4), counted(20, 3 + 5, 1), heartbeatFrame(20, 4));
    expect(meter.events).toMatchObject({ seen: 8, unaccounted: 0 });
    expect(balances(meter.events, 4)).toBe(true);
  });

  test('and never came is unaccounted, as long as it does not', () => {
    const meter = new Meter();
    feed(meter, helloFrame(), event(1), counted(10, 3 + 3), heartbeatFrame(10, 1));
    expect(meter.events.unaccounted).toBe(0);
    feed(meter, event(2), counted(20, 3 + 4), heartbeatFrame(20, 2));
    expect(meter.events).toMatchObject({ seen: 6, unaccounted: 1 });
    expect(balances(meter.events, 2)).toBe(true);
    feed(meter, event(3), event(4), counted(30, 3 + 4), heartbeatFrame(30, 4));
    expect(meter.events).toMatchObject({ seen: 7, unaccounted: 0 });
  });

  test('is no mistake while a full ring is being written out: what it says of the time is behind', () => {
    const meter = new Meter();
    feed(meter, helloFrame(), event(1), counted(1000, 3 + 6), heartbeatFrame(10, 1));
    feed(meter, event(2), event(3), counted(2000, 3 + 9), heartbeatFrame(500, 3));
    feed(meter, event(4), counted(3000, 3 + 9), heartbeatFrame(1000, 4));
    expect(meter.events.unaccounted).toBe(0);
    feed(meter, event(5), event(6), heartbeatFrame(2000, 6));
    expect(meter.events.unaccounted).toBe(0);
    feed(meter, event(7), event(8), heartbeatFrame(3000, 8));
    expect(meter.events).toMatchObject({ seen: 12, unaccounted: 1 });
  });

  test('is less than what came: below 0', () => {
    const meter = new Meter();
    feed(meter, helloFrame(), event(1), event(2), counted(10, 3 + 1), heartbeatFrame(10, 2));
    expect(meter.events).toMatchObject({ seen: 4, unaccounted: -1 });
  });

  test('and was in the ring of a collector that was killed is lost', () => {
    const meter = new Meter();
    feed(meter, helloFrame(), event(1), counted(1000, 3 + 9), event(2), counted(2000, 3 + 20));
    feed(meter, heartbeatFrame(10, 2));
    meter.frame(loss({ cause: 'collector', tap: 0 }));
    feed(meter, helloFrame(), event(3), counted(3000, 3 + 1), heartbeatFrame(3000, 1));
    expect(meter.events).toMatchObject({ unaccounted: 0, lost: 18 });
    expect(balances(meter.events, 3)).toBe(true);
  });

  test('begins anew with another collector', () => {
    const meter = new Meter();
    feed(meter, helloFrame(), event(1), counted(10, 3 + 9), heartbeatFrame(10, 1));
    feed(meter, helloFrame(), event(2), counted(20, 3 + 1), heartbeatFrame(20, 1));
    feed(meter, event(3), counted(30, 3 + 2), heartbeatFrame(30, 2));
    expect(meter.events).toMatchObject({ unaccounted: 0 });
    expect(balances(meter.events, 3)).toBe(true);
  });
});

describe('taps', () => {
  test('have what they told and lost, each number once', () => {
    const meter = new Meter();
    feed(meter, helloFrame(), event(1), event(2), heartbeatFrame(10, 2));
    meter.frame(loss({ count: 3 }));
    const row = { tap: tap.netDevQueue, mechanism: 'tp_btf' };
    const taps = meter.taps({
      ...helloJson,
      taps: [
        { ...row, name: 'old_way', state: 'refused', reason: 'no BTF' },
        { ...row, name: 'net_dev_queue', state: 'on' },
        { ...row, name: 'net_dev_queue_too', state: 'on' },
      ],
    });
    expect(taps.map(({ events, lost }) => [events, lost])).toEqual([
      [0, 0],
      [2, 3],
      [0, 0],
    ]);
    expect(taps[0]).toMatchObject({ state: 'refused', reason: 'no BTF' });
  });
});
