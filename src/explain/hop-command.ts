/**
 * The command that shows by hand what a hop tells, in the namespace of the hop. It changes nothing, and it shows what is so when it
 * is run: a conntrack entry, a neighbour, a learned forwarding entry may have gone by then.
 */

import { splitEnd } from '../model/address-port.ts';
import type { Change, Hop, Tuple } from '../model/journey.ts';
import { rewriteOf } from '../words/change-text.ts';
import { dropWords } from '../words/drops/drop-advice.ts';
import { lookWords, socketWords } from '../words/drops/looks.ts';
import type { HopFacts } from '../words/hop-facts.ts';
import { captureCommand } from './capture-command.ts';
import { deviceFacts, nextHopOf } from './device-facts.ts';
import { entryAt } from './entry.ts';
import { shellLine } from './shell.ts';
import { type Surroundings, wayInto } from './surroundings.ts';

export function hopCommand(
  hops: readonly HopFacts[],
  index: number,
  around: Surroundings,
): string | undefined {
  const hop = hops[index]!;
  const captures = around.view?.snapshot.captures;
  if (captures !== undefined) return captureCommand(hop, captures);
  const into = wayInto(hop.netns, around.view);
  const words = into && wordsOf(hops, index, around);
  return words && shellLine([...into, ...words]);
}

function wordsOf(hops: readonly HopFacts[], index: number, around: Surroundings): string[] | undefined {
  const hop = hops[index]!;
  switch (hop.layer) {
    case 'netfilter':
      return netfilterWords(hops, index);
    case 'route':
      return lookWords('route', hop);
    case 'neighbour':
      return neighbourWords(hop.dev, nextHopOf(hop, around));
    case 'tunnel':
      return hop.dev === undefined ? undefined : tunnelWords(hop.stage, hop.dev);
    case 'bridge':
      return bridgeWords(hop, around);
    case 'device':
      return deviceWords(hops, index, around);
    case 'socket':
      return socketWords(hop.tuple, hop.stage === 'send' ? 'sport' : 'dport');
    case 'drop':
      return dropLook(hop);
    default:
      return undefined;
  }
}

function tunnelWords(stage: Hop['stage'], dev: string): string[] {
  return stage === 'encap' ? ['bridge', 'fdb', 'show', 'dev', dev] : ['ip', '-d', 'link', 'show', 'dev', dev];
}

function deviceWords(hops: readonly HopFacts[], index: number, around: Surroundings): string[] | undefined {
  const hop = hops[index]!;
  if (hop.dev === undefined) return undefined;
  const facts = deviceFacts(hops, index, around);
  switch (facts.kind) {
    case 'sent':
      return [
        'ip',
        'route',
        'get',
        facts.dst,
        'from',
        facts.src,
        ...(needsDevice(facts.dst) ? ['oif', hop.dev] : []),
      ];
    case 'neighbour':
      return neighbourWords(hop.dev, facts.ip);
    case 'bridged':
      return ['bridge', 'fdb', 'show', 'br', facts.bridge];
    case 'port':
      return ['bridge', 'link', 'show', 'dev', hop.dev];
    case 'own-mac':
      return ['ip', 'link', 'show', 'dev', hop.dev];
    case 'own-address':
      return ['ip', 'addr', 'show', 'to', facts.ip];
    case 'plain':
      return ['ip', '-s', 'link', 'show', 'dev', hop.dev];
  }
}

/** Multicast and link-local addresses are on every link. */
const needsDevice = (ip: string): boolean => /^(ff|fe[89ab]|22[4-9]\.|23\d\.)/.test(ip);

function neighbourWords(dev: string | undefined, ip: string | undefined): string[] {
  const of = ip === undefined ? [] : ['to', ip];
  return ['ip', 'neigh', 'show', ...of, ...(dev === undefined ? [] : ['dev', dev])];
}

function bridgeWords(hop: HopFacts, { view }: Surroundings): string[] {
  const bridge = hop.ifindex === undefined ? undefined : view?.master(hop.ifindex)?.name;
  return ['bridge', 'fdb', 'show', ...(bridge === undefined ? [] : ['br', bridge])];
}

/** Of a hook that it only passed, the chains behind it: filters see every packet, translation the first of a conversation. */
function netfilterWords(hops: readonly HopFacts[], index: number): string[] | undefined {
  const hop = hops[index]!;
  const passes = rewriteOf(hop.changes) === undefined;
  if (passes && hop.stage === 'forward') return chainWords(hop, 'filter');
  const isFirst = entryAt(hops, index)?.state === 'new';
  if (passes && isFirst && hop.stage !== 'input') return chainWords(hop, 'nat');
  return entryWords(hops, index);
}

function chainWords({ tuple, stage }: HopFacts, table: string): string[] {
  return [isSix(tuple) ? 'ip6tables' : 'iptables', '-t', table, '-nvL', stage.toUpperCase()];
}

function dropLook(hop: HopFacts): string[] | undefined {
  const [reason, location] = (hop.verdict ?? '').split(' in ');
  const words = dropWords(reason ?? '', location ?? '');
  return words?.look === undefined ? undefined : lookWords(words.look, hop);
}

const isSix = (tuple: Tuple | undefined): boolean => tuple?.src.includes(':') === true;

/** The one conntrack entry that the packet belongs to. */
function entryWords(hops: readonly HopFacts[], index: number): string[] | undefined {
  const hop = hops[index]!;
  const ct = entryAt(hops, index);
  const filter = ct === undefined ? derivedFilter(hop) : ofOriginal(ct.orig);
  if (filter === undefined) return undefined;
  const zone = ct === undefined || ct.zone === 0 ? [] : ['-w', String(ct.zone)];
  const family = isSix(ct?.orig ?? hop.tuple) ? ['-f', 'ipv6'] : [];
  return ['conntrack', '-L', ...family, ...filter, ...zone];
}

const withPorts = ['tcp', 'udp', 'sctp'];
const named = [...withPorts, 'icmp', 'icmpv6'];

function ofOriginal({ proto, src, dst, sport, dport }: Tuple): string[] {
  const ports =
    withPorts.includes(proto) && sport !== undefined && dport !== undefined
      ? ['--sport', String(sport), '--dport', String(dport)]
      : [];
  return [...(named.includes(proto) ? ['-p', proto] : []), '-s', src, '-d', dst, ...ports];
}

/** From what the rewrite itself shows of the entry: one end of it as the originator wrote it. */
function derivedFilter({ tuple, changes }: HopFacts): string[] | undefined {
  if (tuple === undefined) return undefined;
  const nat = changes.find(change => change.field === 'dst' || change.field === 'src');
  switch (nat?.by) {
    case 'dnat':
      return ['-s', tuple.src, '-d', ipOf(nat)];
    case 'snat':
    case 'masquerade':
      return ['-s', ipOf(nat)];
    case 'undnat':
    case 'unsnat':
      return ['-s', tuple.dst];
    default:
      return undefined;
  }
}

const ipOf = ({ from = '' }: Change): string => splitEnd(from).ip;
