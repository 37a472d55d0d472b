import { setTimeout as after } from 'node:timers/promises';

/** Waiting for less costs more than it shows. */
const STEP_MS = 5;

/** How fast recorded time passes. */
export class Pace {
  readonly #speed: number | undefined;
  readonly #signal: AbortSignal;
  readonly #stopped = new AbortController();
  #from: { readonly ns: number; readonly ms: number } | undefined;

  /** `speed` undefined: as fast as possible. */
  constructor(speed: number | undefined, signal: AbortSignal) {
    this.#speed = speed;
    this.#signal = AbortSignal.any([signal, this.#stopped.signal]);
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#stopped.abort();
  }

  isAhead(timeNs: number): boolean {
    return this.#leftMs(timeNs) > STEP_MS;
  }

  async wait(timeNs: number): Promise<void> {
    await after(this.#leftMs(timeNs), undefined, { signal: this.#signal }).catch(() => {});
  }

  #leftMs(timeNs: number): number {
    if (this.#speed === undefined) return 0;
    this.#from ??= { ns: timeNs, ms: performance.now() };
    const dueMs = (timeNs - this.#from.ns) / 1e6 / this.#speed;
    return Math.min(dueMs - (performance.now() - this.#from.ms), 2 ** 31 - 1);
  }
}
