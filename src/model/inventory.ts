/**
 * What the host looked like at a moment, as plain data. The collector sends a `NetnsSnapshot` as one JSON frame in the
 * event stream whenever a namespace appears or changes, so that a recorded session carries its own inventory.
 */

export interface LinkSnapshot {
  readonly ifindex: number;
  readonly name: string;
  /** IFLA_INFO_KIND: veth, bridge, vxlan, …; `loopback` for lo, absent for hardware. */
  readonly kind?: string;
  readonly mac?: string;
  readonly mtu: number;
  /** Administratively up and with a carrier (IFF_UP and IFF_RUNNING). */
  readonly up: boolean;
  /** ifindex of the bridge that this is a port of, in the same namespace. */
  readonly master?: number;
  /** veth: the other end. `netns` = its namespace's cookie; absent = could not be told. */
  readonly peer?: { readonly ifindex: number; readonly netns?: string };
  /** VLAN, macvlan, tunnel: the device below, `netns` as with `peer`. */
  readonly lower?: { readonly ifindex: number; readonly netns?: string };
  readonly vxlan?: {
    readonly vni: number;
    readonly port: number;
    readonly local?: string;
    readonly remote?: string;
    readonly learning: boolean;
  };
}

export interface AddressSnapshot {
  readonly ifindex: number;
  readonly ip: string;
  readonly prefixLen: number;
}

export interface RouteSnapshot {
  readonly table: number;
  /** CIDR; `0.0.0.0/0` or `::/0` for the default. */
  readonly dst: string;
  readonly via?: string;
  readonly ifindex?: number;
  readonly src?: string;
  readonly metric?: number;
  /** unicast, local, broadcast, unreachable, blackhole, prohibit, … */
  readonly type: string;
}

export interface NeighbourSnapshot {
  readonly ifindex: number;
  readonly ip: string;
  readonly mac?: string;
  /** permanent, reachable, stale, delay, probe, failed, incomplete, noarp. */
  readonly state: string;
}

/** A bridge or VXLAN forwarding entry. */
export interface FdbSnapshot {
  readonly ifindex: number;
  readonly mac: string;
  /** VXLAN: the remote VTEP. */
  readonly dst?: string;
}

export interface ProcessSnapshot {
  readonly pid: number;
  readonly comm: string;
  /** The innermost container that its cgroup path names: 64 hexadecimal digits. */
  readonly container?: string;
  /** The container around that one: of a pod in a node that is a container itself (kind), the node. */
  readonly within?: string;
  /** UID of the pod that its cgroup path names. */
  readonly pod?: string;
}

export interface NetnsSnapshot {
  /** Kernel monotonic ns at which the dump was read, decimal. */
  readonly timeNs: string;
  readonly cookie: string;
  /** 0: not known. */
  readonly inode: number;
  /** Is it the namespace that the collector runs in? */
  readonly own: boolean;
  /** Names below /run/netns (and /var/run/docker/netns), sorted. */
  readonly names: readonly string[];
  /** A few of the processes in it, lowest pid first; empty when held only by a mount or a socket. */
  readonly processes: readonly ProcessSnapshot[];
  readonly links: readonly LinkSnapshot[];
  readonly addresses: readonly AddressSnapshot[];
  readonly routes: readonly RouteSnapshot[];
  readonly neighbours: readonly NeighbourSnapshot[];
  readonly fdb: readonly FdbSnapshot[];
  readonly ipForward?: boolean;
  /** Why its inside could not be read; the lists are empty then. */
  readonly unreadable?: string;
  /** It is known by capture files alone, and may not be of this host; `dev` absent: of all its devices. */
  readonly captures?: readonly { readonly file: string; readonly dev?: string }[];
}

export interface NetnsGone {
  readonly timeNs: string;
  readonly cookie: string;
  readonly gone: true;
}

export type InventoryFrame = NetnsSnapshot | NetnsGone;

// ---- what a cluster says about itself (the practice cluster's state file; a Kubernetes API) ----

export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

