/** Scenarios of plain Linux: namespaces, wires, a switch, a router. Each builds what it needs beside the cluster. */
import { sysctls } from '../dataplane/setup.ts';
import type { ExtraNetns, Scenario } from './scenario.ts';

// 192.0.2.0/24 and 198.51.100.0/24 are set aside for documentation (RFC 5737): they are nobody's.

/** Without IPv6 a namespace says nothing by itself: no listener report teaches a bridge who is where. */
function quiet(forward = false): string[] {
  const off = ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'];
  return [...sysctls({ forward, rpFilter: 0 }, false), ...off];
}

function end(netns: string, address: string, ...more: string[]): ExtraNetns {
  return {
    netns,
    stage: 1,
    sysctls: quiet(),
    ip: ['link set lo up', 'link set eth0 up', `addr add ${address} brd + dev eth0`, ...more],
  };
}

/** One end of a cable to x-right. */
const cableLeft: ExtraNetns = {
  netns: 'x-left',
  stage: 0,
  sysctls: quiet(),
  ip: [
    'link set lo up',
    'link add eth0 type veth peer name eth0 netns x-right',
    'link set eth0 up',
    'addr add 192.0.2.1/24 brd + dev eth0',
  ],
};

/** x-left – x-router – x-right. */
function routed({
  forward,
  rightMtu = 1500,
}: {
  readonly forward: boolean;
  readonly rightMtu?: number;
}): ExtraNetns[] {
  return [
    {
      netns: 'x-router',
      stage: 0,
      sysctls: quiet(forward),
      ip: [
        'link add left type veth peer name eth0 netns x-left',
        `link add right mtu ${rightMtu} type veth peer name eth0 mtu ${rightMtu} netns x-right`,
        'link set left up',
        'link set right up',
        'addr add 192.0.2.254/24 brd + dev left',
        'addr add 198.51.100.254/24 brd + dev right',
      ],
    },
    end('x-left', '192.0.2.1/24', 'route add default via 192.0.2.254'),
    end('x-right', '198.51.100.1/24', 'route add default via 198.51.100.254'),
  ];
}

const ping = (address: string, ...options: string[]) => [
  'ping',
  '-n',
  '-c',
  '1',
  '-W',
  '1',
  ...options,
  address,
];

const switchPorts = ['a', 'b', 'c'] as const;
const switchMac = (port: string) => `02:00:00:00:00:0${port}`;

/** Who is who is written into a and b by hand, so that no ARP question teaches the switch before the first ping. */
function switchHost(port: 'a' | 'b' | 'c', host: number): ExtraNetns {
  const known = port === 'a' ? ['b', 2] : port === 'b' ? ['a', 1] : undefined;
  const lines =
    known === undefined
      ? []
      : [`neigh add 192.0.2.${known[1]} lladdr ${switchMac(String(known[0]))} dev eth0 nud permanent`];
  return end(`x-${port}`, `192.0.2.${host}/24`, ...lines);
}

