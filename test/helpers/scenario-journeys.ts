/**
 * What `tracer lab run NAME` has to show, scenario by scenario, one line a packet as journey-lines.ts writes it. Of a TCP connection
 * the SYN, its answer and refusals; what follows them must take the same ways.
 *
 * `{…}` stands for what differs between the CNIs; POD, IP and VETH for the pod of node-2 that answered; `cni0?` for a device that is
 * on the way only while the node has to ask for its neighbour anew (br_nf_pre_routing_finish_bridge()).
 */
import type { Cni } from '../../src/lab/dataplane/plan.ts';

type Lines = readonly string[];
/** The same in every case, or by CNI, or by the node of the pod that answered. */
type Expected = Lines | Readonly<Record<Cni, Lines>> | Readonly<Record<'node-1' | 'node-2', Lines>>;

const parts: readonly (readonly [string, Readonly<Record<Cni, string>>])[] = [
  // Between a pod's veth and its node's network layer there may be a bridge.
  ['{, cni0}', { flannel: ', cni0', kindnet: '' }],
  ['{cni0, }', { flannel: 'cni0, ', kindnet: '' }],
  // From pod to pod on one node: over the bridge, which is no router, or through the node.
  ['{across, }', { flannel: '', kindnet: 'ttl 63, ' }],
  ['{across when translated, }', { flannel: 'cni0?, ', kindnet: 'ttl 63, ' }],
  // From node to node: in a tunnel or as it is. Then how node-1 is called there, if it hides somebody.
  [
    '{to node-2}',
    {
      flannel:
        'flannel.1, wrapped (vxlan vni 1 172.18.0.2→172.18.0.3), eth0 | host veth35971be, veth1779f59 | node-2 eth0, unwrapped, flannel.1',
      kindnet: 'eth0 | host veth35971be, veth1779f59 | node-2 eth0',
    },
  ],
  [
    '{to node-1}',
    {
      flannel:
        'flannel.1, wrapped (vxlan vni 1 172.18.0.3→172.18.0.2), eth0 | host veth1779f59, veth35971be | node-1 eth0, unwrapped, flannel.1',
      kindnet: 'eth0 | host veth1779f59, veth35971be | node-1 eth0',
    },
  ],
  ['{hidden}', { flannel: '10.244.1.0', kindnet: '172.18.0.2' }],
];

