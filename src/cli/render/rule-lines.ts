/** The rules that led to what happened at a hop, one a line, and when they were read. */
import type { AnyJourney, Hop } from '../../model/journey.ts';
import { duration } from '../../words/times.ts';
import { wrap } from './style.ts';

const HANG = 2;

export function ruleLines({ startNs }: Pick<AnyJourney, 'startNs'>, hop: Hop, room: number): string[] {
  const { rule } = hop;
  if (rule === undefined) return [];
  const steps = rule.path.flatMap(({ chain, text, verdict }) =>
    wrap(`${rule.table}: ${text ?? `${chain}: policy ${verdict}`}`, room, HANG),
  );
  const { trace } = rule;
  const others =
    trace?.kind === 'other'
      ? [
          `the kernel tells of another path, rules may have changed:`,
          ...trace.path.map(
            ({ chain, text, verdict }) => `  ${rule.table} ${chain}: ${text ?? 'policy'} (${verdict})`,
          ),
        ].flatMap(line => wrap(line, room, HANG))
      : [];
  return [
    ...steps,
    ...others,
    ...wrap(basisText(rule, BigInt(startNs) + BigInt(Math.round(hop.offsetNs))), room, HANG),
  ];
}

const basisWords: Readonly<Record<NonNullable<Hop['rule']>['basis'], string>> = {
  computed: 'computed from the rules and from what became of the packet',
  possible: 'computed; other rules could have done the same',
  traced: 'the kernel says so, and no rule that was read leads to it',
};

function basisText({ basis, readNs, trace }: NonNullable<Hop['rule']>, hopNs: bigint): string {
  return `(${basisWords[basis]}${trace?.kind === 'same' ? '; the kernel says the same' : ''}; ${whenRead(BigInt(readNs) - hopNs)})`;
}

/** Rules may have been others in between. */
function whenRead(afterNs: bigint): string {
  if (afterNs === 0n) return 'they were the same before the packet and after it';
  const far = duration(Number(afterNs < 0n ? -afterNs : afterNs));
  return `rules read ${far} ${afterNs < 0n ? 'before' : 'after'} the packet`;
}