export const wireScenarios: readonly Scenario[] = [
  {
    name: 'lo',
    title: 'A pod talks to itself',
    before: [
      'pod-a pings its own address, 10.244.1.5.',
      'You will see each packet leave and arrive on the same device, lo, and never reach eth0.',
    ],
    after: [
      'Linux keeps a list of its own addresses (ip route show table local) and sends everything for them through the loopback device.',
      'So a service that reaches itself this way proves nothing about the network.',
    ],
    follow: { src: 'lab:default/pod-a', dst: '10.244.1.5' },
    traffic: { in: 'pod-a', argv: ping('10.244.1.5') },
    expect: { exitCode: 0, output: /1 received/ },
  },
  {
    name: 'isolated',
    title: 'A new network namespace is an island',
    before: [
      'A new, empty network namespace tries to ping 192.0.2.1.',
      'You will see no packet at all, only the message "Network is unreachable".',
    ],
    after: [
      'A network namespace is born with a loopback device that is down, no route and no rule, so the kernel has nowhere to send the packet and does not even make one.',
      'Everything that a pod can reach, somebody has put there: that is the work of a CNI plugin.',
    ],
    follow: { src: 'netns:x-island', dst: 'any' },
    extra: [{ netns: 'x-island', stage: 0, sysctls: quiet(), ip: [] }],
    traffic: { in: 'x-island', argv: ping('192.0.2.1') },
    expect: { exitCode: 2, output: /[Nn]etwork is unreachable/ },
  },
  {
    name: 'veth-pair',
    title: 'Two namespaces and a cable',
    before: [
      'Two namespaces are joined by a veth pair, and the left one pings the right one.',
      'You will see what is sent on one end of the pair received at once on the other end, in the other namespace.',
    ],
    after: [
      'A veth pair is a cable with a plug in each of two namespaces; the packet is not copied, it just changes sides.',
      'Every pod in this cluster hangs on such a cable: its eth0 is one end, a vethXXXX on the node the other.',
    ],
    follow: { src: 'netns:x-left', dst: '192.0.2.2' },
    extra: [cableLeft, end('x-right', '192.0.2.2/24')],
    traffic: { in: 'x-left', argv: ping('192.0.2.2') },
    expect: { exitCode: 0, output: /1 received/ },
  },
  {
    name: 'bridge-learning',
    title: 'A bridge learns who is where',
    before: [
      'Three namespaces hang on one bridge, and a pings b twice.',
      'You will see the first request copied to b and to c, the second one to b alone.',
    ],
    after: [
      'A bridge that does not know a MAC address sends the frame out of every port; from each frame that passes it learns behind which port its sender is.',
      "b's answer taught it, so c was left alone from then on (bridge fdb show lists what was learned).",
    ],
    follow: { src: 'netns:x-a', dst: '192.0.2.2' },
    extra: [
      {
        netns: 'x-switch',
        stage: 0,
        sysctls: quiet(),
        ip: [
          'link add br0 type bridge',
          'link set br0 up',
          ...switchPorts.flatMap(port => [
            `link add port-${port} type veth peer name eth0 address ${switchMac(port)} netns x-${port}`,
            `link set port-${port} master br0`,
            `link set port-${port} up`,
          ]),
        ],
      },
      switchHost('a', 1),
      switchHost('b', 2),
      switchHost('c', 3),
    ],
    traffic: { in: 'x-a', argv: ['ping', '-n', '-c', '2', '-i', '0.2', '-W', '1', '192.0.2.2'] },
    expect: { exitCode: 0, output: /2 received/ },
  },
  {
    name: 'arp',
    title: 'Who has this address?',
    before: [
      'pod-a has forgotten the MAC address of its gateway, 10.244.1.1, and pings it.',
      'You will see an ARP question to everybody, an ARP answer to pod-a alone, and only then the ping, which had waited.',
    ],
    after: [
      'An IP packet travels in an Ethernet frame, and a frame needs the MAC address of the next hop; ARP finds it and the kernel remembers it for a while (ip neigh).',
      'A first packet that is slower than the others is often this wait.',
    ],
    follow: { src: 'lab:default/pod-a', dst: '10.244.1.1' },
    prepare: [{ in: 'pod-a', argv: ['ip', 'neigh', 'flush', 'dev', 'eth0'] }],
    traffic: { in: 'pod-a', argv: ping('10.244.1.1') },
    expect: { exitCode: 0, output: /1 received/ },
  },
  {
    name: 'forward-off',
    title: 'A machine that does not forward',
    before: [
      'Left and right are on two networks with a router between them, but the router has ip_forward=0.',
      'You will see the ping reach the router and be dropped there, with no word to the sender.',
    ],
    after: [
      'Linux takes packets that are not for itself only where forwarding is on (sysctl net.ipv4.ip_forward); a node of a cluster must have it, because it is the router of its pods.',
      'To the sender this looks like any other silence, which is why it matters to see where the packet ended.',
    ],
    follow: { src: 'netns:x-left', dst: '198.51.100.1' },
    extra: routed({ forward: false }),
    traffic: { in: 'x-left', argv: ping('198.51.100.1') },
    expect: { exitCode: 1, output: /0 received/ },
  },
  {
    name: 'prefix',
    title: 'Two ideas of how large the network is',
    before: [
      'Left is 192.0.2.1/24 and right, on the same cable, is 192.0.2.129/25; left pings right.',
      'You will see the request arrive, and no answer.',
    ],
    after: [
      'For left, right is a neighbour; for right, 192.0.2.1 is outside its own half of the network, and it has no route there, so its answer is never sent.',
      "A packet that was delivered is half of a conversation: the way back is decided by the other side, with the other side's routes.",
    ],
    follow: { src: 'netns:x-left', dst: '192.0.2.129' },
    extra: [cableLeft, end('x-right', '192.0.2.129/25')],
    traffic: { in: 'x-left', argv: ping('192.0.2.129') },
    expect: { exitCode: 1, output: /0 received/ },
  },
  {
    name: 'mtu',
    title: 'Too big for the next link',
    before: [
      'Left sends a ping of 1428 bytes that must not be cut into pieces (-M do), and the link behind the router takes no more than 1300.',
      'You will see the router drop it and send an ICMP message back: fragmentation needed, 1300 fit.',
    ],
    after: [
      'This message is how a sender learns what fits through the whole way; where a firewall drops it, small requests work and large ones hang.',
      'In a cluster the narrow link is usually a tunnel: VXLAN takes 50 bytes of each packet, so pods get an MTU of 1450.',
    ],
    follow: { src: 'netns:x-left', dst: '198.51.100.1' },
    extra: routed({ forward: true, rightMtu: 1300 }),
    traffic: { in: 'x-left', argv: ping('198.51.100.1', '-M', 'do', '-s', '1400') },
    expect: { exitCode: 1, output: /[Ff]rag needed and DF set \(mtu = 1300\)/ },
  },
];