const scenarios: Readonly<Record<string, Expected>> = {
  lo: [
    'request ICMP echo request 1, pod-a → pod-a: pod-a lo; consumed by icmp; answered by ICMP echo reply 1',
    'reply ICMP echo reply 1, pod-a → pod-a: pod-a lo; consumed by icmp; answers ICMP echo request 1',
  ],

  isolated: [],

  'veth-pair': [
    'none ARP who has 192.0.2.2?, x-left → x-right: x-left eth0 | x-right eth0; consumed by arp; answered by ARP 192.0.2.2 is here',
    'none ARP 192.0.2.2 is here, x-right → x-left: x-right eth0 | x-left eth0; consumed by arp; answers ARP who has 192.0.2.2?',
    'request ICMP echo request 1, x-left → x-right: x-left eth0 | x-right eth0; consumed by icmp; answered by ICMP echo reply 1',
    'reply ICMP echo reply 1, x-right → x-left: x-right eth0 | x-left eth0; consumed by icmp; answers ICMP echo request 1',
  ],

  'bridge-learning': [
    'request ICMP echo request 1, x-a → x-b: x-a eth0 | x-switch port-a, port-b | x-b eth0; consumed by icmp; answered by ICMP echo reply 1; copied to ICMP echo request 1',
    'request ICMP echo request 1, x-a → x-b: x-switch port-c | x-c eth0; consumed by not-addressed; copy of ICMP echo request 1',
    'reply ICMP echo reply 1, x-b → x-a: x-b eth0 | x-switch port-b, port-a | x-a eth0; consumed by icmp; answers ICMP echo request 1',
    // Learned: nothing more for x-c.
    'request ICMP echo request 2, x-a → x-b: x-a eth0 | x-switch port-a, port-b | x-b eth0; consumed by icmp; answered by ICMP echo reply 2',
    'reply ICMP echo reply 2, x-b → x-a: x-b eth0 | x-switch port-b, port-a | x-a eth0; consumed by icmp; answers ICMP echo request 2',
  ],

  arp: {
    flannel: [
      `none ARP who has 10.244.1.1?, pod-a → node-1: pod-a eth0 | node-1 veth0af40105, cni0; consumed by arp; answered by ARP 10.244.1.1 is here${'; copied to ARP who has 10.244.1.1?'.repeat(5)}`,
      // A question to everybody, back to who asks too: the port is a hairpin.
      'none ARP who has 10.244.1.1?, pod-a → node-1: node-1 veth0af40102 | coredns-668d6bf9bc-7kx2m eth0; consumed by arp; copy of ARP who has 10.244.1.1?',
      'none ARP who has 10.244.1.1?, pod-a → node-1: node-1 veth0af40105 | pod-a eth0; consumed by arp; copy of ARP who has 10.244.1.1?',
      'none ARP who has 10.244.1.1?, pod-a → node-1: node-1 veth0af40106 | nginx-1 eth0; consumed by arp; copy of ARP who has 10.244.1.1?',
      'none ARP who has 10.244.1.1?, pod-a → node-1: node-1 veth0af40109 | two-containers eth0; consumed by arp; copy of ARP who has 10.244.1.1?',
      'none ARP who has 10.244.1.1?, pod-a → node-1: node-1 veth0af4010a | denied eth0; consumed by arp; copy of ARP who has 10.244.1.1?',
      'none ARP 10.244.1.1 is here, node-1 → pod-a: node-1 cni0, veth0af40105 | pod-a eth0; consumed by arp; answers ARP who has 10.244.1.1?',
      'request ICMP echo request 1, pod-a → node-1: pod-a eth0 | node-1 veth0af40105, cni0; consumed by icmp; answered by ICMP echo reply 1',
      'reply ICMP echo reply 1, node-1 → pod-a: node-1 cni0, veth0af40105 | pod-a eth0; consumed by icmp; answers ICMP echo request 1',
    ],
    kindnet: [
      'none ARP who has 10.244.1.1?, pod-a → node-1: pod-a eth0 | node-1 veth0af40105; consumed by arp; answered by ARP 10.244.1.1 is here',
      'none ARP 10.244.1.1 is here, node-1 → pod-a: node-1 veth0af40105 | pod-a eth0; consumed by arp; answers ARP who has 10.244.1.1?',
      'request ICMP echo request 1, pod-a → node-1: pod-a eth0 | node-1 veth0af40105; consumed by icmp; answered by ICMP echo reply 1',
      'reply ICMP echo reply 1, node-1 → pod-a: node-1 veth0af40105 | pod-a eth0; consumed by icmp; answers ICMP echo request 1',
    ],
  },

  'forward-off': [
    'request ICMP echo request 1, x-left → x-right: x-left eth0 | x-router left; dropped in x-router, IP_INADDRERRORS in ip_error',
  ],

  prefix: [
    'none ARP who has 192.0.2.129?, x-left → x-right: x-left eth0 | x-right eth0; consumed by arp; answered by ARP 192.0.2.129 is here',
    'none ARP 192.0.2.129 is here, x-right → x-left: x-right eth0 | x-left eth0; consumed by arp; answers ARP who has 192.0.2.129?',
    'request ICMP echo request 1, x-left → x-right: x-left eth0 | x-right eth0; consumed by icmp', // and no answer
  ],

  'no-route': [
    'request ICMP echo request 1, pod-a → 10.244.9.9: pod-a eth0 | node-1 veth0af40105, {cni0, }ttl 63, eth0 | host veth35971be, docker0; dropped in host, IP_INNOROUTES in ip_error',
  ],

  'same-node': [
    'request SYN, pod-a → nginx-1:8080: pod-a eth0 | node-1 veth0af40105, {across, }veth0af40106 | nginx-1 eth0; delivered',
    'reply SYN-ACK, nginx-1:8080 → pod-a: nginx-1 eth0 | node-1 veth0af40106, {across, }veth0af40105 | pod-a eth0; delivered',
  ],

  'cross-node': [
    'request SYN, pod-a → nginx-2:8080: pod-a eth0 | node-1 veth0af40105, {cni0, }ttl 63, {to node-2}, ttl 62, {cni0, }veth0af40207 | nginx-2 eth0; delivered',
    'reply SYN-ACK, nginx-2:8080 → pod-a: nginx-2 eth0 | node-2 veth0af40207, {cni0, }ttl 63, {to node-1}, ttl 62, {cni0, }veth0af40105 | pod-a eth0; delivered',
  ],

  service: {
    'node-1': [
      'request SYN, pod-a → nginx-service:80 → nginx-1:8080: pod-a eth0 | node-1 veth0af40105, dnat 10.96.45.123:80→10.244.1.6:8080, {across when translated, }veth0af40106 | nginx-1 eth0; delivered',
      'reply SYN-ACK, nginx-1:8080 → pod-a: nginx-1 eth0 | node-1 veth0af40106, {across, }undnat 10.244.1.6:8080→10.96.45.123:80, veth0af40105 | pod-a eth0; delivered',
    ],
    'node-2': [
      'request SYN, pod-a → nginx-service:80 → POD:8080: pod-a eth0 | node-1 veth0af40105, dnat 10.96.45.123:80→IP:8080, {cni0, }ttl 63, {to node-2}, ttl 62, {cni0, }VETH | POD eth0; delivered',
      'reply SYN-ACK, POD:8080 → pod-a: POD eth0 | node-2 VETH, {cni0, }ttl 63, {to node-1}, ttl 62, undnat IP:8080→10.96.45.123:80, {cni0, }veth0af40105 | pod-a eth0; delivered',
    ],
  },

  hairpin: [
    'request SYN, nginx-1 → nginx-one:80 → nginx-1:8080: nginx-1 eth0 | node-1 veth0af40106, dnat 10.96.45.124:80→10.244.1.6:8080, {across when translated, }masquerade 10.244.1.6:*→10.244.1.1:*, veth0af40106 | nginx-1 eth0; delivered',
    'reply SYN-ACK, nginx-1:8080 → nginx-1: nginx-1 eth0 | node-1 veth0af40106, unsnat 10.244.1.1:*→10.244.1.6:*, {across when translated, }undnat 10.244.1.6:8080→10.96.45.124:80, veth0af40106 | nginx-1 eth0; delivered',
  ],

  dns: [
    'request DNS A? nginx-service.default.svc.cluster.local, pod-a → kube-dns:53 → coredns-668d6bf9bc-7kx2m:53: pod-a eth0 | node-1 veth0af40105, dnat 10.96.0.10:53→10.244.1.2:53, {across when translated, }veth0af40102 | coredns-668d6bf9bc-7kx2m eth0; delivered',
    'reply DNS nginx-service.default.svc.cluster.local = 10.96.45.123, coredns-668d6bf9bc-7kx2m:53 → pod-a: coredns-668d6bf9bc-7kx2m eth0 | node-1 veth0af40102, {across, }undnat 10.244.1.2:53→10.96.0.10:53, veth0af40105 | pod-a eth0; delivered',
  ],

  nodeport: throughNode1('nginx-service:30080', '172.18.0.2:30080'),
  loadbalancer: throughNode1('nginx-service:80', '172.18.255.200:80'),

  outside: [
    'request SYN, pod-a → outside:80: pod-a eth0 | node-1 veth0af40105, {cni0, }ttl 63, masquerade 10.244.1.5:*→172.18.0.2:*, eth0 | host veth35971be, docker0, ttl 62, masquerade 172.18.0.2:*→203.0.113.1:*, eth0 | outside eth0; delivered',
    'reply SYN-ACK, outside:80 → pod-a: outside eth0 | host eth0, unsnat 203.0.113.1:*→172.18.0.2:*, ttl 63, docker0, veth35971be | node-1 eth0, unsnat 172.18.0.2:*→10.244.1.5:*, ttl 62, {cni0, }veth0af40105 | pod-a eth0; delivered',
  ],

  'same-pod-containers': [
    'request SYN, two-containers → two-containers:9000: two-containers lo; delivered',
    'reply SYN-ACK, two-containers:9000 → two-containers: two-containers lo; delivered',
  ],

  localhost: [
    'request SYN, pod-a → pod-a:6443: pod-a lo; consumed by reset; answered by RST-ACK',
    'reply RST-ACK, pod-a:6443 → pod-a: pod-a lo; delivered; answers SYN',
  ],

  apiserver: [
    'request SYN, pod-a → kubernetes:443 → node-1:6443: pod-a eth0 | node-1 veth0af40105, dnat 10.96.0.1:443→172.18.0.2:6443{, cni0}; delivered',
    'reply SYN-ACK, node-1:6443 → pod-a: node-1 undnat 172.18.0.2:6443→10.96.0.1:443, {cni0, }veth0af40105 | pod-a eth0; delivered',
  ],

  'ping-clusterip': [
    'request ICMP echo request 1, pod-a → nginx-service: pod-a eth0 | node-1 veth0af40105, {cni0, }ttl 63, masquerade 10.244.1.5→172.18.0.2, eth0 | host veth35971be, docker0; dropped in host, IP_INNOROUTES in ip_error; told by ICMP network unreachable for icmp 10.96.45.123',
    'related ICMP network unreachable for icmp 10.96.45.123, host → pod-a: host docker0, veth35971be | node-1 eth0, unsnat 172.18.0.2→10.244.1.5, ttl 63, {cni0, }veth0af40105 | pod-a eth0; consumed by icmp; is about ICMP echo request 1',
  ],

  'closed-port': [
    'request SYN, pod-a → nginx-2:81: pod-a eth0 | node-1 veth0af40105, {cni0, }ttl 63, {to node-2}, ttl 62, {cni0, }veth0af40207 | nginx-2 eth0; consumed by reset; answered by RST-ACK',
    'reply RST-ACK, nginx-2:81 → pod-a: nginx-2 eth0 | node-2 veth0af40207, {cni0, }ttl 63, {to node-1}, ttl 62, {cni0, }veth0af40105 | pod-a eth0; delivered; answers SYN',
  ],

  'no-endpoints': [
    'request SYN, pod-a → no-endpoints:80: pod-a eth0 | node-1 veth0af40105{, cni0}, ttl 63; dropped in node-1 by forward, NETFILTER_DROP in nft_do_chain; told by ICMP port unreachable for tcp 10.96.45.200:80',
    'related ICMP port unreachable for tcp 10.96.45.200:80, node-1 → pod-a: node-1 {cni0, }veth0af40105 | pod-a eth0; consumed by icmp; is about SYN',
  ],

  'policy-drop': [
    'request SYN, denied → nginx-2:8080: denied eth0 | node-1 veth0af4010a, {cni0, }ttl 63, {to node-2}, ttl 62; dropped in node-2 by forward, NETFILTER_DROP in nft_do_chain',
    'request SYN, denied → nginx-2:8080: denied eth0 | node-1 veth0af4010a, {cni0, }ttl 63, {to node-2}, ttl 62; dropped in node-2 by forward, NETFILTER_DROP in nft_do_chain; repeats SYN',
  ],

  mtu: [
    'request ICMP echo request 1, x-left → x-right: x-left eth0 | x-router left; dropped in x-router, PKT_TOO_BIG in ip_forward; told by ICMP fragmentation needed (MTU 1300) for icmp 198.51.100.1',
    'related ICMP fragmentation needed (MTU 1300) for icmp 198.51.100.1, x-router → x-left: x-router left | x-left eth0; consumed by icmp; is about ICMP echo request 1',
  ],
};

