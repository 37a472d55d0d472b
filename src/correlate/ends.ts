/**
 * What the end of an sk_buff means. The reason alone says little: NO_SOCKET in ping_rcv is a ping that was answered,
 * NO_SOCKET in tcp_v4_rcv a closed port. Judged by (reason, function) as seen on Linux 6.1, 6.12 and 6.18.
 */
import type { ConsumedBy } from '../model/journey.ts';

/** What a packet whose sk_buff ended goes on as. */
export type Continuation = 'copy' | 'segments' | 'fragments' | 'datagram' | 'merged';

export type Verdict =
  /** The packet was lost. */
  | { readonly kind: 'dropped' }
  /** It had got where it was going. */
  | { readonly kind: 'delivered'; readonly to: 'stack' | 'process' }
  /** The kernel itself took it. */
  | { readonly kind: 'consumed'; readonly by: ConsumedBy }
  /** This sk_buff ended, the packet goes on in another one. */
  | { readonly kind: 'continues'; readonly as: Continuation }
  /** No end yet: the kernel answers it with a RST. */
  | { readonly kind: 'answered' }
  /** The memory was given back long after delivery: no place and no time of the journey. */
  | { readonly kind: 'late' }
  /** An ordinary end that says nothing by itself: the place tells. */
  | { readonly kind: 'freed' };

const consumed: Readonly<Record<string, Verdict>> = {
  skb_expand_head: { kind: 'continues', as: 'copy' },
  validate_xmit_skb: { kind: 'continues', as: 'segments' },
  inet_frag_reasm_prepare: { kind: 'continues', as: 'datagram' },
  ip_do_fragment: { kind: 'continues', as: 'fragments' },
  ip6_fragment: { kind: 'continues', as: 'fragments' },
  icmp_rcv: { kind: 'consumed', by: 'icmp' },
  icmpv6_rcv: { kind: 'consumed', by: 'icmp' },
  arp_process: { kind: 'consumed', by: 'arp' },
  arp_rcv: { kind: 'consumed', by: 'arp' },
  skb_consume_udp: { kind: 'delivered', to: 'process' },
  __skb_datagram_iter: { kind: 'delivered', to: 'process' },
  skb_free_datagram: { kind: 'delivered', to: 'process' },
  skb_defer_free_flush: { kind: 'late' },
  net_rx_action: { kind: 'late' },
  skb_attempt_defer_free: { kind: 'late' },
  tcp_recvmsg_locked: { kind: 'late' },
  tcp_eat_recv_skb: { kind: 'late' },
};

/** Rows are tried in order; an absent field matches anything. */
const freed: readonly { readonly reason?: string; readonly at?: string; readonly verdict: Verdict }[] = [
  { reason: 'NO_SOCKET', at: 'ping_rcv', verdict: { kind: 'consumed', by: 'icmp' } },
  { reason: 'NO_SOCKET', at: 'icmp_rcv', verdict: { kind: 'consumed', by: 'icmp' } }, // ping_rcv's, 6.1
  { reason: 'NO_SOCKET', at: 'icmpv6_rcv', verdict: { kind: 'consumed', by: 'icmp' } },
  { reason: 'NO_SOCKET', at: 'tcp_v4_rcv', verdict: { kind: 'consumed', by: 'reset' } },
  { reason: 'NO_SOCKET', at: 'tcp_v6_rcv', verdict: { kind: 'consumed', by: 'reset' } },
  { reason: 'NO_SOCKET', at: '__udp4_lib_rcv', verdict: { kind: 'consumed', by: 'icmp' } },
  { reason: 'NO_SOCKET', at: '__udp6_lib_rcv', verdict: { kind: 'consumed', by: 'icmp' } },
  { reason: 'TCP_OLD_SEQUENCE', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'TCP_OLD_DATA', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'TCP_OFOMERGE', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'TCP_OFO_DROP', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'TCP_INVALID_SYN', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'QUEUE_PURGE', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'TCP_RESET', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'NOT_SPECIFIED', at: 'tcp_v4_rcv', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'NOT_SPECIFIED', at: 'tcp_v6_rcv', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'NOT_SPECIFIED', at: 'skb_release_data', verdict: { kind: 'late' } },
  { reason: 'NOT_SPECIFIED', at: 'udp_destruct_common', verdict: { kind: 'delivered', to: 'stack' } },
  // What was not read when its socket ended: QUEUE_PURGE on newer kernels.
  { reason: 'NOT_SPECIFIED', at: 'inet_sock_destruct', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'NOT_SPECIFIED', at: 'skb_queue_purge', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'NOT_SPECIFIED', at: 'sk_stream_kill_queues', verdict: { kind: 'delivered', to: 'stack' } },
  { reason: 'NOT_SPECIFIED', at: 'icmpv6_rcv', verdict: { kind: 'consumed', by: 'icmp' } },
  { reason: 'NOT_SPECIFIED', at: 'ip6_mc_input', verdict: { kind: 'consumed', by: 'not-addressed' } },
  { reason: 'OTHERHOST', verdict: { kind: 'consumed', by: 'not-addressed' } },
  {
    reason: 'UNHANDLED_PROTO',
    at: '__netif_receive_skb_core',
    verdict: { kind: 'consumed', by: 'not-addressed' },
  },
];

/** consume_skb: an ordinary end. Only its caller is known. */
export function judgeConsume(location: string): Verdict {
  return consumed[location] ?? { kind: 'freed' };
}

/** kfree_skb: a loss unless the table knows better. */
export function judgeFree(reason: string, location: string): Verdict {
  for (const row of freed) {
    if (row.reason !== undefined && row.reason !== reason) continue;
    if (row.at !== undefined && row.at !== location) continue;
    return row.verdict;
  }
  return { kind: 'dropped' };
}
