/**
 * Journeys into a store, in a process of its own with `--expose-gc`: time, and by how much the heap grew for each, next to what the store
 * estimates. A recording of one conversation is replayed again and again, so that everything is as the pipeline makes it:
 *   node --expose-gc store-pass.ts long|short|whole COUNT
 * short: each replay is a conversation of its own. long: a hundred replays are one, whose packets share their hops and ends, as
 * `resolve/known-ways.ts` lets them. whole: no store; the journeys of `long` are kept with their hops, as JSON shows them.
 * Prints {"perSecond","heapBytes","estimatedBytes"}.
 */
import { writeSync } from 'node:fs';
import { Pipeline } from '../../../src/engine/pipeline.ts';
import type { Hop, Journey } from '../../../src/model/journey.ts';
import type { JourneyRecord } from '../../../src/model/journey-record.ts';
import { JourneyStore } from '../../../src/store/journey-store.ts';
import { Decoder } from '../../../src/wire/decode.ts';
import { recordedBytes } from '../../golden/recordings.ts';

export type StorePass = 'long' | 'short' | 'whole';

export interface StorePassResult {
  readonly perSecond: number;
  readonly heapBytes: number;
  readonly estimatedBytes: number;
}

const REPLAYS_OF_FLOW: Readonly<Record<StorePass, number>> = { long: 100, short: 1, whole: 100 };

export interface Given {
  readonly journey: Journey;
  readonly record: JourneyRecord;
  readonly way: readonly Hop[];
}

/** Replays without end. */
export class Source {
  readonly #bytes = recordedBytes('flannel-service-cross-node');
  readonly #replaysOfFlow: number;
  #first: readonly Given[] = [];
  #replays = 0;

  constructor(replaysOfFlow: number) {
    this.#replaysOfFlow = replaysOfFlow;
  }

  /** The journeys of one more replay. */
  next(): readonly Given[] {
    const given: Given[] = [];
    const pipeline = new Pipeline({
      onJourney: (journey, record, way) => given.push({ journey, record, way }),
    });
    for (const frame of new Decoder().push(this.#bytes)) pipeline.frame(frame);
    pipeline.finish();
    const n = this.#replays++;
    if (n % this.#replaysOfFlow === 0) this.#first = given;
    return given.map(({ journey, record }, index) => {
      const { journey: first, way } = this.#first[index]!;
      const { from, to, backend, service } = first;
      const ends = { from, to, ...(backend && { backend }), ...(service && { service }) };
      const flow = String(Math.floor(n / this.#replaysOfFlow));
      return { journey: Object.assign(journey, ends, { id: `${n}-${journey.id}`, flow }), record, way };
    });
  }
}

function heapBytes(): number {
  for (let i = 0; i < 3; i++) (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function run(pass: StorePass, count: number): StorePassResult {
  const source = new Source(REPLAYS_OF_FLOW[pass]);
  const store = new JourneyStore({ session: 'bench', maxBytes: Number.MAX_SAFE_INTEGER });
  const whole: unknown[] = [];
  for (let n = 0; n < 100; n++) source.next();
  const before = heapBytes();
  let kept = 0;
  let ns = 0n;
  while (kept < count) {
    const piece = source.next();
    const from = process.hrtime.bigint();
    for (const { journey, record, way } of piece) {
      if (pass === 'whole') whole.push({ ...journey });
      else store.put(journey, record, way);
    }
    ns += process.hrtime.bigint() - from;
    kept += piece.length;
  }
  const grown = heapBytes() - before;
  // Whatever is measured has to be there still.
  if (store.counts.journeys + whole.length !== kept) throw new Error('journeys are missing');
  const scale = count / kept;
  return {
    perSecond: kept / (Number(ns) / 1e9),
    heapBytes: grown * scale,
    estimatedBytes: store.counts.bytes * scale,
  };
}

if (import.meta.filename === process.argv[1]) {
  writeSync(1, JSON.stringify(run(process.argv[2] as StorePass, Number(process.argv[3]))));
}
