/** Scenarios of the cluster: pods, services, the way in and the way out. */
import type { Scenario } from './scenario.ts';

const curl = (url: string, seconds = 3) => ['curl', '-sS', '-m', String(seconds), url];
const ping = (address: string) => ['ping', '-n', '-c', '1', '-W', '1', address];

export const clusterScenarios: readonly Scenario[] = [
  {
    name: 'same-node',
    title: 'Two pods on one node',
    before: [
      'pod-a asks nginx-1, which lives on the same node, for a page.',
      'You will see the packets cross from one veth to the other over the bridge cni0, without leaving node-1 and with the same TTL.',
    ],
    after: [
      'On one node flannel is a switch: the bridge forwards frames between the pods, and nobody routes.',
      "Still each packet passes the node's iptables rules, because br_netfilter shows them what the bridge forwards.",
    ],
    withKindnet: {
      before: [
        'pod-a asks nginx-1, which lives on the same node, for a page.',
        'You will see the packets go in by one veth and out by another, with a TTL that is one less behind the node.',
      ],
      after: [
        'kindnet has no bridge: even for its neighbour a pod asks the gateway, and the node routes, with one route for each pod (ip route on node-1).',
        'Routing shows in the packet: the TTL goes from 64 to 63 and both MAC addresses are new.',
      ],
    },
    follow: { src: 'lab:default/pod-a', dst: 'lab:default/nginx-1' },
    traffic: { in: 'pod-a', argv: curl('http://10.244.1.6:8080/') },
    expect: { exitCode: 0, output: /^nginx-1 on node-1 .* answers 10\.244\.1\.5:/ },
  },
  {
    name: 'cross-node',
    title: 'Two pods on two nodes',
    before: [
      'pod-a on node-1 asks nginx-2 on node-2 for a page.',
      'You will see each packet wrapped into another one at flannel.1, carried from 172.18.0.2 to 172.18.0.3, and unwrapped on node-2.',
    ],
    after: [
      'The network between the nodes knows nothing of pod addresses, so flannel hides each packet in a UDP packet between nodes: that is VXLAN.',
      'The pods see none of it, apart from an MTU that is 50 bytes smaller.',
    ],
    withKindnet: {
      before: [
        'pod-a on node-1 asks nginx-2 on node-2 for a page.',
        'You will see the packets leave node-1 as they are, with pod addresses, and arrive on node-2 with a TTL that is one less at each node.',
      ],
      after: [
        'kindnet uses no tunnel: each node has a route "the pods of node-2 are behind 172.18.0.3", and nothing is wrapped.',
        'That is the cheapest way, and it works only where the network between the nodes carries pod addresses.',
      ],
    },
    follow: { src: 'lab:default/pod-a', dst: 'lab:default/nginx-2' },
    traffic: { in: 'pod-a', argv: curl('http://10.244.2.7:8080/') },
    expect: { exitCode: 0, output: /^nginx-2 on node-2 .* answers 10\.244\.1\.5:/ },
  },
  {
    name: 'service',
    title: 'A ClusterIP is a rule',
    before: [
      'pod-a asks nginx-service at its ClusterIP, 10.96.45.123, for a page.',
      'You will see the destination change to one of the nginx pods as soon as the packet enters node-1, and the answer change back there.',
    ],
    after: [
      'No device has the address 10.96.45.123: kube-proxy has written iptables rules that pick a pod at random and translate the destination (DNAT).',
      'The choice is made once for a connection; conntrack remembers it and restores the address in every answer.',
    ],
    follow: { src: 'lab:default/pod-a', dst: 'svc/nginx-service' },
    traffic: { in: 'pod-a', argv: curl('http://10.96.45.123/') },
    expect: { exitCode: 0, output: /^nginx-[123] on node-[12] .* answers 10\.244\.1\.5:/ },
  },
  {
    name: 'hairpin',
    title: 'A pod that calls itself through a service',
    before: [
      'nginx-1 asks nginx-one, a service whose only pod is nginx-1 itself.',
      'You will see the packets leave by its veth and come back by the same one, with the source changed to 10.244.1.1.',
    ],
    after: [
      'Without the new source nginx-1 would get a packet from itself and would answer itself directly, past the translation; so kube-proxy marks such packets and the node masquerades them.',
      'Like a hairpin the way bends back into the port that it came from, which a bridge allows only where it is told to (bridge -d link: hairpin on).',
    ],
    withKindnet: {
      after: [
        'Without the new source nginx-1 would get a packet from itself and would answer itself directly, past the translation; so kube-proxy marks such packets and the node masquerades them.',
        'Like a hairpin the way bends back into the veth that it came from; here the node routes it there.',
      ],
    },
    follow: { src: 'lab:default/nginx-1', dst: 'svc/nginx-one' },
    traffic: { in: 'nginx-1', argv: curl('http://10.96.45.124/') },
    expect: { exitCode: 0, output: /^nginx-1 on node-1 .* answers 10\.244\.1\.1:/ },
  },
  {
    name: 'dns',
    title: 'A name becomes an address',
    before: [
      'pod-a looks up the short name nginx-service.',
      'You will see a question for nginx-service.default.svc.cluster.local to 10.96.0.10, translated to the DNS pod, and the answer 10.96.45.123.',
    ],
    after: [
      "The pod's /etc/resolv.conf names the service kube-dns as its server and the domains to try; the DNS pod is reached like any other service.",
      'So nearly every connection of a pod begins with another one, over UDP, and "the network is slow" is often this one.',
    ],
    follow: { src: 'lab:default/pod-a', dst: 'svc/kube-dns' },
    traffic: { in: 'pod-a', argv: ['getent', 'ahostsv4', 'nginx-service'] },
    expect: { exitCode: 0, output: /^10\.96\.45\.123 / },
  },
  {
    name: 'nodeport',
    title: 'In through a port of the node',
    before: [
      'The host asks node-1 at port 30080, the NodePort of nginx-service.',
      'You will see two translations on node-1: the destination becomes a pod, and the source becomes an address of the node.',
    ],
    after: [
      'The source is changed so that the answer comes back to node-1, which alone can undo the translation, even where the pod is on node-2.',
      'The price: the pod sees the node, not the client (externalTrafficPolicy: Local avoids that).',
    ],
    follow: { src: '172.18.0.1', dst: 'svc/nginx-service' },
    traffic: { in: 'host', argv: curl('http://172.18.0.2:30080/') },
    expect: { exitCode: 0, output: /^nginx-[123] on node-[12] .* answers (10\.244\.1\.[01]|172\.18\.0\.2):/ },
  },
  {
    name: 'loadbalancer',
    title: 'In through a load balancer address',
    before: [
      'The host asks 172.18.255.200, the load balancer address of nginx-service.',
      'You will see a plain route take the packet to node-1, and there the same two translations as with a NodePort.',
    ],
    after: [
      'A load balancer only has to bring the packets for this address to some node; here one route on the host does it.',
      'What happens then is again kube-proxy: no device of the cluster has this address either.',
    ],
    follow: { src: '172.18.0.1', dst: 'svc/nginx-service' },
    traffic: { in: 'host', argv: curl('http://172.18.255.200/') },
    expect: { exitCode: 0, output: /^nginx-[123] on node-[12] .* answers (10\.244\.1\.[01]|172\.18\.0\.2):/ },
  },
  {
    name: 'outside',
    title: 'Out to the Internet',
    before: [
      'pod-a asks 203.0.113.10, a server outside, for a page.',
      'You will see the source translated twice, on node-1 to the address of the node and on the host to that of the host, and both undone on the way back.',
    ],
    after: [
      'Nobody outside knows the way to 10.244.1.5, so each border puts its own address in place of what is behind it: masquerade.',
      'The page says who asked, as the server saw it: the host.',
    ],
    follow: { src: 'lab:default/pod-a', dst: '203.0.113.10' },
    traffic: { in: 'pod-a', argv: curl('http://203.0.113.10/') },
    expect: { exitCode: 0, output: /^outside .* answers 203\.0\.113\.1:/ },
  },
  {
    name: 'same-pod-containers',
    title: 'Two containers of one pod',
    before: [
      'In the pod two-containers, a command asks 127.0.0.1:9000, where the other container listens.',
      "You will see the packets on the pod's lo, and nowhere else.",
    ],
    after: [
      'The containers of a pod share one network namespace: one loopback, one address, one set of ports.',
      'So they reach each other at localhost, and two of them cannot listen on the same port.',
    ],
    follow: { src: 'lab:default/two-containers', dst: '127.0.0.1' },
    traffic: { in: 'two-containers', argv: curl('http://127.0.0.1:9000/') },
    expect: { exitCode: 0, output: /^sidecar of two-containers / },
  },
  {
    name: 'localhost',
    title: 'localhost is the pod, not the node',
    before: [
      'pod-a asks 127.0.0.1:6443, where on its node the API server would answer.',
      "You will see the request on the pod's own lo, and a refusal (RST) from the pod itself.",
    ],
    after: [
      'Each network namespace has a loopback of its own, so localhost means "in this pod", and here nothing listens.',
      'A program that is moved into a pod must be told another address for what used to run beside it.',
    ],
    follow: { src: 'lab:default/pod-a', dst: '127.0.0.1' },
    traffic: { in: 'pod-a', argv: curl('http://127.0.0.1:6443/version') },
    expect: { exitCode: 7, output: /Failed to connect|refused/ },
  },
  {
    name: 'apiserver',
    title: 'A pod calls the API server',
    before: [
      'pod-a asks the service kubernetes, 10.96.0.1:443, for its version.',
      'You will see the destination translated to 172.18.0.2:6443, an address of the node itself, and delivered there.',
    ],
    after: [
      "The API server has no pod address: it listens in the node's own network namespace, and the service leads there.",
      '(The stand-in of this lab speaks plain HTTP where the real one speaks TLS; the way of the packets is the same.)',
    ],
    follow: { src: 'lab:default/pod-a', dst: 'svc/kubernetes' },
    traffic: { in: 'pod-a', argv: curl('http://10.96.0.1:443/version') },
    expect: { exitCode: 0, output: /gitVersion/ },
  },
  {
    name: 'ping-clusterip',
    title: 'Why a ClusterIP does not answer a ping',
    before: [
      'pod-a pings 10.96.45.123, the ClusterIP of nginx-service.',
      'You will see the packet leave the node untranslated and end on the host, which has no route for it and says so.',
    ],
    after: [
      "kube-proxy's rule is for TCP port 80 of this address and for nothing else; a ping passes it by and follows the node's default route.",
      'So a failing ping says nothing about a service: ask its port.',
    ],
    follow: { src: 'lab:default/pod-a', dst: '10.96.45.123' },
    traffic: { in: 'pod-a', argv: ping('10.96.45.123') },
    expect: { exitCode: 1, output: /Destination Net Unreachable/ },
  },
  {
    name: 'closed-port',
    title: 'A port where nobody listens',
    before: [
      'pod-a asks nginx-2 at port 81, where nothing listens.',
      'You will see the request arrive in nginx-2 and an RST come back at once.',
    ],
    after: [
      '"Connection refused" is good news about the network: the packet got there, and the answer got back.',
      'The kernel of the other side answered because no process has opened that port.',
    ],
    follow: { src: 'lab:default/pod-a', dst: 'lab:default/nginx-2' },
    traffic: { in: 'pod-a', argv: curl('http://10.244.2.7:81/') },
    expect: { exitCode: 7, output: /Failed to connect|refused/ },
  },
  {
    name: 'no-endpoints',
    title: 'A service without pods',
    before: [
      'pod-a asks the service no-endpoints, 10.96.45.200, which no pod stands behind.',
      'You will see node-1 reject the request with an ICMP message, port unreachable.',
    ],
    after: [
      'For a service without ready pods kube-proxy writes a REJECT rule instead of a translation, so that clients fail at once and need not wait.',
      'It looks like a closed port, but it is the node that answers: are the pods ready, does the selector match their labels?',
    ],
    follow: { src: 'lab:default/pod-a', dst: 'svc/no-endpoints' },
    traffic: { in: 'pod-a', argv: curl('http://10.96.45.200/') },
    expect: { exitCode: 7, output: /Failed to connect|refused/ },
  },
  {
    name: 'policy-drop',
    title: 'A NetworkPolicy says no',
    before: [
      'The pod denied asks nginx-2 for a page, and a policy keeps it away.',
      'You will see the SYN cross to node-2 and be dropped there by a rule, and the same again each second when it is sent once more.',
    ],
    after: [
      'A policy is enforced on the node of the pod that it protects, so the packet travels the whole way before it is dropped.',
      'DROP means silence: the client cannot tell it from a broken network, which is why the rule itself has to be seen.',
    ],
    follow: { src: 'lab:default/denied', dst: 'lab:default/nginx-2' },
    // A SYN that waits a second for a lost ARP request is not sent again meanwhile (skb_still_in_host_queue()), only after it.
    traffic: { in: 'denied', argv: curl('http://10.244.2.7:8080/', 3) },
    expect: { exitCode: 28, output: /timed out/ },
  },
  {
    name: 'no-route',
    title: 'A pod address that no node has',
    before: [
      'pod-a pings 10.244.9.9, an address of the pod network that belongs to no node.',
      'You will see the packet leave node-1 by its default route and be dropped on the host, in silence.',
    ],
    after: [
      'node-1 has no route for 10.244.9.0/24, so the default route takes the packet out of the cluster, and the host cannot even complain: it has no route back to a pod address.',
      'The drop is on the host, the mistake is on node-1: the place where a packet ends is only where to start looking.',
    ],
    follow: { src: 'lab:default/pod-a', dst: '10.244.9.9' },
    traffic: { in: 'pod-a', argv: ping('10.244.9.9') },
    expect: { exitCode: 1, output: /0 received/ },
  },
];
