/**
 * Reads headers out of captured bytes, by itself: the product's own parser is part of what is judged. The result has the
 * product's shape, so that one function can write both as text to compare.
 */
import ipaddr from 'ipaddr.js';
import type { NetworkLayer } from '../../src/model/event.ts';

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const ETH_P_ARP = 0x0806;
const VXLAN_PORT = 8472;
/** Bytes behind the IP header that go into a packet's identity: present in every capture, however deep it is wrapped. */
const IDENTITY_BYTES = 96;

export interface ReadHeaders {
  readonly outer: NetworkLayer;
  readonly inner?: NetworkLayer;
  /** What no hop changes of the innermost packet, as text. */
  readonly identity: string;
}

interface ReadLayer {
  readonly layer: NetworkLayer;
  /** Where its payload (UDP: behind the header) begins, and where its identity bytes begin. */
  readonly payloadAt: number;
  readonly identity: string;
}

export function readHeaders(bytes: Uint8Array, protocol: number): ReadHeaders | undefined {
  const outer = readLayer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), protocol);
  if (outer === undefined) return undefined;
  if (outer.layer.proto !== 17 || outer.layer.dport !== VXLAN_PORT || outer.layer.fragment !== undefined)
    return { outer: outer.layer, identity: outer.identity };
  const ethernetAt = outer.payloadAt + 8;
  const rest = Buffer.from(bytes.subarray(ethernetAt));
  const inner = readLayer(rest.subarray(14), rest.readUInt16BE(12));
  if (inner === undefined) return undefined;
  return { outer: outer.layer, inner: inner.layer, identity: inner.identity };
}

function readLayer(b: Buffer, protocol: number): ReadLayer | undefined {
  if (protocol === ETH_P_IP) return readIp4(b);
  if (protocol === ETH_P_IPV6) return readIp6(b);
  return protocol === ETH_P_ARP ? readArp(b) : undefined;
}

function readArp(b: Buffer): ReadLayer {
  const [src, dst] = [ip(b.subarray(14, 18)), ip(b.subarray(24, 28))];
  const op = b.readUInt16BE(6);
  const layer = { family: 0 as const, proto: 0, src, dst, lenBytes: 28, arp: { op } };
  return { layer, payloadAt: 28, identity: `arp ${op} ${src} ${dst}` };
}

function readIp4(b: Buffer): ReadLayer {
  const headerBytes = (b[0]! & 15) * 4;
  const [lenBytes, id, frag] = [b.readUInt16BE(2), b.readUInt16BE(4), b.readUInt16BE(6)];
  const base = {
    family: 4 as const,
    proto: b[9]!,
    src: ip(b.subarray(12, 16)),
    dst: ip(b.subarray(16, 20)),
    ttl: b[8]!,
    id,
    lenBytes,
    ...((frag & 0x3fff) === 0
      ? {}
      : { fragment: { id, offset: (frag & 0x1fff) * 8, more: (frag & 0x2000) !== 0 } }),
  };
  // Behind the IP length lies padding or what an earlier user of the memory left. 0 = longer than 64 KiB.
  const end = lenBytes === 0 ? b.length : Math.min(b.length, lenBytes);
  return withTransport(base, b.subarray(headerBytes, end), headerBytes, `4 ${id} ${frag & 0x3fff}`);
}

function readIp6(b: Buffer): ReadLayer {
  const flowLabel = b.readUInt32BE(0) & 0xfffff;
  let [proto, at] = [b[6]!, 40];
  let fragment: NetworkLayer['fragment'];
  while ([0, 43, 44, 60].includes(proto)) {
    if (proto === 44) {
      const field = b.readUInt16BE(at + 2);
      fragment = { id: b.readUInt32BE(at + 4), offset: field & 0xfff8, more: (field & 1) !== 0 };
    }
    const size = proto === 44 ? 8 : (b[at + 1]! + 1) * 8;
    proto = b[at]!;
    at += size;
    if (fragment !== undefined && fragment.offset > 0) break;
  }
  const lenBytes = b.readUInt16BE(4) + 40;
  const [src, dst, ttl] = [ip(b.subarray(8, 24)), ip(b.subarray(24, 40)), b[7]!];
  const layer = { family: 6 as const, proto, src, dst, ttl, flowLabel, lenBytes };
  const whole = `6 ${flowLabel} ${fragment === undefined ? '' : `${fragment.offset}${fragment.more}`}`;
  const end = lenBytes === 40 ? b.length : Math.min(b.length, lenBytes);
  return withTransport(
    fragment === undefined ? layer : { ...layer, fragment },
    b.subarray(at, end),
    at,
    whole,
  );
}

