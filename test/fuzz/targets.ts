/**
 * What reads what others wrote, each with inputs near to what it reads: `npm run fuzz` feeds them a million, a unit test a few. A target
 * throws where something is wrong: input may be refused, by a TracerError, but nothing else may come out of it.
 */

import { Readable } from 'node:stream';
import fc from 'fast-check';
import { TracerError } from '../../src/base/errors.ts';
import { Pipeline } from '../../src/engine/pipeline.ts';
import { readIptablesSave } from '../../src/rules/iptables-save.ts';
import { readNftJson } from '../../src/rules/nft-json.ts';
import type { Table } from '../../src/rules/ruleset.ts';
import { walk } from '../../src/rules/walk.ts';
import { sessionOf } from '../../src/session/open-session.ts';
import { bytesSource, streamSource } from '../../src/session/sources.ts';
import { Decoder } from '../../src/wire/decode.ts';
import { recordedBytes, recordings } from '../golden/recordings.ts';
import { chunks } from '../helpers/frames.ts';
import { recordedText } from '../helpers/recorded-rules.ts';
import { recorded } from '../helpers/sessions.ts';

export interface FuzzTarget<T = never> {
  readonly name: string;
  /** Inputs of `npm run fuzz`, by default. */
  readonly runs: number;
  readonly inputs: () => Promise<fc.Arbitrary<T>>;
  readonly run: (input: T) => void | Promise<void>;
}

/** Known bytes with some of them changed, cut out, put in, or repeated. */
export function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    kind: fc.constantFrom('set', 'flip', 'cut', 'insert', 'repeat', 'end', 'long'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    count: fc.integer({ min: 1, max: 64 }),
    value: fc.integer({ min: 0, max: 255 }),
  });
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { maxLength: 6 }))
    .map(([seed, changes]) => changes.reduce(changed, seed));
}

interface Change {
  readonly kind: string;
  readonly at: number;
  readonly count: number;
  readonly value: number;
}

function changed(bytes: Uint8Array, { kind, at, count, value }: Change): Uint8Array {
  const from = Math.floor(at * bytes.length);
  if (kind === 'end') return bytes.slice(0, from);
  if (kind === 'cut') return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + count)]);
  if (kind === 'insert')
    return Buffer.concat([bytes.subarray(0, from), Buffer.alloc(count, value), bytes.subarray(from)]);
  if (kind === 'repeat') return Buffer.concat([bytes.subarray(0, from + count), bytes.subarray(from)]);
  const copy = Uint8Array.from(bytes);
  if (kind === 'long') copy.fill(0xff, from, from + 4);
  else if (kind === 'set') copy.fill(value, from, from + count);
  else if (from < copy.length) copy[from]! ^= 1 << (value & 7);
  return copy;
}

/** A piece of a recording that holds its hello and some events: small, so that many of them can be tried. */
function pieces(): Uint8Array[] {
  return recordings().flatMap(name => {
    const bytes = recordedBytes(name);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const frames: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += view.getUint32(at, true))
      frames.push(bytes.subarray(at, at + view.getUint32(at, true)));
    const json = (frame: Uint8Array): boolean => frame[8] === 0x7b;
    const hello = frames.find(frame => frame[4] === 1)!;
    const others = frames.filter(frame => frame !== hello);
    const few = (frames: readonly Uint8Array[], from: number): Uint8Array[] => frames.slice(from, from + 8);
    const events = others.filter(frame => !json(frame));
    return [0, 20, 60].map(from =>
      Buffer.concat([hello, ...few(others.filter(json), from % 5).slice(0, 1), ...few(events, from)]),
    );
  });
}

const frames: FuzzTarget<[Uint8Array, number]> = {
  name: 'frames',
  runs: 900_000,
  inputs: () =>
    Promise.resolve(
      fc.tuple(
        fc.oneof({ weight: 9, arbitrary: mutated(pieces()) }, fc.uint8Array({ maxLength: 400 })),
        fc.integer({ min: 1, max: 5000 }),
      ),
    ),
  run: ([bytes, size]) => {
    const decoder = new Decoder();
    const pipeline = new Pipeline({ onJourney: journey => void JSON.stringify(journey) });
    let count = 0;
    for (const chunk of chunks(bytes, size))
      for (const frame of decoder.push(chunk)) {
        count++;
        pipeline.frame(frame);
      }
    pipeline.finish();
    if (decoder.malformedBytes + decoder.heldBytes > bytes.length)
      throw new Error('more skipped than there was');
    if (count * 8 > bytes.length) throw new Error('more frames than there was room for');
  },
};

