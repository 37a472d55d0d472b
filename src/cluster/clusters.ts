/** The clusters of this machine as a command wants them: found, asked, told; and in words what was found or not. */
import { TracerError } from '../base/errors.ts';
import type { ClusterFrame } from '../model/inventory.ts';
import type { ClusterHealth, ClusterWatch } from './cluster-watch.ts';
import { accessOf, type ConfigPlace, findConfig, textOf } from './kubeconfig.ts';
import { bootId, type NodeContainer, nodeContainers } from './on-this-machine.ts';

export interface KubeOptions {
  /** `--kubeconfig` */
  readonly kubeconfig?: string;
  /** `--context`; of a practice cluster nothing is asked. */
  readonly context?: string;
}

export interface ClustersOptions extends KubeOptions {
  readonly onFrame: (frame: ClusterFrame) => void;
  readonly note: (text: string) => void;
  /** There are other names: that there is no cluster then goes without saying. */
  readonly hasOthers?: boolean;
  /** Nobody waits for the first lists any more. */
  readonly signal?: AbortSignal;
}

export class Clusters {
  #watches: readonly ClusterWatch[] = [];

  /**
   * Resolves when the first lists have come, or it is said why not.
   * @throws KUBECONFIG, UNKNOWN_NAME, CLUSTER_UNREACHABLE, CLUSTER_REFUSED where the file or the context was asked for.
   */
  static async start(options: ClustersOptions): Promise<Clusters> {
    const clusters = new Clusters();
    const { signal } = options;
    const onAbort = (): void => void clusters.stop();
    signal?.addEventListener('abort', onAbort);
    try {
      await clusters.#start(options);
    } catch (error) {
      await clusters.stop();
      if (signal?.aborted !== true) throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    return clusters;
  }

  get health(): readonly ClusterHealth[] {
    return this.#watches.map(({ health }) => health);
  }

  async stop(): Promise<void> {
    const watches = this.#watches;
    this.#watches = [];
    await Promise.all(watches.map(watch => watch.stop()));
  }

  async #start(options: ClustersOptions): Promise<void> {
    const { kubeconfig, context, note, hasOthers } = options;
    if (context?.startsWith('lab:') === true && kubeconfig === undefined) return;
    const place = findConfig(kubeconfig);
    if (place === undefined) {
      const line = withoutConfig(nodeContainers());
      if (line !== undefined) note(line);
      else if (hasOthers !== true) note('no kubeconfig was found, so no cluster is asked for names');
      return;
    }
    const isAsked = place.isNamed || context !== undefined;
    try {
      await this.#watch(place, options, isAsked);
    } catch (error) {
      if (isAsked || !(error instanceof TracerError)) throw error;
      note(`${error.message}; going on without a cluster's names`);
    }
  }

  async #watch(
    place: ConfigPlace,
    { context, onFrame, note, signal }: ClustersOptions,
    isAsked: boolean,
  ): Promise<void> {
    const accesses = await accessOf(place, context);
    const { ClusterWatch } = await import('./cluster-watch.ts'); // loads an HTTP client
    const boot = bootId();
    const all = accesses.map(access => {
      const watch: ClusterWatch = new ClusterWatch({
        access,
        note,
        onFrame: frame => {
          if (!access.isExtra || watch.isHere) onFrame(frame);
        },
        ...(boot === undefined ? {} : { bootId: boot }),
      });
      return { access, watch };
    });
    this.#watches = all.map(({ watch }) => watch);
    if (signal?.aborted === true) return this.stop();
    await Promise.all(
      all.map(async ({ access, watch }) => {
        const error = await watch.first().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (signal?.aborted === true) return;
        if (access.isExtra && (error !== undefined || !watch.isHere)) {
          this.#watches = this.#watches.filter(each => each !== watch);
          await watch.stop();
        } else if (error === undefined)
          note(`names of cluster ${access.name} from ${textOf(place)}${whereabouts(watch)}`);
        else if (isAsked || !(error instanceof TracerError)) throw error;
        else note(`${error.message} (${textOf(place)}); its names are missing until it answers`);
      }),
    );
  }
}

const whereabouts = ({ isHere }: ClusterWatch): string =>
  isHere ? '' : '; none of its nodes runs on this kernel, so nothing is seen inside of them';

/** Nodes run here, and nobody said how to ask their cluster. */
export function withoutConfig(nodes: readonly NodeContainer[]): string | undefined {
  const clusters = [...new Set(nodes.flatMap(({ cluster }) => cluster ?? []))].sort();
  const [first] = clusters;
  if (first === undefined) return undefined;
  const names = nodes.map(({ hostname }) => hostname).sort();
  return `nodes of kind run here (${names.join(', ')}), but no kubeconfig was found: kind get kubeconfig --name ${first} > FILE, then --kubeconfig FILE`;
}
