/** What at a hop caused what happened there: the rule, the route, the conntrack entry, as the kernel has them. */

import { addressPort } from '../../../src/model/address-port.ts';
import type { ConntrackRef, Hop, RuleRef, Tuple } from '../../../src/model/journey.ts';
import { routeWay } from '../../../src/words/hop-line.ts';

export interface Cause {
  readonly what: 'rule' | 'rule before' | 'route' | 'conntrack' | 'tunnel' | 'frame' | 'process' | 'verdict';
  readonly text: string;
  readonly note?: string;
}

export function ruleCause({ table, chain, text, words, comment, basis, trace }: RuleRef): Cause {
  const notes = [
    basis === 'possible' ? 'perhaps: others could have done the same' : undefined,
    trace === undefined ? undefined : traceWords[trace.kind],
    words ?? comment,
  ];
  const note = notes.filter(each => each !== undefined).join('; ');
  return { what: 'rule', text: `${table} ${chain}: ${text}`, ...(note === '' ? {} : { note }) };
}

const traceWords = {
  same: 'the kernel says the same',
  other: 'computed, and the kernel tells of another path',
} as const;

/** The rules before it, in the order in which the packet met them. */
export function pathCauses({ table, path }: RuleRef): Cause[] {
  return path.slice(0, -1).map(({ chain, text, verdict }) => ({
    what: 'rule before',
    text: `${table} ${chain}: ${text ?? 'policy'}`,
    note: verdict,
  }));
}

const end = (ip: string, port: number | undefined): string => addressPort(ip, port);

function tupleText({ src, sport, dst, dport, type, code }: Tuple): string {
  const what = type === undefined ? '' : ` type ${type} code ${code ?? 0}`;
  return `${end(src, sport)} → ${end(dst, dport)}${what}`;
}

function conntrackText({ orig, reply, state, dir }: ConntrackRef): Pick<Cause, 'text' | 'note'> {
  return {
    text: `${tupleText(orig)}, answers ${tupleText(reply)}`,
    note: `${state}, ${dir === 'orig' ? 'in the direction of its first packet' : 'in reply direction'}`,
  };
}

/** A route's table and prefix are in the text of a hop already; here is the line as `ip route` has it. */
export function causesOf(
  { route, ct, tunnel, mac, process, verdict, layer }: Hop,
  rule: RuleRef | undefined,
): Cause[] {
  return [
    ...(rule === undefined ? [] : [...pathCauses(rule), ruleCause(rule)]),
    ...(route === undefined
      ? []
      : [{ what: 'route' as const, text: routeWay(route), note: `table ${route.table}` }]),
    ...(ct === undefined ? [] : [{ what: 'conntrack' as const, ...conntrackText(ct) }]),
    ...(tunnel === undefined
      ? []
      : [
          {
            what: 'tunnel' as const,
            text: `${tunnel.kind}${tunnel.vni === undefined ? '' : ` ${tunnel.vni}`} ${tunnel.src} → ${tunnel.dst}`,
          },
        ]),
    ...(mac === undefined ? [] : [{ what: 'frame' as const, text: `${mac.src} → ${mac.dst}` }]),
    ...(process === undefined
      ? []
      : [{ what: 'process' as const, text: `${process.comm} ${process.pid}`, ...noteOf(process.container) }]),
    ...(verdict === undefined || layer === 'drop' ? [] : [{ what: 'verdict' as const, text: verdict }]),
  ];
}

const noteOf = (container: string | undefined): Pick<Cause, 'note'> =>
  container === undefined ? {} : { note: `container ${container.slice(0, 12)}` };
