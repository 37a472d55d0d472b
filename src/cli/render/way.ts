import type { Change, Hop, Journey } from '../../model/journey.ts';

/** By the hops that journeys share (see resolve/known-ways.ts): made once, and short, because it is looked up for each of them. */
const known = new WeakMap<readonly Hop[], string>();
const names = new Map<string, string>();
let named = 0;
const NAMES_MAX = 10_000;

/**
 * Journeys with the same text went the same way: same places, same rewrites, same end. Where a device leads is told by the device;
 * whether a bridge itself or br_netfilter passed the packet on, whether it waited for a MAC address there, and whether a hook or its
 * end showed it once more, is no other way.
 */
export function waySignature(journey: Journey, hops: readonly Hop[] = journey.hops): string {
  return `${journey.direction} ${journey.proto} ${nameOf(hops)} ${journey.outcome.kind} ${missing(journey)}`;
}

/** "" for a whole journey. */
function missing({ complete, gaps }: Journey): string {
  return complete
    ? ''
    : `without ${gaps.map(({ after, kind, reason }) => `${after} ${kind} ${reason}`).join()}`;
}

/** The same for hops at the same places with the same rewrites. */
function nameOf(hops: readonly Hop[]): string {
  let name = known.get(hops);
  if (name !== undefined) return name;
  const places = hops.filter(isOfWay).map(hopSignature).join('|');
  name = names.get(places) ?? `way${++named}`;
  if (names.size > NAMES_MAX) names.clear();
  names.set(places, name);
  known.set(hops, name);
  return name;
}

function isOfWay(hop: Hop): boolean {
  if (hop.index === 0 || hop.layer === 'drop') return true;
  if (hop.repeats === true || hop.layer === 'socket' || hop.layer === 'neighbour') return false;
  if (hop.layer === 'device') return hop.stage !== 'rx';
  return hop.layer !== 'netfilter' || rewritesOf(hop).length > 0;
}

function hopSignature(hop: Hop): string {
  const rewrites = rewritesOf(hop).map(change => `${change.field}${change.by}`);
  return `${hop.netns.cookie} ${hop.layer} ${hop.stage} ${hop.dev ?? ''} ${rewrites.join()}`;
}

function rewritesOf(hop: Hop): Change[] {
  return hop.changes.filter(({ field }) => field === 'src' || field === 'dst' || field === 'encap');
}
