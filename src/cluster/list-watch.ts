/**
 * Keeps one kind of objects as the API server has it: a list, then what changes from that version on. A watch that ends is taken up where it ended;
 * where the server does not know that version any more (410), everything is listed again. While nobody answers, what is known stays.
 */
import { setTimeout as after } from 'node:timers/promises';
import { ApiError, type ClusterApi } from './api.ts';
import type { Resource } from './cluster-state.ts';
import { type Row, row, text } from './objects.ts';

export const paths: Readonly<Record<Resource, string>> = {
  nodes: '/api/v1/nodes',
  pods: '/api/v1/pods',
  services: '/api/v1/services',
  endpointslices: '/apis/discovery.k8s.io/v1/endpointslices',
  namespaces: '/api/v1/namespaces',
};

/** ms. `watch`: after so long the server ends one; `silent`: then it is not there any more, a bookmark comes each minute. */
export const defaultPatience = {
  first: 250,
  longest: 30_000,
  refused: 60_000,
  watch: 300_000,
  silent: 150_000,
};
export type Patience = typeof defaultPatience;

export interface ListWatchOptions {
  readonly api: ClusterApi;
  readonly resource: Resource;
  readonly signal: AbortSignal;
  readonly patience: Patience;
  readonly onList: (objects: readonly Row[]) => void;
  readonly onEvent: (kind: 'put' | 'remove', object: Row) => void;
  /** Undefined: what is known is of now again. */
  readonly onTrouble: (error: ApiError | undefined) => void;
}

const RELIST_MS = 1000;

export class ListWatch {
  readonly #options: ListWatchOptions;
  /** Of what is known; undefined: to be listed. */
  #version: string | undefined;
  #waitMs: number;
  #listedAt = Number.NEGATIVE_INFINITY;
  #isTroubled = true;

  constructor(options: ListWatchOptions) {
    this.#options = options;
    this.#waitMs = options.patience.first;
  }

  /** Until the signal. */
  async run(): Promise<void> {
    const { signal, onTrouble } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        const { status = 0 } = error;
        const wasListed = this.#version !== undefined;
        if (status === 410 || status >= 500) this.#version = undefined;
        // At once, but not again and again.
        if (status === 410 && wasListed && performance.now() - this.#listedAt > RELIST_MS) continue;
        this.#isTroubled = true;
        onTrouble(error);
        await this.#pause(error);
      }
    }
  }

  /** Lists if need be, then watches until the server ends it. */
  async #round(): Promise<void> {
    const { api, resource, signal, onList } = this.#options;
    if (this.#version === undefined) {
      const { objects, version } = await api.list(paths[resource], signal);
      this.#version = version;
      this.#listedAt = performance.now();
      onList(objects);
      this.#well();
    }
    await this.#watch(this.#version);
  }

  async #watch(version: string): Promise<void> {
    const { api, resource, signal, patience } = this.#options;
    const query = {
      resourceVersion: version,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(Math.ceil(patience.watch / 1000)),
    };
    const startedAt = performance.now();
    let events = 0;
    const watch = api.watch(paths[resource], query, {
      silentMs: patience.silent,
      signal,
      onOpen: () => this.#well(),
    });
    for await (const { type, object } of watch) {
      this.#take(type, object);
      events++;
    }
    if (events === 0 && performance.now() - startedAt < patience.first)
      throw new ApiError('a watch ended as soon as it began');
    this.#waitMs = patience.first;
  }

  #take(type: string, object: Row): void {
    if (type === 'ERROR') {
      throw new ApiError(text(object.message) ?? 'a watch ended with an error', Number(object.code) || 500);
    }
    if (type === 'ADDED' || type === 'MODIFIED') this.#options.onEvent('put', object);
    else if (type === 'DELETED') this.#options.onEvent('remove', object);
    this.#version = text(row(object.metadata).resourceVersion) ?? this.#version;
    this.#waitMs = this.#options.patience.first;
  }

  #well(): void {
    if (this.#isTroubled) this.#options.onTrouble(undefined);
    this.#isTroubled = false;
  }

  async #pause({ status }: ApiError): Promise<void> {
    const { patience, signal } = this.#options;
    const ms = status === 403 ? patience.refused : this.#waitMs;
    this.#waitMs = Math.min(2 * this.#waitMs, patience.longest);
    await after(ms, undefined, { signal }).catch(() => {});
  }
}
