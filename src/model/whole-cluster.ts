import type {
  ClusterFrame,
  ClusterNode,
  ClusterPod,
  ClusterService,
  ClusterSnapshot,
  NamespacedName,
} from './inventory.ts';

/** `namespace/name`, as `ClusterChange` names what is gone. */
export const namespacedId = ({ namespace, name }: NamespacedName): string => `${namespace}/${name}`;

/** A cluster as it is after all that was said of it: what a reader needs who has not read the rest. */
export class WholeCluster {
  #head: Pick<ClusterSnapshot, 'timeNs' | 'name' | 'cni' | 'machines' | 'namespaces'> | undefined;
  readonly #nodes = new Map<string, ClusterNode>();
  readonly #pods = new Map<string, ClusterPod>();
  readonly #services = new Map<string, ClusterService>();

  /** Undefined: there is none. */
  get snapshot(): ClusterSnapshot | undefined {
    if (this.#head === undefined) return undefined;
    return {
      ...this.#head,
      nodes: [...this.#nodes.values()],
      pods: [...this.#pods.values()],
      services: [...this.#services.values()],
    };
  }

  apply(frame: ClusterFrame): void {
    if (frame.gone === undefined || frame.gone === true) this.#begin(frame.gone === true ? undefined : frame);
    else {
      const { timeNs, name, namespaces } = frame;
      const more = namespaces === undefined ? {} : { namespaces };
      this.#head = { name, machines: [], ...this.#head, timeNs, ...more };
    }
    if (frame.gone === true) return;
    const { nodes = [], pods = [], services = [] } = frame.gone ?? {};
    for (const id of nodes) this.#nodes.delete(id);
    for (const id of pods) this.#pods.delete(id);
    for (const id of services) this.#services.delete(id);
    for (const node of frame.nodes) this.#nodes.set(node.name, node);
    for (const pod of frame.pods) this.#pods.set(namespacedId(pod), pod);
    for (const service of frame.services) this.#services.set(namespacedId(service), service);
  }

  #begin(snapshot: ClusterSnapshot | undefined): void {
    for (const map of [this.#nodes, this.#pods, this.#services]) map.clear();
    if (snapshot === undefined) this.#head = undefined;
    else {
      const { nodes: _nodes, pods: _pods, services: _services, ...head } = snapshot;
      this.#head = head;
    }
  }
}
