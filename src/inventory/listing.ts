/** `tracer ls pods|services|nodes|netns|links`: rows of text, and the same as objects for `-o json`. */

import { withPort } from './addresses.ts';
import { requireScope } from './clusters.ts';
import type { When } from './inventory.ts';
import type { Names } from './names.ts';
import type { NetnsView } from './netns-view.ts';

export const listingKinds = ['pods', 'services', 'nodes', 'netns', 'links'] as const;
export type ListingKind = (typeof listingKinds)[number];

export interface Column {
  readonly key: string;
  readonly title: string;
  /** Only with `-o wide`. */
  readonly wide?: true;
}

/** Absent = does not apply; a list is shown with commas. */
export type Row = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Listing {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface ListOptions {
  /** `--context`: what is of another cluster, or of none, is left out. */
  readonly cluster?: string;
  /** `-n`: of pods and services, those of this Kubernetes namespace. */
  readonly namespace?: string;
  /** Now, unless told otherwise. */
  readonly when?: When;
}

/** `@throws` UNKNOWN_NAME for a cluster or namespace that is not known. */
export function list(kind: ListingKind, names: Names, options: ListOptions = {}): Listing {
  const { cluster, namespace, when = names.latestNs } = options;
  requireScope(names, options);
  const rows = rowsOf[kind](names, when).filter(
    row =>
      (cluster === undefined || row.cluster === cluster) &&
      (namespace === undefined || row.namespace === undefined || row.namespace === namespace),
  );
  return { columns: columns[kind], rows };
}

const columns: Readonly<Record<ListingKind, readonly Column[]>> = {
  pods: [
    { key: 'cluster', title: 'CLUSTER' },
    { key: 'namespace', title: 'NAMESPACE' },
    { key: 'name', title: 'POD' },
    { key: 'node', title: 'NODE' },
    { key: 'ips', title: 'ADDRESSES' },
    { key: 'dev', title: 'DEVICE ON THE NODE' },
    { key: 'containers', title: 'CONTAINERS', wide: true },
    { key: 'netns', title: 'NETNS', wide: true },
    { key: 'labels', title: 'LABELS', wide: true },
  ],
  services: [
    { key: 'cluster', title: 'CLUSTER' },
    { key: 'namespace', title: 'NAMESPACE' },
    { key: 'name', title: 'SERVICE' },
    { key: 'type', title: 'TYPE' },
    { key: 'ips', title: 'ADDRESSES' },
    { key: 'ports', title: 'PORTS' },
    { key: 'endpoints', title: 'ENDPOINTS', wide: true },
  ],
  nodes: [
    { key: 'cluster', title: 'CLUSTER' },
    { key: 'name', title: 'NODE' },
    { key: 'ips', title: 'ADDRESSES' },
    { key: 'podCidrs', title: 'PODS' },
    { key: 'runtime', title: 'RUNTIME', wide: true },
    { key: 'netns', title: 'NETNS', wide: true },
  ],
  netns: [
    { key: 'name', title: 'NETNS' },
    { key: 'place', title: 'IS' },
    { key: 'ips', title: 'ADDRESSES' },
    { key: 'processes', title: 'PROCESSES' },
    { key: 'inode', title: 'INODE', wide: true },
    { key: 'cookie', title: 'COOKIE', wide: true },
    { key: 'cluster', title: 'CLUSTER', wide: true },
    { key: 'unreadable', title: 'UNREADABLE', wide: true },
  ],
  links: [
    { key: 'place', title: 'IN' },
    { key: 'name', title: 'DEVICE' },
    { key: 'kind', title: 'KIND' },
    { key: 'up', title: 'UP' },
    { key: 'ips', title: 'ADDRESSES' },
    { key: 'joined', title: 'JOINED TO' },
    { key: 'ifindex', title: 'IFINDEX', wide: true },
    { key: 'mac', title: 'MAC', wide: true },
    { key: 'mtu', title: 'MTU', wide: true },
    { key: 'cluster', title: 'CLUSTER', wide: true },
    { key: 'netns', title: 'NETNS', wide: true },
  ],
};

const rowsOf: Readonly<Record<ListingKind, (names: Names, when: When) => Row[]>> = {
  pods,
  services,
  nodes,
  netns,
  links,
};

/** `default/pod-a`, `node-1`, `host`; with the cluster where it has one. */
function placeText(names: Names, view: NetnsView, when: When): string {
  const place = names.placeOf(view.cookie, when);
  if (place === undefined) return view.cookie;
  const name = place.pod === undefined ? place.label : `${place.pod.namespace}/${place.label}`;
  return place.cluster === undefined ? name : `${place.cluster}:${name}`;
}

const netnsText = (view: NetnsView): string => view.snapshot.names[0] ?? `net:[${view.snapshot.inode}]`;

function pods(names: Names, when: When): Row[] {
  const homes = new Map(names.inventory.all(when).map(view => [names.placeOf(view.cookie, when)?.pod, view]));
  return names.clustersAt(when).flatMap(({ snapshot }) =>
    snapshot.pods.map(pod => {
      const home = homes.get(pod);
      return {
        cluster: snapshot.name,
        namespace: pod.namespace,
        name: pod.name,
        node: pod.node,
        ips: pod.ips,
        dev: home && hostDevice(names, home, when),
        containers: pod.containers,
        netns: home && netnsText(home),
        labels: Object.entries(pod.labels ?? {}).map(([key, value]) => `${key}=${value}`),
      };
    }),
  );
}

function hostDevice(names: Names, home: NetnsView, when: When): string | undefined {
  for (const link of home.snapshot.links) {
    const peer = names.inventory.peerOf(home.cookie, link.ifindex, when);
    if (peer?.link !== undefined && peer.cookie !== home.cookie) return peer.link.name;
  }
  return undefined;
}

function services(names: Names, when: When): Row[] {
  return names.clustersAt(when).flatMap(({ snapshot }) =>
    snapshot.services.map(service => ({
      cluster: snapshot.name,
      namespace: service.namespace,
      name: service.name,
      type: service.type,
      ips: [...service.clusterIps, ...service.loadBalancerIps, ...service.externalIps],
      ports: service.ports.map(
        ({ port, protocol, nodePort }) =>
          `${port}${nodePort === undefined ? '' : `:${nodePort}`}/${protocol}`,
      ),
      endpoints: [
        ...new Set(
          service.ports.flatMap(({ endpoints }) => endpoints.map(({ ip, port }) => withPort(ip, port))),
        ),
      ],
    })),
  );
}

function nodes(names: Names, when: When): Row[] {
  const homes = new Map<string, NetnsView>();
  for (const view of names.inventory.all(when)) {
    const place = names.placeOf(view.cookie, when);
    if (place?.kind === 'node') homes.set(`${place.cluster}/${place.node}`, view);
  }
  return names.clustersAt(when).flatMap(({ snapshot }) =>
    snapshot.nodes.map(node => {
      const home = homes.get(`${snapshot.name}/${node.name}`);
      return {
        cluster: snapshot.name,
        name: node.name,
        ips: node.ips,
        podCidrs: node.podCidrs,
        runtime: node.runtime,
        netns: home && netnsText(home),
      };
    }),
  );
}

function netns(names: Names, when: When): Row[] {
  return names.inventory.all(when).map(view => ({
    cluster: names.placeOf(view.cookie, when)?.cluster,
    name: netnsText(view),
    place: placeText(names, view, when),
    ips: shownAddresses(view),
    processes: view.snapshot.processes.slice(0, 3).map(({ pid, comm }) => `${comm}[${pid}]`),
    inode: view.snapshot.inode,
    cookie: view.cookie,
    unreadable: view.snapshot.unreadable,
  }));
}

function shownAddresses(view: NetnsView, ifindex?: number): string[] {
  const addresses = view.addresses(ifindex).filter(({ ip }) => !/^(127\.|::1$|fe80:)/.test(ip));
  return [...new Set(addresses.map(({ ip, prefixLen }) => `${ip}/${prefixLen}`))];
}

function links(names: Names, when: When): Row[] {
  return names.inventory.all(when).flatMap(view =>
    view.snapshot.links.map(link => {
      const other =
        names.inventory.peerOf(view.cookie, link.ifindex, when) ??
        names.inventory.lowerOf(view.cookie, link.ifindex, when);
      const far = other && names.inventory.viewAt(other.cookie, when);
      const device = other?.link?.name ?? (other && String(other.ifindex));
      const master = view.master(link.ifindex)?.name;
      return {
        cluster: names.placeOf(view.cookie, when)?.cluster,
        place: placeText(names, view, when),
        name: link.name,
        kind: link.kind,
        up: link.up,
        ips: shownAddresses(view, link.ifindex),
        joined: [
          ...(far === undefined || device === undefined
            ? []
            : [far === view ? device : `${placeText(names, far, when)} ${device}`]),
          ...(master === undefined ? [] : [`bridge ${master}`]),
        ],
        ifindex: link.ifindex,
        mac: link.mac,
        mtu: link.mtu,
        netns: netnsText(view),
      };
    }),
  );
}
