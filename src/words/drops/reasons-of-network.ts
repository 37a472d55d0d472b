/**
 * The kernel's reasons to free a packet, in words: rules, routing, IP, neighbours, devices, bridges and tunnels. The list as a
 * whole, and where the words come from: drop-reasons.ts.
 */
import type { DropWords } from './drop-words.ts';

const checksum = [
  'a cable, switch or virtual device that damages packets',
  'a checksum offload that a tunnel or virtual device does wrongly (`ethtool -K DEV tx off` is the test)',
];
const shaper = [
  'a bandwidth limit (the kubernetes.io/egress-bandwidth annotation) that is reached',
  'a link slower than its sender',
];
const filterProgram = ['a CNI of eBPF programs (Cilium, Calico) and its network policy'];

/** Somebody decided so: firewall, policy, an eBPF program. */
const rules: Readonly<Record<string, DropWords>> = {
  NETFILTER_DROP: {
    means: 'a firewall rule decided so',
    answered: 'a firewall rule rejected it',
    causes: [
      'a NetworkPolicy that does not allow it',
      'a REJECT or DROP rule of the node, or a chain whose policy is DROP',
      'kube-proxy: a service without endpoints, or a packet that conntrack calls invalid',
    ],
    look: 'rules',
  },
  XFRM_POLICY: {
    means: 'an IPsec policy wants it encrypted, and it was not (or the other way round)',
    causes: ['IPsec of the CNI (Calico, Cilium, Antrea) with keys that differ between nodes'],
    look: 'ipsec',
  },
  SECURITY_HOOK: {
    means: 'a Linux security module (SELinux, Smack) refused it',
    causes: [
      'labelled networking that this packet has no label for: look for "avc: denied" in the audit log',
    ],
  },
  BPF_CGROUP_EGRESS: {
    means: 'an eBPF program of the cgroup of its sender dropped it',
    causes: filterProgram,
    look: 'cgroup-programs',
  },
  SOCKET_FILTER: {
    means: 'a filter on the receiving socket refused it',
    causes: [
      'the receiving program wants only some packets (tcpdump, DHCP clients, eBPF socket filters)',
      'an eBPF program of its cgroup',
    ],
    look: 'sockets',
  },
  TC_INGRESS: {
    means: 'a tc program or filter of the device dropped it on the way in',
    causes: filterProgram,
    look: 'programs',
  },
  TC_EGRESS: {
    means: 'a tc program or filter of the device dropped it on the way out',
    causes: filterProgram,
    look: 'programs',
  },
  XDP: {
    means: 'an XDP program of the device dropped it',
    causes: ['a load balancer or protection by XDP (Cilium, Katran)'],
    look: 'programs',
  },
  TC_COOKIE_ERROR: {
    means: 'tc could not go on where an earlier filter had stopped',
    causes: ['hardware offload of tc chains that came apart'],
    look: 'programs',
  },
  TC_CHAIN_NOTFOUND: { means: 'a tc filter jumps to a chain that is not there', look: 'programs' },
  TC_RECLASSIFY_LOOP: { means: 'tc filters sent it around in a circle', look: 'programs' },
  TAP_FILTER: {
    means: 'a filter attached to the tun/tap device dropped it',
    causes: ['rules of the virtual machine behind it'],
    look: 'link',
  },
  TAP_TXFILTER: {
    means: 'the tun/tap device lets only some MAC addresses out, and not this one',
    look: 'link',
  },
};

