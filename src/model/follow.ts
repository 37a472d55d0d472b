/** What somebody asked to follow, in the words in which it was asked: typed, sent to the daemon, kept in a session. */
export interface FollowRequest {
  /** As `follow SRC DST` takes them. */
  readonly src: string;
  readonly dst: string;
  /** Kubernetes namespace of names that have none. */
  readonly namespace?: string;
  /** Labels: `src` is all pods with these. */
  readonly selector?: string;
  /** Names of other clusters are not meant. */
  readonly cluster?: string;
  /** On either side, before or after NAT. */
  readonly port?: number;
  readonly proto?: string;
  /** Of these, packets that match at any place of their way. */
  readonly filter?: CompiledFilter;
}

/** A pcap-filter(7) expression with what it was compiled into, so that a recording is replayed without a compiler. */
export interface CompiledFilter {
  readonly expression: string;
  /** Classic BPF for Ethernet: code, jump if true, jump if false, constant. */
  readonly program: readonly (readonly number[])[];
}

/** What `proto` may be: one of these, or a number up to 255. */
export const protocolNames = ['tcp', 'udp', 'icmp', 'icmpv6', 'arp', 'sctp'] as const;
export const protocolPattern = `^(${protocolNames.join('|')}|1?\\d?\\d|2[0-4]\\d|25[0-5])$`;

/** When there has been enough. */
export interface FollowLimits {
  /** Journeys printed. */
  readonly count?: number;
  /** Conversations, whole. */
  readonly flows?: number;
}
