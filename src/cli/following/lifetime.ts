/** How long a following goes on: until a signal, a time, the end of its command, or that somebody says so. The first cause wins. */
import { TracerError } from '../../base/errors.ts';
import type { EnterTarget } from '../../lab/enter.ts';
import { type Child, type ChildResult, startChild } from '../child.ts';

/** After the command ended, its last packets and their journeys' silence. */
const DRAIN_MS = 300;

export class Lifetime {
  readonly #over = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #onSignal = (): void => this.end();
  #command: Child | undefined;
  #isClosed = false;
  /** Set where it ended by a failure. */
  error: TracerError | undefined;
  /** The command has ended, and how. */
  child: ChildResult | undefined;

  /** From now on Ctrl-C ends it in good order, also while it is still being started. */
  constructor() {
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Aborted when it is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  async untilOver(): Promise<void> {
    if (this.isOver) return;
    await new Promise(resolve => this.signal.addEventListener('abort', resolve, { once: true }));
  }

  end(error?: TracerError): void {
    this.error ??= error;
    this.#over.abort();
  }

  /** Not called once it is over. */
  after(ms: number, then: () => void): void {
    this.#timers.push(setTimeout(then, ms));
  }

  /** Starts the command; the following ends after it, when its last packets have been seen. */
  run(command: readonly string[], inside: EnterTarget | undefined): void {
    if (this.isOver) return;
    this.#command = startChild(command, inside);
    this.#command.ended.then(
      child => {
        if (this.#isClosed) return;
        this.child = child;
        this.after(DRAIN_MS, () => this.end());
      },
      (error: unknown) =>
        this.end(error instanceof TracerError ? error : new TracerError('COMMAND_START', String(error))),
    );
  }

  /** Takes back timers and signals, and lets the command finish by itself: its end tells nothing any more, live as in the recording. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#command?.leave();
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }
}
