/** The places of the machine as the tree that they are, and what joins their devices. */
import type { Topology, TopologyLink, TopologyPlace } from '../../src/model/topology.ts';

/** A network namespace: the machine, a node, a pod. */
export interface Space {
  readonly place: TopologyPlace;
  readonly spaces: readonly Space[];
  /** Bridges, tunnels and other devices. */
  readonly devices: readonly TopologyPlace[];
}

export interface Tree {
  readonly roots: readonly Space[];
  readonly services: readonly TopologyPlace[];
  readonly byId: ReadonlyMap<string, TopologyPlace>;
  /** By either end of a veth, the other one. */
  readonly peers: ReadonlyMap<string, string>;
  /** By a port, its bridge. */
  readonly bridges: ReadonlyMap<string, string>;
  /** By the upper device, the lower one. */
  readonly lowers: ReadonlyMap<string, string>;
  readonly tunnels: readonly TopologyLink[];
}

const spaceKinds: ReadonlySet<string> = new Set(['host', 'node', 'pod', 'netns']);
export const isSpace = ({ kind }: TopologyPlace): boolean => spaceKinds.has(kind);

export function treeOf({ places, links }: Topology): Tree {
  const byId = new Map(places.map(place => [place.id, place]));
  const children = new Map<string | undefined, TopologyPlace[]>();
  for (const place of places) {
    if (place.kind === 'service') continue;
    const parent = place.parent !== undefined && byId.has(place.parent) ? place.parent : undefined;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [place]);
    else siblings.push(place);
  }
  return {
    roots: (children.get(undefined) ?? []).filter(isSpace).map(place => spaceOf(place, children)),
    services: places.filter(({ kind }) => kind === 'service'),
    byId,
    ...joints(links, byId),
    tunnels: links.filter(({ kind }) => kind === 'tunnel'),
  };
}

function spaceOf(place: TopologyPlace, children: ReadonlyMap<string | undefined, TopologyPlace[]>): Space {
  const inside = children.get(place.id) ?? [];
  return {
    place,
    spaces: inside.filter(isSpace).map(each => spaceOf(each, children)),
    devices: inside.filter(each => !isSpace(each)),
  };
}

function joints(
  links: readonly TopologyLink[],
  byId: Tree['byId'],
): Pick<Tree, 'peers' | 'bridges' | 'lowers'> {
  const peers = new Map<string, string>();
  const bridges = new Map<string, string>();
  const lowers = new Map<string, string>();
  for (const { kind, a, b } of links) {
    if (kind === 'veth') peers.set(a, b).set(b, a);
    else if (kind === 'lower') lowers.set(a, b);
    else if (kind === 'port') {
      // Of a bridge that is itself a port, whichever end is told as one.
      const [port, bridge] = byId.get(a)?.kind === 'bridge' ? [b, a] : [a, b];
      bridges.set(port, bridge);
    }
  }
  return { peers, bridges, lowers };
}
