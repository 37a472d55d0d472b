import type { Hop, Journey } from '../../model/journey.ts';

/** Journeys with the same text went the same way: same places, same rewrites, same end. */
export function waySignature(journey: Journey): string {
  const hops = journey.hops.map(hopSignature).join('|');
  return `${journey.direction} ${journey.proto} ${hops} ${journey.outcome.kind} ${journey.complete}`;
}

function hopSignature(hop: Hop): string {
  if (hop.layer === 'socket') return ''; // whether the end of a delivered packet had a tracepoint is no other way
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
