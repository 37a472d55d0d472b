/** Practice clusters that come, change and go. Their files are few and small, and change when something else does: they are read again each second. */
import { readLabSnapshots } from '../lab/state.ts';
import type { ClusterSnapshot } from '../model/inventory.ts';

const EVERY_MS = 1000;

export interface LabChanges {
  readonly onCluster: (cluster: ClusterSnapshot) => void;
  readonly onGone: (name: string) => void;
}

export class LabWatch {
  readonly #changes: LabChanges;
  readonly #read: () => readonly ClusterSnapshot[];
  /** By name, as text. */
  #known = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(changes: LabChanges, read: () => readonly ClusterSnapshot[] = readLabSnapshots) {
    this.#changes = changes;
    this.#read = read;
  }

  start(): void {
    this.look();
    this.#timer = setInterval(() => this.look(), EVERY_MS);
  }

  look(): void {
    const found = new Map<string, string>();
    for (const cluster of this.#read()) {
      const text = JSON.stringify(cluster);
      found.set(cluster.name, text);
      if (this.#known.get(cluster.name) !== text) this.#changes.onCluster(cluster);
    }
    for (const name of this.#known.keys()) if (!found.has(name)) this.#changes.onGone(name);
    this.#known = found;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
