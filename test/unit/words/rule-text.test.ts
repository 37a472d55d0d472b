import { describe, expect, test } from 'vitest';
import type { RuleRef } from '../../../src/model/journey.ts';
import { outcomeText } from '../../../src/words/outcome-text.ts';
import { ruleChains, ruleDropText, ruleLine } from '../../../src/words/rule-text.ts';

const rule: RuleRef = {
  table: 'filter',
  chain: 'KUBE-SERVICES',
  text: '-A KUBE-SERVICES -d 10.96.0.9/32 -j REJECT',
  comment: 'default/web has no endpoints',
  words: 'default/web has no ready endpoints',
  path: [
    { chain: 'FORWARD', text: '-A FORWARD -j KUBE-FORWARD', verdict: 'jump KUBE-FORWARD' },
    { chain: 'KUBE-FORWARD', text: '-A KUBE-FORWARD -m mark --mark 1', verdict: 'continue' },
    { chain: 'FORWARD', text: '-A FORWARD -j KUBE-SERVICES', verdict: 'jump KUBE-SERVICES' },
    { chain: 'KUBE-SERVICES', text: '-A KUBE-SERVICES -d 10.96.0.9/32 -j REJECT', verdict: 'reject' },
  ],
  basis: 'computed',
  readNs: '0',
};

describe('a rule in words', () => {
  test('the chains that led to it, without those that led back', () => {
    expect(ruleChains(rule)).toBe('filter FORWARD → KUBE-SERVICES');
  });

  test('what it is for; else what it says of itself; else itself', () => {
    const { words: _, ...commented } = rule;
    const { comment: __, ...bare } = commented;
    expect([rule, commented, bare].map(ruleLine)).toEqual([
      'by filter KUBE-SERVICES: default/web has no ready endpoints',
      'by filter KUBE-SERVICES: default/web has no endpoints',
      'by filter KUBE-SERVICES: -A KUBE-SERVICES -d 10.96.0.9/32 -j REJECT',
    ]);
  });

  test('what others may have done is a perhaps', () => {
    expect(ruleDropText({ ...rule, basis: 'possible' })).toMatch(/^rejected perhaps by filter/);
  });

  test('an end tells the rule in place of what it may have been', () => {
    const dropped = { kind: 'dropped', reason: 'NETFILTER_DROP', location: 'nft_do_chain', at: 0 } as const;
    expect(outcomeText({ outcome: { ...dropped, rule }, hops: [], links: [] })).toBe(
      'DROPPED NETFILTER_DROP in nft_do_chain: rejected by filter KUBE-SERVICES: default/web has no ready endpoints',
    );
    expect(outcomeText({ outcome: dropped, hops: [], links: [] })).toContain('a firewall rule decided so');
  });
});
