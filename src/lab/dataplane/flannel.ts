/**
 * flannel with the VXLAN backend: a bridge `cni0` for the pods of a node, a tunnel `flannel.1` (and `flannel-v6.1`) to
 * the other nodes whose neighbours and forwarding entries are all written by hand, because flanneld knows every node.
 */
import { clusterCidr, clusterCidr6, cniMac, type LabNode, type LabPlan, type LabPod } from './plan.ts';
import type { Rules } from './rules.ts';

interface Lines {
  readonly ip: readonly string[];
  readonly ip6: readonly string[];
}

export function flannelNode(plan: LabPlan, node: LabNode): Lines {
  const others = plan.nodes.filter(other => other !== node);
  const pods = plan.pods.filter(pod => pod.node === node.name);
  return {
    ip: [
      `link add cni0 address ${cniMac(node.gateway.ip)} mtu ${plan.podMtu} type bridge`,
      'link set cni0 up',
      `addr add ${node.gateway.ip}/24 brd + dev cni0`,
      `link add flannel.1 address ${node.vtep.mac} mtu ${plan.podMtu} type vxlan id 1 local ${node.ip} dev eth0 dstport 8472 nolearning`,
      'link set flannel.1 up',
      `addr add ${node.vtep.ip}/32 dev flannel.1`,
      ...others.flatMap(other => [
        `neigh add ${other.vtep.ip} lladdr ${other.vtep.mac} dev flannel.1 nud permanent`,
        `route add ${other.podCidr} via ${other.vtep.ip} dev flannel.1 onlink`,
      ]),
      ...pods.flatMap(pod => bridgePort(plan, pod)),
    ],
    ip6: [
      `addr add ${node.gateway.ip6}/64 dev cni0 nodad`,
      // 70 bytes: an IPv6 header is 20 longer than an IPv4 one.
      `link add flannel-v6.1 address ${node.vtep.mac6} mtu ${plan.podMtu - 20} type vxlan id 1 local ${node.ip6} dev eth0 dstport 8472 nolearning`,
      'link set flannel-v6.1 up',
      `addr add ${node.vtep.ip6}/128 dev flannel-v6.1 nodad`,
      ...others.flatMap(other => [
        `neigh add ${other.vtep.ip6} lladdr ${other.vtep.mac6} dev flannel-v6.1 nud permanent`,
        `route add ${other.podCidr6} via ${other.vtep.ip6} dev flannel-v6.1 onlink`,
      ]),
    ],
  };
}

/** `bridge fdb` has a batch file of its own: which node a tunnel MAC is behind. */
export function flannelFdb(plan: LabPlan, node: LabNode, ipv6: boolean): string[] {
  return plan.nodes
    .filter(other => other !== node)
    .flatMap(other => [
      `fdb add ${other.vtep.mac} dev flannel.1 dst ${other.ip} self permanent`,
      ...(ipv6 ? [`fdb add ${other.vtep.mac6} dev flannel-v6.1 dst ${other.ip6} self permanent`] : []),
    ]);
}

function bridgePort(plan: LabPlan, pod: LabPod): string[] {
  return [
    `link add ${pod.veth} mtu ${plan.podMtu} type veth peer name eth0 address ${pod.mac} mtu ${plan.podMtu} netns ${pod.netns}`,
    `link set ${pod.veth} master cni0`,
    `link set ${pod.veth} type bridge_slave hairpin on`,
    `link set ${pod.veth} up`,
  ];
}

export function flannelPod(node: LabNode, pod: LabPod): Lines {
  return {
    ip: [
      'link set eth0 up',
      `addr add ${pod.ip}/24 brd + dev eth0`,
      `route add default via ${node.gateway.ip} dev eth0`,
      `route add ${clusterCidr} via ${node.gateway.ip} dev eth0`,
    ],
    ip6: [
      `addr add ${pod.ip6}/64 dev eth0 nodad`,
      `route add default via ${node.gateway.ip6} dev eth0`,
      `route add ${clusterCidr6} via ${node.gateway.ip6} dev eth0`,
    ],
  };
}

/** flanneld's chains (pkg/trafficmngr/iptables of flannel 0.2x), after kube-proxy's in FORWARD and POSTROUTING. */
export function writeFlannelRules(rules: Rules, node: LabNode): void {
  const [all, own, multicast] =
    rules.family === 4
      ? [clusterCidr, node.podCidr, '224.0.0.0/4']
      : [clusterCidr6, node.podCidr6, 'ff00::/8'];
  const masq = '-m comment --comment "flanneld masq"';
  const forward = '-m comment --comment "flanneld forward"';
  rules.add(
    'filter',
    `FORWARD ${forward} -j FLANNEL-FWD`,
    `FLANNEL-FWD -s ${all} ${forward} -j ACCEPT`,
    `FLANNEL-FWD -d ${all} ${forward} -j ACCEPT`,
  );
  rules.add(
    'nat',
    `POSTROUTING ${masq} -j FLANNEL-POSTRTG`,
    `FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 ${masq} -j RETURN`,
    `FLANNEL-POSTRTG -s ${all} -d ${all} ${masq} -j RETURN`,
    `FLANNEL-POSTRTG -s ${all} ! -d ${multicast} ${masq} -j MASQUERADE --random-fully`,
    `FLANNEL-POSTRTG ! -s ${all} -d ${own} ${masq} -j RETURN`,
    `FLANNEL-POSTRTG ! -s ${all} -d ${all} ${masq} -j MASQUERADE --random-fully`,
  );
}
