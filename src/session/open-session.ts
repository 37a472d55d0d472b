/**
 * A session file, opened: what it says of itself, and its frames from the first to the last that is whole. Cut, damaged and rolling files
 * are read as far as they go, and say what they lack; events that are missing are told as lost, so that no journey of that time is
 * called complete.
 */
import type { SessionFacts } from '../model/session.ts';
import { Decoder, type Frame } from '../wire/decode.ts';
import { type FoundBlock, findBlocks, type ReadBlock, rawOf, readBlocks, type Scan } from './block-reader.ts';
import { ClusterBound } from './cluster-bound.ts';
import { blockKind, decodeFacts, HEAD_BYTES, headJsonLength, ROLLING_START } from './format.ts';
import { InventoryBound } from './inventory-bound.ts';
import { bytesSource, type FileSource, isFile, openSource, type Source, streamSource } from './sources.ts';

/** Of a rolling file that comes by a pipe: it has to be held as a whole. */
const HELD_MAX = 256 * 1024 * 1024;
/** Of a rolling file; more than fit into one of ours. */
const FOUND_MAX = 100_000;
/** Without a heartbeat between nothing would ever close: more than the collector sends in a minute. */
const UNBEATEN_MAX = 2_000_000;

export interface SessionDamage {
  /** Bytes that make no block or no frame. */
  bytes: number;
  /** Blocks that are missing or cannot be unpacked. */
  blocks: number;
  /** The end is missing: bytes of the last block, which is not whole. */
  cutBytes: number;
}

/** The blocks of a rolling file that can be read, oldest first. */
interface Rolled {
  readonly source: FileSource;
  readonly blocks: readonly FoundBlock[];
  readonly isRest: boolean;
}

export class Session {
  readonly facts: SessionFacts;
  /** As it was named. */
  readonly name: string;
  /** Its beginning gave way to newer blocks. */
  readonly isRest: boolean;
  /** The frame that says how it ended has been read. */
  isWhole = false;
  readonly damage: SessionDamage = { bytes: 0, blocks: 0, cutBytes: 0 };
  readonly #source: Source;
  readonly #rolled: Rolled | undefined;
  readonly #decoder = new Decoder();
  readonly #bound: InventoryBound;
  readonly #clusters: ClusterBound;
  #lastNs = 0;
  /** Blocks that are missing before what comes next. */
  #missing = 0;
  #unbeaten = 0;

  constructor(name: string, facts: SessionFacts, source: Source, rolled?: Rolled) {
    this.name = name;
    this.facts = facts;
    this.#source = source;
    this.#bound = new InventoryBound(name);
    this.#clusters = new ClusterBound(name);
    this.#rolled = rolled;
    this.isRest = rolled?.isRest === true;
  }

