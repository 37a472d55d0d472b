/**
 * Who is in the practice cluster and under which address: the one table that everything else (links, rules, DNS,
 * processes, the snapshot) is derived from. Pure; the addresses are the same in every lab, because a lab's namespaces
 * do not meet those of another.
 */
export type Cni = 'flannel' | 'kindnet';

export const clusterCidr = '10.244.0.0/16';
export const clusterCidr6 = 'fd00:10:244::/56';
export const nodeCidr = '172.18.0.0/16';
export const nodeCidr6 = 'fc00:f853:ccd:e793::/64';
export const dnsServiceIp = '10.96.0.10';
export const loadBalancerIp = '172.18.255.200';
export const outsideIp = '203.0.113.10';

/** An address of each family; IPv6 is left out where the kernel has none. */
export interface Addresses {
  readonly ip: string;
  readonly ip6: string;
}

export interface LabMachine extends Addresses {
  readonly name: 'host' | 'outside';
  readonly netns: string;
}

export interface LabNode extends Addresses {
  readonly name: string;
  readonly netns: string;
  readonly mac: string;
  readonly podCidr: string;
  readonly podCidr6: string;
  /** The pods' gateway: on cni0 (flannel), on every veth (kindnet). */
  readonly gateway: Addresses;
  /** flannel: address and MAC of the tunnel's end. */
  readonly vtep: Addresses & { readonly mac: string; readonly mac6: string };
}

/** What a container runs. A listening address is `HOST:PORT`; `*:PORT` means every address of both families. */
export type Program =
  | { readonly kind: 'sleep' }
  | { readonly kind: 'http'; readonly title: string; readonly listen: readonly string[] }
  | { readonly kind: 'dns' };

export interface LabContainer {
  readonly name: string;
  readonly program: Program;
}

export interface LabPod extends Addresses {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly netns: string;
  readonly mac: string;
  /** The node's end of the pod's veth. */
  readonly veth: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly LabContainer[];
}

export interface LabPlan {
  readonly name: string;
  readonly cni: Cni;
  /** Of a pod's eth0. */
  readonly podMtu: number;
  readonly host: LabMachine;
  readonly outside: LabMachine;
  readonly nodes: readonly LabNode[];
  readonly pods: readonly LabPod[];
}

/** Every namespace of a lab begins with this; a lab's name has no dash, so that no prefix begins another. */
export function netnsPrefix(lab: string): string {
  return `lab-${lab}-`;
}

export function isLabName(name: string): boolean {
  return /^[a-z0-9]{1,16}$/.test(name);
}

/** Docker's way: 02:42 and the IPv4 address. */
function dockerMac(ip: string): string {
  return `02:42:${ipHex(ip)}`;
}

/** The CNI plugins' way (before they left it to the kernel's random): 0a:58 and the IPv4 address. */
export function cniMac(ip: string): string {
  return `0a:58:${ipHex(ip)}`;
}

function ipHex(ip: string): string {
  return ip
    .split('.')
    .map(part => Number(part).toString(16).padStart(2, '0'))
    .join(':');
}

function labNode(lab: string, index: number): LabNode {
  const ip = `172.18.0.${index + 1}`;
  const vtepIp = `10.244.${index}.0`;
  return {
    name: `node-${index}`,
    netns: `${netnsPrefix(lab)}node-${index}`,
    ip,
    ip6: `fc00:f853:ccd:e793::${index + 1}`,
    mac: dockerMac(ip),
    podCidr: `10.244.${index}.0/24`,
    podCidr6: `fd00:10:244:${index}::/64`,
    gateway: { ip: `10.244.${index}.1`, ip6: `fd00:10:244:${index}::1` },
    vtep: {
      ip: vtepIp,
      ip6: `fd00:10:244:${index}::`,
      mac: `0e:04:${ipHex(vtepIp)}`,
      mac6: `0e:06:${ipHex(vtepIp)}`,
    },
  };
}

interface PodRow {
  readonly namespace?: string;
  readonly name: string;
  readonly node: 1 | 2;
  readonly host: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly LabContainer[];
}

const sleeper: Program = { kind: 'sleep' };
const nginx: LabContainer = { name: 'nginx', program: { kind: 'http', title: 'nginx', listen: ['*:8080'] } };

const podRows: readonly PodRow[] = [
  {
    namespace: 'kube-system',
    name: 'coredns-668d6bf9bc-7kx2m',
    node: 1,
    host: 2,
    labels: { 'k8s-app': 'kube-dns' },
    containers: [{ name: 'coredns', program: { kind: 'dns' } }],
  },
  {
    name: 'pod-a',
    node: 1,
    host: 5,
    labels: { app: 'client' },
    containers: [{ name: 'toolbox', program: sleeper }],
  },
  { name: 'nginx-1', node: 1, host: 6, labels: { app: 'nginx' }, containers: [nginx] },
  { name: 'nginx-2', node: 2, host: 7, labels: { app: 'nginx' }, containers: [nginx] },
  { name: 'nginx-3', node: 2, host: 8, labels: { app: 'nginx' }, containers: [nginx] },
  {
    name: 'two-containers',
    node: 1,
    host: 9,
    labels: { app: 'two-containers' },
    containers: [
      { name: 'web', program: { kind: 'http', title: 'web', listen: ['*:8080'] } },
      { name: 'sidecar', program: { kind: 'http', title: 'sidecar', listen: ['127.0.0.1:9000'] } },
    ],
  },
  {
    name: 'denied',
    node: 1,
    host: 10,
    labels: { app: 'denied' },
    containers: [{ name: 'toolbox', program: sleeper }],
  },
];

function labPod(lab: string, row: PodRow): LabPod {
  const ip = `10.244.${row.node}.${row.host}`;
  return {
    namespace: row.namespace ?? 'default',
    name: row.name,
    node: `node-${row.node}`,
    netns: `${netnsPrefix(lab)}${row.name}`,
    ip,
    ip6: `fd00:10:244:${row.node}::${row.host.toString(16)}`,
    mac: cniMac(ip),
    veth: `veth${ipHex(ip).replaceAll(':', '')}`,
    labels: row.labels,
    containers: row.containers,
  };
}

export function labPlan(name: string, cni: Cni): LabPlan {
  const machine = (of: LabMachine['name'], ip: string, ip6: string): LabMachine => ({
    name: of,
    netns: netnsPrefix(name) + of,
    ip,
    ip6,
  });
  return {
    name,
    cni,
    // VXLAN over IPv4 takes 50 bytes of the node's 1500: 20 IP, 8 UDP, 8 VXLAN, 14 Ethernet.
    podMtu: cni === 'flannel' ? 1450 : 1500,
    host: machine('host', '172.18.0.1', 'fc00:f853:ccd:e793::1'),
    outside: machine('outside', outsideIp, '2001:db8:113::10'),
    nodes: [labNode(name, 1), labNode(name, 2)],
    pods: podRows.map(row => labPod(name, row)),
  };
}
