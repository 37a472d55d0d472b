/** Writes the frames that the collector writes, from the same layout: what src/wire reads back must be what went in. */
import type { ConntrackRecord, HelloFrame, LossRecord, ProcessSighting } from '../../src/model/event.ts';
import {
  eventCtLayout as C,
  eventHasCt,
  eventHasHeaders,
  frameLayout as F,
  frameType,
  heartbeatLayout as H,
  eventLayout as L,
  lossCause,
  lossLayout as O,
  processLayout as P,
  recordVersion,
} from '../../src/model/layout.generated.ts';
import { addressBytes } from './frames-packets.ts';

/** CLOCK_MONOTONIC at session time 0. */
export const BASE_NS = 5_000_123_456_789n;
/** CLOCK_REALTIME then. */
export const REALTIME_NS = 1_795_000_000_000_000_000n;

/** An event as it stands in a frame; times are ns of the session. What is left out is 0, none or "". */
export interface EventFields {
  readonly timeNs: number;
  readonly cpu?: number;
  readonly tap: number;
  readonly packet: number;
  readonly identity?: number;
  /** Without those that say what follows. */
  readonly flags?: number;
  readonly skb?: number;
  readonly head?: number;
  readonly sk?: number;
  readonly netns?: number;
  readonly netnsInode?: number;
  readonly ifindex?: number;
  readonly dev?: string;
  readonly skbLen?: number;
  readonly mark?: number;
  readonly iif?: number;
  readonly reason?: number;
  readonly location?: number;
  readonly protocol?: number;
  readonly gsoSize?: number;
  readonly gsoSegs?: number;
  readonly vlanTci?: number;
  readonly pktType?: number;
  readonly nfHook?: number;
  readonly nfPriority?: number;
  readonly ct?: number;
  readonly conntrack?: ConntrackRecord;
  /** From the Ethernet header on (`networkOffset` 14) or from the network header on (0). */
  readonly headers?: Uint8Array;
  readonly networkOffset?: 0 | 14;
}

const padded = (len: number): number => (len + 7) & ~7;

function frame(type: number, len: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(len);
  const view = new DataView(bytes.buffer);
  view.setUint32(F.len, len, true);
  view.setUint16(F.type, type, true);
  return { bytes, view };
}

const put64 = (view: DataView, at: number, value: number | bigint): void =>
  view.setBigUint64(at, BigInt(value), true);

function putText(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < Math.min(text.length, 16); i++) bytes[at + i] = text.charCodeAt(i);
}

export function eventFrame(e: EventFields): Uint8Array {
  const headers = e.headers ?? new Uint8Array(0);
  const ctBytes = e.conntrack === undefined ? 0 : C.size;
  const { bytes, view } = frame(frameType.event, L.size + ctBytes + padded(headers.length));
  const hasCt = e.conntrack === undefined ? 0 : eventHasCt;
  const hasHeaders = headers.length === 0 ? 0 : eventHasHeaders;
  put64(view, L.timeNs, BASE_NS + BigInt(e.timeNs));
  put64(view, L.packet, e.packet);
  put64(view, L.skb, e.skb ?? 0);
  put64(view, L.head, e.head ?? (e.skb ?? 0) + 0x200);
  put64(view, L.sk, e.sk ?? 0);
  put64(view, L.netns, e.netns ?? 0);
  put64(view, L.location, e.location ?? 0);
  put64(view, L.ct, e.ct ?? 0);
  view.setUint32(L.netnsInode, e.netnsInode ?? 0, true);
  view.setUint32(L.ifindex, e.ifindex ?? 0, true);
  view.setUint32(L.skbLen, e.skbLen ?? 0, true);
  view.setUint32(L.mark, e.mark ?? 0, true);
  view.setUint32(L.reason, e.reason ?? 0, true);
  view.setUint32(L.iif, e.iif ?? 0, true);
  view.setUint16(L.cpu, e.cpu ?? 0, true);
  view.setUint16(L.protocol, e.protocol ?? 0, true);
  view.setUint16(L.gsoSize, e.gsoSize ?? 0, true);
  view.setUint16(L.gsoSegs, e.gsoSegs ?? 0, true);
  view.setUint16(L.vlanTci, e.vlanTci ?? 0, true);
  view.setUint16(L.headersLen, headers.length, true);
  view.setUint16(L.networkOffset, e.networkOffset ?? 14, true);
  view.setInt16(L.nfPriority, e.nfPriority ?? 0, true);
  bytes[L.tap] = e.tap;
  bytes[L.flags] = (e.flags ?? 0) | hasCt | hasHeaders;
  bytes[L.identity] = e.identity ?? 0;
  bytes[L.pktType] = e.pktType ?? 0;
  bytes[L.nfHook] = e.nfHook ?? 0;
  putText(bytes, L.dev, e.dev ?? '');
  if (e.conntrack !== undefined) putConntrack(bytes, view, L.size, e.conntrack);
  bytes.set(headers, L.size + ctBytes);
  return bytes;
}

