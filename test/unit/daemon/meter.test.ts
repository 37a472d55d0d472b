/** The sums of /api/stats balance, over the lives of several collectors. */
import { describe, expect, test } from 'vitest';
import { Meter } from '../../../src/daemon/meter.ts';
import type { LossRecord } from '../../../src/model/event.ts';
import { tap } from '../../../src/model/layout.generated.ts';
import type { Stats } from '../../../src/model/stats.ts';
import { Decoder, type Frame } from '../../../src/wire/decode.ts';
import {
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

function feed(meter: Meter, ...bytes: readonly Uint8Array[]): void {
  for (const frame of new Decoder().push(joined(...bytes))) meter.frame(frame);
}

const balances = ({ seen, filtered, lost, malformed }: Stats['events'], correlated: number): boolean =>
  seen === correlated + filtered.own + filtered.sampled + lost + malformed;

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
    expect(meter.events).toEqual({ seen: 18, filtered: { own: 5, sampled: 2 }, lost: 8, malformed: 0 });
    expect(balances(meter.events, 3)).toBe(true);
  });

  test('state that was thrown out, and processes, are no events', () => {
    const meter = new Meter();
    meter.frame(loss({ cause: 'map', count: 5 }));
    meter.frame(loss({ tap: tap.process, count: 5 }));
    expect(meter.events).toMatchObject({ seen: 0, lost: 0 });
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
