/** The rule that decided, in words. */
import type { RuleRef } from '../model/journey.ts';

/** "nat PREROUTING → KUBE-SERVICES → …" without chains that led back. */
export function ruleChains({ table, path }: RuleRef): string {
  const open: string[] = [];
  for (const { chain } of path) {
    const at = open.indexOf(chain);
    if (at >= 0) open.length = at;
    open.push(chain);
  }
  return `${table} ${open.join(' → ')}`;
}

/** "by nat KUBE-SEP-DSTAFSF2EF7XQCKA: default/nginx-service:http, 1 of 3 endpoints, p=0.333" */
export function ruleLine(rule: RuleRef): string {
  const { table, chain, words, comment, text } = rule;
  return `${perhaps(rule)}by ${table} ${chain}: ${words ?? comment ?? text}`;
}

/** What it did to a packet that went no further. */
export function ruleDropText(rule: RuleRef): string {
  const verdict = rule.path.at(-1)?.verdict;
  return `${verdict === 'reject' ? 'rejected' : 'dropped'} ${ruleLine(rule)}`;
}

/** Others may have done the same. */
export function perhaps({ basis, trace }: Pick<RuleRef, 'basis' | 'trace'>): string {
  if (trace?.kind === 'other') return 'as computed, but the kernel says otherwise, ';
  return basis === 'possible' ? 'perhaps ' : '';
}
