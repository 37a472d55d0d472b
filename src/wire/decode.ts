/**
 * Bytes of the collector (or of a session file) → frames. Chunks may end anywhere. Bytes that make no frame are skipped one by one to
 * the next that may begin one, and counted; input never makes this throw, and never makes it hold more than one frame's length.
 */

import type { Event, LossRecord, ProcessSighting } from '../model/event.ts';
import {
  eventCtLayout,
  eventLayout,
  frameLayout,
  frameType,
  headersMax,
  heartbeatLayout,
  lossCause,
  lossLayout,
  processLayout,
} from '../model/layout.generated.ts';
import { type EventBlock, EventRecord } from './event-record.ts';
import { HeaderReader } from './header-reader.ts';
import { type JsonFrame, jsonFrame } from './json-frames.ts';
import { addressNumber, text16 } from './numbers.ts';

export type Frame =
  | JsonFrame
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'loss'; readonly loss: LossRecord }
  | { readonly kind: 'heartbeat'; readonly timeNs: number; readonly events: number }
  | { readonly kind: 'process'; readonly process: ProcessSighting };

/** No JSON of ours is longer; a larger length is damage. */
const JSON_MAX = 16 * 1024 * 1024;
/** The header of a frame, and the byte behind it: a JSON frame shows there that it is one. */
const HEAD = frameLayout.size + 1;
const BRACE = 0x7b;
const EMPTY = new Uint8Array(0);

/** Shortest and longest frame of a type. Only JSON may be long, so that a damaged length hides no more than a few events. */
const lengths: Readonly<Record<number, readonly [min: number, max: number]>> = {
  [frameType.event]: [eventLayout.size, eventLayout.size + eventCtLayout.size + headersMax],
  [frameType.loss]: [lossLayout.size, lossLayout.size],
  [frameType.heartbeat]: [heartbeatLayout.size, heartbeatLayout.size],
  [frameType.process]: [processLayout.size, processLayout.size],
};
const jsonLength = [frameLayout.size + 2, JSON_MAX] as const;
const jsonTypes: ReadonlySet<number> = new Set([
  frameType.hello,
  frameType.inventory,
  frameType.reply,
  frameType.cluster,
  frameType.stats,
  frameType.symbol,
  frameType.note,
]);

export class Decoder {
  /** Bytes that were skipped because they made no frame. */
  malformedBytes = 0;
  /** Frames whose header was right and whose JSON was not. */
  malformedFrames = 0;
  /** Holds `heldBytes` of a frame that is not whole yet; grows by doubling. */
  #held: Uint8Array = EMPTY;
  #heldBytes = 0;
  /** With fewer bytes than these nothing can be decided. */
  #needed = HEAD;
  #base: bigint | undefined;
  /** The base as two numbers: it is subtracted from every time. */
  #baseHigh = 0;
  #baseLow = 0;
  readonly #headers: HeaderReader;
  readonly #text = new TextDecoder();

  /** `baseNs`: of a session that goes on; else the first hello frame says it. */
  constructor(options: { vxlanPorts?: ReadonlySet<number>; baseNs?: bigint } = {}) {
    if (options.baseNs !== undefined) this.#setBase(options.baseNs);
    this.#headers = new HeaderReader(options.vxlanPorts ?? new Set([8472, 4789]));
  }

  /** CLOCK_MONOTONIC at which times are 0: the moment of the first hello frame. A collector that was started anew says another one. */
  get baseNs(): bigint {
    return this.#base ?? 0n;
  }

  /** Bytes of a frame that has not come as a whole yet. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** What comes next does not go on where the last chunk ended: what is held of a frame makes none. */
  cut(): void {
    this.malformedBytes += this.#heldBytes;
    this.#held = EMPTY;
    this.#heldBytes = 0;
    this.#needed = HEAD;
  }

