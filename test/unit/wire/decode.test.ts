import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../../src/model/event.ts';
import { eventHasCt, eventHasHeaders, tap } from '../../../src/model/layout.generated.ts';
import { Decoder, type Frame } from '../../../src/wire/decode.ts';
import {
  BASE_NS,
  chunks,
  type EventFields,
  eventFrame,
  heartbeatFrame,
  helloFrame,
  helloJson,
  joined,
  jsonFrame,
  lossFrame,
  processFrame,
} from '../../helpers/frames.ts';
import { eventFields, lossFields, processFields } from './frames-arbitrary.ts';

function decoded(...bytes: readonly Uint8Array[]): Frame[] {
  const decoder = new Decoder();
  decoder.push(helloFrame());
  const frames = bytes.flatMap(each => decoder.push(each));
  expect(decoder.malformedBytes).toBe(0);
  expect(decoder.heldBytes).toBe(0);
  return frames;
}

/** What an event must say, from what was written. */
function expected(fields: EventFields): Partial<Event> {
  const { headers, networkOffset: _, conntrack, flags = 0, ...rest } = fields;
  const hasCt = conntrack === undefined ? 0 : eventHasCt;
  const hasHeaders = headers === undefined || headers.length === 0 ? 0 : eventHasHeaders;
  return { ...rest, ...nameOf(fields), conntrack, flags: flags | hasCt | hasHeaders };
}

/** The name is a device's, or that of who was running. */
function nameOf({ tap: at, dev = '', ifindex = 0, reason = 0 }: EventFields): Pick<Event, 'dev' | 'current'> {
  if (at !== tap.copyDatagram && (at !== tap.consumeSkb || ifindex !== 0)) return { dev };
  return { dev: '', current: reason === 0 || dev === '' ? undefined : { pid: reason, comm: dev } };
}

function shown(event: Event, keys: readonly string[]): Partial<Event> {
  return Object.fromEntries(keys.map(key => [key, event[key as keyof Event]]));
}

const sample: EventFields = {
  timeNs: 1_000,
  tap: 1,
  packet: 7,
  dev: 'eth0',
  netns: 4711,
  protocol: 0x0800,
  headers: new Uint8Array(34),
};

describe('what was written is read back', () => {
  test('every field of an event', () => {
    fc.assert(
      fc.property(eventFields, fields => {
        const [frame] = decoded(eventFrame(fields));
        const event = frame?.kind === 'event' ? frame.event : undefined;
        const want = expected(fields);
        expect(shown(event!, Object.keys(want))).toEqual(want);
      }),
      { numRuns: 300 },
    );
  });

  test('fields that were left out are 0, none or empty', () => {
    const [frame] = decoded(eventFrame({ timeNs: 0, tap: 4, packet: 1 }));
    const event = frame?.kind === 'event' ? frame.event : undefined;
    expect(event?.dev).toBe('');
    expect(event?.headers).toBeUndefined();
    expect(event?.conntrack).toBeUndefined();
    expect([event?.netns, event?.sk, event?.ct, event?.location, event?.timeNs]).toEqual([0, 0, 0, 0, 0]);
  });

  test('processes, losses, heartbeats', () => {
    fc.assert(
      fc.property(processFields, lossFields, fc.integer({ min: 0, max: 1e15 }), (process, loss, timeNs) => {
        expect(decoded(processFrame(process), lossFrame(loss), heartbeatFrame(timeNs, 12))).toEqual([
          { kind: 'process', process },
          { kind: 'loss', loss },
          { kind: 'heartbeat', timeNs, events: 12 },
        ]);
      }),
    );
  });

  test('JSON frames', () => {
    const gone = { timeNs: '12', cookie: '4711', gone: true };
    expect(
      decoded(
        jsonFrame('symbol', { address: '18446744072635812345', name: 'ip_rcv' }),
        jsonFrame('reply', { applied: 3 }),
        jsonFrame('reply', { refused: 'rule x', why: 'what is x?' }),
        jsonFrame('inventory', gone),
        jsonFrame('stats', { seen: 5 }),
      ),
    ).toEqual([
      { kind: 'symbol', address: Number(18446744072635812345n & 0x1fffffffffffffn), name: 'ip_rcv' },
      { kind: 'reply', applied: 3 },
      { kind: 'reply', refused: 'rule x', why: 'what is x?' },
      { kind: 'inventory', inventory: gone },
      { kind: 'stats', stats: { seen: 5 } },
    ]);
  });

  test('a kernel address in an event and in its symbol are the same number', () => {
    const raw = 0xffffffff8a1b2c3dn;
    const bytes = eventFrame({ timeNs: 0, tap: 4, packet: 1 });
    new DataView(bytes.buffer).setBigUint64(56, raw, true);
    const [symbol, event] = decoded(jsonFrame('symbol', { address: String(raw), name: 'icmp_rcv' }), bytes);
    expect(event?.kind === 'event' && event.event.location).toBe(symbol?.kind === 'symbol' && symbol.address);
  });

  test('the hello sets the base of all times', () => {
    const decoder = new Decoder();
    expect(decoder.push(helloFrame())).toEqual([{ kind: 'hello', hello: helloJson }]);
    expect(decoder.baseNs).toBe(BASE_NS);
  });

  test('a later hello, or one in a session that goes on, does not move it', () => {
    const later = { ...helloJson, clock: { ...helloJson.clock, monotonicNs: String(BASE_NS + 1_000n) } };
    for (const decoder of [new Decoder(), new Decoder({ baseNs: BASE_NS })]) {
      decoder.push(helloFrame());
      decoder.push(jsonFrame('hello', later));
      expect(decoder.push(heartbeatFrame(5))).toEqual([{ kind: 'heartbeat', timeNs: 5, events: 0 }]);
    }
    const resumed = new Decoder({ baseNs: BASE_NS });
    resumed.push(jsonFrame('hello', later));
    expect(resumed.baseNs).toBe(BASE_NS);
  });

  test('times on either side of a carry of the low word are exact', () => {
    const wrap = Number(2n ** 32n - (BASE_NS % 2n ** 32n));
    for (const timeNs of [wrap - 1, wrap, wrap + 1, -1, 86_400e9])
      expect(decoded(heartbeatFrame(timeNs))).toEqual([{ kind: 'heartbeat', timeNs, events: 0 }]);
  });
});