/** Where to, and whether at all. */
const routing: Readonly<Record<string, DropWords>> = {
  IP_INADDRERRORS: {
    means: 'this machine may not forward it, or has no use for its address',
    causes: [
      'ip_forward is off',
      'an address of the pod range that no node owns: the mistake is where it was sent from',
    ],
    look: 'forwarding',
  },
  IP_INNOROUTES: {
    means: 'there is no route to its destination here',
    causes: [
      'a route that the CNI should have added and did not',
      'a ClusterIP that no rule translates: only TCP, UDP and SCTP ports of a service are (a ping is not), or kube-proxy is behind',
    ],
    look: 'routes',
  },
  IP_OUTNOROUTES: {
    means: 'there is no route to its destination here',
    causes: [
      'no default route in the pod, or no route of that family (IPv6 in an IPv4 cluster)',
      'an unreachable or prohibit route',
    ],
    look: 'routes',
  },
  IP_RPFILTER: {
    means: 'the answer would leave by another device (rp_filter): the route back differs from the way in',
    causes: [
      'a second network interface, or policy routing for only one direction',
      'a source address that is routed elsewhere: a pod that was moved, a VPN',
    ],
    look: 'route-back',
  },
  IP_LOCAL_SOURCE: {
    means: 'it came from outside with an address of this machine as its source',
    causes: [
      'two machines or pods with one address',
      'a packet that came back by a loop, or was not masqueraded',
    ],
    look: 'addresses',
  },
  IP_INVALID_SOURCE: {
    means: 'its source is no address that one can send from (multicast, broadcast, 0.0.0.0)',
    look: 'addresses',
  },
  IP_LOCALNET: {
    means: 'an address of 127.0.0.0/8 on a wire',
    causes: ['NAT to 127.0.0.1 without route_localnet (nodePort on localhost)'],
    look: 'addresses',
  },
  IP_INVALID_DEST: { means: 'its destination is 0.0.0.0' },
  PKT_TOO_BIG: {
    means:
      'larger than the MTU of the way out, and not to be fragmented; an ICMP "fragmentation needed" should follow',
    answered: 'larger than the MTU of the way out, and not to be fragmented',
    causes: [
      'an overlay (VXLAN takes 50 bytes of IPv4, 70 of IPv6) with pods whose MTU is that of the wire',
      'if the sender does not get the ICMP message (a firewall), it tries for ever',
    ],
    look: 'route',
  },
  UNICAST_IN_L2_MULTICAST: {
    means: 'a multicast frame with an ordinary address inside',
    causes: ['a cluster of machines that share a multicast MAC address (old load balancers)'],
  },
  RECURSION_LIMIT: {
    means: 'a device sent it to itself, over and over',
    causes: ['a tunnel whose outer packets are routed into the tunnel again'],
    look: 'route',
  },
};

/** The IP layer, ICMP and neighbour discovery themselves. */
const ip: Readonly<Record<string, DropWords>> = {
  IP_CSUM: {
    means: 'the checksum of its IP header is wrong',
    causes: checksum,
    look: 'count IpExtInCsumErrors',
  },
  IP_INHDR: {
    means: 'its IP header makes no sense, or its TTL ran out',
    causes: ['a routing loop', 'a damaged packet'],
    look: 'count IpInHdrErrors',
  },
  IP_NOPROTO: {
    means: 'nothing here takes this IP protocol; an ICMP "protocol unreachable" should follow',
    causes: ['a protocol whose module is not loaded (SCTP, GRE, IPIP)'],
    look: 'count IpInUnknownProtos',
  },
  INVALID_PROTO: {
    means: 'it breaks the rules of its protocol',
    causes: ['a broadcast that asks something which only one may be asked'],
  },
  PKT_TOO_SMALL: {
    means: 'too short for its own headers',
    causes: ['a damaged packet, or one that a program made by hand'],
  },
  HDR_TRUNC: {
    means: 'its headers are not all there',
    causes: ['a damaged packet, or one that a program made by hand'],
  },
  DUP_FRAG: {
    means: 'a fragment that overlaps another: the whole datagram is given up',
    causes: ['the same IP id used twice', 'a duplicate on the way'],
    look: 'count IpReasmFails',
  },
  FRAG_REASM_TIMEOUT: {
    means: 'the other fragments did not come in time',
    causes: [
      'one of them was lost or refused on the way',
      'they took different ways (a load balancer that looks at ports)',
    ],
    look: 'count IpReasmTimeout',
  },
  FRAG_TOO_FAR: {
    means: 'too many others came between the fragments of one datagram',
    look: 'count IpReasmFails',
  },
  IPV6DISABLED: { means: 'IPv6 is off on this device', look: 'count Ip6InDiscards' },
  IPV6_BAD_EXTHDR: { means: 'an IPv6 extension header makes no sense', look: 'count Ip6InHdrErrors' },
  ICMP_CSUM: { means: 'the ICMP checksum is wrong', causes: checksum, look: 'count IcmpInCsumErrors' },
  IPV6_NDISC_FRAG: { means: 'neighbour discovery in fragments, which is not taken (RFC 6980)' },
  IPV6_NDISC_HOP_LIMIT: {
    means: 'neighbour discovery that crossed a router: its hop limit must be 255',
    causes: ['somebody outside of this link pretends to be on it'],
  },
  IPV6_NDISC_BAD_CODE: { means: 'neighbour discovery with a code that does not exist' },
  IPV6_NDISC_BAD_OPTIONS: { means: 'neighbour discovery with options that make no sense' },
  IPV6_NDISC_NS_OTHERHOST: { means: 'a neighbour solicitation that asks for somebody else', harmless: true },
};

