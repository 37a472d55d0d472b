/**
 * Reads the header bytes of an event. Whatever the bytes are, this never throws and never reads behind them: a layer
 * that is cut short is left out, and what it would have told is absent.
 */
import type { Headers, NetworkLayer } from '../model/event.ts';
import { ipv4Text, ipv6Text, type MacPair, macPair } from './addresses.ts';

const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const SCTP = 132;
const EXTENSIONS = new Set([0, 43, 44, 60]);

type Draft = { -readonly [K in keyof NetworkLayer]: NetworkLayer[K] };

interface Parsed {
  readonly layer: Draft;
  /** Where the payload of the transport header starts. */
  readonly payloadAt: number;
  /** Where the transport header starts; -1 in a later fragment. */
  readonly transportAt: number;
}

const be16 = (b: Uint8Array, at: number): number => (b[at]! << 8) | b[at + 1]!;
const be32 = (b: Uint8Array, at: number): number => be16(b, at) * 65536 + be16(b, at + 2);

/**
 * @param networkAt of the network header behind `start`: 14 behind an Ethernet header, else 0
 * @param protocol of the network header, ETH_P_*
 * @param vxlanPorts UDP destination ports that carry VXLAN
 * @param start first byte, `end` the one behind the last: the headers are read where they lie
 */
export function parseHeaders(
  bytes: Uint8Array,
  networkAt: number,
  protocol: number,
  vxlanPorts: ReadonlySet<number>,
  start = 0,
  end = bytes.length,
): ParsedHeaders | undefined {
  const outer = parseNetwork(bytes, start + networkAt, end, protocol);
  if (outer === undefined) return undefined;
  const tunnelled = parseVxlan(bytes, end, outer, vxlanPorts);
  const last = tunnelled?.parsed ?? outer;
  const layers: Layers = {
    outer: outer.layer,
    inner: tunnelled?.parsed.layer,
    vxlan: tunnelled === undefined ? undefined : { vni: tunnelled.vni },
    quoted: last.layer.icmp === undefined ? undefined : quoted(bytes, end, last),
    payloadAt: Math.min(last.payloadAt, end) - start - networkAt,
  };
  return new ParsedHeaders(layers, bytes, start, networkAt, end);
}

/** What the bytes from the network header on say. */
interface Layers {
  readonly outer: NetworkLayer;
  readonly inner: NetworkLayer | undefined;
  readonly vxlan: { readonly vni: number } | undefined;
  readonly quoted: NetworkLayer | undefined;
  /** Of the innermost layer, counted from the network header. */
  readonly payloadAt: number;
}

/** What only few ask for is made when asked: MAC addresses as text, the payload as an array of its own. */
export class ParsedHeaders implements Headers {
  readonly #layers: Layers;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #networkAt: number;
  readonly #end: number;

  constructor(layers: Layers, bytes: Uint8Array, start: number, networkAt: number, end: number) {
    this.#layers = layers;
    this.#bytes = bytes;
    this.#start = start;
    this.#networkAt = networkAt;
    this.#end = end;
  }

