/** What a name of the command line stands for. */

/** What makes pods; named, it means all of them. */
export const workloadKinds = ['deployment', 'statefulset', 'daemonset', 'job'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

export type CandidateKind = 'pod' | 'service' | 'node' | 'netns' | 'container' | WorkloadKind;

export interface SelectionPort {
  readonly proto: string;
  readonly port: number;
  readonly name?: string;
  readonly nodePort?: number;
}

export interface Selection {
  readonly kind: Exclude<CandidateKind, WorkloadKind> | 'ip' | 'cidr' | 'any' | 'pods';
  /** What to call it in a sentence. */
  readonly label: string;
  readonly any?: true;
  readonly cluster?: string;
  /** Addresses that are its own. */
  readonly ips: readonly string[];
  readonly cidrs: readonly string[];
  /** Namespaces that are its own (decimal cookies); empty where not known. */
  readonly netnsCookies: readonly string[];
  /** A service's ports. */
  readonly ports?: readonly SelectionPort[];
  readonly service?: { readonly cluster: string; readonly namespace: string; readonly name: string };
  /** A service's pods and other endpoints, and the addresses that its node ports are on. */
  readonly backendIps?: readonly string[];
  readonly nodeIps?: readonly string[];
  /** A service's endpoints, and how many take new connections; absent: the cluster has not told of them. */
  readonly endpoints?: { readonly all: number; readonly ready: number };
  /** Of a pod: its node, which is on another kernel. */
  readonly elsewhere?: string;
}
