/** What a drop reason of the kernel usually means, in words, and what to look at. Unknown ones say so. */
const byReason: Readonly<Record<string, string>> = {
  NETFILTER_DROP:
    'a firewall rule decided so; `iptables-save -c` or `nft list ruleset` there shows which counts up',
  NEIGH_FAILED: 'the next hop did not answer ARP: is that address up on this link?',
  NEIGH_QUEUEFULL: 'too many packets wait for an ARP answer',
  IP_INADDRERRORS: 'not an address that may be reached here: is ip_forward on, is there a route?',
  IP_OUTNOROUTES: 'no route to the destination',
  IP_INNOROUTES: 'no route to the destination',
  IP_RPFILTER: 'the answer would leave by another device (rp_filter): the route back differs from the way in',
  IP_INHDR: 'the IP header is damaged, or the TTL ran out',
  IP_CSUM: 'the IP checksum is wrong',
  PKT_TOO_BIG:
    'larger than the MTU of the way out, and not to be fragmented; an ICMP "fragmentation needed" should follow',
  NO_SOCKET: 'nobody listens on that port',
  TCP_CSUM: 'the TCP checksum is wrong',
  UDP_CSUM: 'the UDP checksum is wrong',
  TCP_FLAGS: 'these TCP flags make no sense in this state',
  TCP_ABORT_ON_DATA: 'data came for a socket that had been closed',
  TCP_CLOSE: 'the socket had been closed',
  TCP_OVERWINDOW: 'outside of the receive window',
  SOCKET_RCVBUFF: 'the receive buffer of the socket is full: the process reads too slowly',
  SOCKET_BACKLOG: 'the backlog of the socket is full',
  SOCKET_FILTER: 'a filter on the socket refused it',
  LISTEN_OVERFLOW: 'the accept queue is full: the process accepts too slowly',
  QDISC_DROP: 'the queue of the device is full, or a traffic shaper dropped it',
  CPU_BACKLOG: 'the CPU could not keep up (net.core.netdev_max_backlog)',
  XDP: 'an XDP program dropped it',
  TC_INGRESS: 'a tc program dropped it on the way in',
  TC_EGRESS: 'a tc program dropped it on the way out',
  NO_TX_TARGET: 'the bridge has no port to send it to',
  UNHANDLED_PROTO: 'no protocol handler: this machine has no IP there, or it is for somebody else',
  OTHERHOST: 'the frame is addressed to another machine (MAC)',
  DEV_READY: 'the device is not up',
  TTL_EXPIRED: 'the TTL ran out: a routing loop?',
  FRAG_REASM_TIMEOUT: 'not all fragments came in time',
  DUP_FRAG: 'a fragment came twice',
};

const byPlace: Readonly<Record<string, string>> = {
  'NETFILTER_DROP nf_hook_slow':
    'a netfilter hook refused it: conntrack, NAT, or a rule of the legacy tables',
  'NOT_SPECIFIED ip_error': 'no usable route (unreachable, prohibited)',
  'NOT_SPECIFIED veth_xmit': 'the other end of the veth is down',
  'IP_INHDR ip_forward': 'the TTL ran out: a routing loop?',
};

/** Where the kernel told the sender of the drop by an ICMP error or a RST. */
const whereAnswered: Readonly<Record<string, string>> = {
  NETFILTER_DROP:
    'a firewall rule rejected it; `iptables-save -c` or `nft list ruleset` there shows which counts up',
  PKT_TOO_BIG: 'larger than the MTU of the way out, and not to be fragmented',
};

export function dropAdvice(reason: string, location: string, isAnswered = false): string {
  const told = isAnswered ? whereAnswered[reason] : undefined;
  return told ?? byPlace[`${reason} ${location}`] ?? byReason[reason] ?? 'no advice for this reason yet';
}
