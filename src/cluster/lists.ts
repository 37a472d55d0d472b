/** `kubectl get nodes,pods,services,endpointslices -A -o json` → a cluster of one moment: names for addresses in captures. */
import type { ClusterSnapshot } from '../model/inventory.ts';
import { ClusterState } from './cluster-state.ts';
import { isRow, type Row, rows, text } from './objects.ts';

/** `lists`: as parsed; `places`: names of namespaces that captures are of. */
export function clusterOfLists(lists: readonly unknown[], places: ReadonlySet<string>): ClusterSnapshot {
  const items = lists.flatMap(itemsOf);
  const of = (kind: string): Row[] => items.filter(item => item.kind === kind);
  const state = new ClusterState(''); // kubectl prints none
  state.replace('nodes', of('Node'));
  state.replace('pods', of('Pod'));
  state.replace('services', of('Service'));
  // Every cluster has some: its API server's own.
  const slices = of('EndpointSlice');
  if (slices.length > 0) state.replace('endpointslices', slices);
  const { nodes, pods, ...rest } = state.snapshot;
  const at = (...names: string[]) => {
    const netnsName = names.find(each => places.has(each));
    return netnsName === undefined ? {} : { netnsName };
  };
  return {
    ...rest,
    nodes: nodes.map(node => ({ ...node, ...at(node.name) })),
    pods: pods.map(pod => ({
      ...pod,
      ...at(`${pod.namespace}.${pod.name}`, `${pod.namespace}_${pod.name}`, pod.name),
    })),
  };
}

/** Items of a list of one kind do not repeat the kind. */
function itemsOf(list: unknown): Row[] {
  if (!isRow(list)) return [];
  if (!Array.isArray(list.items)) return [list];
  const kind = text(list.kind)?.replace(/List$/, '');
  return rows(list.items).map(item => ({ kind, ...item }));
}
