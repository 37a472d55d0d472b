/** What the kernel itself told of a packet and its rules, beside what was computed. */
import type { RuleRef, RuleStep } from '../model/journey.ts';
import type { TracedVisit } from '../rules/rule-trace.ts';

/** How nft calls what a rule did: a target of NAT accepts, one that rejects drops. */
const asTraced: Readonly<Record<string, string>> = {
  dnat: 'accept',
  masquerade: 'accept',
  snat: 'accept',
  redirect: 'accept',
  reject: 'drop',
};

export function isSamePath(path: readonly RuleStep[], { met }: TracedVisit): boolean {
  return (
    path.length === met.length &&
    path.every(({ chain, verdict }, at) => {
      const traced = met[at]!;
      return (
        chain === traced.chain &&
        (asTraced[verdict] ?? verdict) === traced.verdict.replace(/^queue.*/, 'queue')
      );
    })
  );
}

export const isDropVisit = ({ met }: TracedVisit): boolean => /^(drop|queue)/.test(met.at(-1)?.verdict ?? '');

/** No rule that was read leads to what happened: the kernel's word alone. */
export function tracedRule({ table, met }: TracedVisit, readNs: string): RuleRef {
  const { chain, text, verdict } = met.at(-1)!;
  const path = met.map(step => (step.text === undefined ? step : { ...step, text: uncounted(step.text) }));
  const rule = text === undefined ? `policy ${verdict}` : uncounted(text);
  return { table, chain, text: rule, path, basis: 'traced', readNs };
}

/** Counts are of that moment. */
const uncounted = (text: string): string => text.replace(/ ?counter packets \d+ bytes \d+/, '').trim();
