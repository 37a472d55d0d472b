/** Address arithmetic over text, as addresses are text everywhere else. Text that is no address never throws here. */
import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Addresses repeat from packet to packet; parsing is the costly part. */
const parsed = new Map<string, Address | undefined>();
const parsedMax = 20_000;

export function parseAddress(text: string): Address | undefined {
  const known = parsed.get(text);
  if (known !== undefined || parsed.has(text)) return known;
  if (parsed.size >= parsedMax) parsed.clear();
  const address = isIp(text) ? ipaddr.parse(text) : undefined;
  parsed.set(text, address);
  return address;
}

/** Four decimal parts or IPv6; not the shorthands (`10.1`, `0x7f000001`) that inet_aton() takes. */
export function isIp(text: string): boolean {
  return (
    ipaddr.IPv4.isValidFourPartDecimal(text) ||
    (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text))
  );
}

export function isCidr(text: string): boolean {
  const [ip = '', length = '', ...rest] = text.split('/');
  return (
    rest.length === 0 &&
    isIp(ip) &&
    /^\d{1,3}$/.test(length) &&
    Number(length) <= (ip.includes(':') ? 128 : 32)
  );
}

/** RFC 5952, dotted for IPv4: the form that packets are shown in. */
export function canonicalIp(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) return text;
  return address.kind() === 'ipv6' ? (address as ipaddr.IPv6).toRFC5952String() : address.toString();
}

export function inPrefix(ip: string, base: string, prefixLen: number): boolean {
  const address = parseAddress(ip);
  const network = parseAddress(base);
  if (address === undefined || network === undefined || address.kind() !== network.kind()) return false;
  return address.match(network, prefixLen);
}

export function inCidr(ip: string, cidr: string): boolean {
  const slash = cidr.indexOf('/');
  return slash > 0 && inPrefix(ip, cidr.slice(0, slash), Number(cidr.slice(slash + 1)));
}

export function isMulticast(ip: string): boolean {
  return parseAddress(ip)?.range() === 'multicast';
}

export function isLoopbackIp(ip: string): boolean {
  return parseAddress(ip)?.range() === 'loopback';
}

export function isLinkLocal(ip: string): boolean {
  return parseAddress(ip)?.range() === 'linkLocal';
}

/** The highest address of an IPv4 subnet, where there is one that means everybody (up to /30). */
export function broadcastOf(ip: string, prefixLen: number): string | undefined {
  const address = parseAddress(ip);
  if (address === undefined || address.kind() === 'ipv6' || prefixLen > 30) return undefined;
  return ipaddr.IPv4.broadcastAddressFromCIDR(`${ip}/${prefixLen}`).toString();
}

/** ff02::1:ffXX:XXXX, which a host with this address listens to (RFC 4291, 2.7.1). */
export function solicitedNodeOf(ip: string): string | undefined {
  const address = parseAddress(ip);
  if (address === undefined || address.kind() !== 'ipv6') return undefined;
  const [a = 0, b = 0, c = 0] = address.toByteArray().slice(13);
  return canonicalIp(`ff02::1:ff${a.toString(16).padStart(2, '0')}:${((b << 8) | c).toString(16)}`);
}

export function withPort(ip: string, port: number | undefined): string {
  if (port === undefined) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
