/** The stages wired together: nothing that comes in makes them throw, and what goes out can be read. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pipeline } from '../../../src/engine/pipeline.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { FlowBook } from '../../../src/store/flow-book.ts';
import { Decoder, type Frame } from '../../../src/wire/decode.ts';
import { recordedBytes, recordings } from '../../golden/recordings.ts';
import { replay } from '../../golden/replay.ts';
import {
  BASE_NS,
  eventFrame,
  heartbeatFrame,
  helloFrame,
  helloJson,
  joined,
  jsonFrame,
} from '../../helpers/frames.ts';
import { expectValidFlow, expectValidJourney } from '../../helpers/journeys.ts';
import { labCluster, labNamespaces } from '../inventory/machine.ts';

const byName = new Map(recordings().map(name => [name, recordedBytes(name)]));
const anyRecording = fc.constantFrom(...byName.keys());

function check(bytes: Uint8Array, size?: number): Journey[] {
  const { journeys } = replay(bytes, size);
  const book = new FlowBook();
  for (const journey of journeys) {
    expectValidJourney(journey);
    book.add(journey);
  }
  for (const flow of book.all()) expectValidFlow(flow);
  return [...journeys];
}

/** Where its frames begin, and its end. */
function frameStarts(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const starts = [0];
  while (starts.at(-1)! < bytes.length) starts.push(starts.at(-1)! + view.getUint32(starts.at(-1)!, true));
  return starts;
}

