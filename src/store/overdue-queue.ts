/** Flows whose requests wait for an answer, until it is overdue: then they have changed although nothing came. */
import { ANSWER_NS } from './flow-verdict.ts';
import type { StoredFlow } from './stored-flow.ts';

interface Waiting {
  readonly flow: StoredFlow;
  readonly sinceNs: bigint;
}

export class OverdueQueue {
  /** Each flow at most once, in the order of entering: nearly that of time. */
  #queue: Waiting[] = [];
  #head = 0;

  add(flow: StoredFlow): void {
    const sinceNs = flow.entry?.waitsSinceNs;
    if (flow.isDue || sinceNs === undefined) return;
    flow.isDue = true;
    this.#queue.push({ flow, sinceNs });
  }

  /** Calls `onOverdue` for each flow that has become unanswered by `nowNs`. */
  until(nowNs: bigint, onOverdue: (flow: StoredFlow) => void): void {
    const isOver = (sinceNs: bigint): boolean => nowNs - sinceNs >= ANSWER_NS;
    while (this.#head < this.#queue.length && isOver(this.#queue[this.#head]!.sinceNs)) {
      const { flow } = this.#queue[this.#head++]!;
      flow.isDue = false;
      const sinceNs = flow.entry?.waitsSinceNs;
      if (sinceNs === undefined) continue;
      if (isOver(sinceNs)) onOverdue(flow);
      // The one that had waited has been answered; another one waits now.
      else this.add(flow);
    }
    if (this.#head < 1024 && this.#head < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}
