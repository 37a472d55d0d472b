import ipaddr from 'ipaddr.js';

/** Texts of addresses seen before; a host talks to few, and making the text costs more than finding it. */
const cache6 = new Map<string, string>();
const cache4 = new Map<number, string>();
const CACHE_MAX = 65_536;

export function ipv4Text(bytes: Uint8Array, at: number): string {
  const key = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  let text = cache4.get(key);
  if (text === undefined) {
    text = `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
    if (cache4.size >= CACHE_MAX) cache4.clear();
    cache4.set(key, text);
  }
  return text;
}

/** RFC 5952, without brackets or zone. */
export function ipv6Text(bytes: Uint8Array, at: number): string {
  const raw = bytes.subarray(at, at + 16);
  const key = String.fromCharCode(...raw);
  let text = cache6.get(key);
  if (text === undefined) {
    text = new ipaddr.IPv6([...raw]).toRFC5952String();
    if (cache6.size >= CACHE_MAX) cache6.clear();
    cache6.set(key, text);
  }
  return text;
}

/** 16 bytes in which IPv4 stands as ::ffff:a.b.c.d. */
export function addressText(bytes: Uint8Array, at: number, family: 4 | 6): string {
  return family === 4 ? ipv4Text(bytes, at + 12) : ipv6Text(bytes, at);
}

const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

function macText(bytes: Uint8Array, at: number): string {
  return `${hex[bytes[at]!]}:${hex[bytes[at + 1]!]}:${hex[bytes[at + 2]!]}:${hex[bytes[at + 3]!]}:${hex[bytes[at + 4]!]}:${hex[bytes[at + 5]!]}`;
}

export interface MacPair {
  readonly src: string;
  readonly dst: string;
}

interface KnownPair {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly pair: MacPair;
}

/** A host's links are few and each packet shows the pair of every link that it crosses: one place for each hash. */
const pairs: (KnownPair | undefined)[] = Array<KnownPair | undefined>(1024).fill(undefined);

/** Destination and source, as they stand in an Ethernet header. Most of the time the same object for the same bytes. */
export function macPair(bytes: Uint8Array, at: number): MacPair {
  const a = word(bytes, at);
  const b = word(bytes, at + 4);
  const c = word(bytes, at + 8);
  const slot = (Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 1021), 0x9e3779b1) >>> 22) & 1023;
  const known = pairs[slot];
  if (known !== undefined && known.a === a && known.b === b && known.c === c) return known.pair;
  const pair = { dst: macText(bytes, at), src: macText(bytes, at + 6) };
  pairs[slot] = { a, b, c, pair };
  return pair;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
