/** What changed about a packet, in words. */
import type { Change } from '../model/journey.ts';

const natWords: Readonly<Record<string, string>> = {
  dnat: 'DNAT',
  snat: 'SNAT',
  masquerade: 'masquerade',
  undnat: 'DNAT undone by conntrack',
  unsnat: 'SNAT undone by conntrack',
  bpf: 'rewritten by tc/eBPF',
  ipvs: 'IPVS',
  nfqueue: 'rewritten behind NFQUEUE',
  unknown: 'rewritten, by what is not known',
};

/** What everybody looks for first: addresses, and being wrapped. */
export const isRewrite = ({ field }: Change): boolean =>
  field === 'src' || field === 'dst' || field === 'encap';

export function rewriteText(changes: readonly Change[]): string | undefined {
  const change = rewriteOf(changes);
  return change && changeText(change);
}

export function changeText(change: Change): string {
  return `${change.from ?? 'nothing'} → ${change.to ?? 'nothing'} (${causeText(change)})`;
}

/** By whom: DNAT, masquerade, VXLAN. */
export function causeText({ by }: Change): string {
  return natWords[by] ?? by;
}

export function rewriteOf(changes: readonly Change[]): Change | undefined {
  return changes.find(({ field }) => field === 'dst' || field === 'src');
}

/** Of any field, without who did it. Of MAC addresses both are in one change, as `source→destination`. */
export function fieldText({ field, from, to }: Change): string {
  if (field === 'mac') return `frame now ${to?.replace('→', ' → ') ?? 'without a header'}`;
  return `${field} ${from ?? 'none'} → ${to ?? 'none'}`;
}