export interface ClusterPod extends NamespacedName {
  readonly node: string;
  /** None of one that has ended: its addresses may be another's by now. */
  readonly ips: readonly string[];
  readonly hostNetwork?: true;
  readonly labels?: Readonly<Record<string, string>>;
  readonly containers: readonly string[];
  readonly uid?: string;
  /** As its cgroups name them: what runs of it, or ran last. */
  readonly containerIds?: readonly string[];
  /** What made it: `Deployment`, `StatefulSet`, `DaemonSet`, `Job`, … */
  readonly owner?: { readonly kind: string; readonly name: string };
  /** Ports of its node that lead to it. */
  readonly hostPorts?: readonly ClusterHostPort[];
  /** It is being deleted: its addresses may be another's before that is told. */
  readonly leaving?: true;
  /** Cookie of its network namespace where known. */
  readonly netnsCookie?: string;
  /** Name of its network namespace (`ip netns`) where it has one. */
  readonly netnsName?: string;
  readonly resolvConf?: string;
}

export interface ClusterHostPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  /** Of the container's port. */
  readonly name?: string;
  /** Only on this address of the node. */
  readonly ip?: string;
}

export interface ClusterServicePort {
  readonly name?: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  readonly nodePort?: number;
  readonly endpoints: readonly {
    readonly ip: string;
    readonly port: number;
    readonly pod?: string;
    readonly node?: string;
    /** It gets no new connections, unless no other endpoint is left. */
    readonly notReady?: true;
  }[];
}

export interface ClusterService extends NamespacedName {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  readonly clusterIps: readonly string[];
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  readonly ports: readonly ClusterServicePort[];
  /** The cluster has not told of endpoints: that none are listed does not mean that there are none. */
  readonly endpointsUnknown?: true;
}

export interface ClusterNode {
  readonly name: string;
  readonly ips: readonly string[];
  readonly podCidrs: readonly string[];
  readonly netnsCookie?: string;
  readonly netnsName?: string;
  /** Does its kernel say the same boot id as this one? Absent: it does not say. */
  readonly onThisKernel?: boolean;
  /** As its kubelet says: `containerd://2.1.9`. */
  readonly runtime?: string;
}

/** One namespace that belongs to the cluster's machine without being a node or pod (the practice cluster's host, outside). */
export interface ClusterMachine {
  readonly name: string;
  readonly kind: 'host' | 'external';
  readonly ips: readonly string[];
  readonly netnsCookie?: string;
  readonly netnsName?: string;
}

/** All that a cluster says of itself. */
export interface ClusterSnapshot {
  /** Kernel monotonic ns from which on it holds, decimal; absent: from when it is read in the stream. */
  readonly timeNs?: string;
  readonly gone?: undefined;
  /** `lab:NAME` or the kubeconfig context. */
  readonly name: string;
  readonly cni?: string;
  readonly nodes: readonly ClusterNode[];
  readonly pods: readonly ClusterPod[];
  readonly services: readonly ClusterService[];
  readonly machines: readonly ClusterMachine[];
  /** Kubernetes namespaces, sorted; absent: not known. */
  readonly namespaces?: readonly string[];
}

/** By name alone: what a node is called, or `namespace/name`. */
export interface ClusterNames {
  readonly nodes?: readonly string[];
  readonly pods?: readonly string[];
  readonly services?: readonly string[];
}

/** What is different from then on: new or changed as a whole, or gone. */
export interface ClusterChange {
  readonly timeNs: string;
  readonly name: string;
  readonly gone: ClusterNames;
  /** All there are now; absent: as before. */
  readonly namespaces?: readonly string[];
  readonly nodes: readonly ClusterNode[];
  readonly pods: readonly ClusterPod[];
  readonly services: readonly ClusterService[];
}

/** The cluster is not there any more, or not asked any more. */
export interface ClusterGone {
  readonly timeNs?: string;
  readonly name: string;
  readonly gone: true;
}

export type ClusterFrame = ClusterSnapshot | ClusterChange | ClusterGone;
