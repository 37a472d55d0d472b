/** The end of an sk_buff is judged by reason and function, as they were seen on real kernels. */
import { describe, expect, test } from 'vitest';
import { judgeConsume, judgeFree } from '../../../src/correlate/ends.ts';

describe('kfree_skb', () => {
  // No loss, whatever the kernel calls it.
  test.each([
    ['NO_SOCKET', 'ping_rcv', 'consumed icmp'], // the raw socket got a clone
    ['NO_SOCKET', 'icmp_rcv', 'consumed icmp'], // the same on 6.1
    ['NO_SOCKET', 'tcp_v4_rcv', 'consumed reset'],
    ['NO_SOCKET', 'tcp_v6_rcv', 'consumed reset'],
    ['TCP_OLD_SEQUENCE', 'tcp_validate_incoming', 'delivered stack'],
    ['TCP_OLD_DATA', 'tcp_rcv_established', 'delivered stack'],
    ['TCP_OFOMERGE', 'tcp_data_queue_ofo', 'delivered stack'], // all of it is there already
    ['TCP_OFO_DROP', 'tcp_ofo_queue', 'delivered stack'],
    ['TCP_INVALID_SYN', 'tcp_validate_incoming', 'delivered stack'],
    ['QUEUE_PURGE', 'sk_stream_kill_queues', 'delivered stack'],
    ['NOT_SPECIFIED', 'sk_stream_kill_queues', 'delivered stack'], // the same on 6.1
    ['NOT_SPECIFIED', 'skb_queue_purge', 'delivered stack'],
    ['NOT_SPECIFIED', 'inet_sock_destruct', 'delivered stack'],
    ['NOT_SPECIFIED', 'tcp_v4_rcv', 'delivered stack'],
    ['NOT_SPECIFIED', 'icmpv6_rcv', 'consumed icmp'],
    ['NOT_SPECIFIED', 'udp_destruct_common', 'delivered stack'],
    ['NOT_SPECIFIED', 'ip6_mc_input', 'consumed not-addressed'],
    ['NOT_SPECIFIED', 'skb_release_data', 'late'],
    ['OTHERHOST', 'ip_rcv_core', 'consumed not-addressed'],
  ])('%s in %s: %s', (reason, location, expected) => {
    const verdict = judgeFree(reason, location);
    expect(Object.values(verdict).join(' ')).toBe(expected);
  });

  test.each([
    ['NEIGH_FAILED', 'neigh_invalidate'],
    ['NOT_SPECIFIED', 'ip_error'],
    ['IP_INADDRERRORS', 'ip_error'],
    ['IP_INHDR', 'ip_forward'],
    ['PKT_TOO_BIG', 'ip_forward'],
    ['IP_RPFILTER', 'ip_rcv_finish_core'],
    ['NO_TX_TARGET', 'br_dev_xmit'],
    ['QDISC_DROP', '__dev_queue_xmit'],
    ['SOCKET_RCVBUFF', '__udp_enqueue_schedule_skb'],
    ['NETFILTER_DROP', 'nft_do_chain'],
    ['TCP_FLAGS', 'tcp_rcv_state_process'],
    ['A_REASON_OF_TOMORROW', 'some_function'],
    ['NOT_SPECIFIED', 'unknown'],
  ])('%s in %s is a loss', (reason, location) => {
    expect(judgeFree(reason, location)).toEqual({ kind: 'dropped' });
  });
});

describe('consume_skb', () => {
  test.each([
    ['skb_expand_head', 'continues copy'],
    ['validate_xmit_skb', 'continues segments'],
    ['inet_frag_reasm_prepare', 'continues datagram'],
    ['ip_do_fragment', 'continues fragments'],
    ['ip6_fragment', 'continues fragments'],
    ['icmp_rcv', 'consumed icmp'],
    ['arp_process', 'consumed arp'],
    ['skb_defer_free_flush', 'late'],
  ])('in %s: %s', (location, expected) => {
    expect(Object.values(judgeConsume(location)).join(' ')).toBe(expected);
  });

  test('elsewhere says nothing by itself', () => {
    expect(judgeConsume('a_function_of_tomorrow')).toEqual({ kind: 'freed' });
  });
});
