/**
 * Bytes of the collector (or of a session file) → frames. Chunks may end anywhere. Bytes that make no sense are skipped to the next
 * plausible frame and counted; input never makes this throw.
 */

import type { Event, HelloFrame, LossRecord, ProcessSighting } from '../model/event.ts';
import type { ClusterSnapshot, InventoryFrame } from '../model/inventory.ts';
import {
  eventLayout,
  frameType,
  heartbeatLayout,
  lossCause,
  lossLayout,
  processLayout,
  recordVersion,
} from '../model/layout.generated.ts';
import { EventRecord } from './event-record.ts';
import { addressNumber, text16 } from './numbers.ts';

export type Frame =
  | { readonly kind: 'hello'; readonly hello: HelloFrame }
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'loss'; readonly loss: LossRecord }
  | { readonly kind: 'heartbeat'; readonly timeNs: number; readonly events: number }
  | { readonly kind: 'inventory'; readonly inventory: InventoryFrame }
  | { readonly kind: 'cluster'; readonly cluster: ClusterSnapshot }
  | { readonly kind: 'reply'; readonly applied?: number; readonly refused?: string; readonly why?: string }
  | { readonly kind: 'stats'; readonly stats: Readonly<Record<string, number | string>> }
  | { readonly kind: 'process'; readonly process: ProcessSighting }
  | { readonly kind: 'symbol'; readonly address: number; readonly name: string };

/** No frame of ours is longer; a larger length is damage. */
const FRAME_MAX = 16 * 1024 * 1024;
const EMPTY = new Uint8Array(0);

export class Decoder {
  /** Bytes that were skipped because they made no frame. */
  malformedBytes = 0;
  malformedFrames = 0;
  #rest: Uint8Array = EMPTY;
  #base: bigint | undefined;
  readonly #vxlanPorts: ReadonlySet<number>;
  readonly #text = new TextDecoder();

  constructor(options: { vxlanPorts?: ReadonlySet<number> } = {}) {
    this.#vxlanPorts = options.vxlanPorts ?? new Set([8472, 4789]);
  }

  /** CLOCK_MONOTONIC at which times are 0: the moment of the hello frame. */
  get baseNs(): bigint {
    return this.#base ?? 0n;
  }

  /** Frames that `chunk` completes, in order. The chunk must not be changed afterwards: events look into it. */
  push(chunk: Uint8Array): Frame[] {
    const bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= 8) {
      const len = view.getUint32(at, true);
      const type = view.getUint16(at + 4, true);
      if (len < 8 || len > FRAME_MAX || len % 8 !== 0 || type < 1 || type > frameType.symbol) {
        this.malformedBytes += 8;
        at += 8;
        continue;
      }
      if (at + len > bytes.length) break;
      const frame = this.#frame(bytes, view, at, len, type);
      if (frame === undefined) this.malformedFrames++;
      else frames.push(frame);
      at += len;
    }
    this.#rest = at === bytes.length ? EMPTY : bytes.subarray(at);
    return frames;
  }

  #frame(bytes: Uint8Array, view: DataView, at: number, len: number, type: number): Frame | undefined {
    switch (type) {
      case frameType.event:
        return len < eventLayout.size
          ? undefined
          : {
              kind: 'event',
              event: new EventRecord(
                bytes,
                view,
                at,
                len,
                this.#time(view, at + eventLayout.timeNs),
                this.#vxlanPorts,
              ),
            };
      case frameType.heartbeat:
        return len < heartbeatLayout.size
          ? undefined
          : {
              kind: 'heartbeat',
              timeNs: this.#time(view, at + heartbeatLayout.timeNs),
              events: addressNumber(view, at + heartbeatLayout.events),
            };
      case frameType.loss:
        return len < lossLayout.size ? undefined : { kind: 'loss', loss: this.#loss(view, at) };
      case frameType.process:
        return len < processLayout.size
          ? undefined
          : { kind: 'process', process: this.#process(bytes, view, at) };
      default:
        return this.#json(bytes.subarray(at + 8, at + len), type);
    }
  }

  #time(view: DataView, at: number): number {
    const base = this.#base ?? 0n;
    const high = view.getUint32(at + 4, true) - Number(base >> 32n);
    return high * 4294967296 + (view.getUint32(at, true) - Number(base & 0xffffffffn));
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
      comm: text16(bytes, at + processLayout.comm),
    };
  }

  #json(bytes: Uint8Array, type: number): Frame | undefined {
    let value: unknown;
    try {
      value = JSON.parse(this.#text.decode(bytes));
    } catch {
      return undefined;
    }
    if (typeof value !== 'object' || value === null) return undefined;
    switch (type) {
      case frameType.hello:
        return this.#hello(value as HelloFrame);
      case frameType.inventory:
        return { kind: 'inventory', inventory: value as InventoryFrame };
      case frameType.cluster:
        return { kind: 'cluster', cluster: value as ClusterSnapshot };
      case frameType.reply:
        return { kind: 'reply', ...value };
      case frameType.stats:
        return { kind: 'stats', stats: value as Record<string, number | string> };
      case frameType.symbol:
        return symbolFrame(value);
      default:
        return undefined;
    }
  }

  #hello(hello: HelloFrame): Frame | undefined {
    if (hello.recordVersion !== recordVersion || typeof hello.clock?.monotonicNs !== 'string')
      return undefined;
    if (!/^\d{1,19}$/.test(hello.clock.monotonicNs)) return undefined;
    this.#base = BigInt(hello.clock.monotonicNs);
    return { kind: 'hello', hello };
  }
}

function symbolFrame(value: object): Frame | undefined {
  const { address, name } = value as { address?: unknown; name?: unknown };
  if (typeof address !== 'string' || typeof name !== 'string' || !/^\d{1,20}$/.test(address))
    return undefined;
  return { kind: 'symbol', address: Number(BigInt(address) & 0x1fffffffffffffn), name };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
