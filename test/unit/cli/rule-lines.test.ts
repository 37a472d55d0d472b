import { expect, test } from 'vitest';
import { ruleLines } from '../../../src/cli/render/rule-lines.ts';
import type { Hop, RuleRef } from '../../../src/model/journey.ts';

const rule: RuleRef = {
  table: 'nat',
  chain: 'KUBE-SEP-X',
  text: '-A KUBE-SEP-X -j DNAT --to-destination 10.0.0.1:80',
  path: [
    { chain: 'PREROUTING', text: '-A PREROUTING -j KUBE-SEP-X', verdict: 'jump KUBE-SEP-X' },
    { chain: 'KUBE-SEP-X', text: '-A KUBE-SEP-X -j DNAT --to-destination 10.0.0.1:80', verdict: 'dnat' },
  ],
  basis: 'computed',
  readNs: '5000000',
};
const linesAt = (offsetNs: number, changed: Partial<RuleRef> = {}): string[] =>
  ruleLines({ startNs: '1000000' }, { offsetNs, rule: { ...rule, ...changed } } as Hop, 200);

test('each rule is a line, and then when they were read', () => {
  expect(linesAt(0)).toEqual([
    'nat: -A PREROUTING -j KUBE-SEP-X',
    'nat: -A KUBE-SEP-X -j DNAT --to-destination 10.0.0.1:80',
    '(computed from the rules and from what became of the packet; rules read 4.00 ms after the packet)',
  ]);
  expect(linesAt(5_000_000).at(-1)).toContain('rules read 1.00 ms before the packet');
  expect(linesAt(4_000_000).at(-1)).toContain('they were the same before the packet and after it');
});

test('a policy is no rule', () => {
  expect(linesAt(0, { path: [{ chain: 'FORWARD', verdict: 'drop' }], basis: 'possible' })).toEqual([
    'nat: FORWARD: policy drop',
    '(computed; other rules could have done the same; rules read 4.00 ms after the packet)',
  ]);
});
