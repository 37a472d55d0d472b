/** What is asked of a walk through the rules of a hook, and what it answers. */
import type { RulePacket } from './packet.ts';
import type { Chain, HookName, NatKind, Rule, Ruleset, Verdict } from './ruleset.ts';

export interface Ends {
  readonly ip: string;
  readonly port?: number;
}

/** What is known of the packet behind the hook. */
export type Known =
  | { readonly kind: 'dnat' | 'snat'; readonly to: Ends }
  | { readonly kind: 'dropped' }
  /** It went on as it was. */
  | { readonly kind: 'passed' };

export interface Walk {
  readonly ruleset: Ruleset;
  readonly hook: HookName;
  readonly packet: RulePacket;
  readonly known: Known;
  /** Is its conntrack entry still without a translation? Only then rules of type nat are asked. */
  readonly asksNat: boolean;
}

/** One rule that the packet met and that decided something, in order; without a rule: the policy of a base chain. */
export interface Passed {
  readonly chain: Chain;
  readonly rule?: Rule;
  readonly verdict: Verdict | { readonly kind: NatKind };
}

export interface Way {
  readonly passed: readonly Passed[];
  /** What decided: the translation, or the drop. Absent where nothing had to be decided. */
  readonly decidedBy?: Passed;
  readonly mark: number | undefined;
  /** Of all packets like it, how many go this way by chance. */
  readonly share: number;
  /** Tests that could not be made, and were taken for what the result says. */
  readonly unsure: readonly string[];
  /** It had to wait for a program that reads this queue. */
  readonly queue?: string;
}

export interface WalkResult {
  readonly ways: readonly Way[];
  /** There may be more. */
  readonly isCut: boolean;
}
