/** `--rules`: where the kernel is asked to tell of its rules, for what is followed now. */
import { RuleTraces, traceMatches } from '../../collect/rule-traces.ts';
import { forwardersOf } from '../../engine/hook-places.ts';
import { type FollowTarget, watchRules } from '../../engine/target.ts';
import type { Names } from '../../inventory/names.ts';
import type { SessionNote } from '../../model/session.ts';

export class KernelRules {
  readonly #traces: RuleTraces;
  readonly #say: (note: SessionNote) => void;
  readonly #note: (text: string) => void;

  constructor(say: (note: SessionNote) => void, note: (text: string) => void) {
    this.#say = say;
    this.#note = note;
    this.#traces = new RuleTraces({
      onTraced: (cookie, text) => say({ kind: 'traced', cookie, text }),
      onFailure: text => note(`--rules: ${text}; rules are computed there`),
    });
  }

  /** Resolves when they tell. */
  async watch(target: FollowTarget, names: Names): Promise<void> {
    const { inventory } = names;
    const matches = traceMatches(watchRules(target));
    const places = forwardersOf(target, names).flatMap(
      cookie => inventory.netnsAt(cookie, inventory.latestNs) ?? [],
    );
    if (matches.length === 0) this.#note('--rules: there is no address to tell this by; rules are computed');
    else this.#say({ kind: 'traces-rules', places: places.map(({ cookie }) => cookie) });
    await this.#traces.want(matches.length === 0 ? [] : places, matches);
  }

  stop(): Promise<void> {
    return this.#traces.stop();
  }
}
