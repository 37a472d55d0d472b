import type { ClusterSnapshot } from '../../model/inventory.ts';
import type { LabPlan, LabPod } from './plan.ts';
import { labServices } from './services.ts';

export interface SnapshotFacts {
  /** Does the kernel have IPv6? */
  readonly ipv6: boolean;
  /** Cookies by namespace name, where they could be read. */
  readonly cookies: ReadonlyMap<string, string>;
  readonly resolvConf: (pod: LabPod) => string;
}

/** The lab as a cluster would describe itself. */
export function labSnapshot(plan: LabPlan, facts: SnapshotFacts): ClusterSnapshot {
  const ips = (of: { readonly ip: string; readonly ip6: string }) => (facts.ipv6 ? [of.ip, of.ip6] : [of.ip]);
  const netns = (name: string) => {
    const cookie = facts.cookies.get(name);
    return { netnsName: name, ...(cookie === undefined ? {} : { netnsCookie: cookie }) };
  };
  return {
    name: `lab:${plan.name}`,
    cni: plan.cni,
    nodes: plan.nodes.map(node => ({
      name: node.name,
      ips: ips(node),
      podCidrs: facts.ipv6 ? [node.podCidr, node.podCidr6] : [node.podCidr],
      ...netns(node.netns),
    })),
    pods: plan.pods.map(pod => ({
      namespace: pod.namespace,
      name: pod.name,
      node: pod.node,
      ips: ips(pod),
      labels: pod.labels,
      containers: pod.containers.map(container => container.name),
      ...netns(pod.netns),
      resolvConf: facts.resolvConf(pod),
    })),
    services: labServices(plan),
    machines: [
      { name: plan.host.name, kind: 'host', ips: ips(plan.host), ...netns(plan.host.netns) },
      { name: plan.outside.name, kind: 'external', ips: ips(plan.outside), ...netns(plan.outside.netns) },
    ],
  };
}