const sessionFiles: FuzzTarget<[Uint8Array, boolean]> = {
  name: 'session files',
  runs: 120_000,
  inputs: async () => {
    const seeds: Uint8Array[] = [];
    for (const piece of pieces().slice(0, 6))
      for (const rollingBytes of [undefined, 6000])
        seeds.push(
          await recorded(piece, {
            chunk: 200,
            blockBytes: 400,
            ...(rollingBytes === undefined ? {} : { rollingBytes }),
          }),
        );
    return fc.tuple(
      fc.oneof({ weight: 9, arbitrary: mutated(seeds) }, fc.uint8Array({ maxLength: 200 })),
      fc.boolean(),
    );
  },
  run: async ([bytes, isStream]) => {
    try {
      const source = isStream ? streamSource(Readable.from(chunks(bytes, 700))) : bytesSource(bytes);
      const session = await sessionOf(source, 'fuzzed');
      const pipeline = new Pipeline({
        session: session.facts.session,
        isRest: session.isRest,
        onJourney: () => {},
      });
      for await (const batch of session.frames()) for (const frame of batch) pipeline.frame(frame);
      pipeline.finish();
      if (session.damage.cutBytes > bytes.length) throw new Error('more was cut off than there was');
    } catch (error) {
      if (!(error instanceof TracerError && error.code === 'SESSION_FORMAT')) throw error;
    }
  },
};

/** Add yours here. */
/** Some chains of a real node each: small, so that many can be tried. */
function ruleTexts(): { readonly saved: Uint8Array[]; readonly listed: Uint8Array[] } {
  const lines = (text: string): string[] => text.split('\n');
  const saved = lines(recordedText('iptables-nft', 'k8s-w1', 'iptables-save.txt')!);
  const rules = saved.filter(line => line.includes('-A '));
  const listed = lines(recordedText('nftables', 'k8s-cp', 'nft.json')!).slice(1, -2);
  const every = (all: readonly string[], step: number, from: number): string[] =>
    all.filter((_, at) => at % step === from);
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const head = saved.filter(line => /^\*nat|^:(PREROUTING|KUBE-SERVICES|KUBE-SVC-6)/.test(line));
  return {
    saved: [0, 3, 7].map(from => bytes([...head, ...every(rules, 9, from)].join('\n'))),
    listed: [0, 5, 9].map(from =>
      bytes(`{"nftables":[${every(listed, 11, from).join('').replace(/,$/, '')}]}`),
    ),
  };
}

const ruleReaders: FuzzTarget<[Uint8Array, Uint8Array]> = {
  name: 'rules',
  runs: 200_000,
  inputs: () => {
    const { saved, listed } = ruleTexts();
    return Promise.resolve(fc.tuple(mutated(saved), mutated(listed)));
  },
  run: ([saved, listed]) => {
    const text = new TextDecoder().decode(saved);
    const { tables, malformed } = readIptablesSave(text, 'ip', 'iptables-nft');
    if (malformed > text.split('\n').length) throw new Error('more lines than there are');
    const ruleset = { tables: [...tables, ...nftTables(listed)] };
    const packet = { family: 4, proto: 'tcp', src: '10.244.0.3', dst: '10.96.100.10', dport: 80 } as const;
    for (const hook of ['prerouting', 'forward', 'postrouting'] as const)
      for (const known of [{ kind: 'passed' }, { kind: 'dropped' }] as const)
        walk({ ruleset, hook, known, asksNat: true, packet: { ...packet, typeOf: () => undefined } });
  },
};

function nftTables(listed: Uint8Array): readonly Table[] {
  try {
    return readNftJson(JSON.parse(new TextDecoder().decode(listed))).tables;
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

export const fuzzTargets: readonly FuzzTarget<never>[] = [
  ruleReaders,
  frames,
  sessionFiles,
] as unknown as FuzzTarget<never>[];
