/** Everything on the machine that a name can mean, with what it stands for. */
import type { ClusterPod, ClusterService } from '../model/inventory.ts';
import { namespacedId } from '../model/whole-cluster.ts';
import { isLinkLocal, isLoopbackIp } from './addresses.ts';
import type { ClusterIndex, Member } from './cluster-index.ts';
import type { When } from './inventory.ts';
import type { Names } from './names.ts';
import type { NetnsView } from './netns-view.ts';
import type { CandidateKind, Selection } from './selection.ts';
import { workloadCandidates } from './workloads.ts';

export interface Candidate {
  readonly kind: CandidateKind;
  readonly cluster?: string;
  readonly namespace?: string;
  /** Any of these means it. */
  readonly names: readonly string[];
  /** Names this one alone, as the command line takes it. */
  readonly reference: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly selection: Selection;
}

export function candidatesOf(names: Names, when: When = names.latestNs): Candidate[] {
  const views = names.inventory.all(when);
  const clusters = names.clustersAt(when);
  const several = clusters.length > 1;
  return [
    ...clusters.flatMap(index => clusterCandidates(index, names, views, when, several)),
    ...views.flatMap(view => netnsCandidates(view)),
  ];
}

/** The namespaces that a cluster's member lives in. */
type HomesOf = (kind: 'pod' | 'node' | 'machine', name: string) => readonly NetnsView[];

function clusterCandidates(
  index: ClusterIndex,
  names: Names,
  views: readonly NetnsView[],
  when: When,
  several: boolean,
): Candidate[] {
  const { snapshot } = index;
  const homes = homesIn(index, names, views, names.inventory.timeOf(when));
  const prefix = several ? `${snapshot.name}:` : '';
  const elsewhere = new Set(
    snapshot.nodes.flatMap(({ name, onThisKernel }) => (onThisKernel === false ? [name] : [])),
  );
  const pods = snapshot.pods.map(pod =>
    podCandidate(snapshot.name, pod, homes, prefix, elsewhere.has(pod.node)),
  );
  return [
    ...pods,
    ...snapshot.services.map(service => serviceCandidate(index, service, prefix)),
    ...snapshot.nodes.map(({ name, ips }) =>
      nodeCandidate(snapshot.name, name, ips, homes('node', name), prefix),
    ),
    ...snapshot.machines.map(({ name, ips }) =>
      nodeCandidate(snapshot.name, name, ips, homes('machine', name), prefix),
    ),
    ...workloadCandidates(snapshot.pods, pods, prefix),
    ...snapshot.pods.map((pod, i) => containerCandidate(pods[i]!, pod)),
  ];
}

function homesIn(index: ClusterIndex, names: Names, views: readonly NetnsView[], atNs: number): HomesOf {
  const homes = new Map<string, NetnsView[]>();
  for (const view of views) {
    const found = names.memberOf(view, atNs);
    if (found?.index.name !== index.name) continue;
    const key = keyOf(found.member);
    homes.set(key, [...(homes.get(key) ?? []), view]);
  }
  return (kind, name) => homes.get(`${kind} ${name}`) ?? [];
}

function keyOf(member: Member): string {
  if (member.kind === 'pod') return `pod ${namespacedId(member.pod)}`;
  return member.kind === 'node' ? `node ${member.node.name}` : `machine ${member.name}`;
}

function podCandidate(
  cluster: string,
  pod: ClusterPod,
  homesOf: HomesOf,
  prefix: string,
  isElsewhere: boolean,
): Candidate {
  const { namespace, name, labels, node } = pod;
  // A pod of the host's network has its node's namespace and addresses; those are the node's.
  const homes = homesOf('pod', namespacedId(pod));
  return {
    kind: 'pod',
    cluster,
    namespace,
    names: [name],
    reference: `${prefix}${namespace}/${name}`,
    ...(labels === undefined ? {} : { labels }),
    selection: {
      kind: 'pod',
      label: name,
      cluster,
      ips: pod.ips,
      cidrs: [],
      netnsCookies: cookiesOf(homes),
      ...(isElsewhere ? { elsewhere: node } : {}),
    },
  };
}

function containerCandidate(pod: Candidate, { containers }: ClusterPod): Candidate {
  return { ...pod, kind: 'container', names: containers };
}

function serviceCandidate({ snapshot }: ClusterIndex, service: ClusterService, prefix: string): Candidate {
  const { namespace, name } = service;
  const ips = [...service.clusterIps, ...service.loadBalancerIps, ...service.externalIps];
  const ports = service.ports.map(port => ({
    proto: port.protocol,
    port: port.port,
    ...(port.name === undefined ? {} : { name: port.name }),
    ...(port.nodePort === undefined ? {} : { nodePort: port.nodePort }),
  }));
  const endpoints = service.ports.flatMap(port => port.endpoints);
  const backendIps = [...new Set(endpoints.map(({ ip }) => ip))];
  const readyIps = new Set(endpoints.filter(({ notReady }) => notReady !== true).map(({ ip }) => ip));
  const nodeIps = ports.some(({ nodePort }) => nodePort !== undefined)
    ? snapshot.nodes.flatMap(node => node.ips)
    : [];
  return {
    kind: 'service',
    cluster: snapshot.name,
    namespace,
    names: [name],
    reference: `${prefix}svc/${namespace}/${name}`,
    selection: {
      kind: 'service',
      label: name,
      cluster: snapshot.name,
      ips,
      cidrs: [],
      netnsCookies: [],
      ports,
      service: { cluster: snapshot.name, namespace, name },
      backendIps,
      nodeIps,
      ...(service.endpointsUnknown === true || service.type === 'ExternalName'
        ? {}
        : { endpoints: { all: backendIps.length, ready: readyIps.size } }),
    },
  };
}

function nodeCandidate(
  cluster: string,
  name: string,
  known: readonly string[],
  homes: readonly NetnsView[],
  prefix: string,
): Candidate {
  const ips = [...new Set([...known, ...homes.flatMap(ownIps)])];
  return {
    kind: 'node',
    cluster,
    names: [name],
    reference: `${prefix}node/${name}`,
    selection: { kind: 'node', label: name, cluster, ips, cidrs: [], netnsCookies: cookiesOf(homes) },
  };
}

/** By its names, its inode, its cookie, and, where its processes are in containers, by their IDs. */
function netnsCandidates(view: NetnsView): Candidate[] {
  const { names, inode, cookie, own, processes } = view.snapshot;
  const label = names[0] ?? (own ? 'host' : `net:[${inode}]`);
  const all = [...names, ...(own ? ['host', 'self'] : []), String(inode)];
  const selection: Selection = { kind: 'netns', label, ips: ownIps(view), cidrs: [], netnsCookies: [cookie] };
  const netns: Candidate = { kind: 'netns', names: all, reference: `netns:${all[0]}`, selection };
  const ids = new Set(processes.flatMap(({ container }) => (container === undefined ? [] : [container])));
  return [
    netns,
    ...[...ids].map(
      (id): Candidate => ({
        kind: 'container',
        names: [id],
        reference: `container:${id.slice(0, 12)}`,
        selection: { ...selection, kind: 'container', label: id.slice(0, 12) },
      }),
    ),
  ];
}

function ownIps(view: NetnsView): string[] {
  const ips = view.addresses().map(({ ip }) => ip);
  return [...new Set(ips)].filter(ip => !isLoopbackIp(ip) && !isLinkLocal(ip));
}

const cookiesOf = (views: readonly NetnsView[]): string[] => views.map(({ cookie }) => cookie);
