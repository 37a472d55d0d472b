/**
 * A packet through the rules of one hook, told what became of it: the ways through chains and rules that end so.
 *
 * Where a rule matches by chance, or a test cannot be made here, both are tried, and the known result decides; a way that needed such a
 * choice says which. Ways are followed depth first, within a budget: a ruleset in which thousands of unsure tests stand one behind the
 * other is given up, and said to be.
 */
import type { Seen } from './elements.ts';
import { ipNumber } from './net-range.ts';
import { seenAt } from './packet.ts';
import type { Chain, Look, NatKind, NatTarget, Rule, Step, Verdict } from './ruleset.ts';
import { chainsAt } from './ruleset.ts';
import type { Ends, Passed, Walk, WalkResult, Way } from './way.ts';

const RULES_MAX = 400_000;
const WAYS_MAX = 16;
const DEPTH_MAX = 64;

interface Frame {
  readonly base: number;
  readonly calls: Call | undefined;
  readonly chain: Chain;
  readonly at: number;
  readonly state: State;
}

interface Call {
  readonly chain: Chain;
  readonly at: number;
  readonly outer: Call | undefined;
  readonly depth: number;
}

interface State {
  readonly mark: number | undefined;
  readonly share: number;
  readonly isTranslated: boolean;
  readonly passed: Link<Passed> | undefined;
  readonly unsure: Link<string> | undefined;
  readonly decidedBy: Passed | undefined;
  readonly queue: string | undefined;
}

interface Link<T> {
  readonly value: T;
  readonly before: Link<T> | undefined;
}

export function walk(asked: Walk): WalkResult {
  return new Walker(asked).run();
}

class Walker {
  readonly #asked: Walk;
  readonly #bases: readonly Chain[];
  readonly #ways: Way[] = [];
  readonly #open: Frame[] = [];
  #rules = 0;

  constructor(asked: Walk) {
    this.#asked = asked;
    this.#bases = chainsAt(asked.ruleset, asked.hook, asked.packet.family);
  }

