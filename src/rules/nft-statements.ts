/** One statement of an nft rule → steps. */
import { Elements } from './elements.ts';
import { inlineElements, isRecord, type Json, listOf, verdictOf } from './nft-elements.ts';
import { isChoice, natTargets } from './nft-maps.ts';
import { exprText } from './nft-text.ts';
import type { Field, Look, NatKind, Step, Table } from './ruleset.ts';

type SetOf = (name: string) => Elements;

/** Statements behind which the packet goes on, and nothing that a rule looks at is another. */
const harmless = new Set([
  'counter',
  'comment',
  'log',
  'set',
  'notrack',
  'flow',
  'last',
  'ct helper',
  'ct timeout',
]);

export function statementSteps(statement: unknown, family: Table['family'], setOf: SetOf): Step[] {
  if (typeof statement === 'string') return harmless.has(statement) ? [] : [{ kind: 'may', what: statement }];
  if (!isRecord(statement)) return [{ kind: 'may', what: exprText(statement) }];
  const [name = ''] = Object.keys(statement);
  const value = statement[name];
  if (harmless.has(name)) return [];
  switch (name) {
    case 'match':
      return isRecord(value) ? matchSteps(value, family, setOf) : [unknownTest(statement)];
    case 'vmap':
      return isRecord(value) ? vmapSteps(value, family, setOf) : [unknownTest(statement)];
    case 'mangle':
      return isRecord(value) ? mangleSteps(value) : [];
    case 'reject':
      return [{ kind: 'verdict', verdict: { kind: 'reject' } }];
    case 'queue':
      return [{ kind: 'verdict', verdict: queueOf(value) }];
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
      return [natStep(name, value)];
    case 'limit':
    case 'quota':
    case 'connlimit':
    case 'ct count':
    case 'meter':
      return [unknownTest(statement)];
    case 'xt':
      return [xtStep(value)];
    default:
      return verdictStep(statement);
  }
}

const unknownTest = (statement: unknown): Step => ({ kind: 'may', what: exprText(statement) });

function verdictStep(statement: Json): Step[] {
  const verdict = verdictOf(statement);
  return [{ kind: 'verdict', verdict: verdict ?? { kind: 'unknown', what: exprText(statement) } }];
}

/** An extension of iptables in a table that iptables-save cannot print. */
function xtStep(value: unknown): Step {
  const { type, name } = isRecord(value) ? value : {};
  const what = `iptables ${String(type)} ${String(name)}`;
  if (name === 'NFQUEUE') return { kind: 'verdict', verdict: { kind: 'queue', queue: '?', bypass: false } };
  return type === 'match' ? { kind: 'may', what } : { kind: 'verdict', verdict: { kind: 'unknown', what } };
}

function matchSteps({ op, left, right }: Json, family: Table['family'], setOf: SetOf): Step[] {
  const { before, looks } = looksOf(left, family);
  const isTest = op === '==' || op === '!=' || op === 'in';
  if (looks === undefined || !isTest || !isSure(looks, right))
    return [...before, { kind: 'may', what: exprText({ match: { op, left, right } }) }];
  return [...before, { kind: 'test', looks, not: op === '!=', in: elementsOf(right, setOf) }];
}

function elementsOf(right: unknown, setOf: SetOf): Elements {
  return typeof right === 'string' && right.startsWith('@') ? setOf(right.slice(1)) : inlineElements(right);
}

/** Of an entry's status only what is translated is known. */
function isSure(looks: readonly Look[], right: unknown): boolean {
  if (looks[0]?.field !== 'ct-status') return true;
  return (Array.isArray(right) ? right : [right]).every(each => each === 'dnat' || each === 'snat');
}

function vmapSteps({ key, data }: Json, family: Table['family'], setOf: SetOf): Step[] {
  const elements = elementsOf(data, setOf);
  if (isChoice(key)) return [{ kind: 'any-verdict', verdicts: [...elements.verdicts()] }];
  const { before, looks } = looksOf(key, family);
  if (looks !== undefined) return [...before, { kind: 'verdicts', looks, in: elements }];
  return [
    ...before,
    { kind: 'may', what: exprText(key) },
    { kind: 'any-verdict', verdicts: [...elements.verdicts()] },
  ];
}

interface Looked {
  /** What nft implies: ports of TCP are looked at in TCP packets alone. */
  readonly before: readonly Step[];
  /** Undefined: at something that is not known here. */
  readonly looks: readonly Look[] | undefined;
}

const notKnown: Looked = { before: [], looks: undefined };

