/**
 * Objects of the Kubernetes API → nodes, pods and services of a cluster. A value of another shape than Kubernetes' is left out: it may come
 * from a file, or from a server that is none.
 */
import type {
  ClusterHostPort,
  ClusterNode,
  ClusterPod,
  ClusterService,
  ClusterServicePort,
  NamespacedName,
} from '../model/inventory.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Where each address and port of a service leads: of one slice. */
export interface EndpointSlice extends NamespacedName {
  /** Name of the service, in the same namespace. */
  readonly service: string;
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly endpoints: readonly {
    readonly ips: readonly string[];
    readonly pod?: string;
    readonly node?: string;
    readonly notReady?: true;
  }[];
}

/** `bootId`: of this kernel; absent where it says nothing about the node, as of what was recorded elsewhere. */
export function nodeOf(node: Row, bootId?: string): ClusterNode {
  const info = row(row(node.status).nodeInfo);
  const runtime = text(info.containerRuntimeVersion);
  const theirs = text(info.bootID);
  return {
    name: metaOf(node).name,
    ips: rows(row(node.status).addresses).flatMap(({ type, address }) =>
      (type === 'InternalIP' || type === 'ExternalIP') && typeof address === 'string' ? [address] : [],
    ),
    podCidrs: texts(row(node.spec).podCIDRs),
    ...(bootId === undefined || theirs === undefined ? {} : { onThisKernel: theirs === bootId }),
    ...(runtime === undefined ? {} : { runtime }),
  };
}

export function podOf(pod: Row): ClusterPod {
  const { name, namespace, labels, annotations, uid } = metaOf(pod);
  const spec = row(pod.spec);
  const isOver = isOverIn(text(row(pod.status).phase));
  const hostNetwork = spec.hostNetwork === true;
  // Of a pod that the kubelet made of a file, the API's copy has a UID of its own, and the cgroup this one.
  const cgroupUid = text(annotations['kubernetes.io/config.hash']) ?? uid;
  const containerIds = isOver ? [] : containerIdsOf(row(pod.status));
  const owner = ownerOf(pod);
  const hostPorts = hostNetwork ? [] : rows(spec.containers).flatMap(hostPortsOf);
  return {
    namespace,
    name,
    node: text(spec.nodeName) ?? '',
    ips: isOver ? [] : ipsOf(row(pod.status)),
    ...(hostNetwork ? { hostNetwork: true as const } : {}),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    containers: rows(spec.containers).flatMap(({ name: container }) => text(container) ?? []),
    ...(cgroupUid === undefined ? {} : { uid: cgroupUid }),
    ...(containerIds.length === 0 ? {} : { containerIds }),
    ...(owner === undefined ? {} : { owner }),
    ...(hostPorts.length === 0 ? {} : { hostPorts }),
    ...(row(pod.metadata).deletionTimestamp === undefined ? {} : { leaving: true as const }),
  };
}

/** Its addresses may be another pod's by now. */
const isOverIn = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

function ipsOf(status: Row): string[] {
  const ips = rows(status.podIPs).flatMap(({ ip }) => text(ip) ?? []);
  const first = text(status.podIP);
  return ips.length > 0 || first === undefined ? ips : [first];
}

