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
  /** The last component of its cgroup path where that names a container. */
  readonly container?: string;
}

export interface NetnsSnapshot {
  /** Kernel monotonic ns at which the dump was read, decimal. */
  readonly timeNs: string;
  readonly cookie: string;
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
}

export interface NetnsGone {
  readonly timeNs: string;
  readonly cookie: string;
  readonly gone: true;
}

export type InventoryFrame = NetnsSnapshot | NetnsGone;

// ---- what a cluster says about itself (the practice cluster's state file; a Kubernetes API) ----

export interface ClusterPod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly ips: readonly string[];
  readonly hostNetwork?: true;
  readonly labels?: Readonly<Record<string, string>>;
  readonly containers: readonly string[];
  /** Cookie of its network namespace where known. */
  readonly netnsCookie?: string;
  /** Name of its network namespace (`ip netns`) where it has one. */
  readonly netnsName?: string;
  readonly resolvConf?: string;
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
  }[];
}

export interface ClusterService {
  readonly namespace: string;
  readonly name: string;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  readonly clusterIps: readonly string[];
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  readonly ports: readonly ClusterServicePort[];
}

export interface ClusterNode {
  readonly name: string;
  readonly ips: readonly string[];
  readonly podCidrs: readonly string[];
  readonly netnsCookie?: string;
  readonly netnsName?: string;
}

/** One namespace that belongs to the cluster's machine without being a node or pod (the practice cluster's host, outside). */
export interface ClusterMachine {
  readonly name: string;
  readonly kind: 'host' | 'external';
  readonly ips: readonly string[];
  readonly netnsCookie?: string;
  readonly netnsName?: string;
}

export interface ClusterSnapshot {
  /** `lab:NAME` or the kubeconfig context. */
  readonly name: string;
  readonly cni?: string;
  readonly nodes: readonly ClusterNode[];
  readonly pods: readonly ClusterPod[];
  readonly services: readonly ClusterService[];
  readonly machines: readonly ClusterMachine[];
}
