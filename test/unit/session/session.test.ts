/** What is recorded is what is read, wherever chunks, blocks and the file end. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decoder, type Frame } from '../../../src/wire/decode.ts';
import { recordedBytes } from '../../golden/recordings.ts';
import { joined } from '../../helpers/frames.ts';
import { followAny, framesOf, MemoryTarget, opened, recorded } from '../../helpers/sessions.ts';

const bytes = recordedBytes('flannel-service-cross-node');
const plain = new Decoder().push(bytes);
const isNote = (frame: Frame): boolean => frame.kind === 'note';
/** Events are views of their bytes: what they say is what is compared. */
const said = (frames: readonly Frame[]): unknown[] =>
  frames.map(frame => (frame.kind === 'event' ? { ...frame.event, headers: frame.event.headers } : frame));

describe('what is read is what was recorded', () => {
  test.each([
    [1, 256 * 1024],
    [7, 1000],
    [4096, 1],
    [1_000_000, 256 * 1024],
  ])('in chunks of %i bytes and blocks of %i', async (chunk, blockBytes) => {
    const session = await opened(await recorded(bytes, { chunk, blockBytes }));
    const frames = await framesOf(session);
    expect(said(frames.filter(frame => !isNote(frame)))).toEqual(said(plain));
    expect(session.isWhole).toBe(true);
    expect(session.damage).toEqual({ bytes: 0, blocks: 0, cutBytes: 0 });
  });

  test('notes stand where they took effect, the end last', async () => {
    const frames = await framesOf(await opened(await recorded(bytes, { chunk: 1 })));
    const at = frames.findIndex(isNote);
    expect(frames[at]).toEqual({ kind: 'note', note: followAny });
    expect(frames[at - 1]?.kind).toBe('hello');
    expect(frames.at(-1)).toEqual({ kind: 'note', note: { kind: 'end' } });
  });

  test('a note between two halves of a frame stands before it', async () => {
    let told = 0;
    const file = await recorded(bytes, {
      chunk: 100,
      onFrame: (frame, recorder) => {
        if (frame.kind === 'event' && told++ === 5)
          queueMicrotask(() =>
            recorder.add({ kind: 'note', note: { kind: 'skipped', frames: 1, events: 1 } }),
          );
      },
    });
    const frames = await framesOf(await opened(file));
    expect(said(frames.filter(frame => !isNote(frame)))).toEqual(said(plain));
    expect(frames.filter(isNote)).toHaveLength(3);
  });

  test('it says of whom it is', async () => {
    const { facts } = await opened(await recorded(bytes));
    expect(facts).toMatchObject({ session: 'test', recordVersion: 1, host: { kernel: '6.18.0' } });
    expect(facts.clock?.monotonicNs).toMatch(/^\d+$/);
  });

  test('it is smaller than the frames', async () => {
    expect((await recorded(bytes)).length).toBeLessThan(bytes.length / 3);
  });
});

describe('files that are not whole', () => {
  const whole = recorded(bytes, { blockBytes: 2000, chunk: 500 });

  test('cut anywhere, they are read up to the last whole block', async () => {
    const file = await whole;
    const all = said(await framesOf(await opened(file)));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 400, max: file.length - 1 }), async cut => {
        const session = await opened(file.slice(0, cut));
        const frames = said(await framesOf(session));
        expect(frames).toEqual(all.slice(0, frames.length));
        expect(session.isWhole).toBe(false);
        // No more than a block is missing in front of the cut.
        const before = said(await framesOf(await opened(file.slice(0, Math.max(400, cut - 6000)))));
        expect(frames.length).toBeGreaterThanOrEqual(before.length);
      }),
      { numRuns: 40 },
    );
  });

  test('a damaged byte costs its block alone, and is told as a loss where it was', async () => {
    const file = await whole;
    const all = await framesOf(await opened(file));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 600, max: file.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const damaged = Uint8Array.from(file);
          damaged[at]! ^= by;
          const session = await opened(damaged);
          const frames = await framesOf(session);
          expect(frames.length).toBeGreaterThan(all.length * 0.7);
          expect(session.damage.bytes + session.damage.blocks + session.damage.cutBytes).toBeGreaterThan(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('bytes between blocks are skipped and counted', async () => {
    const file = await whole;
    const session = await opened(
      joined(
        file.slice(0, 400),
        Uint8Array.from({ length: 3000 }, (_, i) => i),
        file.slice(400),
      ),
    );
    const frames = await framesOf(session);
    expect(frames.length).toBeGreaterThan(0);
    expect(session.damage.bytes).toBeGreaterThan(0);
  });

  test('a missing block is a loss of its time', async () => {
    const file = await whole;
    const all = await framesOf(await opened(file));
    const times = all.flatMap(frame => (frame.kind === 'event' ? [frame.event.timeNs] : []));
    const magic = Buffer.from(file).indexOf('TBLK', Math.floor(file.length * 0.8));
    const damaged = Uint8Array.from(file);
    damaged[magic + 40]! ^= 1;
    const frames = await framesOf(await opened(damaged));
    const losses = frames.flatMap(frame => (frame.kind === 'loss' ? [frame.loss] : []));
    expect(losses).toHaveLength(1);
    const missing = times.filter(
      ns => !frames.some(frame => frame.kind === 'event' && frame.event.timeNs === ns),
    );
    expect(missing.length).toBeGreaterThan(0);
    expect(Math.min(...missing)).toBeGreaterThanOrEqual(losses[0]!.fromNs - 5e6);
    expect(Math.max(...missing)).toBeLessThanOrEqual(losses[0]!.toNs + 5e6);
  });
});

describe('a file that cannot take it', () => {
  test('no room: said once, and what was written is whole', async () => {
    const troubles: string[] = [];
    const target = new MemoryTarget(8000);
    const file = await recorded(bytes, {
      target,
      blockBytes: 2000,
      chunk: 500,
      onTrouble: e => troubles.push(e.message),
    });
    expect(troubles).toEqual(['no space']);
    const session = await opened(file);
    const frames = await framesOf(session);
    expect(frames.length).toBeGreaterThan(5);
    expect(session.damage).toEqual({ bytes: 0, blocks: 0, cutBytes: 0 });
    expect(session.isWhole).toBe(false);
  });

  test('too slow: no more than a queue is held, the rest is counted and told as lost', async () => {
    const gate = Promise.withResolvers<void>();
    const target = new MemoryTarget();
    target.gate = gate.promise;
    const file = await recorded(bytes, {
      target,
      queueMax: 10_000,
      blockBytes: 1000,
      chunk: 1000,
      beforeEnd: () => gate.resolve(),
    });
    const frames = await framesOf(await opened(file));
    const skipped = frames.flatMap(frame =>
      frame.kind === 'note' && frame.note.kind === 'skipped' ? [frame.note] : [],
    );
    const losses = frames.filter(({ kind }) => kind === 'loss');
    const events = frames.filter(({ kind }) => kind === 'event').length;
    expect(skipped).toHaveLength(1);
    expect(skipped[0]!.events).toBe(plain.filter(({ kind }) => kind === 'event').length - events);
    expect(skipped[0]!.events).toBeGreaterThan(10);
    expect(losses).toMatchObject([{ loss: { count: skipped[0]!.events } }]);
  });
});
