/** The whole lab as setups, one per namespace, in the order in which they can be applied. */
import { createHash } from 'node:crypto';
import { flannelFdb, flannelNode, flannelPod, writeFlannelRules } from './flannel.ts';
import { kindnetNode, kindnetPod, writeKindnetRules } from './kindnet.ts';
import { writeKubeProxyRules } from './kube-proxy.ts';
import { type LabNode, type LabPlan, type LabPod, loadBalancerIp, nodeCidr, nodeCidr6 } from './plan.ts';
import { type Family, Rules } from './rules.ts';
import { labServices } from './services.ts';
import { type NetnsSetup, sysctls } from './setup.ts';

const uplink = { ip: '203.0.113.1', ip6: '2001:db8:113::1' };

export function labNetwork(plan: LabPlan, ipv6: boolean): NetnsSetup[] {
  return [
    hostSetup(plan, ipv6),
    outsideSetup(plan, ipv6),
    ...plan.nodes.map(node => nodeSetup(plan, node, ipv6)),
    ...plan.pods.map(pod => podSetup(plan, pod, ipv6)),
  ];
}

/** The machine that runs the nodes: Docker's bridge, and a way out that hides what is behind it. */
function hostSetup(plan: LabPlan, ipv6: boolean): NetnsSetup {
  const [first] = plan.nodes;
  const ports = plan.nodes.flatMap(node => {
    const port = `veth${createHash('sha256').update(node.name).digest('hex').slice(0, 7)}`;
    return [
      `link add ${port} type veth peer name eth0 address ${node.mac} netns ${node.netns}`,
      `link set ${port} master docker0`,
      `link set ${port} up`,
    ];
  });
  return {
    netns: plan.host.netns,
    stage: 0,
    sysctls: sysctls({ forward: true, rpFilter: 0 }, ipv6),
    ip: [
      'link set lo up',
      'link add docker0 address 02:42:ac:12:00:01 type bridge',
      'link set docker0 up',
      `addr add ${plan.host.ip}/16 brd + dev docker0`,
      ...ports,
      `link add eth0 address 0a:00:cb:00:71:01 type veth peer name eth0 address 0a:00:cb:00:71:0a netns ${plan.outside.netns}`,
      'link set eth0 up',
      `addr add ${uplink.ip}/24 brd + dev eth0`,
      // The load balancer's address is reached by a route to one node, as MetalLB announces it by BGP.
      `route add ${loadBalancerIp}/32 via ${first!.ip} dev docker0`,
    ],
    ip6: [`addr add ${plan.host.ip6}/64 dev docker0 nodad`, `addr add ${uplink.ip6}/64 dev eth0 nodad`],
    rules: `*nat\n-A POSTROUTING -s ${nodeCidr} ! -o docker0 -j MASQUERADE\nCOMMIT\n`,
    rules6: `*nat\n-A POSTROUTING -s ${nodeCidr6} ! -o docker0 -j MASQUERADE\nCOMMIT\n`,
  };
}

/** The Internet: it knows nothing of the cluster's addresses, so only what is masqueraded gets an answer. */
function outsideSetup(plan: LabPlan, ipv6: boolean): NetnsSetup {
  return {
    netns: plan.outside.netns,
    stage: 1,
    sysctls: sysctls({ forward: false, rpFilter: 0 }, ipv6),
    ip: ['link set lo up', 'link set eth0 up', `addr add ${plan.outside.ip}/24 brd + dev eth0`],
    ip6: [`addr add ${plan.outside.ip6}/64 dev eth0 nodad`],
    rules: '',
    rules6: '',
  };
}

function nodeSetup(plan: LabPlan, node: LabNode, ipv6: boolean): NetnsSetup {
  const flannel = plan.cni === 'flannel';
  const cni = flannel ? flannelNode(plan, node) : kindnetNode(plan, node);
  return {
    netns: node.netns,
    stage: 1,
    sysctls: [
      ...sysctls({ forward: true, rpFilter: flannel ? 0 : 1 }, ipv6),
      // kube-proxy: a NodePort is to answer on 127.0.0.1 too.
      'net.ipv4.conf.all.route_localnet=1',
      // Packets that stay on the bridge pass iptables as well: without it a reply on the same node is not translated back.
      ...(flannel
        ? ['net.bridge.bridge-nf-call-iptables=1', ...(ipv6 ? ['net.bridge.bridge-nf-call-ip6tables=1'] : [])]
        : []),
    ],
    ip: [
      'link set lo up',
      'link set eth0 up',
      `addr add ${node.ip}/16 brd + dev eth0`,
      `route add default via ${plan.host.ip} dev eth0`,
      ...cni.ip,
    ],
    ip6: [
      `addr add ${node.ip6}/64 dev eth0 nodad`,
      `route add default via ${plan.host.ip6} dev eth0`,
      ...cni.ip6,
    ],
    rules: nodeRules(plan, node, 4),
    rules6: nodeRules(plan, node, 6),
    ...(flannel ? { fdb: flannelFdb(plan, node, ipv6) } : {}),
  };
}

function nodeRules(plan: LabPlan, node: LabNode, family: Family): string {
  const rules = new Rules(family);
  if (family === 4) writePolicy(rules, plan, node);
  writeKubeProxyRules(rules, labServices(plan));
  if (plan.cni === 'flannel') writeFlannelRules(rules, node);
  else writeKindnetRules(rules);
  return rules.text();
}

/**
 * A NetworkPolicy that keeps `denied` away from nginx-2, as a policy engine writes it: on the destination's node only,
 * first in FORWARD. (kindnet's own engine asks a program through NFQUEUE; this stands for the decision.)
 */
function writePolicy(rules: Rules, plan: LabPlan, node: LabNode): void {
  const denied = plan.pods.find(pod => pod.name === 'denied');
  const target = plan.pods.find(pod => pod.name === 'nginx-2');
  rules.chain('filter', 'K8S-NWPLCY');
  rules.add('filter', 'FORWARD -j K8S-NWPLCY');
  if (denied !== undefined && target?.node === node.name)
    rules.add(
      'filter',
      `K8S-NWPLCY -s ${denied.ip}/32 -d ${target.ip}/32 -m comment --comment "default/deny-denied" -j DROP`,
    );
}

function podSetup(plan: LabPlan, pod: LabPod, ipv6: boolean): NetnsSetup {
  const node = plan.nodes.find(each => each.name === pod.node)!;
  const lines = plan.cni === 'flannel' ? flannelPod(node, pod) : kindnetPod(node, pod);
  return {
    netns: pod.netns,
    stage: 2,
    sysctls: sysctls({ forward: false, rpFilter: 0 }, ipv6),
    ip: ['link set lo up', ...lines.ip],
    ip6: lines.ip6,
    rules: '',
    rules6: '',
  };
}
