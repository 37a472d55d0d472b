import type { ConntrackRecord, Event, Headers, TupleRecord } from '../model/event.ts';
import {
  eventCtLayout as C,
  eventHasCt,
  eventHasHeaders,
  eventLayout as L,
} from '../model/layout.generated.ts';
import { addressText } from './addresses.ts';
import { parseHeaders } from './headers.ts';
import { addressNumber, text16 } from './numbers.ts';

/** An event that looks into the bytes it came in: what most events are never asked for is decoded when asked. */
export class EventRecord implements Event {
  readonly timeNs: number;
  readonly packet: number;
  readonly skb: number;
  readonly head: number;
  readonly netns: number;
  readonly ifindex: number;
  readonly cpu: number;
  readonly tap: number;
  readonly flags: number;
  readonly identity: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #at: number;
  readonly #len: number;
  readonly #vxlanPorts: ReadonlySet<number>;
  #headers: Headers | undefined | false = false;
  #conntrack: ConntrackRecord | undefined | false = false;

  constructor(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    len: number,
    timeNs: number,
    vxlanPorts: ReadonlySet<number>,
  ) {
    this.timeNs = timeNs;
    this.packet = addressNumber(view, at + L.packet);
    this.skb = addressNumber(view, at + L.skb);
    this.head = addressNumber(view, at + L.head);
    this.netns = addressNumber(view, at + L.netns);
    this.ifindex = view.getUint32(at + L.ifindex, true);
    this.cpu = view.getUint16(at + L.cpu, true);
    this.tap = bytes[at + L.tap]!;
    this.flags = bytes[at + L.flags]!;
    this.identity = bytes[at + L.identity]!;
    this.#bytes = bytes;
    this.#view = view;
    this.#at = at;
    this.#len = len;
    this.#vxlanPorts = vxlanPorts;
  }

  get sk(): number {
    return addressNumber(this.#view, this.#at + L.sk);
  }
  get ct(): number {
    return addressNumber(this.#view, this.#at + L.ct);
  }
  get location(): number {
    return addressNumber(this.#view, this.#at + L.location);
  }
  get netnsInode(): number {
    return this.#view.getUint32(this.#at + L.netnsInode, true);
  }
  get dev(): string {
    return text16(this.#bytes, this.#at + L.dev);
  }
  get skbLen(): number {
    return this.#view.getUint32(this.#at + L.skbLen, true);
  }
  get mark(): number {
    return this.#view.getUint32(this.#at + L.mark, true);
  }
  get iif(): number {
    return this.#view.getUint32(this.#at + L.iif, true);
  }
  get reason(): number {
    return this.#view.getUint32(this.#at + L.reason, true);
  }
  get protocol(): number {
    return this.#view.getUint16(this.#at + L.protocol, true);
  }
  get gsoSize(): number {
    return this.#view.getUint16(this.#at + L.gsoSize, true);
  }
  get gsoSegs(): number {
    return this.#view.getUint16(this.#at + L.gsoSegs, true);
  }
  get vlanTci(): number {
    return this.#view.getUint16(this.#at + L.vlanTci, true);
  }
  get pktType(): number {
    return this.#bytes[this.#at + L.pktType]!;
  }
  get nfHook(): number {
    return this.#bytes[this.#at + L.nfHook]!;
  }
  get nfPriority(): number {
    return this.#view.getInt16(this.#at + L.nfPriority, true);
  }

  get headers(): Headers | undefined {
    if (this.#headers === false) this.#headers = this.#parse();
    return this.#headers;
  }

  get conntrack(): ConntrackRecord | undefined {
    if (this.#conntrack === false) this.#conntrack = this.#readConntrack();
    return this.#conntrack;
  }

  #parse(): Headers | undefined {
    if ((this.flags & eventHasHeaders) === 0) return undefined;
    const start = this.#at + L.size + ((this.flags & eventHasCt) === 0 ? 0 : C.size);
    const len = this.#view.getUint16(this.#at + L.headersLen, true);
    const end = Math.min(start + len, this.#at + this.#len);
    const networkAt = this.#view.getUint16(this.#at + L.networkOffset, true);
    if (end <= start) return undefined;
    return parseHeaders(this.#bytes.subarray(start, end), networkAt, this.protocol, this.#vxlanPorts);
  }

  #readConntrack(): ConntrackRecord | undefined {
    const at = this.#at + L.size;
    if ((this.flags & eventHasCt) === 0 || this.#len < L.size + C.size) return undefined;
    return {
      orig: this.#tuple(at, C.origSrc, C.origDst, C.origSport, C.origDport),
      reply: this.#tuple(at, C.replySrc, C.replyDst, C.replySport, C.replyDport),
      status: this.#view.getUint32(at + C.status, true),
      mark: this.#view.getUint32(at + C.mark, true),
      zone: this.#view.getUint16(at + C.zone, true),
      ctinfo: this.#bytes[at + C.ctinfo]!,
    };
  }

  #tuple(at: number, src: number, dst: number, sport: number, dport: number): TupleRecord {
    const family = this.#bytes[at + C.l3num] === 10 ? 6 : 4;
    return {
      proto: this.#bytes[at + C.proto]!,
      src: addressText(this.#bytes, at + src, family),
      dst: addressText(this.#bytes, at + dst, family),
      sport: this.#view.getUint16(at + sport, false),
      dport: this.#view.getUint16(at + dport, false),
    };
  }
}
