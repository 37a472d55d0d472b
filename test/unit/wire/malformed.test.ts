import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../../src/model/event.ts';
import { frameType } from '../../../src/model/layout.generated.ts';
import { Decoder, type Frame } from '../../../src/wire/decode.ts';
import {
  chunks,
  eventFrame,
  heartbeatFrame,
  helloFrame,
  helloJson,
  type JsonFrameType,
  joined,
  jsonFrame,
  textFrame,
} from '../../helpers/frames.ts';

const beat = heartbeatFrame(20_000_000, 1);
const MIB = 1024 * 1024;

/** A frame's header alone. */
function header(len: number, type: number, reserved = 0): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, len, true);
  view.setUint16(4, type, true);
  view.setUint16(6, reserved, true);
  return bytes;
}

/** Whatever of an event is decoded only when asked for. */
function touch(event: Event): void {
  for (const key of Object.getOwnPropertyNames(Object.getPrototypeOf(event)))
    if (key !== 'constructor') void event[key as keyof Event];
}

const kinds = (frames: readonly Frame[]): string[] => frames.map(frame => frame.kind);

describe('bytes that make no frame are skipped and counted', () => {
  test.each([
    ['one byte too many', Uint8Array.of(0)],
    ['seven bytes', Uint8Array.of(1, 2, 3, 4, 5, 6, 7)],
    ['a length that is no multiple of 8', header(25, frameType.heartbeat)],
    ['a length below that of the type', header(16, frameType.heartbeat)],
    ['a length above that of the type', header(32, frameType.heartbeat)],
    ['an event longer than any', header(8192, frameType.event)],
    ['a type that nobody knows', header(24, 99)],
    ['type 0', header(24, 0)],
    ['something in the reserved field', header(24, frameType.heartbeat, 1)],
    ['JSON that is an array', textFrame(frameType.reply, '[1]')],
    ['JSON that is cut', textFrame(frameType.reply, '{"applied":')],
    ['a JSON frame without JSON', textFrame(frameType.stats, 'seen 5')],
  ])('%s', (_, junk) => {
    const decoder = new Decoder();
    decoder.push(helloFrame());
    const frames = decoder.push(joined(beat, junk, beat, beat));
    expect(frames).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'heartbeat', timeNs: 20_000_000, events: 1 })),
    );
    expect(decoder.malformedBytes).toBe(junk.length);
  });

  test('a text among the frames, as a library would print it, costs no frame', () => {
    const text = new TextEncoder().encode('libbpf: prog: failed to attach: {"no":"frame"}\n');
    const decoder = new Decoder();
    const frames = decoder.push(
      joined(helloFrame(), text, eventFrame({ timeNs: 1, tap: 1, packet: 1 }), beat),
    );
    expect(kinds(frames)).toEqual(['hello', 'event', 'heartbeat']);
  });
});

describe('JSON that is not what its frame is for', () => {
  const hello = helloJson;
  const netns = {
    timeNs: '1',
    cookie: '2',
    inode: 3,
    own: false,
    names: [],
    processes: [],
    links: [],
    addresses: [],
    routes: [],
    neighbours: [],
    fdb: [],
  };
  const bad: readonly (readonly [JsonFrameType, string, unknown])[] = [
    ['hello', 'of another record version', { ...hello, recordVersion: 99 }],
    ['hello', 'without a clock', { ...hello, clock: undefined }],
    ['hello', 'with a clock in words', { ...hello, clock: { ...hello.clock, realtimeNs: 'noon' } }],
    ['hello', 'with taps that are none', { ...hello, taps: [1] }],
    ['hello', 'with numbers for names', { ...hello, dropReasons: { 2: 3 } }],
    ['inventory', 'without a time', { ...netns, timeNs: undefined }],
    ['inventory', 'with a cookie that is none', { ...netns, cookie: '-1' }],
    ['inventory', 'with links that are none', { ...netns, links: [null] }],
    ['inventory', 'without addresses', { ...netns, addresses: undefined }],
    ['inventory', 'half gone', { ...netns, gone: 'perhaps' }],
    ['cluster', 'without nodes', { name: 'lab:x', pods: [], services: [], machines: [] }],
    [
      'cluster',
      'with half a service',
      { name: 'x', nodes: [], pods: [], machines: [], services: [{ name: 'a' }] },
    ],
    ['cluster', 'that changes at no time', { name: 'x', gone: {}, nodes: [], pods: [], services: [] }],
    [
      'cluster',
      'that loses what is no list of names',
      { name: 'x', timeNs: '5', gone: { pods: [1] }, nodes: [], pods: [], services: [] },
    ],
    ['cluster', 'that is gone at a time that is none', { name: 'x', timeNs: 'soon', gone: true }],
    ['symbol', 'without a name', { address: '12', name: '' }],
    ['symbol', 'with an address that is none', { address: '0x12', name: 'ip_rcv' }],
  ];

  test.each(bad)('%s %s', (type, _, value) => {
    const decoder = new Decoder();
    expect(kinds(decoder.push(joined(jsonFrame(type, value), beat)))).toEqual(['heartbeat']);
    expect(decoder.malformedFrames).toBe(1);
  });

  test('and the same made right', () => {
    const decoder = new Decoder();
    const frames = decoder.push(joined(jsonFrame('hello', hello), jsonFrame('inventory', netns)));
    expect(kinds(frames)).toEqual(['hello', 'inventory']);
  });
});

