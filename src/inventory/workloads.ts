/** What makes pods, as something to name: `deploy/web` means all pods of it, whichever there are. */
import type { ClusterPod } from '../model/inventory.ts';
import type { Candidate } from './candidates.ts';
import type { WorkloadKind } from './selection.ts';

const shortNames: Readonly<Record<string, readonly [WorkloadKind, string]>> = {
  Deployment: ['deployment', 'deploy'],
  StatefulSet: ['statefulset', 'sts'],
  DaemonSet: ['daemonset', 'ds'],
  Job: ['job', 'job'],
};

/** `candidates`: of these pods, in this order. */
export function workloadCandidates(
  pods: readonly ClusterPod[],
  candidates: readonly Candidate[],
  prefix: string,
): Candidate[] {
  const byOwner = new Map<string, { readonly pod: ClusterPod; readonly members: Candidate[] }>();
  for (const [i, pod] of pods.entries()) {
    if (pod.owner === undefined || shortNames[pod.owner.kind] === undefined) continue;
    const key = `${pod.owner.kind} ${pod.namespace}/${pod.owner.name}`;
    const known = byOwner.get(key) ?? { pod, members: [] };
    known.members.push(candidates[i]!);
    byOwner.set(key, known);
  }
  return [...byOwner.values()].map(({ pod, members }) => {
    const { name, kind: ownerKind } = pod.owner!;
    const [kind, short] = shortNames[ownerKind]!;
    const cluster = members[0]!.cluster!;
    return {
      kind,
      cluster,
      namespace: pod.namespace,
      names: [name],
      reference: `${prefix}${short}/${pod.namespace}/${name}`,
      selection: {
        kind: 'pods',
        label: `${short}/${name}`,
        cluster,
        ips: members.flatMap(({ selection }) => selection.ips),
        cidrs: [],
        netnsCookies: members.flatMap(({ selection }) => selection.netnsCookies),
      },
    };
  });
}
