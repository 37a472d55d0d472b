/**
 * What happened at a hop and why, in one or two sentences that a beginner can read, and the command that shows the same by hand. Only
 * what the packet itself or a table of that moment shows is said; where the two disagree, the table is left out.
 */

import { splitEnd } from '../model/address-port.ts';
import type { Change, Endpoint, Hop } from '../model/journey.ts';
import { rewriteOf, rewriteText } from '../words/change-text.ts';
import { dropAdvice } from '../words/drops/drop-advice.ts';
import type { HopFacts } from '../words/hop-facts.ts';
import { routeWay, socketLine } from '../words/hop-line.ts';
import { deviceFacts, nextHopOf } from './device-facts.ts';
import { entryAt } from './entry.ts';
import { hopCommand } from './hop-command.ts';
import type { Surroundings } from './surroundings.ts';

export interface HopStory {
  readonly text: string;
  readonly command?: string;
}

/** Of `hops[index]`; `around` is its place at its time. */
export function hopStory(hops: readonly HopFacts[], index: number, around: Surroundings): HopStory {
  const command = hopCommand(hops, index, around);
  const text = textOf(hops, index, around);
  return command === undefined ? { text } : { text, command };
}

function textOf(hops: readonly HopFacts[], index: number, around: Surroundings): string {
  const hop = hops[index]!;
  switch (hop.layer) {
    case 'netfilter':
      return netfilterText(hops, index, around);
    case 'route':
      return routeText(hop, around);
    case 'tunnel':
      return tunnelText(hops, index, around);
    case 'neighbour':
      return neighbourText(hop, around);
    case 'bridge':
      return bridgeText(hops, index, around);
    case 'drop':
      return dropText(hop);
    case 'socket':
      return socketLine(hop);
    default:
      return hop.stage === 'rx' ? receivedText(hops, index, around) : sentText(hops, index, around);
  }
}

function sentText(hops: readonly HopFacts[], index: number, around: Surroundings): string {
  const hop = hops[index]!;
  const facts = deviceFacts(hops, index, around);
  const isPlainPort = facts.kind === 'bridged' && facts.mac === undefined;
  const leaves = leavesText(hop, around.label, isPlainPort ? `, a port of bridge ${facts.bridge}` : '');
  switch (facts.kind) {
    case 'sent':
      return facts.route === undefined ? leaves : `${leaves}: ${around.label} has the route ${facts.route}`;
    case 'bridged':
      return isPlainPort ? leaves : `${leaves}: bridge ${facts.bridge} has MAC ${facts.mac} behind this port`;
    case 'neighbour':
      return `${leaves}, to MAC ${facts.mac}, which is ${facts.ip} in the neighbour table`;
    default:
      return leaves;
  }
}

function leavesText({ dev = 'a device', peer }: HopFacts, label: string, aside: string): string {
  if (peer !== undefined) return `leaves ${label} by ${dev}${aside}, to ${peer.netns} ${peer.dev}`;
  return dev === 'lo' ? 'leaves by lo, to itself' : `leaves by ${dev}${aside}`;
}

function receivedText(hops: readonly HopFacts[], index: number, around: Surroundings): string {
  const hop = hops[index]!;
  if (hop.hook === 'napi_gro_receive_exit') return 'merged into another packet by GRO';
  const dev = hop.dev ?? 'a device';
  const before = hops[index - 1];
  const isNew = before === undefined || before.netns.cookie !== hop.netns.cookie;
  const what =
    dev === 'lo' ? 'arrives by lo' : isNew ? `enters ${around.label} by ${dev}` : `${dev} hands it up`;
  const facts = deviceFacts(hops, index, around);
  switch (facts.kind) {
    case 'port':
      return `${what}, a port of bridge ${facts.bridge}`;
    case 'own-address':
      return `${what}: ${facts.ip} is an address of ${around.label}`;
    case 'own-mac':
      return `${what}: the frame is for its own MAC ${facts.mac}`;
    default:
      return what;
  }
}

function routeText(hop: HopFacts, { label }: Surroundings): string {
  const ttl = hop.changes.find(change => change.field === 'ttl');
  const lower = ttl === undefined ? '' : `, TTL ${ttl.from ?? '?'} → ${ttl.to ?? '?'}`;
  const dst = hop.tuple === undefined ? '' : ` to ${hop.tuple.dst}`;
  if (hop.route === undefined) return `${label} forwards it${dst}${lower}`;
  return `${label} routes it${dst}: ${routeWay(hop.route)} (table ${hop.route.table})${lower}`;
}

