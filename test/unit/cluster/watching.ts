/** A watched cluster whose frames are put together as a reader of them would. */
import { KubeConfig } from '@kubernetes/client-node';
import { ClusterWatch, type ClusterWatchOptions } from '../../../src/cluster/cluster-watch.ts';
import type { ClusterFrame, ClusterSnapshot } from '../../../src/model/inventory.ts';
import { WholeCluster } from '../../../src/model/whole-cluster.ts';
import { kubeconfigOf } from '../../helpers/kube-api.ts';

/** ms; as in earnest, but for how long. */
export const quick = { first: 20, longest: 40, refused: 40, watch: 60_000, silent: 60_000, answer: 5000 };

export function configOf(text: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
}

export class Watched {
  readonly frames: ClusterFrame[] = [];
  readonly notes: string[] = [];
  readonly #whole = new WholeCluster();
  readonly #waiting = new Set<() => void>();
  readonly watch: ClusterWatch;

  constructor(port: number, more: Partial<ClusterWatchOptions> = {}) {
    const server = `http://127.0.0.1:${port}`;
    const config = configOf(kubeconfigOf({ server, cluster: { 'insecure-skip-tls-verify': true } }));
    this.watch = new ClusterWatch({
      access: { name: 'test', server, config, isExtra: false },
      patience: quick,
      ...more,
      onFrame: frame => {
        this.frames.push(frame);
        this.#whole.apply(frame);
        this.#news();
      },
      note: text => {
        this.notes.push(text);
        this.#news();
      },
    });
  }

  get cluster(): ClusterSnapshot {
    return this.#whole.snapshot!;
  }

  pod(name: string) {
    return this.cluster.pods.find(each => each.name === name);
  }

  /** Looked at anew with each frame and note. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
    }
  }

  #news(): void {
    for (const tell of this.#waiting) tell();
    this.#waiting.clear();
  }
}
