/** The conntrack entry that a hop belongs to, also where the hop itself was only inferred and shows none. */
import type { ConntrackRef } from '../model/journey.ts';
import type { HopFacts } from '../words/hop-facts.ts';

/** Its own, else that of the nearest hop of the same namespace; while the packet is wrapped, the entry there is the tunnel's. */
export function entryAt(hops: readonly HopFacts[], index: number): ConntrackRef | undefined {
  const hop = hops[index]!;
  if (hop.ct !== undefined) return hop.ct;
  const isThere = (other: HopFacts | undefined): other is HopFacts =>
    other?.netns.cookie === hop.netns.cookie;
  for (const step of [1, -1])
    for (let i = index + step; isThere(hops[i]); i += step)
      if (hops[i]!.ct !== undefined && hops[i]!.inner === undefined) return hops[i]!.ct;
  return undefined;
}
