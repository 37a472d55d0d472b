/**
 * What the daemon kept before this page came. The live stream begins with the newest few, so that something is seen at once; the rest,
 * as much as the page would keep, comes by pages behind it, with a rest between them: what is new has the way first.
 */
import type { FlowVersion } from '../../src/model/flow.ts';
import type { JourneyVersion } from '../../src/model/journey.ts';

export interface OlderSource {
  readonly ask: (path: string) => Promise<unknown>;
  /** Resolves when the page has nothing better to do. */
  readonly rest: () => Promise<void>;
}

export interface OlderListener {
  onOlder(journeys: readonly JourneyVersion[], flows: readonly FlowVersion[]): void;
}

interface Page {
  readonly session: string;
  /** The number of the last change in it; of the newest there is, where it has all. */
  readonly next: number;
  readonly oldest: number;
  readonly journeys?: readonly JourneyVersion[];
  readonly flows?: readonly FlowVersion[];
}

/** Journeys are some 10 kB each, conversations less than one. */
const pageSizes = { flows: 500, journeys: 200 } as const;

export class Older {
  readonly #source: OlderSource;
  readonly #listener: OlderListener;
  readonly #max: number;
  /** Of the run that is under way: another one ends it. */
  #run = 0;
  #done: string | undefined;

  /** `max`: changes that it goes back. */
  constructor(source: OlderSource, listener: OlderListener, max: number) {
    this.#source = source;
    this.#listener = listener;
    this.#max = max;
  }

  /** Once for each session, or until it has come to its end. */
  async fetch(session: string): Promise<void> {
    if (session === this.#done) return;
    const run = ++this.#run;
    for (const kind of ['flows', 'journeys'] as const)
      if (!(await this.#fetchAll(kind, session, run))) return;
    this.#done = session;
  }

  /** What came is gone. */
  forget(): void {
    this.#run++;
    this.#done = undefined;
  }

  /** @returns whether it came to its end: else the connection was lost, or something newer began. */
  async #fetchAll(kind: 'flows' | 'journeys', session: string, run: number): Promise<boolean> {
    const newest = await this.#page(`/api/${kind}?limit=1`, session, run);
    if (newest === undefined) return false;
    let since = Math.max(newest.oldest, newest.next - this.#max);
    while (since < newest.next) {
      await this.#source.rest();
      const page = await this.#page(`/api/${kind}?since=${since}&limit=${pageSizes[kind]}`, session, run);
      if (page === undefined) return false;
      this.#listener.onOlder(page.journeys ?? [], page.flows ?? []);
      if (page.next <= since) return true;
      since = page.next;
    }
    return true;
  }

  async #page(path: string, session: string, run: number): Promise<Page | undefined> {
    try {
      const page = (await this.#source.ask(path)) as Page;
      return run === this.#run && page.session === session ? page : undefined;
    } catch {
      // That the daemon does not answer is said by the connection, which comes back and asks again.
      return undefined;
    }
  }
}
