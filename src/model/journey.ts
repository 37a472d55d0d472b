/**
 * The journey of one packet as other people's scripts read it: CONTRACT 2 to 5, word for word.
 * An absent key does not apply or was not seen (then `gaps` says so); never null, never an empty string.
 * `tracer schema` prints the JSON Schema that is generated from these types.
 */

/** A decimal string holding an integer too large for a JavaScript number (kernel nanoseconds, cookies). */
export type BigDecimal = string;

export type Direction = 'request' | 'reply' | 'related' | 'none';
export type Proto = string;
export type Family = 4 | 6;

export interface Endpoint {
  readonly kind:
    | 'pod'
    | 'service'
    | 'node'
    | 'host'
    | 'netns'
    | 'container'
    | 'external'
    | 'multicast'
    | 'broadcast'
    | 'unknown';
  /** The kubeconfig context, or `lab:NAME`. */
  readonly cluster?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly node?: string;
  readonly ip: string;
  readonly port?: number;
  readonly portName?: string;
  /** Only where a socket proved it. */
  readonly process?: ProcessRef;
  readonly labels?: Readonly<Record<string, string>>;
  readonly hostNetwork?: true;
  /** The address used to reach a service other than by its cluster IP. */
  readonly entry?: string;
}

export interface ProcessRef {
  readonly pid: number;
  readonly comm: string;
  readonly container?: string;
}

export interface NetnsRef {
  /** `net->net_cookie`: the identity of a namespace (inode numbers are recycled). */
  readonly cookie: BigDecimal;
  /** Absent where only its packets are known. */
  readonly inode?: number;
  readonly name?: string;
}

export interface Tuple {
  readonly proto: Proto;
  readonly src: string;
  readonly sport?: number;
  readonly dst: string;
  readonly dport?: number;
  readonly type?: number;
  readonly code?: number;
  readonly op?: number;
}

export type TunnelKind = 'vxlan' | 'geneve' | 'ipip';

export interface Tunnel {
  readonly kind: TunnelKind;
  readonly vni?: number;
  readonly src: string;
  readonly dst: string;
}

/** The conntrack entry that the kernel had attached to the packet at this hop. */
export interface ConntrackRef {
  readonly zone: number;
  /** Identity of the entry within its namespace during this session. */
  readonly id: string;
  readonly orig: Tuple;
  readonly reply: Tuple;
  readonly dir: 'orig' | 'reply';
  readonly state: 'new' | 'established' | 'related';
  readonly mark?: number;
}

export type ChangeField = 'src' | 'dst' | 'ttl' | 'mac' | 'vlan' | 'encap' | 'mark' | 'dscp' | 'length';
export type ChangeCause =
  | 'dnat'
  | 'snat'
  | 'masquerade'
  | 'undnat'
  | 'unsnat'
  | 'forward'
  | 'vxlan'
  | 'geneve'
  | 'ipip'
  | 'ipvs'
  | 'nfqueue'
  | 'bpf'
  | 'unknown';

/** What differs from the hop before; `from` absent = added, `to` absent = removed. */
export interface Change {
  readonly field: ChangeField;
  readonly from?: string;
  readonly to?: string;
  readonly by: ChangeCause;
}

export type Layer =
  | 'socket'
  | 'device'
  | 'bridge'
  | 'netfilter'
  | 'route'
  | 'neighbour'
  | 'tunnel'
  | 'ipvs'
  | 'tc'
  | 'xdp'
  | 'drop';
export type Stage =
  | 'send'
  | 'tx'
  | 'rx'
  | 'forward'
  | 'prerouting'
  | 'input'
  | 'output'
  | 'postrouting'
  | 'lookup'
  | 'encap'
  | 'decap'
  | 'deliver'
  | 'drop';

/** The rule that translated, rejected or dropped the packet. */
export interface RuleRef {
  readonly table: string;
  readonly chain: string;
  /** As iptables-save or nft prints it; of a chain's policy that. */
  readonly text: string;
  readonly comment?: string;
  /** What it is for. */
  readonly words?: string;
  /** Rules that the packet met in this hook and table, in order, the last is the one that decided. */
  readonly path: readonly RuleStep[];
  /** How it is known: `computed` from the rules and what became of the packet; `possible`: others may have done the same; `traced`: by the kernel alone. */
  readonly basis: 'computed' | 'possible' | 'traced';
  /** With `--rules`: what the kernel told of this packet in that table. Absent: nothing. */
  readonly trace?: RuleTraceRef;
  /** Kernel monotonic clock: when the rules were read, ns. */
  readonly readNs: BigDecimal;
}

/** `other`: the kernel told of another path, which is `path`. */
export type RuleTraceRef =
  | { readonly kind: 'same' }
  | { readonly kind: 'other'; readonly path: readonly RuleStep[] };

export interface RuleStep {
  readonly chain: string;
  /** Absent: the chain's policy. */
  readonly text?: string;
  readonly verdict: string;
}

export interface RouteRef {
  readonly table: string;
  readonly prefix: string;
  readonly via?: string;
  readonly dev?: string;
}

