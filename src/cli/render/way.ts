import type { Hop, Journey } from '../../model/journey.ts';

/**
 * Journeys with the same text went the same way: same places, same rewrites, same end. Whether a bridge itself or br_netfilter
 * passed the packet on, whether it waited for a MAC address there, and whether its end had a tracepoint, is no other way.
 */
export function waySignature(journey: Journey): string {
  const hops = journey.hops
    .filter(hop => hop.repeats !== true && hop.layer !== 'socket' && hop.layer !== 'neighbour')
    .map(hopSignature)
    .join('|');
  return `${journey.direction} ${journey.proto} ${hops} ${journey.outcome.kind} ${journey.complete}`;
}

function hopSignature(hop: Hop): string {
  const rewrites = hop.changes.filter(
    change => change.field === 'src' || change.field === 'dst' || change.field === 'encap',
  );
  return `${hop.netns.cookie} ${hop.layer} ${hop.stage} ${hop.dev ?? ''} ${rewrites.map(change => `${change.field}${change.by}`).join()}`;
}

/** The two hops with the most time between them. */
export function slowestSegment(
  journey: Journey,
): { readonly before: Hop; readonly after: Hop; readonly ns: number } | undefined {
  let slowest: { before: Hop; after: Hop; ns: number } | undefined;
  for (let i = 1; i < journey.hops.length; i++) {
    const before = journey.hops[i - 1]!;
    const after = journey.hops[i]!;
    const ns = after.offsetNs - before.offsetNs;
    if (slowest === undefined || ns > slowest.ns) slowest = { before, after, ns };
  }
  return slowest;
}
