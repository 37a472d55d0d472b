/**
 * The machine as a picture: places and what joins them (CONTRACT 8, `/api/topology`). Loopback devices are left out:
 * every namespace has one and it leads nowhere.
 */
import type { LinkSnapshot } from '../model/inventory.ts';
import type { Topology, TopologyLink, TopologyPlace } from '../model/topology.ts';
import { requireCluster } from './clusters.ts';
import type { When } from './inventory.ts';
import { isBridge, isLoopback, isPair, isTunnel } from './link-kinds.ts';
import type { Names } from './names.ts';
import type { NetnsView } from './netns-view.ts';
import type { Place } from './place.ts';
import { linkedTo } from './reach.ts';

export interface TopologyOptions {
  /** `--context`: what is of another cluster, or of none, is left out. */
  readonly cluster?: string;
  /** Now, unless told otherwise. */
  readonly when?: When;
}

/** `@throws` UNKNOWN_NAME for a cluster that is not known. */
export function topologyOf(names: Names, options: TopologyOptions = {}): Topology {
  const { cluster, when = names.latestNs } = options;
  if (cluster !== undefined) requireCluster(names, cluster, when);
  const spaces = names.inventory
    .all(when)
    .map(view => ({ view, place: names.placeOf(view.cookie, when)! }))
    .filter(({ place }) => cluster === undefined || place.cluster === cluster);
  const views = spaces.map(({ view }) => view);
  const places = [
    ...spaces.map(space => netnsPlace(space, spaces)),
    ...spaces.flatMap(({ view }) => shown(view).map(link => devPlace(view, link))),
    ...servicePlaces(names, when).filter(place => cluster === undefined || place.cluster === cluster),
  ];
  const ids = new Set(places.map(({ id }) => id));
  const links = new Map<string, TopologyLink>();
  for (const view of views) {
    for (const link of [...deviceLinks(view), ...tunnelLinks(view, views)])
      if (ids.has(link.a) && ids.has(link.b)) links.set(link.id, link);
  }
  return { rev: names.inventory.rev + names.rev, places, links: [...links.values()] };
}

interface Space {
  readonly view: NetnsView;
  readonly place: Place;
}

const netnsId = (cookie: string): string => `netns:${cookie}`;
const devId = (cookie: string, ifindex: number): string => `dev:${cookie}:${ifindex}`;
const shown = (view: NetnsView): readonly LinkSnapshot[] =>
  view.snapshot.links.filter(link => !isLoopback(link));

function netnsPlace({ view, place }: Space, spaces: readonly Space[]): TopologyPlace {
  const kind = place.kind === 'container' || place.kind === 'external' ? 'netns' : place.kind;
  const parent = parentOf({ view, place }, spaces);
  return {
    id: netnsId(view.cookie),
    kind,
    name: place.label,
    ...(parent === undefined ? {} : { parent: netnsId(parent.view.cookie) }),
    netns: view.cookie,
    ...(place.cluster === undefined ? {} : { cluster: place.cluster }),
    ...(place.pod === undefined ? {} : { namespace: place.pod.namespace }),
  };
}

/** A pod is on its node, a node on its host; anything else is on the host if all its veths lead there, but for what plays the Internet. */
function parentOf({ view, place }: Space, spaces: readonly Space[]): Space | undefined {
  const within = (kind: Place['kind'], name?: string) =>
    spaces.find(
      other =>
        other.place.kind === kind &&
        other.place.cluster === place.cluster &&
        (name === undefined || other.place.node === name),
    );
  if (place.kind === 'pod') return within('node', place.node);
  if (place.kind === 'host' || place.kind === 'external') return undefined;
  const neighbours = linkedTo(view);
  const [only] = neighbours;
  const around = spaces.find(other => other.view.cookie === only);
  if (
    neighbours.length === 1 &&
    around !== undefined &&
    (around.place.kind === 'host' || around.place.kind === 'node')
  )
    return around;
  return place.kind === 'node' ? within('host') : undefined;
}

function devPlace(view: NetnsView, link: LinkSnapshot): TopologyPlace {
  const kind = isBridge(link) ? 'bridge' : isTunnel(link) ? 'tunnel' : 'dev';
  const addresses = view.addresses(link.ifindex).map(({ ip, prefixLen }) => `${ip}/${prefixLen}`);
  return {
    id: devId(view.cookie, link.ifindex),
    kind,
    name: link.name,
    parent: netnsId(view.cookie),
    netns: view.cookie,
    ifindex: link.ifindex,
    ...(addresses.length === 0 ? {} : { addresses }),
    up: link.up,
  };
}

function servicePlaces(names: Names, when: When): TopologyPlace[] {
  return names.clustersAt(when).flatMap(({ snapshot }) =>
    snapshot.services.map(({ namespace, name, clusterIps, externalIps, loadBalancerIps }): TopologyPlace => {
      const addresses = [...clusterIps, ...loadBalancerIps, ...externalIps];
      return {
        id: `service:${snapshot.name}:${namespace}/${name}`,
        kind: 'service',
        name,
        cluster: snapshot.name,
        namespace,
        ...(addresses.length === 0 ? {} : { addresses }),
      };
    }),
  );
}

/** The same link gets the same id from either end. */
function joined(kind: TopologyLink['kind'], one: string, other: string): TopologyLink {
  const [a, b] = one < other ? [one, other] : [other, one];
  return { id: `${kind}:${a}:${b}`, kind, a, b };
}

/** Told by the upper end alone. */
function lies(upper: string, lower: string): TopologyLink {
  return { id: `lower:${upper}:${lower}`, kind: 'lower', a: upper, b: lower };
}

function deviceLinks(view: NetnsView): TopologyLink[] {
  return shown(view).flatMap(link => {
    const id = devId(view.cookie, link.ifindex);
    const { peer, lower, master } = link;
    return [
      ...(isPair(link) && peer?.netns !== undefined
        ? [joined('veth', id, devId(peer.netns, peer.ifindex))]
        : []),
      ...(lower?.netns !== undefined ? [lies(id, devId(lower.netns, lower.ifindex))] : []),
      ...(master !== undefined ? [joined('port', id, devId(view.cookie, master))] : []),
    ];
  });
}

/** A VXLAN device and those at whose addresses its forwarding entries point, of the same network number. */
function tunnelLinks(view: NetnsView, views: readonly NetnsView[]): TopologyLink[] {
  return shown(view).flatMap(link => {
    if (link.vxlan === undefined) return [];
    const { vni, port, remote } = link.vxlan;
    const remotes = new Set(
      view.snapshot.fdb.filter(entry => entry.ifindex === link.ifindex).map(entry => entry.dst),
    );
    if (remote !== undefined) remotes.add(remote);
    // Two labs use the same addresses and numbers: only one that names us back is the other end.
    return views.flatMap(other =>
      shown(other)
        .filter(far => other !== view && far.vxlan?.vni === vni && far.vxlan.port === port)
        .filter(
          far =>
            far.vxlan?.local !== undefined &&
            remotes.has(far.vxlan.local) &&
            sameNetwork(view, other, far.vxlan.local),
        )
        .map(far => joined('tunnel', devId(view.cookie, link.ifindex), devId(other.cookie, far.ifindex))),
    );
  });
}

/** Do both hang on the same namespace, or on each other? */
function sameNetwork(view: NetnsView, other: NetnsView, local: string): boolean {
  const near = linkedTo(view);
  return (
    other.owner(local) !== undefined &&
    (near.includes(other.cookie) || linkedTo(other).some(cookie => near.includes(cookie)))
  );
}
