/**
 * One firing of one hook for one skb, as the collector wrote it.
 *
 * Times are ns since the session's clock base (`HelloFrame.clock.monotonicNs`), exact as numbers. Kernel addresses and namespace
 * cookies are numbers that keep the low 53 bits: enough to be unique, never to be shown.
 */
export interface Event {
  readonly timeNs: number;
  readonly cpu: number;
  /** A value of `tap` in layout.generated.ts. */
  readonly tap: number;
  /**
   * Told by a capture: `tap` says the direction in which the device was passed, `packet` is a guess by what the packet looks like, `cpu` is −1
   * and `ifindex` 0 where nobody told it; nothing of the `sk_buff` is known.
   */
  readonly captured?: true;
  readonly packet: number;
  readonly identity: number;
  readonly flags: number;
  readonly skb: number;
  readonly head: number;
  /** 0 = the skb belongs to no socket here. */
  readonly sk: number;
  /** Cookie; 0 = the skb had no device and no socket at this hook. */
  readonly netns: number;
  readonly netnsInode: number;
  readonly ifindex: number;
  readonly dev: string;
  /** From the network header on. */
  readonly skbLen: number;
  readonly mark: number;
  /** Device that it came in by in this namespace; 0 = made here. */
  readonly iif: number;
  readonly reason: number;
  /** Return address; 0 = does not apply. */
  readonly location: number;
  readonly protocol: number;
  readonly gsoSize: number;
  readonly gsoSegs: number;
  readonly vlanTci: number;
  readonly pktType: number;
  readonly nfHook: number;
  readonly nfPriority: number;
  /** Address of the conntrack entry; 0 = none. */
  readonly ct: number;
  /** Decoded on first use. */
  readonly conntrack: ConntrackRecord | undefined;
  /** Decoded on first use; undefined if the event carries none or they make no sense. */
  readonly headers: Headers | undefined;
  /** The bytes that `headers` is decoded from; not told by a capture. */
  readonly raw?: RawHeaders | undefined;
  /** Who was running when its data was copied, or when it ended behind all devices: reads it, if the place is one of reading. */
  readonly current?: Process | undefined;
}

/** `pid`: thread group id in the initial PID namespace. */
export interface Process {
  readonly pid: number;
  readonly comm: string;
}

export interface ConntrackRecord {
  readonly orig: TupleRecord;
  readonly reply: TupleRecord;
  /** `enum ip_conntrack_status`. */
  readonly status: number;
  readonly mark: number;
  readonly zone: number;
  /** `enum ip_conntrack_info`: 0 established, 1 related, 2 new, +3 in the reply direction. */
  readonly ctinfo: number;
}

/** ICMP: `sport` is the id, `dport` type × 256 + code. */
export interface TupleRecord {
  readonly proto: number;
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

export interface Headers {
  readonly ethernet?: { readonly src: string; readonly dst: string } | undefined;
  /** Outermost network layer. */
  readonly outer: NetworkLayer;
  /** Present exactly while encapsulated. */
  readonly inner?: NetworkLayer | undefined;
  readonly vxlan?: { readonly vni: number } | undefined;
  /** The packet that an ICMP error is about. */
  readonly quoted?: NetworkLayer | undefined;
  /** First payload bytes of the innermost layer, as far as copied. */
  readonly payload: Uint8Array;
}

export interface RawHeaders {
  /** From the link layer on where there is one, as many as the kernel side copies; not to be changed. */
  readonly bytes: Uint8Array;
  /** Where the network header begins: 0, or 14 behind an Ethernet header. */
  readonly networkAt: number;
}

export interface NetworkLayer {
  /** 0 = ARP. */
  readonly family: 4 | 6 | 0;
  readonly proto: number;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly ttl?: number;
  readonly dscp?: number;
  readonly id?: number;
  readonly flowLabel?: number;
  readonly fragment?: { readonly id: number; readonly offset: number; readonly more: boolean };
  /** From this network header on, by its own length field. */
  readonly lenBytes: number;
  /** Bytes behind the transport header; absent where the transport is unknown. */
  readonly payloadBytes?: number;
  readonly tcp?: { readonly flags: number; readonly seq: number; readonly ack: number };
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number; readonly seq: number };
  readonly arp?: { readonly op: number };
}

/** Who uses the socket from then on; `pid` 0: another socket is at this address, nobody's yet. */
export interface ProcessSighting extends Process {
  readonly timeNs: number;
  readonly sk: number;
  readonly netns: number;
}

export interface LossRecord {
  readonly fromNs: number;
  readonly toNs: number;
  readonly tap: number;
  /** Absent = any. */
  readonly cpu?: number;
  readonly count: number;
  /** `collector`: it ended and was started anew; how many events that cost, nobody knows: counted as one. */
  readonly cause: 'ring' | 'recursion' | 'map' | 'collector';
}

export interface TapFacts {
  readonly name: string;
  readonly tap: number;
  readonly mechanism: string;
  readonly state: 'on' | 'off' | 'refused';
  readonly reason?: string;
}

export interface HelloFrame {
  readonly recordVersion: number;
  readonly kernel: string;
  readonly machine: string;
  readonly cpus: number;
  readonly inventory: string;
  readonly taps: readonly TapFacts[];
  readonly clock: { readonly monotonicNs: string; readonly realtimeNs: string; readonly errorNs: number };
  /** Number → name without SKB_DROP_REASON_, of the running kernel. */
  readonly dropReasons: Readonly<Record<string, string>>;
  /** Number → name without SK_RST_REASON_; absent in older recordings. */
  readonly resetReasons?: Readonly<Record<string, string>>;
}

/** Told by a socket, or by GRO, of a packet whose sk_buff was not looked into: there are no headers and no length. */
export function isHearsay(event: Event): boolean {
  return event.head === 0;
}
