/**
 * Reads the headers of events. A packet shows the same bytes at most of its hops, one right after the other on its CPU: then
 * the layers are those that were read at the hop before, which saves the reading and, more, the memory.
 */
import { type ParsedHeaders, parseHeaders } from './headers.ts';

interface Last {
  readonly packet: number;
  readonly protocol: number;
  readonly view: DataView;
  /** Of the network header. */
  readonly at: number;
  readonly end: number;
  readonly headers: ParsedHeaders;
}

/** Where the header bytes of an event lie; `networkAt` counts from `start`. */
export interface HeaderPlace {
  readonly start: number;
  readonly end: number;
  readonly networkAt: number;
}

export class HeaderReader {
  readonly #vxlanPorts: ReadonlySet<number>;
  /** By CPU. */
  readonly #last: (Last | undefined)[] = [];

  constructor(vxlanPorts: ReadonlySet<number>) {
    this.#vxlanPorts = vxlanPorts;
  }

  read(
    bytes: Uint8Array,
    view: DataView,
    { start, end, networkAt }: HeaderPlace,
    protocol: number,
    packet: number,
    cpu: number,
  ): ParsedHeaders | undefined {
    const at = start + networkAt;
    const last = this.#last[cpu];
    if (last !== undefined && last.packet === packet && last.protocol === protocol)
      if (isSame(last, view, at, end)) return last.headers.at(bytes, start, networkAt, end);
    const headers = parseHeaders(bytes, networkAt, protocol, this.#vxlanPorts, start, end);
    if (headers !== undefined) this.#last[cpu] = { packet, protocol, view, at, end, headers };
    return headers;
  }
}

function isSame(last: Last, view: DataView, at: number, end: number): boolean {
  const length = end - at;
  if (last.end - last.at !== length) return false;
  let i = 0;
  for (; i + 4 <= length; i += 4) if (last.view.getInt32(last.at + i) !== view.getInt32(at + i)) return false;
  for (; i < length; i++) if (last.view.getUint8(last.at + i) !== view.getUint8(at + i)) return false;
  return true;
}