/** `t` starts at the transport header. */
function withTransport(base: NetworkLayer, t: Buffer, at: number, identity: string): ReadLayer {
  const head = `${identity} ${base.proto}`;
  if ((base.fragment?.offset ?? 0) > 0)
    return { layer: base, payloadAt: at, identity: `${head} ${hex(t, 0)}` };
  const ports = () => ({ sport: t.readUInt16BE(0), dport: t.readUInt16BE(2) });
  if (base.proto === 6) {
    const [seq, ack, flags] = [t.readUInt32BE(4), t.readUInt32BE(8), t[13]!];
    const layer = { ...base, ...ports(), tcp: { seq, ack, flags } };
    // Options (time stamps) and data; checksum and ports are rewritten, PSH and FIN move between super-packet and segments.
    return { layer, payloadAt: at + 20, identity: `${head} ${seq} ${ack} ${flags & 6} ${hex(t, 20)}` };
  }
  if (base.proto === 17)
    return { layer: { ...base, ...ports() }, payloadAt: at + 8, identity: `${head} ${hex(t, 8)}` };
  if (base.proto === 1 || base.proto === 58) {
    const icmp = { type: t[0]!, code: t[1]!, id: t.readUInt16BE(4), seq: t.readUInt16BE(6) };
    const isError =
      base.proto === 1 ? [3, 4, 5, 11, 12].includes(icmp.type) : icmp.type >= 1 && icmp.type <= 4;
    // What an error quotes is translated on the way like the packet itself; so is the id of an echo.
    const rest = isError ? '' : hex(t, 8);
    const key = `${head} ${icmp.type} ${icmp.code} ${icmp.seq} ${rest}`;
    return { layer: { ...base, icmp }, payloadAt: at + 8, identity: key };
  }
  return { layer: base, payloadAt: at, identity: `${head} ${hex(t, 0)}` };
}

function hex(b: Buffer, at: number): string {
  return b.subarray(at, IDENTITY_BYTES).toString('base64');
}

const ipTexts = new Map<string, string>();

function ip(bytes: Buffer): string {
  const key = bytes.toString('latin1');
  let text = ipTexts.get(key);
  if (text === undefined) {
    const address = ipaddr.fromByteArray([...bytes]);
    text = address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
    ipTexts.set(key, text);
  }
  return text;
}

/** All that one sight of a packet says, from outside to inside. */
export function headersText(outer: NetworkLayer, inner: NetworkLayer | undefined, lenBytes: number): string {
  return `${lenBytes} ${layerText(outer)}${inner === undefined ? '' : ` | ${layerText(inner)}`}`;
}

function layerText(l: NetworkLayer): string {
  const ends = `${l.family}/${l.proto} ${l.src}:${l.sport ?? ''} > ${l.dst}:${l.dport ?? ''}`;
  const own = `ttl ${l.ttl ?? ''} id ${l.family === 6 ? l.flowLabel : (l.id ?? '')}`;
  const frag =
    l.fragment === undefined ? '' : ` frag ${l.fragment.id}@${l.fragment.offset}${l.fragment.more}`;
  const tcp = l.tcp === undefined ? '' : ` tcp ${l.tcp.seq}/${l.tcp.ack}/${l.tcp.flags}`;
  const icmp = l.icmp === undefined ? '' : ` icmp ${l.icmp.type}/${l.icmp.code}/${l.icmp.id}/${l.icmp.seq}`;
  return `${ends} ${own}${frag}${tcp}${icmp}${l.arp === undefined ? '' : ` arp ${l.arp.op}`}`;
}
