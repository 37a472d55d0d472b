/** Of a hop that a capture showed: what shows its packets in the file. The host may be another one, and its namespaces may be gone. */
import type { NetnsSnapshot } from '../model/inventory.ts';
import type { Tuple } from '../model/journey.ts';
import type { HopFacts } from '../words/hop-facts.ts';
import { shellLine } from './shell.ts';

/** Undefined: no file shows its device. */
export function captureCommand(
  { dev, tuple, vlan }: HopFacts,
  captures: NonNullable<NetnsSnapshot['captures']>,
): string | undefined {
  const file = (captures.find(each => each.dev === dev) ?? captures.find(each => each.dev === undefined))
    ?.file;
  if (file === undefined) return undefined;
  const filter = tuple === undefined ? [] : [`${vlan === undefined ? '' : 'vlan and '}${filterOf(tuple)}`];
  // A file whose name looks like an option.
  const path = file.startsWith('-') ? `./${file}` : file;
  return shellLine(['tcpdump', '-nn', '-r', path, ...filter]);
}

/** pcap-filter(7). Ports of later fragments, and of what is no TCP or UDP, are not there. */
function filterOf({ proto, src, dst, sport, dport }: Tuple): string {
  const ends = src === dst ? [`host ${src}`] : [`host ${src}`, `host ${dst}`];
  if (proto === 'arp') return ['arp', ...ends].join(' and ');
  const ports = sport === undefined || dport === undefined ? [] : [...new Set([sport, dport])];
  return [...ends, ...ports.map(port => `port ${port}`)].join(' and ');
}