function looksOf(expr: unknown, family: Table['family']): Looked {
  if (!isRecord(expr)) return notKnown;
  if (expr.concat !== undefined) {
    const all = listOf(expr.concat).map(each => looksOf(each, family));
    const isKnown = all.every(({ looks }) => looks !== undefined);
    const looks = isKnown ? all.flatMap(each => each.looks ?? []) : undefined;
    return { before: all.flatMap(({ before }) => before), looks };
  }
  if (expr['&'] !== undefined) {
    const [of, mask] = listOf(expr['&']);
    const { before, looks } = looksOf(of, family);
    const [look] = looks ?? [];
    return {
      before,
      looks: look === undefined || typeof mask !== 'number' ? undefined : [{ ...look, mask }],
    };
  }
  if (isRecord(expr.payload)) return payloadLook(expr.payload, family);
  const field = plainField(expr);
  return field === undefined ? notKnown : { before: [], looks: [{ field }] };
}

const metaFields: Readonly<Record<string, Field>> = {
  mark: 'mark',
  l4proto: 'proto',
  nfproto: 'family',
  iifname: 'iif',
  iif: 'iif',
  oifname: 'oif',
  oif: 'oif',
  skuid: 'sender',
  skgid: 'sender',
};

function plainField({ meta, ct, fib }: Json): Field | undefined {
  if (isRecord(meta) && typeof meta.key === 'string')
    return Object.hasOwn(metaFields, meta.key) ? metaFields[meta.key] : undefined;
  if (isRecord(ct) && ct.dir === undefined)
    return ct.key === 'state' ? 'ct-state' : ct.key === 'status' ? 'ct-status' : undefined;
  if (isRecord(fib) && fib.result === 'type') {
    const flags = Array.isArray(fib.flags) ? fib.flags : [fib.flags];
    if (flags.length === 1)
      return flags[0] === 'daddr' ? 'dst-type' : flags[0] === 'saddr' ? 'src-type' : undefined;
  }
  return undefined;
}

const networkFields: Readonly<Record<string, Field>> = {
  saddr: 'src',
  daddr: 'dst',
  protocol: 'proto',
  nexthdr: 'proto',
};
const transportFields: Readonly<Record<string, Field>> = { sport: 'sport', dport: 'dport' };

function payloadLook({ protocol, field }: Json, family: Table['family']): Looked {
  if (typeof protocol !== 'string' || typeof field !== 'string') return notKnown;
  const isNetwork = protocol === 'ip' || protocol === 'ip6';
  const fields = isNetwork ? networkFields : transportFields;
  const looks = Object.hasOwn(fields, field) ? [{ field: fields[field]! }] : undefined;
  return { before: impliedBy(protocol, family), looks };
}

function impliedBy(protocol: string, family: Table['family']): readonly Step[] {
  if (protocol === 'ip' || protocol === 'ip6')
    return family === 'inet' ? [only('family', protocol === 'ip' ? 'ipv4' : 'ipv6')] : [];
  return ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'dccp', 'udplite'].includes(protocol)
    ? [only('proto', protocol)]
    : [];
}

function only(field: Field, value: string): Step {
  return { kind: 'test', looks: [{ field }], not: false, in: Elements.of({ kind: 'value', value }) };
}

/** Only the packet's mark is looked at by anything here. */
function mangleSteps({ key, value }: Json): Step[] {
  if (!isRecord(key) || !isRecord(key.meta) || key.meta.key !== 'mark') return [];
  const made = markOf(value);
  return [made === undefined ? { kind: 'mark' } : { kind: 'mark', ...made }];
}

/** mark → (mark & keep) ^ flip, as far as it is written with &, |, ^ and numbers. */
function markOf(value: unknown): { keep: number; flip: number } | undefined {
  if (typeof value === 'number') return { keep: 0, flip: value >>> 0 };
  if (!isRecord(value)) return undefined;
  if (isRecord(value.meta)) return value.meta.key === 'mark' ? { keep: 0xffffffff, flip: 0 } : undefined;
  const [op = ''] = Object.keys(value);
  const [of, by] = listOf(value[op]);
  const inner = markOf(of);
  if (inner === undefined || typeof by !== 'number') return undefined;
  const { keep, flip } = inner;
  switch (op) {
    case '&':
      return { keep: (keep & by) >>> 0, flip: (flip & by) >>> 0 };
    case '|':
      return { keep: (keep & ~by) >>> 0, flip: ((flip & ~by) | by) >>> 0 };
    case '^':
      return { keep, flip: (flip ^ by) >>> 0 };
    default:
      return undefined;
  }
}

function queueOf(value: unknown): Extract<Step, { kind: 'verdict' }>['verdict'] {
  const { num, flags } = isRecord(value) ? value : {};
  const all = Array.isArray(flags) ? flags : [flags];
  return { kind: 'queue', queue: num === undefined ? '0' : exprText(num), bypass: all.includes('bypass') };
}

function natStep(nat: NatKind, value: unknown): Step {
  const targets = isRecord(value) ? natTargets(value) : [];
  return {
    kind: 'nat',
    nat,
    targets: targets.length === 0 && (nat === 'masquerade' || nat === 'redirect') ? [{}] : targets,
  };
}
