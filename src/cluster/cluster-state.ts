/**
 * What a Kubernetes API has told so far, reduced to what names need, and what of it is different from what was told on. Most of what an
 * API says (heartbeats of nodes, probes, annotations) is no difference.
 */
import type {
  ClusterChange,
  ClusterNames,
  ClusterNode,
  ClusterPod,
  ClusterService,
  ClusterSnapshot,
} from '../model/inventory.ts';
import { namespacedId } from '../model/whole-cluster.ts';
import { type EndpointSlice, metaOf, nodeOf, podOf, type Row, serviceOf, sliceOf } from './objects.ts';

export const resources = ['nodes', 'pods', 'services', 'endpointslices', 'namespaces'] as const;
export type Resource = (typeof resources)[number];

/** Values by id, and the ids whose value may differ from what was told. */
class Told<T> {
  readonly values = new Map<string, T>();
  readonly #told = new Map<string, string>();
  readonly #dirty = new Set<string>();

  put(id: string, value: T): void {
    this.values.set(id, value);
    this.#dirty.add(id);
  }

  remove(id: string): void {
    this.values.delete(id);
    this.#dirty.add(id);
  }

  /** What changed since it was called last. */
  take(): { readonly gone: string[]; readonly changed: T[] } {
    const gone: string[] = [];
    const changed: T[] = [];
    for (const id of this.#dirty) {
      const value = this.values.get(id);
      const before = this.#told.get(id);
      const now = value === undefined ? undefined : JSON.stringify(value);
      if (before === now) continue;
      if (value === undefined || now === undefined) {
        this.#told.delete(id);
        gone.push(id);
      } else {
        this.#told.set(id, now);
        changed.push(value);
      }
    }
    this.#dirty.clear();
    return { gone, changed };
  }
}

export class ClusterState {
  readonly #name: string;
  readonly #bootId: string | undefined;
  readonly #nodes = new Told<ClusterNode>();
  readonly #pods = new Told<ClusterPod>();
  readonly #services = new Told<ClusterService>();
  readonly #namespaces = new Told<string>();
  /** As the API told them, without what nobody asks. */
  readonly #specs = new Map<string, Row>();
  readonly #slices = new Map<string, EndpointSlice>();
  /** Of each service, ids of its slices. */
  readonly #slicesOf = new Map<string, Set<string>>();
  #areSlicesTold = false;

  /** `bootId`: of this kernel. */
  constructor(name: string, bootId?: string) {
    this.#name = name;
    this.#bootId = bootId;
  }

  /** All there are of a kind; what is not among them is gone. */
  replace(resource: Resource, objects: readonly Row[]): void {
    const ids = new Set(objects.map(object => idOf(resource, object)));
    for (const id of this.#idsOf(resource)) if (!ids.has(id)) this.#removeId(resource, id);
    for (const object of objects) this.put(resource, object);
    if (resource !== 'endpointslices' || this.#areSlicesTold) return;
    this.#areSlicesTold = true;
    for (const id of this.#specs.keys()) this.#service(id);
  }

  put(resource: Resource, object: Row): void {
    const id = idOf(resource, object);
    if (resource === 'nodes') this.#nodes.put(id, nodeOf(object, this.#bootId));
    else if (resource === 'pods') this.#pods.put(id, podOf(object));
    else if (resource === 'namespaces') this.#namespaces.put(id, id);
    else if (resource === 'services') {
      const { metadata: _metadata, ...spec } = object;
      this.#specs.set(id, { ...spec, metadata: { ...metaOf(object), annotations: {} } });
      this.#service(id);
    } else this.#slice(id, sliceOf(object));
  }

  remove(resource: Resource, object: Row): void {
    this.#removeId(resource, idOf(resource, object));
  }

  get nodes(): readonly ClusterNode[] {
    return [...this.#nodes.values.values()];
  }

  get namespaces(): readonly string[] {
    return [...this.#namespaces.values.values()].sort();
  }

  /** All of it, as told on from now. */
  get snapshot(): ClusterSnapshot {
    for (const told of [this.#nodes, this.#pods, this.#services, this.#namespaces]) told.take();
    return {
      name: this.#name,
      ...(this.#namespaces.values.size === 0 ? {} : { namespaces: this.namespaces }),
      nodes: [...this.#nodes.values.values()],
      pods: [...this.#pods.values.values()],
      services: [...this.#services.values.values()],
      machines: [],
    };
  }

  /** What is different from what was told on; undefined: nothing. */
  takeChange(timeNs: string): ClusterChange | undefined {
    const nodes = this.#nodes.take();
    const pods = this.#pods.take();
    const services = this.#services.take();
    const namespaces = this.#namespaces.take();
    const isOther = namespaces.gone.length + namespaces.changed.length > 0;
    const all = [nodes, pods, services];
    if (!isOther && all.every(({ gone, changed }) => gone.length + changed.length === 0)) return undefined;
    const gone: ClusterNames = {
      ...(nodes.gone.length === 0 ? {} : { nodes: nodes.gone }),
      ...(pods.gone.length === 0 ? {} : { pods: pods.gone }),
      ...(services.gone.length === 0 ? {} : { services: services.gone }),
    };
    return {
      timeNs,
      name: this.#name,
      ...(isOther ? { namespaces: this.namespaces } : {}),
      gone,
      nodes: nodes.changed,
      pods: pods.changed,
      services: services.changed,
    };
  }

  #idsOf(resource: Resource): string[] {
    const maps = {
      nodes: this.#nodes.values,
      pods: this.#pods.values,
      services: this.#specs,
      endpointslices: this.#slices,
      namespaces: this.#namespaces.values,
    };
    return [...maps[resource].keys()];
  }

  #removeId(resource: Resource, id: string): void {
    if (resource === 'nodes') this.#nodes.remove(id);
    else if (resource === 'pods') this.#pods.remove(id);
    else if (resource === 'namespaces') this.#namespaces.remove(id);
    else if (resource === 'services') {
      this.#specs.delete(id);
      this.#service(id);
    } else this.#slice(id, undefined);
  }

  #slice(id: string, slice: EndpointSlice | undefined): void {
    const before = this.#slices.get(id);
    if (slice === undefined) this.#slices.delete(id);
    else this.#slices.set(id, slice);
    for (const each of [before, slice]) {
      if (each === undefined) continue;
      const service = `${each.namespace}/${each.service}`;
      const ids = this.#slicesOf.get(service) ?? new Set<string>();
      if (each === slice) ids.add(id);
      else ids.delete(id);
      if (ids.size === 0) this.#slicesOf.delete(service);
      else this.#slicesOf.set(service, ids);
      this.#service(service);
    }
  }

  #service(id: string): void {
    const spec = this.#specs.get(id);
    const slices = [...(this.#slicesOf.get(id) ?? [])].map(slice => this.#slices.get(slice)!);
    if (spec === undefined) this.#services.remove(id);
    else
      this.#services.put(id, {
        ...serviceOf(spec, slices),
        ...(this.#areSlicesTold ? {} : { endpointsUnknown: true as const }),
      });
  }
}

/** Of a resource of a namespace `namespace/name`. */
function idOf(resource: Resource, object: Row): string {
  const meta = metaOf(object);
  return resource === 'nodes' || resource === 'namespaces' ? meta.name : namespacedId(meta);
}
