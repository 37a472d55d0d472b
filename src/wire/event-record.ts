import type { ConntrackRecord, Event, Headers, Process, RawHeaders } from '../model/event.ts';
import {
  eventCtLayout as C,
  eventHasCt,
  eventHasHeaders,
  eventLayout as L,
  tap,
} from '../model/layout.generated.ts';
import { conntrackRecord } from './conntrack-records.ts';
import type { HeaderPlace, HeaderReader } from './header-reader.ts';
import { addressNumber, text16 } from './numbers.ts';

/** The bytes that some events came in, with what reads them. */
export interface EventBlock {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly headers: HeaderReader;
}

/**
 * An event that looks into the bytes it came in: what most events are never asked for is decoded when asked. Kept small, because tens of
 * thousands live at a time and the garbage collector copies each of them.
 */
export class EventRecord implements Event {
  readonly timeNs: number;
  readonly netns: number;
  readonly tap: number;
  readonly #block: EventBlock;
  readonly #at: number;
  #headers: Headers | undefined | false = false;
  #conntrack: ConntrackRecord | undefined | false = false;

  /** `at`: of the frame in the block; it is whole. */
  constructor(block: EventBlock, at: number, timeNs: number) {
    this.timeNs = timeNs;
    this.netns = addressNumber(block.view, at + L.netns);
    this.tap = block.bytes[at + L.tap]!;
    this.#block = block;
    this.#at = at;
  }

  get packet(): number {
    return addressNumber(this.#block.view, this.#at + L.packet);
  }
  get skb(): number {
    return addressNumber(this.#block.view, this.#at + L.skb);
  }
  get head(): number {
    return addressNumber(this.#block.view, this.#at + L.head);
  }
  get ifindex(): number {
    return this.#block.view.getUint32(this.#at + L.ifindex, true);
  }
  get cpu(): number {
    return this.#block.view.getUint16(this.#at + L.cpu, true);
  }
  get flags(): number {
    return this.#block.bytes[this.#at + L.flags]!;
  }
  get identity(): number {
    return this.#block.bytes[this.#at + L.identity]!;
  }
  get sk(): number {
    return addressNumber(this.#block.view, this.#at + L.sk);
  }
  get ct(): number {
    return addressNumber(this.#block.view, this.#at + L.ct);
  }
  get location(): number {
    return addressNumber(this.#block.view, this.#at + L.location);
  }
  get netnsInode(): number {
    return this.#block.view.getUint32(this.#at + L.netnsInode, true);
  }
  get dev(): string {
    if (this.#hasCurrent) return '';
    return text16(this.#block.bytes, this.#block.view, this.#at + L.dev);
  }
  get #hasCurrent(): boolean {
    return this.tap === tap.copyDatagram || (this.tap === tap.consumeSkb && this.ifindex === 0);
  }
  get current(): Process | undefined {
    if (!this.#hasCurrent || this.reason === 0) return undefined;
    const comm = text16(this.#block.bytes, this.#block.view, this.#at + L.dev);
    return comm === '' ? undefined : { pid: this.reason, comm };
  }
  get skbLen(): number {
    return this.#block.view.getUint32(this.#at + L.skbLen, true);
  }
  get mark(): number {
    return this.#block.view.getUint32(this.#at + L.mark, true);
  }
  get iif(): number {
    return this.#block.view.getUint32(this.#at + L.iif, true);
  }
  get reason(): number {
    return this.#block.view.getUint32(this.#at + L.reason, true);
  }
  get protocol(): number {
    return this.#block.view.getUint16(this.#at + L.protocol, true);
  }
  get gsoSize(): number {
    return this.#block.view.getUint16(this.#at + L.gsoSize, true);
  }
  get gsoSegs(): number {
    return this.#block.view.getUint16(this.#at + L.gsoSegs, true);
  }
  get vlanTci(): number {
    return this.#block.view.getUint16(this.#at + L.vlanTci, true);
  }
  get pktType(): number {
    return this.#block.bytes[this.#at + L.pktType]!;
  }
  get nfHook(): number {
    return this.#block.bytes[this.#at + L.nfHook]!;
  }
  get nfPriority(): number {
    return this.#block.view.getInt16(this.#at + L.nfPriority, true);
  }

  get headers(): Headers | undefined {
    if (this.#headers === false) this.#headers = this.#parse();
    return this.#headers;
  }

  get conntrack(): ConntrackRecord | undefined {
    if (this.#conntrack === false) this.#conntrack = this.#readConntrack();
    return this.#conntrack;
  }

  get raw(): RawHeaders | undefined {
    const span = this.#span();
    return span && { bytes: this.#block.bytes.subarray(span.start, span.end), networkAt: span.networkAt };
  }

  #parse(): Headers | undefined {
    const { view, bytes, headers } = this.#block;
    const span = this.#span();
    return span && headers.read(bytes, view, span, this.protocol, this.packet, this.cpu);
  }

  /** Where the headers lie in the block. */
  #span(): HeaderPlace | undefined {
    if ((this.flags & eventHasHeaders) === 0) return undefined;
    const { view } = this.#block;
    const start = this.#at + L.size + ((this.flags & eventHasCt) === 0 ? 0 : C.size);
    const end = Math.min(start + view.getUint16(this.#at + L.headersLen, true), this.#at + this.#len);
    return end <= start
      ? undefined
      : { start, end, networkAt: view.getUint16(this.#at + L.networkOffset, true) };
  }

  #readConntrack(): ConntrackRecord | undefined {
    const at = this.#at + L.size;
    if ((this.flags & eventHasCt) === 0 || this.#len < L.size + C.size) return undefined;
    const { view, bytes } = this.#block;
    return conntrackRecord(bytes, view, at, this.ct, this.netns);
  }

  get #len(): number {
    return this.#block.view.getUint32(this.#at, true);
  }
}