/** From the host in by node-1, which hides the client, so that the answer comes back the same way. */
function throughNode1(service: string, entry: string): Expected {
  return {
    'node-1': [
      `request SYN, host → ${service} → nginx-1:8080: host docker0, veth35971be | node-1 eth0, dnat ${entry}→10.244.1.6:8080, ttl 63, masquerade 172.18.0.1:*→10.244.1.1:*, {cni0, }veth0af40106 | nginx-1 eth0; delivered`,
      `reply SYN-ACK, nginx-1:8080 → host: nginx-1 eth0 | node-1 veth0af40106, unsnat 10.244.1.1:*→172.18.0.1:*, {cni0, }ttl 63, undnat 10.244.1.6:8080→${entry}, eth0 | host veth35971be, docker0; delivered`,
    ],
    'node-2': [
      `request SYN, host → ${service} → POD:8080: host docker0, veth35971be | node-1 eth0, dnat ${entry}→IP:8080, ttl 63, masquerade 172.18.0.1:*→{hidden}:*, {to node-2}, ttl 62, {cni0, }VETH | POD eth0; delivered`,
      `reply SYN-ACK, POD:8080 → host: POD eth0 | node-2 VETH, {cni0, }ttl 63, {to node-1}, unsnat {hidden}:*→172.18.0.1:*, ttl 62, undnat IP:8080→${entry}, eth0 | host veth35971be, docker0; delivered`,
    ],
  };
}

/** The pod that answered, as it says in its page. */
export interface Answerer {
  readonly pod: string;
  readonly node: string;
}

const answerers: Readonly<Record<string, readonly [ip: string, veth: string]>> = {
  'nginx-2': ['10.244.2.7', 'veth0af40207'],
  'nginx-3': ['10.244.2.8', 'veth0af40208'],
};

export function expectedLines(scenario: string, cni: Cni, answerer: Answerer | undefined): Lines {
  const of = scenarios[scenario] as Lines & Readonly<Record<string, Lines>>;
  const lines = Array.isArray(of) ? of : (of[cni] ?? of[answerer?.node ?? ''] ?? []);
  const { pod = '' } = answerer ?? {};
  const [ip = '', veth = ''] = answerers[pod] ?? [];
  return lines.map(line => {
    const whole = parts.reduce((text, [part, by]) => text.replaceAll(part, by[cni]), line);
    return whole.replaceAll('POD', pod).replaceAll('IP:', `${ip}:`).replaceAll('VETH', veth);
  });
}
