/**
 * How much a session file may tell of clusters, by the JSON of what they are kept for: all that is there, and what was there within the
 * last minute (`inventory/cluster-book.ts`). Time is that of each cluster's own frames, as it is there.
 */
import { hash } from 'node:crypto';
import { TracerError } from '../base/errors.ts';
import type { ClusterFrame } from '../model/inventory.ts';
import { namespacedId } from '../model/whole-cluster.ts';

const CLUSTERS_MAX = 1000;
/** The largest clusters that are known have 150,000 pods of some 600 bytes. */
const BYTES_MAX = 256 * 1024 * 1024;
const KEPT_NS = 60_000_000_000n;

interface Told {
  readonly bytes: number;
  readonly digest: string;
}

interface Held {
  /** By kind and name. */
  readonly now: Map<string, Told>;
  past: { readonly untilNs: bigint; readonly bytes: number }[];
  latestNs: bigint;
}

export class ClusterBound {
  readonly #name: string;
  readonly #clusters = new Map<string, Held>();
  readonly #bytesMax: number;
  #bytes = 0;

  /** `name`: of the file. */
  constructor(name: string, bytesMax = BYTES_MAX) {
    this.#name = name;
    this.#bytesMax = bytesMax;
  }

  /** @throws SESSION_FORMAT if there are no such clusters. */
  take(frame: ClusterFrame): void {
    const held = this.#clusters.get(frame.name) ?? { now: new Map(), past: [], latestNs: 0n };
    this.#clusters.set(frame.name, held);
    if (this.#clusters.size > CLUSTERS_MAX) throw this.#tooMuch(`${CLUSTERS_MAX} clusters`);
    const timeNs = BigInt(frame.timeNs ?? 0);
    if (timeNs > held.latestNs) held.latestNs = timeNs;
    const told = entriesOf(frame);
    for (const key of goneBy(frame, held.now, told)) this.#end(held, key);
    for (const [key, value] of told) this.#put(held, key, value);
    this.#forget(held);
    if (this.#bytes > this.#bytesMax) throw this.#tooMuch('any cluster has');
  }

  /** What is told again as it was costs nothing more. */
  #put(held: Held, key: string, value: unknown): void {
    const json = JSON.stringify(value);
    const digest = hash('sha1', json);
    if (held.now.get(key)?.digest === digest) return;
    this.#end(held, key);
    held.now.set(key, { bytes: json.length, digest });
    this.#bytes += json.length;
  }

  #end({ now, past, latestNs }: Held, key: string): void {
    const before = now.get(key);
    if (before === undefined) return;
    now.delete(key);
    past.push({ untilNs: latestNs, bytes: before.bytes });
  }

  #forget(held: Held): void {
    const kept = held.past.findIndex(({ untilNs }) => held.latestNs - untilNs <= KEPT_NS);
    const forgotten = held.past.splice(0, kept < 0 ? held.past.length : kept);
    for (const { bytes } of forgotten) this.#bytes -= bytes;
  }

  #tooMuch(what: string): TracerError {
    return new TracerError('SESSION_FORMAT', `${this.#name} tells of more than ${what}`, {
      hint: 'no host has so many: the file is damaged or made up',
    });
  }
}

function entriesOf(frame: ClusterFrame): Map<string, unknown> {
  if (frame.gone === true) return new Map();
  const { nodes, pods, services } = frame;
  const machines = frame.gone === undefined ? frame.machines : [];
  return new Map<string, unknown>([
    ...nodes.map(node => [`node ${node.name}`, node] as const),
    ...pods.map(pod => [`pod ${namespacedId(pod)}`, pod] as const),
    ...services.map(service => [`service ${namespacedId(service)}`, service] as const),
    ...machines.map(machine => [`machine ${machine.name}`, machine] as const),
  ]);
}

/** By name; or all that a snapshot does not tell again. */
function goneBy({ gone }: ClusterFrame, now: Held['now'], told: ReadonlyMap<string, unknown>): string[] {
  if (gone === undefined || gone === true) return [...now.keys()].filter(key => !told.has(key));
  const { nodes = [], pods = [], services = [] } = gone;
  return [
    ...nodes.map(id => `node ${id}`),
    ...pods.map(id => `pod ${id}`),
    ...services.map(id => `service ${id}`),
  ];
}
