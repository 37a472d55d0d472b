/** Where a translation goes to, and what is chosen by chance. */
import { isRecord, type Json, listOf } from './nft-elements.ts';
import type { NatTarget } from './ruleset.ts';

/** By chance, or by a hash that nobody here computes: any of them. */
export function isChoice(key: unknown): boolean {
  return isRecord(key) && (key.numgen !== undefined || key.jhash !== undefined || key.symhash !== undefined);
}

/** All that it may be; none where it is not understood. */
export function natTargets({ addr, port }: Json): NatTarget[] {
  const ports = rangeOf(port, value => (typeof value === 'number' ? value : undefined));
  if (isRecord(addr) && isRecord(addr.map)) {
    return mapped(addr.map).map(target => (ports === undefined ? target : { ...target, ports }));
  }
  const ips = rangeOf(addr, value => (typeof value === 'string' ? value : undefined));
  if (ips === undefined && ports === undefined) return [];
  return [{ ...(ips === undefined ? {} : { ips }), ...(ports === undefined ? {} : { ports }) }];
}

function rangeOf<T>(value: unknown, parse: (value: unknown) => T | undefined): readonly [T, T] | undefined {
  if (isRecord(value) && value.range !== undefined) {
    const [first, last] = listOf(value.range).map(parse);
    return first === undefined || last === undefined ? undefined : [first, last];
  }
  const one = parse(value);
  return one === undefined ? undefined : [one, one];
}

/** Values of a map without a name: an address, or an address with its port. */
function mapped({ data }: Json): NatTarget[] {
  const set = isRecord(data) ? listOf(data.set) : [];
  return set.flatMap((pair): NatTarget[] => {
    const value = listOf(pair)[1];
    if (typeof value === 'string') return [{ ips: [value, value] }];
    const [ip, port] = isRecord(value) ? listOf(value.concat) : [];
    if (typeof ip !== 'string') return [];
    return [typeof port === 'number' ? { ips: [ip, ip], ports: [port, port] } : { ips: [ip, ip] }];
  });
}