function putConntrack(bytes: Uint8Array, view: DataView, at: number, ct: ConntrackRecord): void {
  const ends = [
    [ct.orig, C.origSrc, C.origDst, C.origSport, C.origDport],
    [ct.reply, C.replySrc, C.replyDst, C.replySport, C.replyDport],
  ] as const;
  for (const [tuple, src, dst, sport, dport] of ends) {
    bytes.set(mapped(tuple.src), at + src);
    bytes.set(mapped(tuple.dst), at + dst);
    view.setUint16(at + sport, tuple.sport, false);
    view.setUint16(at + dport, tuple.dport, false);
  }
  view.setUint32(at + C.status, ct.status, true);
  view.setUint32(at + C.mark, ct.mark, true);
  view.setUint16(at + C.zone, ct.zone, true);
  bytes[at + C.l3num] = ct.orig.src.includes(':') ? 10 : 2;
  bytes[at + C.proto] = ct.orig.proto;
  bytes[at + C.ctinfo] = ct.ctinfo;
}

/** IPv4 stands as ::ffff:a.b.c.d. */
function mapped(ip: string): Uint8Array {
  const bytes = addressBytes(ip);
  return bytes.length === 16 ? bytes : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes);
}

export function heartbeatFrame(timeNs: number, events = 0): Uint8Array {
  const { bytes, view } = frame(frameType.heartbeat, H.size);
  put64(view, H.timeNs, BASE_NS + BigInt(timeNs));
  put64(view, H.events, events);
  return bytes;
}

/** Of a cause that the collector itself can tell. */
export type TellableLoss = LossRecord & { readonly cause: keyof typeof lossCause };

export function lossFrame(loss: TellableLoss): Uint8Array {
  const { bytes, view } = frame(frameType.loss, O.size);
  put64(view, O.fromNs, BASE_NS + BigInt(loss.fromNs));
  put64(view, O.toNs, BASE_NS + BigInt(loss.toNs));
  view.setUint32(O.tap, loss.tap, true);
  view.setUint32(O.cpu, loss.cpu ?? 0xffffffff, true);
  view.setUint32(O.count, loss.count, true);
  view.setUint32(O.cause, lossCause[loss.cause], true);
  return bytes;
}

export function processFrame(process: ProcessSighting): Uint8Array {
  const { bytes, view } = frame(frameType.process, P.size);
  put64(view, P.timeNs, BASE_NS + BigInt(process.timeNs));
  put64(view, P.sk, process.sk);
  put64(view, P.netns, process.netns);
  view.setUint32(P.pid, process.pid, true);
  putText(bytes, P.comm, process.comm);
  return bytes;
}

export type JsonFrameType = 'hello' | 'inventory' | 'reply' | 'cluster' | 'stats' | 'symbol';

export function jsonFrame(type: JsonFrameType, value: unknown): Uint8Array {
  return textFrame(frameType[type], JSON.stringify(value));
}

/** A frame of any type number with any text in it, padded with blanks as the collector does. */
export function textFrame(type: number, text: string): Uint8Array {
  const json = new TextEncoder().encode(text);
  const { bytes } = frame(type, F.size + padded(json.length));
  bytes.fill(0x20, F.size);
  bytes.set(json, F.size);
  return bytes;
}

export const helloJson: HelloFrame = {
  recordVersion,
  kernel: '6.18.0',
  machine: 'x86_64',
  cpus: 4,
  inventory: 'bpf',
  taps: [{ name: 'net_dev_queue', tap: 1, mechanism: 'tp_btf', state: 'on' }],
  clock: { monotonicNs: String(BASE_NS), realtimeNs: String(REALTIME_NS), errorNs: 200 },
  dropReasons: { 2: 'NOT_SPECIFIED', 3: 'NO_SOCKET', 9: 'OTHERHOST', 8: 'NETFILTER_DROP' },
};

export function helloFrame(): Uint8Array {
  return jsonFrame('hello', helloJson);
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** `bytes` in pieces of `size`. */
export function chunks(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}