  /** The same layers read at another place, whose bytes from the network header on are equal. */
  at(bytes: Uint8Array, start: number, networkAt: number, end: number): ParsedHeaders {
    return new ParsedHeaders(this.#layers, bytes, start, networkAt, end);
  }

  get outer(): NetworkLayer {
    return this.#layers.outer;
  }
  get inner(): NetworkLayer | undefined {
    return this.#layers.inner;
  }
  get vxlan(): { readonly vni: number } | undefined {
    return this.#layers.vxlan;
  }
  get quoted(): NetworkLayer | undefined {
    return this.#layers.quoted;
  }

  get ethernet(): MacPair | undefined {
    const at = this.#start;
    return this.#networkAt !== 14 || this.#end < at + 14 ? undefined : macPair(this.#bytes, at);
  }

  get payload(): Uint8Array {
    return this.#bytes.subarray(this.#start + this.#networkAt + this.#layers.payloadAt, this.#end);
  }
}

function parseNetwork(b: Uint8Array, at: number, end: number, protocol: number): Parsed | undefined {
  if (protocol === ETH_P_IP) return parseIpv4(b, at, end);
  if (protocol === ETH_P_IPV6) return parseIpv6(b, at, end);
  if (protocol === ETH_P_ARP) return parseArp(b, at, end);
  return undefined;
}

function parseArp(b: Uint8Array, at: number, end: number): Parsed | undefined {
  if (end < at + 28) return undefined;
  const layer: Draft = {
    family: 0,
    proto: 0,
    src: ipv4Text(b, at + 14),
    dst: ipv4Text(b, at + 24),
    lenBytes: 28,
    arp: { op: be16(b, at + 6) },
  };
  return { layer, payloadAt: at + 28, transportAt: -1 };
}

function parseIpv4(b: Uint8Array, at: number, end: number): Parsed | undefined {
  if (end < at + 20 || b[at]! >> 4 !== 4) return undefined;
  const headerBytes = (b[at]! & 15) * 4;
  if (headerBytes < 20) return undefined;
  const frag = be16(b, at + 6);
  const id = be16(b, at + 4);
  const layer: Draft = {
    family: 4,
    proto: b[at + 9]!,
    src: ipv4Text(b, at + 12),
    dst: ipv4Text(b, at + 16),
    ttl: b[at + 8]!,
    dscp: b[at + 1]! >> 2,
    id,
    lenBytes: be16(b, at + 2),
  };
  const offset = (frag & 0x1fff) * 8;
  if ((frag & 0x3fff) !== 0) layer.fragment = { id, offset, more: (frag & 0x2000) !== 0 };
  return parseTransport(b, at + headerBytes, end, layer, layer.lenBytes - headerBytes, offset > 0);
}

function parseIpv6(b: Uint8Array, at: number, end: number): Parsed | undefined {
  if (end < at + 40 || b[at]! >> 4 !== 6) return undefined;
  const layer: Draft = {
    family: 6,
    proto: b[at + 6]!,
    src: ipv6Text(b, at + 8),
    dst: ipv6Text(b, at + 24),
    ttl: b[at + 7]!,
    dscp: (be16(b, at) >> 6) & 0x3f,
    flowLabel: be32(b, at) & 0xfffff,
    lenBytes: be16(b, at + 4) + 40,
  };
  let offset = 0;
  let next = at + 40;
  while (EXTENSIONS.has(layer.proto) && end >= next + 8) {
    const isFragment = layer.proto === 44;
    if (isFragment) {
      offset = be16(b, next + 2) & 0xfff8;
      layer.fragment = { id: be32(b, next + 4), offset, more: (b[next + 3]! & 1) !== 0 };
    }
    layer.proto = b[next]!;
    next += isFragment ? 8 : (b[next + 1]! + 1) * 8;
    if (offset > 0) break;
  }
  return parseTransport(b, next, end, layer, layer.lenBytes - (next - at), offset > 0);
}

/** `restBytes`: what the IP header says is behind it. */
function parseTransport(
  b: Uint8Array,
  at: number,
  end: number,
  layer: Draft,
  restBytes: number,
  laterFragment: boolean,
): Parsed {
  if (laterFragment) return { layer, payloadAt: at, transportAt: -1 };
  let headerBytes = 0;
  if (layer.proto === TCP && end >= at + 14) {
    ports(b, at, layer);
    layer.tcp = { seq: be32(b, at + 4), ack: be32(b, at + 8), flags: b[at + 13]! };
    headerBytes = (b[at + 12]! >> 4) * 4;
  } else if ((layer.proto === UDP || layer.proto === SCTP) && end >= at + 8) {
    ports(b, at, layer);
    headerBytes = layer.proto === UDP ? 8 : 12;
  } else if ((layer.proto === ICMP || layer.proto === ICMPV6) && end >= at + 8) {
    layer.icmp = { type: b[at]!, code: b[at + 1]!, id: be16(b, at + 4), seq: be16(b, at + 6) };
    headerBytes = 8;
  }
  if (headerBytes > 0) layer.payloadBytes = Math.max(0, restBytes - headerBytes);
  return { layer, payloadAt: at + headerBytes, transportAt: at };
}

function ports(b: Uint8Array, at: number, layer: Draft): void {
  layer.sport = be16(b, at);
  layer.dport = be16(b, at + 2);
}

function parseVxlan(
  b: Uint8Array,
  end: number,
  outer: Parsed,
  vxlanPorts: ReadonlySet<number>,
): { parsed: Parsed; vni: number } | undefined {
  const at = outer.payloadAt;
  if (outer.layer.proto !== UDP || outer.layer.dport === undefined || !vxlanPorts.has(outer.layer.dport))
    return undefined;
  if (end < at + 8 + 14 || (b[at]! & 0x08) === 0) return undefined;
  const parsed = parseNetwork(b, at + 8 + 14, end, be16(b, at + 8 + 12));
  return parsed === undefined ? undefined : { parsed, vni: be32(b, at + 4) >>> 8 };
}

export function isIcmpError(layer: NetworkLayer): boolean {
  const type = layer.icmp?.type;
  if (type === undefined) return false;
  if (layer.proto === ICMP) return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
  return type >= 1 && type <= 4;
}

function quoted(b: Uint8Array, end: number, { layer, transportAt }: Parsed): NetworkLayer | undefined {
  if (!isIcmpError(layer)) return undefined;
  return parseNetwork(b, transportAt + 8, end, layer.family === 6 ? ETH_P_IPV6 : ETH_P_IP)?.layer;
}