  /** In order, many at a time. To be called once. @throws SESSION_FORMAT if it tells of more than a host can have. */
  async *frames(): AsyncGenerator<readonly Frame[]> {
    let expected: number | undefined;
    for await (const { head, raw } of this.#blocks()) {
      if (raw === undefined) continue; // its number will be missing
      const isFirst = expected === undefined;
      this.#missing += Math.max(0, head.seq - (expected ?? head.seq));
      expected = head.seq + 1;
      // Another snapshot says what is known already; kinds that we do not know are of later versions.
      if (head.kind !== blockKind.frames && !(isFirst && head.kind === blockKind.snapshot)) continue;
      const frames = this.#decoder.push(raw);
      this.#decoder.cut();
      yield this.#checked(frames);
    }
    this.damage.bytes += this.#decoder.malformedBytes;
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  async *#blocks(): AsyncGenerator<ReadBlock> {
    if (this.#rolled === undefined) {
      const scan: Scan = { skippedBytes: 0, cutBytes: 0 };
      yield* readBlocks(this.#source, scan);
      this.damage.bytes += scan.skippedBytes;
      this.damage.cutBytes += scan.cutBytes;
      return;
    }
    const { source, blocks } = this.#rolled;
    for (const block of blocks)
      yield {
        ...block,
        raw: await rawOf(block.head, await source.at(block.position, block.head.storedBytes)),
      };
  }

  /** With losses where blocks are missing. */
  #checked(frames: readonly Frame[]): readonly Frame[] {
    this.damage.blocks += this.#missing;
    const checked: Frame[] = [];
    for (const frame of frames) {
      const timeNs = timeOf(frame);
      if (timeNs !== undefined) {
        if (this.#missing > 0) checked.push(missingLoss(this.#missing, this.#lastNs, timeNs));
        this.#missing = 0;
        this.#lastNs = Math.max(this.#lastNs, timeNs);
      }
      if (frame.kind === 'heartbeat') this.#unbeaten = 0;
      if (frame.kind === 'inventory') this.#bound.take(frame.inventory);
      if (frame.kind === 'cluster') this.#clusters.take(frame.cluster);
      if (frame.kind === 'note' && frame.note.kind === 'end') this.isWhole = true;
      if (frame.kind !== 'event' || ++this.#unbeaten <= UNBEATEN_MAX) checked.push(frame);
      else this.damage.bytes += 1;
    }
    return checked;
  }
}

function timeOf(frame: Frame): number | undefined {
  if (frame.kind === 'event') return frame.event.timeNs;
  return frame.kind === 'heartbeat' ? frame.timeNs : undefined;
}

function missingLoss(blocks: number, fromNs: number, toNs: number): Frame {
  // How many events were in them nobody knows any more; one each at least.
  return {
    kind: 'loss',
    loss: { fromNs, toNs: Math.max(fromNs, toNs), tap: 0, count: blocks, cause: 'ring' },
  };
}

/** The newest blocks without a hole, from the first of the recording or the oldest snapshot on. */
async function rolledOf(from: Source | FileSource): Promise<Rolled> {
  const source = isFile(from) ? from : await held(from);
  source.seek(ROLLING_START);
  const found: FoundBlock[] = [];
  for await (const block of findBlocks(source, { skippedBytes: 0, cutBytes: 0 }))
    if (found.push(block) > FOUND_MAX) break;
  found.sort((a, b) => a.head.seq - b.head.seq);
  const newest = found.findLastIndex((block, i) => block.head.seq !== (found[i - 1]?.head.seq ?? -2) + 1);
  const run = found.slice(Math.max(0, newest));
  const isRest = run[0] !== undefined && run[0].head.seq > 0;
  const start = isRest ? run.findIndex(block => block.head.kind === blockKind.snapshot) : 0;
  return { source, isRest, blocks: start < 0 ? [] : run.slice(start) };
}

async function held(source: Source): Promise<FileSource> {
  const position = source.position;
  const rest = await source.peek(HELD_MAX);
  const bytes = new Uint8Array(position + rest.length);
  bytes.set(rest, position);
  return bytesSource(bytes);
}

/** `-` is stdin. @throws SESSION_FILE, SESSION_FORMAT. */
export async function openSession(path: string): Promise<Session> {
  const name = path === '-' ? 'stdin' : path;
  const source = path === '-' ? streamSource(process.stdin) : await openSource(path);
  try {
    return await sessionOf(source, name);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** @throws SESSION_FORMAT. */
export async function sessionOf(source: Source | FileSource, name: string): Promise<Session> {
  const first = await source.peek(HEAD_BYTES);
  const head = first.slice(0, HEAD_BYTES);
  const length = headJsonLength(head, name);
  const json = (await source.peek(HEAD_BYTES + length)).slice(HEAD_BYTES, HEAD_BYTES + length);
  const facts = decodeFacts(head, json, name);
  source.skip(HEAD_BYTES + length);
  return new Session(name, facts, source, facts.rolling === true ? await rolledOf(source) : undefined);
}
