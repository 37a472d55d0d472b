import type { NetworkLayer, TupleRecord } from '../model/event.ts';
import type { Tuple } from '../model/journey.ts';

const names: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', 132: 'sctp' };

/** CONTRACT 2: tcp udp icmp icmpv6 arp sctp, or the number as text. */
export function protoName(layer: { readonly family?: number; readonly proto: number }): string {
  return layer.family === 0 ? 'arp' : (names[layer.proto] ?? String(layer.proto));
}

export function tupleOf(layer: NetworkLayer): Tuple {
  const proto = protoName(layer);
  if (layer.arp !== undefined) return { proto, op: layer.arp.op, src: layer.src, dst: layer.dst };
  if (layer.icmp !== undefined)
    return { proto, src: layer.src, dst: layer.dst, type: layer.icmp.type, code: layer.icmp.code };
  return {
    proto,
    src: layer.src,
    ...(layer.sport === undefined ? {} : { sport: layer.sport }),
    dst: layer.dst,
    ...(layer.dport === undefined ? {} : { dport: layer.dport }),
  };
}

export function conntrackTuple(record: TupleRecord): Tuple {
  const proto = protoName(record);
  if (proto === 'icmp' || proto === 'icmpv6')
    return { proto, src: record.src, dst: record.dst, type: record.dport >> 8, code: record.dport & 255 };
  return { proto, src: record.src, sport: record.sport, dst: record.dst, dport: record.dport };
}

const FLAG_LETTERS: readonly (readonly [number, string])[] = [
  [0x01, 'F'],
  [0x02, 'S'],
  [0x04, 'R'],
  [0x08, 'P'],
  [0x10, 'A'],
  [0x20, 'U'],
  [0x40, 'E'],
  [0x80, 'C'],
];

export function tcpFlags(flags: number): string {
  return FLAG_LETTERS.map(([bit, letter]) => ((flags & bit) === 0 ? '' : letter)).join('');
}

const ICMP_TYPES: Readonly<Record<string, string>> = {
  'icmp 0': 'echo reply',
  'icmp 3 0': 'network unreachable',
  'icmp 3 1': 'host unreachable',
  'icmp 3 2': 'protocol unreachable',
  'icmp 3 3': 'port unreachable',
  'icmp 3 4': 'fragmentation needed',
  'icmp 3 13': 'administratively prohibited',
  'icmp 3': 'unreachable',
  'icmp 5': 'redirect',
  'icmp 8': 'echo request',
  'icmp 11': 'time exceeded',
  'icmpv6 1 4': 'port unreachable',
  'icmpv6 1': 'unreachable',
  'icmpv6 2': 'packet too big',
  'icmpv6 3': 'time exceeded',
  'icmpv6 128': 'echo request',
  'icmpv6 129': 'echo reply',
  'icmpv6 133': 'router solicitation',
  'icmpv6 134': 'router advertisement',
  'icmpv6 135': 'neighbour solicitation',
  'icmpv6 136': 'neighbour advertisement',
  'icmpv6 143': 'multicast listener report',
};

export function icmpName(proto: string, type: number, code: number): string {
  return (
    ICMP_TYPES[`${proto} ${type} ${code}`] ?? ICMP_TYPES[`${proto} ${type}`] ?? `type ${type} code ${code}`
  );
}