  run(): WalkResult {
    const { packet } = this.#asked;
    this.#enter(0, {
      mark: packet.mark,
      share: 1,
      isTranslated: false,
      passed: undefined,
      unsure: undefined,
      decidedBy: undefined,
      queue: undefined,
    });
    for (let frame = this.#open.pop(); frame !== undefined; frame = this.#open.pop()) {
      if (this.#rules > RULES_MAX || this.#ways.length >= WAYS_MAX) return { ways: this.#ways, isCut: true };
      this.#follow(frame);
    }
    return { ways: this.#ways, isCut: false };
  }

  /** The base chain of that number, or what comes behind the last. */
  #enter(base: number, state: State): void {
    for (let at = base; at < this.#bases.length; at++) {
      const chain = this.#bases[at]!;
      if (chain.hook!.type === 'nat' && (!this.#asked.asksNat || state.isTranslated)) continue;
      this.#open.push({ base: at, calls: undefined, chain, at: 0, state });
      return;
    }
    this.#end(state, false);
  }

  #end(state: State, isDropped: boolean): void {
    const { known } = this.#asked;
    if ((known.kind === 'dropped') !== isDropped) return;
    const isNat = known.kind === 'dnat' || known.kind === 'snat';
    if (isNat !== state.isTranslated) return;
    this.#ways.push({
      passed: inOrder(state.passed),
      ...(state.decidedBy === undefined ? {} : { decidedBy: state.decidedBy }),
      mark: state.mark,
      share: state.share,
      unsure: inOrder(state.unsure),
      ...(state.queue === undefined ? {} : { queue: state.queue }),
    });
  }

  /** Rules of one chain, until one of them leads elsewhere. */
  #follow(frame: Frame): void {
    const { chain } = frame;
    let { state } = frame;
    for (let at = frame.at; at < chain.rules.length; at++) {
      this.#rules++;
      const rule = chain.rules[at]!;
      if (this.#isMissed(rule, state.mark)) continue;
      const outcome = this.#rule({ ...frame, at, state }, rule);
      if (outcome === undefined) return;
      state = outcome;
    }
    this.#return(frame, state);
  }

  /** One test that fails is enough, also behind one that cannot be made. Most rules are done with here: nothing is made for them. */
  #isMissed({ steps }: Rule, mark: number | undefined): boolean {
    for (const step of steps) {
      if (step.kind === 'test') {
        if (this.#test(step, mark) === 'no') return true;
      } else if (step.kind !== 'may' && step.kind !== 'chance') return false;
    }
    return false;
  }

  /** The state for the next rule; undefined: what comes has been put among the open ones, or nothing can come. */
  #rule(frame: Frame, rule: Rule): State | undefined {
    let { state } = frame;
    for (const [index, step] of rule.steps.entries()) {
      switch (step.kind) {
        case 'test': {
          const is = this.#test(step, state.mark);
          if (is === 'no') return state;
          if (is === 'may') state = this.#branch(frame, state, testText(rule, index));
          break;
        }
        case 'may':
          state = this.#branch(frame, state, step.what);
          break;
        case 'chance':
          state = this.#chance(frame, state, step.share);
          break;
        case 'mark':
          state = { ...state, mark: marked(step, state.mark) };
          break;
        default:
          return this.#act(frame, rule, step, state);
      }
    }
    // Matched, and decided nothing.
    return passing(state, frame.chain, rule, { kind: 'continue' });
  }

  #test(
    { looks, not, in: elements }: Extract<Step, { kind: 'test' }>,
    mark: number | undefined,
  ): 'yes' | 'no' | 'may' {
    const [look] = looks;
    const { is } =
      looks.length === 1
        ? elements.findOne(seenAt(this.#asked.packet, look!, mark))
        : elements.find(this.#seen(looks, mark));
    if (is === 'may' || !not) return is;
    return is === 'yes' ? 'no' : 'yes';
  }

  #seen(looks: readonly Look[], mark: number | undefined): Seen[] {
    return looks.map(look => seenAt(this.#asked.packet, look, mark));
  }

  /** Goes on as if it matched; as if it did not, later. */
  #branch(frame: Frame, state: State, what: string): State {
    this.#later(frame, { ...frame.state, unsure: { value: `not: ${what}`, before: frame.state.unsure } });
    return { ...state, unsure: { value: what, before: state.unsure } };
  }

  #chance(frame: Frame, state: State, share: number | undefined): State {
    if (share !== undefined && share >= 1) return state;
    this.#later(frame, { ...frame.state, share: state.share * (share === undefined ? 1 : 1 - share) });
    return { ...state, share: state.share * (share ?? 1) };
  }

  #later(frame: Frame, state: State): void {
    this.#open.push({ ...frame, at: frame.at + 1, state });
  }

  #act(frame: Frame, rule: Rule, step: Step, state: State): State | undefined {
    switch (step.kind) {
      case 'nat':
        this.#translate(frame, rule, step, state);
        return undefined;
      case 'verdicts':
        return this.#mapped(frame, rule, step, state);
      case 'any-verdict': {
        const share = state.share / Math.max(1, step.verdicts.length);
        for (const verdict of step.verdicts.toReversed()) {
          const next = this.#decide(frame, rule, verdict, { ...state, share });
          if (next !== undefined) this.#later(frame, next);
        }
        return undefined;
      }
      case 'verdict':
        return this.#decide(frame, rule, step.verdict, state);
      default:
        return state;
    }
  }

  #mapped(
    frame: Frame,
    rule: Rule,
    { looks, in: elements }: Extract<Step, { kind: 'verdicts' }>,
    state: State,
  ): State | undefined {
    const found = elements.find(this.#seen(looks, state.mark));
    if (found.is === 'no') return state;
    if (found.is === 'yes')
      return found.verdict === undefined ? state : this.#decide(frame, rule, found.verdict, state);
    this.#later(frame, state);
    const unsure = { value: rule.text, before: state.unsure };
    for (const verdict of elements.verdicts()) {
      const next = this.#decide(frame, rule, verdict, { ...state, unsure });
      if (next !== undefined) this.#later(frame, next);
    }
    return undefined;
  }

  #decide(frame: Frame, rule: Rule, verdict: Verdict, before: State): State | undefined {
    const state = passing(before, frame.chain, rule, verdict);
    switch (verdict.kind) {
      case 'accept':
        this.#enter(frame.base + 1, state);
        return undefined;
      case 'drop':
      case 'reject':
        this.#end({ ...state, decidedBy: state.passed!.value }, true);
        return undefined;
      case 'return':
        this.#return(frame, state);
        return undefined;
      case 'continue':
        return state;
      case 'jump':
      case 'goto':
        return this.#jump(frame, verdict.kind, verdict.chain, state);
      case 'queue':
        return this.#queue(frame, verdict, state);
      case 'unknown':
        return this.#unknown(frame, verdict.what, state);
    }
  }

  #jump(frame: Frame, kind: 'jump' | 'goto', name: string, state: State): State | undefined {
    const { calls } = frame;
    const chain = frame.chain.table.chains.get(name);
    if (chain === undefined) return this.#unknown(frame, `-j ${name}`, state);
    const depth = (calls?.depth ?? 0) + 1;
    if (depth > DEPTH_MAX) return undefined; // a loop, which no kernel loads
    const back = kind === 'jump' ? { chain: frame.chain, at: frame.at + 1, outer: calls, depth } : calls;
    this.#open.push({ base: frame.base, calls: back, chain, at: 0, state });
    return undefined;
  }

  /** Back to where the chain was called; at the end of a base chain its policy holds. */
  #return(frame: Frame, state: State): void {
    const { calls, base } = frame;
    if (calls !== undefined) {
      this.#open.push({ base, calls: calls.outer, chain: calls.chain, at: calls.at, state });
      return;
    }
    const chain = this.#bases[base]!;
    const { policy } = chain.hook!;
    const passed: Passed = { chain, verdict: { kind: policy } };
    const ended = { ...state, passed: { value: passed, before: state.passed } };
    if (policy === 'drop') this.#end({ ...ended, decidedBy: passed }, true);
    else this.#enter(base + 1, ended);
  }

  /** Whoever reads the queue drops it or lets it go on behind this chain. */
  #queue(frame: Frame, { queue }: Extract<Verdict, { kind: 'queue' }>, state: State): undefined {
    const waited = { ...state, queue };
    this.#enter(frame.base + 1, waited);
    this.#end({ ...waited, decidedBy: state.passed!.value }, true);
    return undefined;
  }

  #unknown(frame: Frame, what: string, state: State): State {
    const unsure = { ...state, unsure: { value: what, before: state.unsure } };
    this.#end({ ...unsure, decidedBy: state.passed!.value }, true);
    this.#enter(frame.base + 1, unsure);
    return unsure;
  }

  #translate(frame: Frame, rule: Rule, step: Extract<Step, { kind: 'nat' }>, state: State): void {
    const { known } = this.#asked;
    const isSrc = step.nat === 'snat' || step.nat === 'masquerade';
    if (known.kind === 'passed' || known.kind === 'dropped') {
      // It was not translated: only to what it was anyway, which nobody sees.
      if (known.kind === 'passed') return;
      this.#enter(frame.base + 1, {
        ...passing(state, frame.chain, rule, { kind: step.nat }),
        isTranslated: true,
      });
      return;
    }
    if ((known.kind === 'snat') !== isSrc) return;
    const fitting = step.targets.filter(target => this.#fits(step.nat, target, known.to));
    if (fitting.length === 0 && step.targets.length > 0) return;
    const share = step.targets.length === 0 ? 1 : fitting.length / step.targets.length;
    const done = passing({ ...state, share: state.share * share }, frame.chain, rule, { kind: step.nat });
    const unsure = step.targets.length > 0 ? done.unsure : { value: rule.text, before: done.unsure };
    this.#enter(frame.base + 1, { ...done, unsure, isTranslated: true, decidedBy: done.passed!.value });
  }

  #fits(nat: NatKind, { ips, ports }: NatTarget, to: Ends): boolean {
    const isOwn = nat === 'masquerade' || nat === 'redirect';
    if (isOwn && (this.#asked.packet.typeOf(to.ip) ?? 'local') !== 'local') return false;
    if (ips !== undefined && !isBetween(to.ip, ips)) return false;
    const isPortTold = ports === undefined || to.port === undefined;
    return isPortTold || (to.port! >= ports[0] && to.port! <= ports[1]);
  }
}

function isBetween(ip: string, [first, last]: readonly [string, string]): boolean {
  if (ip === first) return true;
  const [at, low, high] = [ip, first, last].map(ipNumber);
  return at !== undefined && low !== undefined && high !== undefined && at >= low && at <= high;
}

function marked(
  { keep, flip }: Extract<Step, { kind: 'mark' }>,
  mark: number | undefined,
): number | undefined {
  if (keep === undefined || flip === undefined) return undefined;
  if (keep === 0) return flip;
  return mark === undefined ? undefined : ((mark & keep) ^ flip) >>> 0;
}

function passing(state: State, chain: Chain, rule: Rule, verdict: Passed['verdict']): State {
  return { ...state, passed: { value: { chain, rule, verdict }, before: state.passed } };
}

function testText(rule: Rule, step: number): string {
  const kind = rule.steps[step];
  return kind?.kind === 'test'
    ? `${kind.looks.map(({ field }) => field).join(' . ')} in "${rule.text}"`
    : rule.text;
}

function inOrder<T>(last: Link<T> | undefined): T[] {
  const all: T[] = [];
  for (let link = last; link !== undefined; link = link.before) all.push(link.value);
  return all.reverse();
}