/** The MAC address of the next hop. */
const neighbour: Readonly<Record<string, DropWords>> = {
  NEIGH_FAILED: {
    means: 'the next hop did not answer ARP or neighbour discovery',
    causes: [
      'no such address on this link: a pod that has gone, a node that is down',
      'it cannot hear or answer: a bridge port that is down, VLANs, a firewall on ARP',
    ],
    look: 'neighbours',
  },
  NEIGH_QUEUEFULL: {
    means: 'too many packets wait for the MAC address of the next hop',
    causes: ['the next hop does not answer ARP, or not fast enough'],
    look: 'neighbours',
  },
  NEIGH_CREATEFAIL: {
    means: 'no neighbour entry could be made',
    causes: ['the neighbour table is full (net.ipv4.neigh.default.gc_thresh3): many pods on one link'],
    look: 'neighbours',
  },
  NEIGH_DEAD: {
    means: 'the neighbour entry had just been removed',
    causes: ['the device or the address went while the packet was waiting'],
    look: 'neighbours',
  },
  NEIGH_HH_FILLFAIL: {
    means: 'its Ethernet header could not be written from the neighbour entry',
    look: 'neighbours',
  },
  ARP_PVLAN_DISABLE: {
    means: 'it would go back out of the device that it came in by, which is not allowed for what is not IP',
    look: 'neighbours',
  },
};

/** Devices, their queues, memory. */
const device: Readonly<Record<string, DropWords>> = {
  OTHERHOST: {
    means: 'the frame is for another machine, by its MAC address',
    causes: [
      'a bridge that floods because it does not know the address (yet)',
      'a device in promiscuous mode (tcpdump)',
    ],
    look: 'link',
    harmless: true,
  },
  UNHANDLED_PROTO: {
    means: 'nothing here takes this kind of packet',
    causes: [
      'a flooded or broadcast frame',
      'the device has no IP address of that family, or the protocol is not built in',
    ],
    look: 'addresses',
  },
  DEV_READY: {
    means: 'the device is not up',
    causes: ['its other end is down: a pod that is starting or has gone'],
    look: 'link',
  },
  DEV_HDR: { means: 'the device could not make sense of its header', look: 'link' },
  FULL_RING: {
    means: 'the ring buffer of the device is full',
    causes: ['its reader is too slow: a virtual machine, a process with a tun device, a CPU that is busy'],
    look: 'link',
  },
  CPU_BACKLOG: {
    means: 'the queue of the CPU is full (net.core.netdev_max_backlog), or RPS holds this flow back',
    causes: ['one CPU receives all packets (RPS, RSS)', 'a burst that is longer than the queue'],
    look: 'cpu-backlog',
  },
  QDISC_DROP: { means: 'the queue of the device refused it', causes: shaper, look: 'queue' },
  QDISC_OVERLIMIT: { means: 'the queue of the device is full', causes: shaper, look: 'queue' },
  QDISC_CONGESTED: {
    means: 'the queue of the device thins out its traffic before it is full (fq_codel, RED)',
    causes: shaper,
    look: 'queue',
  },
  CAKE_FLOOD: { means: 'the queue (CAKE) protects itself from a flood', causes: shaper, look: 'queue' },
  FQ_BAND_LIMIT: { means: 'its priority band of the queue (fq) is full', causes: shaper, look: 'queue' },
  FQ_HORIZON_LIMIT: {
    means: 'it asks the queue (fq) to be sent too far in the future',
    causes: ['a sender that paces itself (EDT), whose timestamp was not reset on the way'],
    look: 'queue',
  },
  FQ_FLOW_LIMIT: { means: 'its flow has too many packets in the queue (fq)', causes: shaper, look: 'queue' },
  DUALPI2_STEP_DROP: { means: 'the queue (DualPI2) thins out its traffic', causes: shaper, look: 'queue' },
  SKB_CSUM: { means: 'its checksum could not be computed', causes: checksum, look: 'link' },
  SKB_GSO_SEG: {
    means: 'it could not be cut into segments',
    causes: ['headers that a tunnel or program rewrote in a way that segmentation does not know'],
    look: 'link',
  },
  SKB_UCOPY_FAULT: {
    means: 'its data could not be copied from or to the process',
    causes: ['the memory of the process has gone'],
  },
  NOMEM: { means: 'no memory for it', causes: ['the machine is short of memory'] },
  PFMEMALLOC: {
    means: 'memory is so short that only what frees memory is taken',
    causes: ['the machine is short of memory'],
  },
  PACKET_SOCK_ERROR: {
    means: 'a capturing socket (tcpdump) could not take its copy',
    causes: ['its reader is too slow'],
    harmless: true,
  },
  CAN_RX_INVALID_FRAME: { means: 'no proper CAN frame' },
  CANFD_RX_INVALID_FRAME: { means: 'no proper CAN FD frame' },
  CANXL_RX_INVALID_FRAME: { means: 'no proper CAN XL frame' },
};

