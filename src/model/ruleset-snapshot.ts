/** The rules of one network namespace as their tools printed them, with the time at which they were read. */

export type RulesSource =
  | {
      readonly kind: 'iptables-save';
      readonly family: 'ip' | 'ip6';
      readonly dialect: 'iptables-nft' | 'iptables-legacy';
      readonly text: string;
    }
  /** `nft -j list …`: tables, or what is in some of them. */
  | { readonly kind: 'nft'; readonly listed: unknown };

export interface RulesetSnapshot {
  /** Of the namespace. */
  readonly cookie: string;
  /** CLOCK_MONOTONIC when reading began, ns, decimal. */
  readonly timeNs: string;
  /** Absent: they are the same as when they were read last. */
  readonly sources?: readonly RulesSource[];
  /** Why some of them could not be read. */
  readonly failed?: string;
}