  /** Frames that `chunk` completes, in order. The chunk must not be changed afterwards: events look into it. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let rest = chunk;
    // Only the frame that the last chunk cut is put together anew: to copy whole chunks would cost more than decoding them.
    while (this.#heldBytes > 0 && rest.length > 0) {
      const missing = rest.subarray(0, this.#needed - this.#heldBytes);
      this.#append(missing);
      rest = rest.subarray(missing.length);
      if (this.#heldBytes < this.#needed) return frames;
      this.#decode(this.#held.subarray(0, this.#heldBytes), frames);
      if (this.#heldBytes > missing.length) continue; // bytes of the last chunk made no frame
      rest = chunk.subarray(chunk.length - rest.length - this.#heldBytes);
      this.#heldBytes = 0;
    }
    if (rest.length > 0) this.#decode(rest, frames);
    return frames;
  }

  #append(bytes: Uint8Array): void {
    const length = this.#heldBytes + bytes.length;
    if (this.#held.length < length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#held.length));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
  }

  /** Holds what is left: less than a frame. */
  #decode(bytes: Uint8Array, frames: Frame[]): void {
    this.#needed = HEAD;
    this.#held = bytes.length < HEAD ? bytes : bytes.subarray(this.#frames(bytes, frames));
    this.#heldBytes = this.#held.length;
  }

  /** Returns where the first frame begins that is not whole yet. */
  #frames(bytes: Uint8Array, frames: Frame[]): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const block: EventBlock = { bytes, view, headers: this.#headers };
    let at = 0;
    while (bytes.length - at >= HEAD) {
      const len = plausibleLength(bytes, view, at);
      if (len > bytes.length - at) {
        this.#needed = len;
        break;
      }
      const frame = len === 0 ? undefined : this.#frame(block, at, len);
      if (frame === undefined) {
        this.malformedBytes++;
        at++;
        continue;
      }
      frames.push(frame);
      at += len;
    }
    return at;
  }

  #frame(block: EventBlock, at: number, len: number): Frame | undefined {
    const { bytes, view } = block;
    switch (view.getUint16(at + frameLayout.type, true)) {
      case frameType.event:
        return {
          kind: 'event',
          event: new EventRecord(block, at, this.#time(view, at + eventLayout.timeNs)),
        };
      case frameType.heartbeat:
        return {
          kind: 'heartbeat',
          timeNs: this.#time(view, at + heartbeatLayout.timeNs),
          events: addressNumber(view, at + heartbeatLayout.events),
        };
      case frameType.loss:
        return { kind: 'loss', loss: this.#loss(view, at) };
      case frameType.process:
        return { kind: 'process', process: this.#process(bytes, view, at) };
      default:
        return this.#json(
          bytes.subarray(at + frameLayout.size, at + len),
          view.getUint16(at + frameLayout.type, true),
        );
    }
  }

  #time(view: DataView, at: number): number {
    const high = view.getUint32(at + 4, true) - this.#baseHigh;
    return high * 4294967296 + (view.getUint32(at, true) - this.#baseLow);
  }

  #loss(view: DataView, at: number): LossRecord {
    const cpu = view.getUint32(at + lossLayout.cpu, true);
    const cause = view.getUint32(at + lossLayout.cause, true);
    return {
      fromNs: this.#time(view, at + lossLayout.fromNs),
      toNs: this.#time(view, at + lossLayout.toNs),
      tap: view.getUint32(at + lossLayout.tap, true),
      ...(cpu === 0xffffffff ? {} : { cpu }),
      count: view.getUint32(at + lossLayout.count, true),
      cause: cause === lossCause.map ? 'map' : cause === lossCause.recursion ? 'recursion' : 'ring',
    };
  }

  #process(bytes: Uint8Array, view: DataView, at: number): ProcessSighting {
    return {
      timeNs: this.#time(view, at + processLayout.timeNs),
      sk: addressNumber(view, at + processLayout.sk),
      netns: addressNumber(view, at + processLayout.netns),
      pid: view.getUint32(at + processLayout.pid, true),
      comm: text16(bytes, view, at + processLayout.comm) || '?', // a process may take its name away
    };
  }

  #json(bytes: Uint8Array, type: number): Frame | undefined {
    let frame: JsonFrame | undefined;
    try {
      frame = jsonFrame(type, JSON.parse(this.#text.decode(bytes)));
    } catch {
      frame = undefined;
    }
    if (frame === undefined) this.malformedFrames++;
    else if (frame.kind === 'hello' && this.#base === undefined)
      this.#setBase(BigInt(frame.hello.clock.monotonicNs));
    return frame;
  }

  #setBase(base: bigint): void {
    this.#base = base;
    this.#baseHigh = Number(base >> 32n);
    this.#baseLow = Number(base & 0xffffffffn);
  }
}

/** Of the frame that may begin here; 0 = none does. */
function plausibleLength(bytes: Uint8Array, view: DataView, at: number): number {
  const len = view.getUint32(at + frameLayout.len, true);
  const type = view.getUint16(at + frameLayout.type, true);
  if (len <= frameLayout.size || len % 8 !== 0 || view.getUint16(at + frameLayout.reserved, true) !== 0)
    return 0;
  const isJson = jsonTypes.has(type) && bytes[at + frameLayout.size] === BRACE;
  const [min, max] = isJson ? jsonLength : (lengths[type] ?? [1, 0]);
  return len < min || len > max ? 0 : len;
}
