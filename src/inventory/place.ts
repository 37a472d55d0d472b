/** What a namespace is to its reader. */
import type { ClusterPod } from '../model/inventory.ts';
import type { ClusterIndex, Member } from './cluster-index.ts';
import type { NetnsView } from './netns-view.ts';

export interface Place {
  readonly kind: 'pod' | 'node' | 'host' | 'external' | 'container' | 'netns';
  /** Shortest name a person would use: pod, node, `host`, name of the namespace. */
  readonly label: string;
  readonly cluster?: string;
  /** The node that it is on or that it is; `host` for the machine itself, or a lab's. */
  readonly node?: string;
  readonly pod?: ClusterPod;
  /** As `ip netns` calls it. */
  readonly netnsName?: string;
  /** First 12 digits, as docker prints them. */
  readonly container?: string;
}

/** The container that its processes are in, if it is one and the same. */
export function containerOf(view: NetnsView): string | undefined {
  const ids = new Set(view.snapshot.processes.map(process => process.container));
  const [id] = ids;
  return ids.size === 1 && id !== undefined ? id.slice(0, 12) : undefined;
}

/** Docker calls a container's namespace by 12 digits of its own, which nobody uses. */
const dockerName = /^[0-9a-f]{12}$/;

export function containerLabel(view: NetnsView, container: string): string {
  return view.snapshot.names.find(name => !dockerName.test(name)) ?? container;
}

/** A namespace without a name is called by its oldest process, or by its inode, as `ls -l /proc/PID/ns/net` shows it. */
export function labelOf(view: NetnsView): string {
  const { names, processes, inode } = view.snapshot;
  const first = processes[0];
  return names[0] ?? (first === undefined ? `net:[${inode}]` : `${first.comm}[${first.pid}]`);
}

export function placeOfMember(member: Member, index: ClusterIndex, view: NetnsView): Place {
  const netnsName = view.snapshot.names[0];
  const common = { cluster: index.name, ...(netnsName === undefined ? {} : { netnsName }) };
  if (member.kind === 'pod')
    return { kind: 'pod', node: member.pod.node, pod: member.pod, label: member.pod.name, ...common };
  if (member.kind === 'node')
    return { kind: 'node', node: member.node.name, label: member.node.name, ...common };
  if (member.kind === 'host') return { kind: 'host', node: 'host', label: member.name, ...common };
  return { kind: 'external', label: member.name, ...common };
}