/** Bridges and tunnels. */
const bridge: Readonly<Record<string, DropWords>> = {
  NO_TX_TARGET: {
    means: 'the bridge or tunnel has no port or remote to send it to',
    causes: [
      'no other port is up, or flooding is off and the MAC address is not known',
      'flannel: no forwarding entry for the other node',
    ],
    look: 'fdb',
  },
  VXLAN_NO_REMOTE: {
    means: 'the tunnel has no remote to send it to',
    causes: ['flannel: no forwarding entry for the other node (is flanneld running there?)'],
    look: 'fdb',
  },
  LOCAL_MAC: {
    means: "it has this device's own MAC address as its source",
    causes: ['a loop on the link', 'two machines with one MAC address (copied virtual machines)'],
    look: 'fdb',
  },
  MAC_INVALID_SOURCE: { means: 'its source MAC address cannot be one (multicast, or zeros)', look: 'fdb' },
  MAC_IEEE_MAC_CONTROL: {
    means: 'an Ethernet control frame (PAUSE), which no bridge passes on',
    harmless: true,
  },
  BRIDGE_INGRESS_STP_STATE: {
    means: 'the port of the bridge is not forwarding (spanning tree)',
    causes: ['the port is new and still listens or learns', 'spanning tree blocks it because of a loop'],
    look: 'link',
  },
  VXLAN_INVALID_HDR: {
    means: 'its VXLAN header makes no sense',
    causes: [
      'the other side uses an extension (GBP, GPE) that this one does not',
      'something else was sent to that UDP port',
    ],
    look: 'tunnel',
  },
  VXLAN_VNI_NOT_FOUND: {
    means: 'no VXLAN device here has that VNI',
    causes: ['two overlays on one UDP port', 'the CNI is not (yet) running on this node'],
    look: 'tunnel',
  },
  VXLAN_ENTRY_EXISTS: {
    means: 'its source MAC address is written down as being behind another node',
    causes: ['a VTEP address or MAC that two nodes have'],
    look: 'fdb',
  },
  IP_TUNNEL_ECN: {
    means: 'the congestion marks (ECN) of outer and inner packet contradict each other',
    look: 'tunnel',
  },
  TUNNEL_TXINFO: {
    means: 'it reached a tunnel device of external mode without saying where to',
    causes: ['the eBPF program or Open vSwitch rule that should say so did not run'],
    look: 'programs',
  },
};

export const reasonsOfNetwork = { ...rules, ...routing, ...ip, ...neighbour, ...device, ...bridge };