/** A packet at one place. */
export interface Hop {
  /** Position in `hops`. */
  readonly index: number;
  /** ns since `startNs`. */
  readonly offsetNs: number;
  readonly cpu?: number;
  readonly layer: Layer;
  readonly stage: Stage;
  /** The kernel hook that fired; absent when inferred. */
  readonly hook?: string;
  /** The node's name; `host` for the machine itself. */
  readonly node?: string;
  readonly netns: NetnsRef;
  readonly dev?: string;
  readonly ifindex?: number;
  readonly peer?: { readonly netns: string; readonly dev: string };
  readonly mac?: { readonly src: string; readonly dst: string };
  readonly vlan?: number;
  /** IPv4 TTL or IPv6 hop limit, innermost. */
  readonly ttl?: number;
  /** Bytes from the network header on. */
  readonly lenBytes?: number;
  /** What the packet carries when it leaves the hop, outermost headers. */
  readonly tuple?: Tuple;
  /** Innermost headers; present exactly while encapsulated. */
  readonly inner?: Tuple;
  readonly tunnel?: Tunnel;
  readonly ct?: ConntrackRef;
  readonly mark?: number;
  readonly process?: ProcessRef;
  readonly rule?: RuleRef;
  readonly route?: RouteRef;
  readonly verdict?: string;
  readonly changes: readonly Change[];
  readonly text: string;
  readonly command?: string;
  /** The compact form folds this hop. */
  readonly repeats?: true;
  /** No event showed it. */
  readonly inferred?: true;
}

export type LostCause = 'ring' | 'map' | 'reorder' | 'namespace';
export type Waiting = 'qdisc' | 'neighbour' | 'nfqueue' | 'reassembly' | 'unknown';
export type ConsumedBy = 'arp' | 'icmp' | 'reset' | 'tunnel' | 'not-addressed';

/** How a journey ended; `at` is an index in `hops`. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly to: 'stack' | 'process'; readonly at: number }
  | { readonly kind: 'transmitted'; readonly dev: string; readonly at: number }
  | { readonly kind: 'consumed'; readonly by: ConsumedBy; readonly at: number }
  | { readonly kind: 'continued'; readonly into: readonly string[]; readonly at: number }
  | {
      readonly kind: 'dropped';
      readonly reason: string;
      readonly location: string;
      readonly hook?: string;
      readonly rule?: RuleRef;
      readonly at: number;
    }
  | { readonly kind: 'open'; readonly waiting: Waiting; readonly at: number }
  | { readonly kind: 'lost'; readonly cause: LostCause; readonly at: number };

export type OutcomeKind = Outcome['kind'];

export type ClosedBy = 'freed' | 'copied' | 'dropped' | 'left' | 'quiet' | 'reused' | 'evicted' | 'shutdown';

export interface Gap {
  /** Index of the hop after which something is missing; -1 = before the first. */
  readonly after: number;
  readonly kind: 'lost' | 'unobserved' | 'filtered' | 'evicted' | 'suspect';
  readonly reason: string;
  readonly count?: number;
}

export type LinkKind =
  | 'clone'
  | 'flood'
  | 'segment'
  | 'merge'
  | 'fragment'
  | 'reassembly'
  | 'retransmit'
  | 'error'
  | 'answer';

export interface JourneyLink {
  readonly kind: LinkKind;
  readonly role: 'parent' | 'child';
  readonly journey: string;
}

export interface DnsSummary {
  readonly id: number;
  readonly query: string;
  readonly type: string;
  readonly rcode?: string;
  readonly answers?: readonly string[];
}

/** The packet as at birth, innermost headers. */
export interface PacketFacts {
  readonly ipId?: number;
  readonly flowLabel?: number;
  readonly frag?: { readonly id: number; readonly offset: number; readonly more: boolean };
  /** Letters of F S R P A U E C in this order, absent if none is set; seq and ack are the raw numbers. */
  readonly tcp?: { readonly flags?: string; readonly seq: number; readonly ack: number };
  readonly udp?: Readonly<Record<string, never>>;
  readonly icmp?: {
    readonly type: number;
    readonly code: number;
    readonly id?: number;
    readonly seq?: number;
  };
  readonly arp?: { readonly op: number; readonly sender: string; readonly target: string };
  readonly gso?: { readonly segs: number; readonly sizeBytes: number };
  readonly dns?: DnsSummary;
  readonly payloadBytes?: number;
}

export interface Journey {
  readonly schema: 1;
  readonly session: string;
  /** Unique in the session, in order of birth. */
  readonly id: string;
  /** RFC 3339, UTC, 9 digits. */
  readonly startedAt: string;
  /** Kernel monotonic clock, ns. */
  readonly startNs: BigDecimal;
  /** Last hop minus first hop. */
  readonly durationNs: number;
  readonly direction: Direction;
  /** Absent only where `direction` is `none`. */
  readonly flow?: string;
  readonly proto: Proto;
  /** Absent for ARP. */
  readonly family?: Family;
  readonly summary: string;
  /** From the network header on, a super-packet as it is. */
  readonly lenBytes: number;
  readonly packet: PacketFacts;
  /** What the sender wrote. */
  readonly addressed?: { readonly ip: string; readonly port?: number };
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** After the last DNAT; absent if the same as `to`. */
  readonly backend?: Endpoint;
  /** The service of the flow, in both directions. */
  readonly service?: Endpoint;
  readonly outcome: Outcome;
  readonly complete: boolean;
  readonly closedBy: ClosedBy;
  readonly hops: readonly Hop[];
  readonly gaps: readonly Gap[];
  readonly links: readonly JourneyLink[];
}

/**
 * A journey as the API and the WebSocket show it: also while the packet is on its way. Of two with the same `id` the one with the
 * larger `rev` holds.
 */
export interface JourneyVersion extends Omit<Journey, 'closedBy'> {
  readonly rev: number;
  /** Absent while it is open. */
  readonly closedBy?: ClosedBy;
}

/** Closed, or still on its way. */
export type AnyJourney = Omit<JourneyVersion, 'rev'>;