/** `containerd://ID`, as cgroups name them. */
function containerIdsOf(status: Row): string[] {
  const all = [status.initContainerStatuses, status.containerStatuses, status.ephemeralContainerStatuses];
  return all.flatMap(rows).flatMap(({ containerID }) => {
    const id = text(containerID)?.replace(/^[\w-]+:\/\//, '');
    return id === undefined ? [] : [id];
  });
}

/** A Deployment makes ReplicaSets that are called by it and by the hash of the pod's template. */
function ownerOf(pod: Row): ClusterPod['owner'] {
  const reference = rows(row(pod.metadata).ownerReferences).find(({ controller }) => controller === true);
  const kind = text(reference?.kind);
  const name = text(reference?.name);
  if (kind === undefined || name === undefined) return undefined;
  const hash = text(metaOf(pod).labels['pod-template-hash']);
  return kind === 'ReplicaSet' && hash !== undefined && name.endsWith(`-${hash}`)
    ? { kind: 'Deployment', name: name.slice(0, -hash.length - 1) }
    : { kind, name };
}

function hostPortsOf(container: Row): ClusterHostPort[] {
  return rows(container.ports).flatMap(({ hostPort, protocol, name, hostIP }) => {
    const proto = protocolOf(protocol);
    if (typeof hostPort !== 'number' || proto === undefined) return [];
    const ip = text(hostIP);
    const portName = text(name);
    return [
      {
        protocol: proto,
        port: hostPort,
        ...(portName === undefined ? {} : { name: portName }),
        ...(ip === undefined || ip === '0.0.0.0' || ip === '::' ? {} : { ip }),
      },
    ];
  });
}

export function serviceOf(service: Row, slices: readonly EndpointSlice[]): ClusterService {
  const { name, namespace } = metaOf(service);
  const spec = row(service.spec);
  const type = text(spec.type);
  const balancer = row(row(service.status).loadBalancer);
  return {
    namespace,
    name,
    type: type === 'NodePort' || type === 'LoadBalancer' || type === 'ExternalName' ? type : 'ClusterIP',
    clusterIps: [...new Set([...texts(spec.clusterIPs), ...texts([spec.clusterIP])])].filter(
      ip => ip !== 'None' && ip !== '',
    ),
    externalIps: texts(spec.externalIPs),
    loadBalancerIps: rows(balancer.ingress).flatMap(({ ip }) => text(ip) ?? []),
    ports: rows(spec.ports).flatMap(port => portOf(port, slices)),
  };
}

function portOf(port: Row, slices: readonly EndpointSlice[]): ClusterServicePort[] {
  const protocol = protocolOf(port.protocol);
  if (typeof port.port !== 'number' || protocol === undefined) return [];
  const name = text(port.name);
  return [
    {
      ...(name === undefined ? {} : { name }),
      protocol,
      port: port.port,
      ...(typeof port.nodePort === 'number' ? { nodePort: port.nodePort } : {}),
      endpoints: slices.flatMap(slice => endpointsOf(slice, name ?? '')),
    },
  ];
}

function endpointsOf({ ports, endpoints }: EndpointSlice, portName: string): ClusterServicePort['endpoints'] {
  const numbers = ports.filter(({ name }) => name === portName).map(({ port }) => port);
  return endpoints.flatMap(({ ips, ...endpoint }) =>
    ips.flatMap(ip => numbers.map(port => ({ ip, port, ...endpoint }))),
  );
}

/** Undefined: of no service. */
export function sliceOf(slice: Row): EndpointSlice | undefined {
  const { name, namespace, labels } = metaOf(slice);
  const service = labels['kubernetes.io/service-name'];
  if (service === undefined) return undefined;
  return {
    namespace,
    name,
    service,
    ports: rows(slice.ports).flatMap(port =>
      typeof port.port === 'number' ? [{ name: text(port.name) ?? '', port: port.port }] : [],
    ),
    endpoints: rows(slice.endpoints).map(endpoint => {
      const target = row(endpoint.targetRef);
      const pod = text(target.name);
      const node = text(endpoint.nodeName);
      return {
        ips: texts(endpoint.addresses),
        ...(pod === undefined || (target.kind ?? 'Pod') !== 'Pod' ? {} : { pod }),
        ...(node === undefined ? {} : { node }),
        // Absent means that it is not known, which counts as ready.
        ...(row(endpoint.conditions).ready === false ? { notReady: true as const } : {}),
      };
    }),
  };
}

export function metaOf(item: Row): NamespacedName & {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly uid?: string;
} {
  const meta = row(item.metadata);
  const uid = text(meta.uid);
  return {
    name: text(meta.name) ?? '?',
    namespace: text(meta.namespace) ?? 'default',
    labels: textsByKey(meta.labels),
    annotations: textsByKey(meta.annotations),
    ...(uid === undefined ? {} : { uid }),
  };
}

function textsByKey(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(row(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function protocolOf(value: unknown): 'tcp' | 'udp' | 'sctp' | undefined {
  const protocol = text(value)?.toLowerCase() ?? 'tcp';
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp' ? protocol : undefined;
}

export const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const row = (value: unknown): Row => (isRow(value) ? value : {});
export const rows = (value: unknown): Row[] => (Array.isArray(value) ? value.filter(isRow) : []);
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
