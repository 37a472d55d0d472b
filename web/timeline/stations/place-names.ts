/**
 * How a person calls the places. The inventory knows best; where it does not say (a recording of another machine, a namespace that is
 * gone), both ends of a veth name each other, and who sent a packet names the namespace that it left.
 */
import type { AnyJourney, Endpoint, Hop } from '../../../src/model/journey.ts';
import type { Topology } from '../../../src/model/topology.ts';
import { placeLabels } from '../../../src/words/place-labels.ts';
import { cookieOf, isTunnelSide } from '../journeys/track.ts';
import type { Band } from './lanes.ts';

export interface PlaceName {
  readonly label: string;
  readonly kind: 'host' | 'node' | 'pod' | 'netns';
  /** The node that a pod is on; the device of a tunnel's end. */
  readonly node?: string;
  readonly tunnel?: string;
}

/** By cookie. */
export type PlaceNames = ReadonlyMap<string, PlaceName>;

type Learned = { -readonly [K in keyof PlaceName]?: PlaceName[K] };

const spaces: ReadonlySet<string> = new Set(['host', 'node', 'pod', 'netns']);

function fromTopology(topology: Topology | undefined): Map<string, Learned> {
  const names = new Map<string, Learned>();
  for (const { kind, name, netns } of topology?.places ?? [])
    if (netns !== undefined && spaces.has(kind))
      names.set(netns, { label: name, kind: kind as PlaceName['kind'] });
  return names;
}

/** Who sent or received it is where that happened. */
function endsOf({ hops, from, backend, to, outcome }: AnyJourney): (readonly [Hop, Endpoint])[] {
  const first = hops[0];
  const last = hops.at(-1);
  const ends: (readonly [Hop, Endpoint])[] = [];
  if (first !== undefined) ends.push([first, from]);
  if (last !== undefined && outcome.kind === 'delivered') ends.push([last, backend ?? to]);
  return ends;
}

function learn(journey: AnyJourney, names: Map<string, Learned>, sure: ReadonlySet<string>): void {
  const labelOf = placeLabels(journey);
  for (const hop of journey.hops) {
    const { cookie } = hop.netns;
    const name = names.get(cookie) ?? {};
    names.set(cookie, name);
    if (hop.node !== undefined) name.node = hop.node;
    if (hop.layer === 'tunnel' && hop.dev !== undefined) name.tunnel = hop.dev;
    if (sure.has(cookie)) continue;
    const label = labelOf(hop);
    // A name of the cluster is better than the one of the namespace, which is all that some journeys tell.
    if (name.label === undefined || name.label === hop.netns.name) name.label = label;
  }
  for (const [hop, { kind, name }] of endsOf(journey)) {
    const known = names.get(hop.netns.cookie)!;
    if (known.kind === undefined && known.label === name && spaces.has(kind))
      known.kind = kind as PlaceName['kind'];
  }
}

const kindOf = ({ kind, label, node }: Learned): PlaceName['kind'] =>
  kind ?? (label === 'host' ? 'host' : label === node ? 'node' : 'netns');

export function placeNamesOf(journeys: Iterable<AnyJourney>, topology: Topology | undefined): PlaceNames {
  const names = fromTopology(topology);
  const sure = new Set(names.keys());
  for (const journey of journeys) learn(journey, names, sure);
  return new Map(
    [...names].map(([cookie, name]) => [
      cookie,
      { ...name, label: name.label ?? cookie, kind: kindOf(name) },
    ]),
  );
}

export function bandName(place: string, names: PlaceNames): Pick<Band, 'kind' | 'label' | 'note'> {
  const cookie = cookieOf(place);
  const name = names.get(cookie) ?? { label: `net:[${cookie}]`, kind: 'netns' as const };
  if (isTunnelSide(place))
    return { kind: 'tunnel', label: name.tunnel ?? 'tunnel', note: `tunnel of ${name.label}` };
  if (name.kind === 'pod' && name.node !== undefined)
    return { kind: 'pod', label: name.label, note: `pod on ${name.node}` };
  return { kind: name.kind, label: name.label, note: name.kind === 'netns' ? 'namespace' : name.kind };
}

const hooks: Readonly<Record<string, string>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
};

/** What a hop says of its station. */
export function stationLabel(hop: Hop, station: string): string {
  if (hop.layer === 'drop') return station === 'forward' ? 'FORWARD' : station.replace(/^(dev|hook):/, '');
  if (hop.layer === 'netfilter') return hooks[hop.stage] ?? hop.stage;
  if (hop.layer === 'route') return 'routing';
  if (hop.layer === 'socket') return 'socket';
  if (hop.layer === 'ipvs') return 'IPVS';
  return hop.dev ?? hop.layer;
}