describe('a recording that was damaged', () => {
  test('by bytes that were changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(anyRecording, changes, (name, list) => {
        const bytes = Uint8Array.from(byName.get(name)!);
        for (const [at, value] of list) bytes[at % bytes.length] = value;
        check(bytes);
      }),
      { numRuns: 25 },
    );
  });

  test('by frames that are missing, doubled or in another order', () => {
    fc.assert(
      fc.property(anyRecording, fc.array(fc.tuple(fc.nat(), fc.nat(2)), { maxLength: 60 }), (name, edits) => {
        const bytes = byName.get(name)!;
        const starts = frameStarts(bytes);
        const frames = starts.slice(0, -1).map((from, n) => bytes.subarray(from, starts[n + 1]));
        for (const [at, edit] of edits) {
          const n = at % frames.length;
          if (edit === 0) frames.splice(n, 1);
          else if (edit === 1) frames.splice(n, 0, frames[n]!);
          else frames.push(...frames.splice(n, 1));
        }
        check(joined(...frames), 4096);
      }),
      { numRuns: 25 },
    );
  });

  test('by its end: what came before is the same', () => {
    const name = 'flannel-service-cross-node';
    const bytes = byName.get(name)!;
    const whole = replay(bytes);
    fc.assert(
      fc.property(fc.nat(bytes.length), length => {
        const ids = check(bytes.subarray(0, length)).map(journey => journey.id);
        expect(ids.every(id => whole.journeys.some(journey => journey.id === id))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the pipeline', () => {
  const packet = {
    timeNs: 1_000_000,
    tap: 1,
    packet: 7,
    netns: 104,
    ifindex: 2,
    dev: 'eth0',
    flags: 4,
    identity: 1,
  };

  function run(
    frames: readonly Uint8Array[],
    options: Partial<ConstructorParameters<typeof Pipeline>[0]> = {},
  ) {
    const journeys: Journey[] = [];
    const pipeline = new Pipeline({ onJourney: journey => journeys.push(journey), ...options });
    const decoder = new Decoder();
    for (const frame of decoder.push(joined(...frames))) pipeline.frame(frame);
    return { journeys, pipeline, decoder };
  }

  const inventory = labNamespaces('one', 100).map(each =>
    jsonFrame('inventory', { ...each, timeNs: '5000000000000' }),
  );

  test('keeps the inventory that comes before the hello', () => {
    const { pipeline } = run([...inventory, helloFrame()]);
    expect(pipeline.inventory.all().map(view => view.cookie)).toContain('104');
  });

  describe('another collector after the death of the first', () => {
    const laterHello = {
      ...helloJson,
      clock: { ...helloJson.clock, monotonicNs: String(BASE_NS + 2_000_000_000n) },
    };
    const death: Frame = {
      kind: 'loss',
      loss: { fromNs: 20_000_000, toNs: 1_000_000_000, tap: 0, count: 1, cause: 'collector' },
    };
    const second = { ...packet, timeNs: 2_100_000_000 };

    test('closes what was open as incomplete, and takes the same packet id for another packet', () => {
      const { pipeline, journeys, decoder } = run([...inventory, helloFrame(), eventFrame(packet)]);
      pipeline.frame(death);
      expect(journeys).toMatchObject([
        {
          id: '1',
          complete: false,
          gaps: expect.arrayContaining([expect.objectContaining({ kind: 'lost' })]),
        },
      ]);
      for (const frame of decoder.push(
        joined(...inventory, jsonFrame('hello', laterHello), eventFrame(second)),
      ))
        pipeline.frame(frame);
      pipeline.finish();
      expect(journeys).toMatchObject([{ id: '1' }, { id: '2', startNs: String(BASE_NS + 2_100_000_000n) }]);
      expect(pipeline.correlator.stats).toMatchObject({ lost: 1, lateEvents: 0 });
      expect(pipeline.hello?.clock).toEqual(helloJson.clock);
    });

    test('is told by its hello alone in a recording', () => {
      const { pipeline, journeys } = run([
        ...inventory,
        helloFrame(),
        eventFrame(packet),
        jsonFrame('hello', laterHello),
        eventFrame(second),
      ]);
      pipeline.finish();
      expect(journeys.map(({ id, complete }) => [id, complete])).toEqual([
        ['1', false],
        ['2', false],
      ]);
      expect(pipeline.correlator.stats.lost).toBe(1);
    });

    test('takes namespaces that it does not find again for gone', () => {
      const { pipeline, decoder } = run([...inventory, helloFrame()]);
      pipeline.frame(death);
      const found = inventory.slice(0, 2);
      for (const frame of decoder.push(joined(...found, jsonFrame('hello', laterHello))))
        pipeline.frame(frame);
      expect(pipeline.inventory.all(3_000_000_000)).toHaveLength(2);
    });
  });

  test('learns the cluster from a recording', () => {
    const { pipeline } = run([...inventory, helloFrame(), jsonFrame('cluster', labCluster('lab:one', 100))]);
    expect(pipeline.places.netns(104, 1).label).toBe('pod-a');
  });

  test('ignores events before the hello: their time is not known', () => {
    const { pipeline, journeys } = run([eventFrame(packet), helloFrame(), heartbeatFrame(20_000_000)]);
    pipeline.finish();
    expect(journeys).toEqual([]);
  });

  test('asks for another look when it does not know a device', () => {
    let misses = 0;
    run([...inventory, helloFrame(), eventFrame({ ...packet, ifindex: 99 }), heartbeatFrame(20_000_000)], {
      onMiss: () => misses++,
    });
    expect(misses).toBe(1);
  });

  test('leaves out what is not wanted', () => {
    const { pipeline, journeys } = run([...inventory, helloFrame(), eventFrame(packet)], {
      wants: () => false,
    });
    pipeline.finish();
    expect(journeys).toEqual([]);
  });

  test('shows journeys to whoever looks, for as long as they look', () => {
    const seen: string[] = [];
    const { pipeline } = run([...inventory, helloFrame()]);
    const stop = pipeline.observe(journey => seen.push(journey.id));
    const [event] = new Decoder().push(eventFrame(packet));
    pipeline.frame(event!);
    pipeline.finish();
    stop();
    expect(seen).toEqual(['1']);
  });

  test('is not asked before the hello: that would be our own mistake', () => {
    const { pipeline } = run([]);
    expect(() => pipeline.names).toThrow('assertion failed');
    pipeline.finish();
  });
});
