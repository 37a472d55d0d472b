/** What a drop reason means in one function of the kernel, where that is more, or other, than the reason alone. */
import type { DropWords } from './drop-words.ts';

/** Drops. Seen on Linux 6.1, 6.12 and 6.18 unless said otherwise. */
export const dropPlaces: Readonly<Record<string, DropWords>> = {
  'NETFILTER_DROP nf_hook_slow': {
    // Rules of nftables free it in nft_do_chain() where the kernel has NF_DROP_REASON() (6.18), and here where it has not.
    means: 'a netfilter hook refused it: a rule, conntrack or NAT',
    answered: 'a firewall rule rejected it',
    causes: [
      'a rule of the legacy tables (iptables-legacy), or any rule on an older kernel',
      'conntrack: its table is full (nf_conntrack_max)',
    ],
    look: 'legacy-rules',
  },
  'NOT_SPECIFIED ip_error': {
    means: 'no usable route: unreachable or prohibited',
    causes: ['a route of type unreachable or prohibit (Calico, Cilium write such)'],
    look: 'routes',
  },
  'NOT_SPECIFIED veth_xmit': {
    means: 'the other end of the veth is down',
    causes: ['the pod is starting, or has gone'],
    look: 'link',
  },
  'IP_INADDRERRORS ip_error': {
    means: 'this machine does not forward, or there is no way to the address',
    causes: [
      'ip_forward is off',
      'an address of the pod range that no node owns: the mistake is where it was sent from',
    ],
    look: 'forwarding',
  },
  'IP_INHDR ip_forward': {
    means: 'the TTL ran out: a routing loop?',
    causes: ['two nodes that each send it to the other', 'traceroute, which wants just this'],
    look: 'route',
  },
  'IP_INHDR ip6_forward': {
    means: 'the hop limit ran out: a routing loop?',
    causes: ['two nodes that each send it to the other', 'traceroute, which wants just this'],
    look: 'route',
  },
};

/** Ends with a reason that sounds like a loss and is none (correlate/ends.ts), in a few words. */
export const freedWords: Readonly<Record<string, string>> = {
  'NO_SOCKET in ping_rcv': 'the pinging process has its copy',
  'NO_SOCKET in tcp_v4_rcv': 'nobody listens on that port',
  'NO_SOCKET in tcp_v6_rcv': 'nobody listens on that port',
  'NO_SOCKET in __udp4_lib_rcv': 'nobody listens on that port',
  'NO_SOCKET in __udp6_lib_rcv': 'nobody listens on that port',
  'OTHERHOST in ip_rcv_core': 'not for this host, by its MAC address',
  'OTHERHOST in ip6_rcv_core': 'not for this host, by its MAC address',
  'UNHANDLED_PROTO in __netif_receive_skb_core': 'not for this host: nothing here takes this protocol',
  'NOT_SPECIFIED in ip6_mc_input': 'not for this host: it is in no such multicast group',
};