describe('a hostile length', () => {
  test('beyond the largest frame holds nothing back', () => {
    const decoder = new Decoder();
    const bytes = joined(header(0xfffffff8, frameType.inventory), new TextEncoder().encode('{'), beat, beat);
    expect(kinds(decoder.push(bytes))).toEqual(['heartbeat', 'heartbeat']);
    expect(decoder.heldBytes).toBeLessThan(16);
  });

  test('just below it is waited for, and then given up: never more is held', () => {
    const decoder = new Decoder();
    const start = joined(header(16 * MIB, frameType.inventory), new TextEncoder().encode('{'));
    decoder.push(start);
    const piece = new Uint8Array(MIB);
    let frames: Frame[] = [];
    let most = 0;
    for (let i = 0; i < 20; i++) {
      frames = [...frames, ...decoder.push(piece)];
      most = Math.max(most, decoder.heldBytes);
    }
    expect(most).toBeLessThanOrEqual(16 * MIB);
    expect(kinds([...frames, ...decoder.push(beat)])).toEqual(['heartbeat']);
    expect(decoder.malformedFrames).toBe(1);
  });

  test('an event that claims more headers than it has is read to its end', () => {
    const bytes = eventFrame({
      timeNs: 1,
      tap: 1,
      packet: 1,
      protocol: 0x0800,
      headers: new Uint8Array(20).fill(0x45),
    });
    new DataView(bytes.buffer).setUint16(102, 65_535, true);
    const [frame] = new Decoder().push(bytes);
    const event = frame?.kind === 'event' ? frame.event : undefined;
    expect(event?.headers).toBeUndefined();
    expect(event?.packet).toBe(1);
  });

  // A buffer that was copied anew for each would take half a minute and more.
  test('one-byte chunks of a long frame take no longer than their number asks for', () => {
    const decoder = new Decoder();
    const frame = jsonFrame('stats', { text: 'x'.repeat(800_000) });
    const frames = chunks(frame, 1).flatMap(chunk => decoder.push(chunk));
    expect(kinds(frames)).toEqual(['stats']);
  }, 15_000);
});

describe('any bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 2000, size: 'max' });

  test('never make it throw, nor what is read of their events', () => {
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 300 }), (any, size) => {
        const decoder = new Decoder();
        for (const chunk of chunks(any, size))
          for (const frame of decoder.push(chunk)) if (frame.kind === 'event') touch(frame.event);
      }),
      { numRuns: 500 },
    );
  });

  test('in the body of an event neither', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 528, maxLength: 536 }), body => {
        const [frame] = new Decoder().push(joined(header(536, frameType.event), body.subarray(0, 528)));
        expect(frame?.kind).toBe('event');
        if (frame?.kind === 'event') touch(frame.event);
      }),
      { numRuns: 500 },
    );
  });

  test('in front of frames cost at most the frames they look like', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), junk => {
        const decoder = new Decoder();
        const frames = decoder.push(joined(junk, ...Array.from({ length: 60 }, () => beat)));
        expect(frames.length).toBeGreaterThan(30);
        expect(decoder.malformedBytes).toBeLessThanOrEqual(junk.length + 30 * beat.length);
      }),
    );
  });

  test('that were one bit away from a good stream lose little of it', () => {
    const good = joined(
      helloFrame(),
      ...Array.from({ length: 40 }, (_, i) =>
        eventFrame({ timeNs: i, tap: 1, packet: i, headers: new Uint8Array(60) }),
      ),
    );
    fc.assert(
      fc.property(fc.integer({ min: helloFrame().length, max: good.length - 1 }), fc.nat(7), (at, bit) => {
        const damaged = Uint8Array.from(good);
        damaged[at]! ^= 1 << bit;
        const events = new Decoder().push(damaged).filter(frame => frame.kind === 'event');
        for (const frame of events) touch(frame.event);
        expect(events.length).toBeGreaterThanOrEqual(36);
      }),
      { numRuns: 300 },
    );
  });
});

test('names that somebody else chose do not steer the terminal', () => {
  const [frame] = new Decoder().push(eventFrame({ timeNs: 1, tap: 1, packet: 1, dev: '\u001b[2Jx' }));
  expect(frame?.kind === 'event' && frame.event.dev).toBe('\ufffd[2Jx');
});