describe('chunks', () => {
  const stream = joined(
    helloFrame(),
    eventFrame(sample),
    jsonFrame('inventory', { timeNs: '5', cookie: '12', gone: true }),
    lossFrame({ fromNs: 1, toNs: 2, tap: 1, count: 3, cause: 'ring' }),
    eventFrame({ ...sample, packet: 8 }),
    processFrame({ timeNs: 5, sk: 6, netns: 7, pid: 8, comm: 'curl' }),
    heartbeatFrame(20_000_000, 2),
  );
  const text = (frames: readonly Frame[]): string[] =>
    frames.map(frame =>
      frame.kind === 'event' ? `event ${frame.event.packet} ${frame.event.dev}` : JSON.stringify(frame),
    );
  const whole = text(new Decoder().push(stream));

  test.each([1, 2, 3, 7, 8, 64, 4096])('of %i bytes give the same frames', size => {
    const decoder = new Decoder();
    const frames = chunks(stream, size).flatMap(chunk => decoder.push(chunk));
    expect(text(frames)).toEqual(whole);
    expect(whole).toHaveLength(7);
    expect(decoder.malformedBytes).toBe(0);
  });

  test('cut anywhere, empty ones among them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), cuts => {
        const decoder = new Decoder();
        const ends = [...cuts.sort((a, b) => a - b), stream.length];
        let from = 0;
        const frames: Frame[] = [];
        for (const to of ends) {
          frames.push(...decoder.push(stream.subarray(from, to)));
          from = to;
        }
        expect(text(frames)).toEqual(whole);
      }),
    );
  });

  test('a stream that ends in the middle of a frame gives all frames before', () => {
    for (let length = 0; length < stream.length; length++) {
      const frames = text(new Decoder().push(stream.subarray(0, length)));
      expect(frames).toEqual(whole.slice(0, frames.length));
    }
  });

  test('an event can be read after later chunks came', () => {
    const decoder = new Decoder();
    decoder.push(helloFrame());
    const bytes = joined(eventFrame(sample), eventFrame({ ...sample, packet: 9, dev: 'cni0' }));
    const events = chunks(bytes, 50).flatMap(chunk => decoder.push(chunk));
    for (let i = 0; i < 100; i++) decoder.push(heartbeatFrame(i));
    expect(text(events)).toEqual(['event 7 eth0', 'event 9 cni0']);
  });
});
