/**
 * How far the collector has told. Who ends something waits until all that happened before has been told, however late that is: on a
 * busy machine events come hundreds of milliseconds after their time.
 */

/** A collector that is away, or stuck, is not waited for without end. */
const PATIENCE_MS = 5000;

interface Waiting {
  readonly untilNs: bigint;
  readonly tell: () => void;
}

export class Told {
  readonly #waiting = new Set<Waiting>();

  /** All before that time has been told; CLOCK_MONOTONIC. */
  beat(nowNs: bigint): void {
    for (const { untilNs, tell } of this.#waiting) if (nowNs >= untilNs) tell();
  }

  /** Resolves with the first heartbeat from then on; or when there is none for a long time. */
  async until(untilNs: bigint, patienceMs = PATIENCE_MS): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = { untilNs, tell: resolve };
    const timer = setTimeout(resolve, patienceMs);
    this.#waiting.add(waiting);
    await promise;
    this.#waiting.delete(waiting);
    clearTimeout(timer);
  }

  /** There will be no more. */
  end(): void {
    for (const { tell } of this.#waiting) tell();
  }
}
