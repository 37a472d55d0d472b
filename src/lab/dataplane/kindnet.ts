/**
 * kindnet, kind's own CNI: no bridge and no tunnel. Each pod hangs on a veth whose node end carries the gateway
 * address (the same on every veth), the node has one route per pod, and other nodes are plain next hops.
 */
import { clusterCidr, clusterCidr6, type LabNode, type LabPlan, type LabPod } from './plan.ts';
import type { Rules } from './rules.ts';

interface Lines {
  readonly ip: readonly string[];
  readonly ip6: readonly string[];
}

export function kindnetNode(plan: LabPlan, node: LabNode): Lines {
  const others = plan.nodes.filter(other => other !== node);
  const pods = plan.pods.filter(pod => pod.node === node.name);
  return {
    ip: [
      ...pods.flatMap(pod => [
        `link add ${pod.veth} mtu ${plan.podMtu} type veth peer name eth0 address ${pod.mac} mtu ${plan.podMtu} netns ${pod.netns}`,
        `link set ${pod.veth} up`,
        `addr add ${node.gateway.ip}/32 dev ${pod.veth}`,
        `route add ${pod.ip}/32 dev ${pod.veth} scope host`,
      ]),
      ...others.map(other => `route add ${other.podCidr} via ${other.ip}`),
    ],
    ip6: [
      ...pods.flatMap(pod => [
        `addr add ${node.gateway.ip6}/128 dev ${pod.veth} nodad`,
        `route add ${pod.ip6}/128 dev ${pod.veth}`,
      ]),
      ...others.map(other => `route add ${other.podCidr6} via ${other.ip6}`),
    ],
  };
}

/** As the ptp plugin does it: the connected route is replaced, so that even a neighbour on the node is reached through it. */
export function kindnetPod(node: LabNode, pod: LabPod): Lines {
  const { gateway } = node;
  return {
    ip: [
      'link set eth0 up',
      `addr add ${pod.ip}/24 brd + dev eth0`,
      `route add default via ${gateway.ip} dev eth0`,
      `route del ${node.podCidr} dev eth0`,
      `route add ${gateway.ip}/32 dev eth0 scope link src ${pod.ip}`,
      `route add ${node.podCidr} via ${gateway.ip} dev eth0 src ${pod.ip}`,
    ],
    ip6: [
      `addr add ${pod.ip6}/64 dev eth0 nodad`,
      `route add default via ${gateway.ip6} dev eth0`,
      `route del ${node.podCidr6} dev eth0`,
      `route add ${gateway.ip6}/128 dev eth0 src ${pod.ip6}`,
      `route add ${node.podCidr6} via ${gateway.ip6} dev eth0 src ${pod.ip6}`,
    ],
  };
}

/** kindnetd's masquerade chain (its cmd/kindnetd/masq.go), after kube-proxy's in POSTROUTING. */
export function writeKindnetRules(rules: Rules): void {
  rules.add(
    'nat',
    'POSTROUTING -m addrtype ! --dst-type LOCAL -m comment --comment "kind-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom KIND-MASQ-AGENT chain" -j KIND-MASQ-AGENT',
    `KIND-MASQ-AGENT -d ${rules.family === 4 ? clusterCidr : clusterCidr6} -m comment --comment "kind-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN`,
    'KIND-MASQ-AGENT -m comment --comment "kind-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE',
  );
}
