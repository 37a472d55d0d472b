/**
 * One cluster, watched: first all that it says, then what changes, each with the kernel's time of when it was told. While its server does
 * not answer, what is known stays known, and how old it is is said.
 */
import { TracerError } from '../base/errors.ts';
import type { ClusterFrame } from '../model/inventory.ts';
import { type ApiError, ClusterApi } from './api.ts';
import { ClusterState, type Resource, resources } from './cluster-state.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { defaultPatience, ListWatch, type Patience } from './list-watch.ts';

/** Changes come in bursts: a deployment that is scaled. */
const SETTLE_MS = 50;
/** For the first lists; after that it goes on without. */
const FIRST_MS = 10_000;

export interface ClusterWatchOptions {
  readonly access: ClusterAccess;
  readonly onFrame: (frame: ClusterFrame) => void;
  readonly note: (text: string) => void;
  /** Of this kernel. */
  readonly bootId?: string;
  readonly patience?: Partial<Patience> & { readonly answer?: number; readonly start?: number };
}

/** How a cluster is, as of now. */
export interface ClusterHealth {
  readonly name: string;
  readonly server: string;
  /** Its first lists have come. */
  readonly isKnown: boolean;
  /** Since when (ms since 1970) it does not answer, and what is wrong. */
  readonly stale?: { readonly sinceMs: number; readonly why: string };
  /** What it may not list. */
  readonly forbidden: readonly Resource[];
}

export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #state: ClusterState;
  readonly #stop = new AbortController();
  readonly #listed = new Set<Resource>();
  readonly #troubles = new Map<Resource, ApiError>();
  /** Said already. */
  readonly #isForbidden = new Set<Resource>();
  readonly #settled = Promise.withResolvers<void>();
  readonly #running: Promise<unknown>;
  #isTold = false;
  #timer: NodeJS.Timeout | undefined;
  #stale: { readonly sinceMs: number; readonly why: string } | undefined;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    const { access, bootId, patience = {} } = options;
    this.#state = new ClusterState(access.name, bootId);
    const api = new ClusterApi(access.config, access.server, patience.answer);
    this.#running = Promise.all(
      resources.map(resource =>
        new ListWatch({
          api,
          resource,
          signal: this.#stop.signal,
          patience: { ...defaultPatience, ...patience },
          onList: objects => {
            this.#state.replace(resource, objects);
            this.#listed.add(resource);
            this.#changed();
          },
          onEvent: (kind, object) => {
            this.#state[kind](resource, object);
            this.#changed();
          },
          onTrouble: error => this.#onTrouble(resource, error),
        }).run(),
      ),
    );
    this.#running.catch(() => {}); // told by stop()
  }

  /** Resolves when the first lists have come, or as much of them as is allowed. @throws CLUSTER_UNREACHABLE, CLUSTER_REFUSED; it goes on trying. */
  async first(): Promise<void> {
    const ms = this.#options.patience?.start ?? FIRST_MS;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([this.#settled.promise, late, this.#running]);
    clearTimeout(timer);
    this.#tell();
    if (this.#listed.size > 0) return;
    const { name, server } = this.#options.access;
    const [error] = this.#troubles.values();
    const text = `cluster ${name}: ${error?.message ?? `${server} does not answer`}`;
    const isRefused = error?.status === 401 || error?.status === 403;
    throw new TracerError(isRefused ? 'CLUSTER_REFUSED' : 'CLUSTER_UNREACHABLE', text, { cause: error });
  }

  get health(): ClusterHealth {
    const { name, server } = this.#options.access;
    const forbidden = [...this.#troubles].filter(([, { status }]) => status === 403).map(([each]) => each);
    return {
      name,
      server,
      isKnown: this.#isTold,
      ...(this.#stale === undefined ? {} : { stale: this.#stale }),
      forbidden,
    };
  }

  /** Is any node of it on this kernel? True as long as that is not known. */
  get isHere(): boolean {
    const { nodes } = this.#state;
    return nodes.length === 0 || nodes.some(({ onThisKernel }) => onThisKernel !== false);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #changed(): void {
    this.#settle();
    if (!this.#isTold || this.#timer !== undefined) return;
    const timeNs = nowNs();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const change = this.#state.takeChange(timeNs);
      if (change !== undefined) this.#options.onFrame(change);
    }, SETTLE_MS);
  }

  /** Has everything been listed that may be? Or will it not be soon? */
  #settle(): void {
    const isListed = (each: Resource): boolean =>
      this.#listed.has(each) || this.#troubles.get(each)?.status === 403;
    if (resources.every(isListed)) this.#tell();
    if (resources.every(each => isListed(each) || this.#troubles.has(each))) this.#settled.resolve();
  }

  /** All that is known; what comes later is a change of it. */
  #tell(): void {
    if (this.#isTold || this.#listed.size === 0) return;
    this.#isTold = true;
    this.#options.onFrame({ timeNs: nowNs(), ...this.#state.snapshot });
  }

  #onTrouble(resource: Resource, error: ApiError | undefined): void {
    if (error === undefined) this.#troubles.delete(resource);
    else this.#troubles.set(resource, error);
    if (error?.status === 403 && !this.#isForbidden.has(resource)) {
      this.#isForbidden.add(resource);
      const { access, note } = this.#options;
      note(`cluster ${access.name} does not let us list ${resource}: ${error.message}`);
    }
    this.#settle();
    this.#sayAge();
  }

  /** Once when it begins to be old, once when it is of now again. Before the first lists `first()` tells. */
  #sayAge(): void {
    const { access, note } = this.#options;
    const [error] = [...this.#troubles.values()].filter(({ status }) => status !== 403);
    if (!this.#isTold) return;
    if (error !== undefined && this.#stale === undefined) {
      this.#stale = { sinceMs: Date.now(), why: error.message };
      note(`cluster ${access.name}: ${error.message}; its names are as of now until it answers again`);
    } else if (error === undefined && this.#stale !== undefined) {
      const ms = Date.now() - this.#stale.sinceMs;
      this.#stale = undefined;
      note(`cluster ${access.name} answers again; its names were ${ageText(ms)} old`);
    }
  }
}

/** CLOCK_MONOTONIC, as the events' times. */
const nowNs = (): string => String(process.hrtime.bigint());

export function ageText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
