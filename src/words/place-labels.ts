/**
 * How a person calls the namespaces of a journey, from the journey alone, so that it reads the same from a daemon, a recording or a
 * file of JSON. The other end of a veth is named by each end; only who hangs on none is called by its `ip netns` name or its node.
 */
import type { Hop, Journey } from '../model/journey.ts';

export type PlaceLabels = (hop: Pick<Hop, 'netns' | 'node'>) => string;

export function placeLabels({ hops, from }: Pick<Journey, 'hops' | 'from'>): PlaceLabels {
  const labels = new Map<string, string>();
  for (const [i, hop] of hops.entries()) {
    const before = hops[i - 1];
    if (before === undefined || before.netns.cookie === hop.netns.cookie) continue;
    if (before.peer?.dev === hop.dev && before.peer !== undefined)
      labels.set(hop.netns.cookie, before.peer.netns);
    if (hop.peer?.dev === before.dev && hop.peer !== undefined)
      labels.set(before.netns.cookie, hop.peer.netns);
  }
  const first = hops[0];
  if (first !== undefined && !labels.has(first.netns.cookie) && isPlace(from) && from.name !== undefined)
    labels.set(first.netns.cookie, from.name);
  return ({ netns, node }) => labels.get(netns.cookie) ?? netns.name ?? node ?? `net:[${netns.inode}]`;
}

/** What sends from its own namespace, if it sent this at all. */
const isPlace = ({ kind }: Journey['from']): boolean => kind === 'pod' || kind === 'node' || kind === 'host';
