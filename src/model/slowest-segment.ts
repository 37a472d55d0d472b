import type { Hop, Journey } from './journey.ts';

/** The two hops with the most time between them. */
export function slowestSegment(
  journey: Pick<Journey, 'hops'>,
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
