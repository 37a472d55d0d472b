/** What source and destination may be called here: the words of `tracer follow`, from what this machine has. */
import type { Topology, TopologyPlace } from '../../src/model/topology.ts';

export interface Name {
  /** As it is sent. */
  readonly value: string;
  readonly kind: string;
}

const always: readonly Name[] = [
  { value: 'any', kind: 'everything' },
  { value: 'pods', kind: 'all pods' },
];

export function namesOf(topology: Topology | undefined): readonly Name[] {
  const places = topology?.places ?? [];
  const counts = new Map<string, number>();
  for (const place of places) {
    const short = shortName(place);
    if (short !== undefined) counts.set(short, (counts.get(short) ?? 0) + 1);
  }
  const names = places.flatMap(place => {
    const short = shortName(place);
    if (short === undefined) return [];
    // The same name in two clusters, or of a pod and a service.
    const value = counts.get(short) === 1 ? short : longName(place, short);
    return [{ value, kind: kindText(place) }];
  });
  const unique = new Map(names.map(name => [name.value, name]));
  return [...[...unique.values()].sort((a, b) => a.value.localeCompare(b.value)), ...always];
}

function shortName({ kind, name, namespace }: TopologyPlace): string | undefined {
  if (kind === 'pod') return namespace === undefined ? undefined : `${namespace}/${name}`;
  if (kind === 'service') return namespace === undefined ? undefined : `svc/${name}`;
  return kind === 'node' ? `node/${name}` : undefined;
}

function longName({ cluster, kind, namespace, name }: TopologyPlace, short: string): string {
  if (cluster === undefined) return short;
  return kind === 'node' ? `${cluster}:node/${name}` : `${cluster}:${namespace}/${name}`;
}

function kindText({ kind, cluster, addresses }: TopologyPlace): string {
  const address = addresses?.find(each => !each.includes(':'))?.replace(/\/.*/, '');
  return [kind, address, cluster].filter(part => part !== undefined).join(' · ');
}
