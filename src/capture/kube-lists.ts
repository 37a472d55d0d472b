/**
 * `kubectl get nodes,pods,services,endpointslices -A -o json` → a cluster snapshot: names for addresses in captures. Only what is needed for
 * that, of one moment; a value of another shape than Kubernetes' is left out.
 */
import type {
  ClusterNode,
  ClusterPod,
  ClusterService,
  ClusterServicePort,
  ClusterSnapshot,
} from '../model/inventory.ts';

type Row = Readonly<Record<string, unknown>>;

/** `lists`: as parsed; `places`: names of namespaces that captures are of. */
export function clusterOfLists(
  lists: readonly unknown[],
  name: string,
  places: ReadonlySet<string>,
): ClusterSnapshot {
  const items = lists.flatMap(itemsOf);
  const of = (kind: string): Row[] => items.filter(item => item.kind === kind);
  const slices = of('EndpointSlice');
  return {
    name,
    nodes: of('Node').map(node => nodeOf(node, places)),
    pods: of('Pod').map(pod => podOf(pod, places)),
    services: of('Service').map(service => serviceOf(service, slices)),
    machines: [],
  };
}

/** Items of a list of one kind do not repeat the kind. */
function itemsOf(list: unknown): Row[] {
  if (!isRow(list)) return [];
  if (!Array.isArray(list.items)) return [list];
  const kind = text(list.kind)?.replace(/List$/, '');
  return list.items.filter(isRow).map(item => ({ kind, ...item }));
}

function nodeOf(node: Row, places: ReadonlySet<string>): ClusterNode {
  const { name } = metaOf(node);
  return {
    name,
    ips: rows(row(node.status).addresses).flatMap(({ type, address }) =>
      type === 'InternalIP' && typeof address === 'string' ? [address] : [],
    ),
    podCidrs: texts(row(node.spec).podCIDRs),
    ...(places.has(name) ? { netnsName: name } : {}),
  };
}

function podOf(pod: Row, places: ReadonlySet<string>): ClusterPod {
  const { name, namespace, labels } = metaOf(pod);
  const spec = row(pod.spec);
  const place = [`${namespace}.${name}`, `${namespace}_${name}`, name].find(candidate =>
    places.has(candidate),
  );
  const ips = rows(row(pod.status).podIPs).flatMap(({ ip }) => (typeof ip === 'string' ? [ip] : []));
  return {
    namespace,
    name,
    node: text(spec.nodeName) ?? '',
    ips: isOver(pod) ? [] : ips,
    ...(spec.hostNetwork === true ? { hostNetwork: true as const } : {}),
    ...(labels === undefined ? {} : { labels }),
    containers: rows(spec.containers).flatMap(({ name: container }) => text(container) ?? []),
    ...(place === undefined ? {} : { netnsName: place }),
  };
}

/** Its address may be another pod's by now. */
function isOver(pod: Row): boolean {
  const phase = row(pod.status).phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

function serviceOf(service: Row, slices: readonly Row[]): ClusterService {
  const { name, namespace } = metaOf(service);
  const spec = row(service.spec);
  const type = text(spec.type);
  const ips = [
    ...texts(spec.clusterIPs),
    ...(text(spec.clusterIP) === undefined ? [] : [text(spec.clusterIP)!]),
  ];
  const balancer = row(row(service.status).loadBalancer);
  const own = slices.filter(slice => {
    const meta = row(slice.metadata);
    return meta.namespace === namespace && row(meta.labels)['kubernetes.io/service-name'] === name;
  });
  return {
    namespace,
    name,
    type: type === 'NodePort' || type === 'LoadBalancer' || type === 'ExternalName' ? type : 'ClusterIP',
    clusterIps: [...new Set(ips)].filter(ip => ip !== 'None'),
    externalIps: texts(spec.externalIPs),
    loadBalancerIps: rows(balancer.ingress).flatMap(({ ip }) => text(ip) ?? []),
    ports: rows(spec.ports).flatMap(port => portOf(port, own)),
  };
}

function portOf(port: Row, slices: readonly Row[]): ClusterServicePort[] {
  const protocol = text(port.protocol)?.toLowerCase() ?? 'tcp';
  if (typeof port.port !== 'number' || (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp'))
    return [];
  const name = text(port.name);
  return [
    {
      ...(name === undefined ? {} : { name }),
      protocol,
      port: port.port,
      ...(typeof port.nodePort === 'number' ? { nodePort: port.nodePort } : {}),
      endpoints: slices.flatMap(slice => endpointsOf(slice, name)),
    },
  ];
}

function endpointsOf(slice: Row, portName: string | undefined): ClusterServicePort['endpoints'][number][] {
  const ports = rows(slice.ports).filter(port => (text(port.name) ?? '') === (portName ?? ''));
  return rows(slice.endpoints).flatMap(endpoint =>
    texts(endpoint.addresses).flatMap(ip =>
      ports.flatMap(({ port }) => {
        const pod = text(row(endpoint.targetRef).name);
        const node = text(endpoint.nodeName);
        if (typeof port !== 'number') return [];
        return [{ ip, port, ...(pod === undefined ? {} : { pod }), ...(node === undefined ? {} : { node }) }];
      }),
    ),
  );
}

function metaOf(item: Row): { name: string; namespace: string; labels?: Readonly<Record<string, string>> } {
  const meta = row(item.metadata);
  const labels = Object.entries(row(meta.labels)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    name: text(meta.name) ?? '?',
    namespace: text(meta.namespace) ?? 'default',
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
  };
}

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const row = (value: unknown): Row => (isRow(value) ? value : {});
const rows = (value: unknown): Row[] => (Array.isArray(value) ? value.filter(isRow) : []);
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
