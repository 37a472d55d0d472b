/** A packet as the rules of a hook saw it, from what the hops before and behind show. */
import { entryAt } from '../explain/entry.ts';
import type { NetnsView } from '../inventory/netns-view.ts';
import { splitEnd } from '../model/address-port.ts';
import type { ConntrackRef, Tuple } from '../model/journey.ts';
import type { AddressType, RulePacket } from '../rules/packet.ts';
import type { HookName, Ruleset } from '../rules/ruleset.ts';
import { walk } from '../rules/walk.ts';
import type { Known } from '../rules/way.ts';
import type { HopFacts } from '../words/hop-facts.ts';

/** Undefined: its addresses are not known there. */
export function packetAt(
  hops: readonly HopFacts[],
  index: number,
  hook: HookName,
  view: NetnsView | undefined,
): RulePacket | undefined {
  const hop = hops[index]!;
  const tuple = tupleBefore(hop);
  if (tuple === undefined || tuple.proto === 'arp') return undefined;
  const { proto, src, dst, sport, dport, type, code } = tuple;
  const ct = entryAt(hops, index);
  const iif = hook === 'output' ? undefined : inDevice(hops, index, view);
  const oif = hook === 'prerouting' || hook === 'input' ? undefined : outDevice(hops, index, hook, view, dst);
  return {
    family: src.includes(':') ? 6 : 4,
    proto,
    src,
    dst,
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(type === undefined || code === undefined ? {} : { icmp: { type, code } }),
    ...(iif === undefined ? {} : { iif }),
    ...(oif === undefined ? {} : { oif }),
    ...(ct === undefined ? {} : { ctState: ct.state, ctNat: natOf(ct) }),
    isForwarded: arrivedBy(hops, index) !== undefined,
    typeOf: ip => typeIn(view, ip),
  };
}

/** A hop tells what the packet carries when it leaves; a rewrite tells what it was. */
export function tupleBefore({ tuple, inner, changes }: HopFacts): Tuple | undefined {
  if (tuple === undefined || inner !== undefined) return undefined;
  let before = tuple;
  for (const { field, from } of changes) {
    if (from === undefined || (field !== 'src' && field !== 'dst')) continue;
    const { ip, port } = splitEnd(from);
    const ports = port === undefined ? {} : field === 'src' ? { sport: port } : { dport: port };
    before = { ...before, [field]: ip, ...ports };
  }
  return before;
}

function natOf({ orig, reply }: ConntrackRef): ('dnat' | 'snat')[] {
  const isDst = orig.dst !== reply.src || orig.dport !== reply.sport;
  const isSrc = orig.src !== reply.dst || orig.sport !== reply.dport;
  return [...(isDst ? (['dnat'] as const) : []), ...(isSrc ? (['snat'] as const) : [])];
}

/** The device that it came in by, in this stay in the namespace. */
function arrivedBy(hops: readonly HopFacts[], index: number): HopFacts | undefined {
  const { cookie } = hops[index]!.netns;
  let found: HopFacts | undefined;
  for (let i = index; i >= 0 && hops[i]!.netns.cookie === cookie; i--) {
    const hop = hops[i]!;
    if (hop.layer === 'device' && hop.stage === 'tx') break;
    if (hop.layer === 'device' && hop.stage === 'rx') found ??= hop;
  }
  return found;
}

/** A port of a bridge shows the bridge to some rules and itself to others: not told. */
function deviceName(hop: HopFacts | undefined, view: NetnsView | undefined): string | undefined {
  if (hop?.dev === undefined || hop.ifindex === undefined) return hop?.dev;
  return view?.master(hop.ifindex) === undefined ? hop.dev : undefined;
}

function inDevice(hops: readonly HopFacts[], index: number, view: NetnsView | undefined): string | undefined {
  return deviceName(arrivedBy(hops, index), view);
}

function outDevice(
  hops: readonly HopFacts[],
  index: number,
  hook: HookName,
  view: NetnsView | undefined,
  dst: string,
): string | undefined {
  const hop = hops[index]!;
  if (hook !== 'forward' && hop.dev !== undefined) return deviceName(hop, view);
  const next = hops
    .slice(index + 1)
    .find(
      ({ netns, layer, stage }) => netns.cookie === hop.netns.cookie && layer === 'device' && stage === 'tx',
    );
  return next === undefined ? view?.route(dst)?.dev : deviceName(next, view);
}

function typeIn(view: NetnsView | undefined, ip: string): AddressType | undefined {
  if (/^(ff|22[4-9]\.|23\d\.)/i.test(ip)) return 'multicast';
  if (view === undefined) return undefined;
  if (view.owns(ip)) return 'local';
  return view.accepts(ip) === true ? 'broadcast' : 'unicast';
}

/**
 * The mark that it came to the hook with: as an event of this stay shows it, else what the rules of the first hook made of it. Undefined:
 * that cannot be told.
 */
export function markBefore(
  hops: readonly HopFacts[],
  index: number,
  hook: HookName,
  view: NetnsView | undefined,
  ruleset: Ruleset,
): number | undefined {
  const { cookie } = hops[index]!.netns;
  for (let i = index - 1; i >= 0 && hops[i]!.netns.cookie === cookie; i--) {
    const hop = hops[i]!;
    if (hop.layer === 'device' && hop.stage === 'tx') break;
    if (hop.layer === 'netfilter' && hop.inferred !== true) return hop.mark ?? 0;
    if (hop.layer === 'netfilter' && (hop.stage === 'prerouting' || hop.stage === 'output'))
      return markBehind(hops, i, hop.stage, view, ruleset);
    if (hop.layer === 'device' && hop.stage === 'rx') {
      if (hook === 'prerouting') return hop.mark ?? 0;
      if (!isNextReceived(hops, i)) return markBehind(hops, i, 'prerouting', view, ruleset);
    }
  }
  return hook === 'prerouting' || hook === 'output' ? 0 : undefined;
}

/** A port, and then its bridge: the bridge's packet comes to the hook. */
function isNextReceived(hops: readonly HopFacts[], index: number): boolean {
  const next = hops[index + 1];
  return next?.layer === 'device' && next.stage === 'rx' && next.netns.cookie === hops[index]!.netns.cookie;
}

function markBehind(
  hops: readonly HopFacts[],
  index: number,
  hook: 'prerouting' | 'output',
  view: NetnsView | undefined,
  ruleset: Ruleset,
): number | undefined {
  const packet = packetAt(hops, index, hook, view);
  if (packet === undefined) return undefined;
  const dnat = hops[index]!.changes.find(({ by }) => by === 'dnat');
  const known: Known = dnat?.to === undefined ? { kind: 'passed' } : { kind: 'dnat', to: endsOf(dnat.to) };
  const mark =
    hops[index]!.layer === 'device' ? (hops[index]!.mark ?? 0) : markBefore(hops, index, hook, view, ruleset);
  const asked = mark === undefined ? packet : { ...packet, mark };
  const { ways } = walk({
    ruleset,
    hook,
    packet: asked,
    known,
    asksNat: packet.ctState === 'new' || packet.ctState === undefined,
  });
  const marks = new Set(ways.map(way => way.mark));
  return marks.size === 1 ? [...marks][0] : undefined;
}

function endsOf(text: string): { ip: string; port?: number } {
  const { ip, port } = splitEnd(text);
  return port === undefined ? { ip } : { ip, port };
}