function tunnelText(hops: readonly HopFacts[], index: number, { view }: Surroundings): string {
  const hop = hops[index]!;
  const dev = hop.dev ?? 'the tunnel';
  if (hop.stage !== 'encap') return `${dev} unwraps it (${hop.changes[0]?.from ?? 'tunnel'})`;
  const wraps = `${dev} wraps it (${hop.changes[0]?.to ?? 'tunnel'})`;
  const mac = hops[index - 1]?.mac?.dst;
  const isBehind = view?.snapshot.fdb.some(
    entry => entry.ifindex === hop.ifindex && entry.mac === mac && entry.dst === hop.tunnel?.dst,
  );
  if (isBehind !== true || mac === undefined) return wraps;
  return `${wraps}: its forwarding table has MAC ${mac} behind ${hop.tunnel?.dst}`;
}

function neighbourText(hop: HopFacts, around: Surroundings): string {
  const ip = nextHopOf(hop, around);
  if (ip === undefined) return 'waits until the next hop tells its MAC address';
  const how = ip.includes(':') ? 'neighbour discovery' : 'ARP';
  return `waits until the next hop, ${ip}, tells its MAC address (${how})`;
}

function bridgeText(hops: readonly HopFacts[], index: number, { view }: Surroundings): string {
  const { dev, ifindex } = hops[index]!;
  const bridge = ifindex === undefined ? undefined : view?.master(ifindex)?.name;
  if (bridge === undefined || dev === undefined) return 'the bridge forwards it to another port';
  const mac = hops[index - 1]?.mac?.dst;
  const isBehind = view?.snapshot.fdb.some(entry => entry.ifindex === ifindex && entry.mac === mac);
  const why = isBehind === true && mac !== undefined ? `, behind which it has MAC ${mac}` : '';
  return `bridge ${bridge} forwards it to its port ${dev}${why}`;
}

function dropText({ verdict }: HopFacts): string {
  if (verdict === undefined) return 'dropped: no reason given';
  const [reason = '', location = ''] = verdict.split(' in ');
  return `dropped: ${verdict}: ${dropAdvice(reason, location)}`;
}

/** Our links stand behind the rules of their hook (ARCHITECTURE.md), so what they see has passed them. */
const passed: Partial<Record<Hop['stage'], string>> = {
  prerouting: 'passes PREROUTING with its destination as it was',
  forward: 'passes FORWARD: no filter rule there refused it',
  postrouting: 'passes POSTROUTING with its source as it was',
  output: 'passes OUTPUT with its destination as it was',
};

function netfilterText(hops: readonly HopFacts[], index: number, around: Surroundings): string {
  const hop = hops[index]!;
  const change = rewriteOf(hop.changes);
  if (change === undefined) return passed[hop.stage] ?? `passes ${hop.stage.toUpperCase()}`;
  return (
    rewriteText(hop.changes)! + reasonOf(change, entryAt(hops, index)?.state === 'established', hop, around)
  );
}

function reasonOf(change: Change, isRepeated: boolean, hop: HopFacts, around: Surroundings): string {
  switch (change.by) {
    case 'dnat':
      return dnatReason(change, isRepeated, hop, around);
    case 'masquerade':
      return `: the source becomes an address of ${around.label}, so that the answer comes back here`;
    case 'snat':
      return ': so that the answer comes back this way';
    case 'undnat':
      return ': the reply gets the source that its receiver wrote to';
    case 'unsnat':
      return ': the reply gets back the address of the real client';
    default:
      return '';
  }
}

/** The rules are asked for the first packet alone. Both ends are named where they are known. */
function dnatReason(change: Change, isRepeated: boolean, hop: HopFacts, { who }: Surroundings): string {
  const [service, backend] = [change.from, change.to].map(text => {
    const end = text === undefined ? undefined : splitEnd(text);
    return end && who(end.ip, end.port, hop.tuple?.proto ?? '');
  });
  if (service?.kind !== 'service')
    return isRepeated
      ? ': as conntrack remembers of the first packet'
      : ': conntrack remembers it for the others';
  const chosen = backend?.name === undefined ? 'an endpoint' : `${backend.kind} ${backend.name}`;
  return isRepeated
    ? `: conntrack repeats what the rules of service ${nameOf(service)} chose for the first packet, ${chosen}`
    : `: the rules of service ${nameOf(service)} choose ${chosen}; conntrack keeps that for the whole conversation`;
}

const nameOf = ({ namespace, name, ip }: Endpoint): string =>
  name === undefined ? ip : namespace === undefined ? name : `${namespace}/${name}`;
