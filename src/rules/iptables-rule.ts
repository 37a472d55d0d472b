/**
 * The words of one iptables rule → steps, in the order in which they are tested. The options of an extension belong to the `-m` before
 * them; those of a target to the `-j`. Extensions of which nothing is known here are kept by their words.
 */
import { addressPart, devicePart, Elements, numberPart, type Part } from './elements.ts';
import { targetSteps } from './iptables-target.ts';
import type { Field, Step } from './ruleset.ts';

export interface RuleSteps {
  readonly steps: readonly Step[];
  readonly comment?: string;
}

interface Reading {
  readonly words: readonly string[];
  at: number;
  readonly steps: Step[];
  comment: string | undefined;
  /** Of the last -m. */
  module: string;
  proto: string | undefined;
  /** Modules whose test has been made of all its options together. */
  readonly said: Set<string>;
}

export function ruleSteps(words: readonly string[]): RuleSteps {
  const reading: Reading = {
    words,
    at: 0,
    steps: [],
    comment: undefined,
    module: '',
    proto: undefined,
    said: new Set(),
  };
  while (reading.at < words.length) option(reading);
  const { steps, comment } = reading;
  return comment === undefined ? { steps } : { steps, comment };
}

function option(reading: Reading): void {
  const not = reading.words[reading.at] === '!';
  if (not) reading.at++;
  const name = reading.words[reading.at++];
  if (name === undefined) return;
  if (name === '-j' || name === '-g') {
    const target = reading.words[reading.at++] ?? '';
    reading.steps.push(...targetSteps(name === '-g', target, reading.words.slice(reading.at)));
    reading.at = reading.words.length;
    return;
  }
  if (name === '-m') {
    reading.module = reading.words[reading.at++] ?? '';
    return;
  }
  if (!plainOption(reading, name, not)) moduleOption(reading, name, not);
}

/** What iptables itself tests. */
function plainOption(reading: Reading, name: string, not: boolean): boolean {
  const value = reading.words[reading.at] ?? '';
  switch (name) {
    case '-s':
      return took(reading, test(reading, 'src', not, addressPart(value)));
    case '-d':
      return took(reading, test(reading, 'dst', not, addressPart(value)));
    case '-i':
      return took(reading, test(reading, 'iif', not, devicePart(value, '+')));
    case '-o':
      return took(reading, test(reading, 'oif', not, devicePart(value, '+')));
    case '-p':
      if (!not) reading.proto = protoName(value);
      return took(reading, test(reading, 'proto', not, { kind: 'value', value: protoName(value) }));
    default:
      return false;
  }
}

const protos: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'icmpv6',
  'ipv6-icmp': 'icmpv6',
  '132': 'sctp',
};

function protoName(value: string): string {
  return Object.hasOwn(protos, value) ? protos[value]! : value;
}

function took(reading: Reading, step: Step): true {
  reading.steps.push(step);
  reading.at++;
  return true;
}

function test(reading: Reading, field: Field, not: boolean, ...parts: (Part | undefined)[]): Step {
  if (parts.some(part => part === undefined)) return may(reading, field);
  return { kind: 'test', looks: [{ field }], not, in: Elements.of(...(parts as Part[])) };
}

const may = (reading: Reading, name: string): Step => ({
  kind: 'may',
  what: `${reading.module === '' ? '' : `-m ${reading.module} `}${name} ${reading.words[reading.at] ?? ''}`.trim(),
});

/** Options of these never decide: what they are about is counted, or said by others. */
const silent: Readonly<Record<string, number>> = { '--nfacct-name': 1, '--quota': 1 };

function moduleOption(reading: Reading, name: string, not: boolean): void {
  const value = reading.words[reading.at] ?? '';
  const list = (parse: (text: string) => Part | undefined): (Part | undefined)[] =>
    value.split(',').map(parse);
  const word = (text: string): Part => ({ kind: 'value', value: text.toLowerCase() });
  switch (`${moduleOf(reading)} ${name}`) {
    case 'comment --comment':
      reading.comment = value;
      reading.at++;
      break;
    case 'port --sport':
      took(reading, test(reading, 'sport', not, numberPart(value)));
      break;
    case 'port --dport':
      took(reading, test(reading, 'dport', not, numberPart(value)));
      break;
    case 'multiport --sports':
      took(reading, test(reading, 'sport', not, ...list(numberPart)));
      break;
    case 'multiport --dports':
      took(reading, test(reading, 'dport', not, ...list(numberPart)));
      break;
    case 'iprange --src-range':
      took(reading, test(reading, 'src', not, addressPart(value)));
      break;
    case 'iprange --dst-range':
      took(reading, test(reading, 'dst', not, addressPart(value)));
      break;
    case 'mark --mark':
      took(reading, markTest(value, not));
      break;
    case 'conntrack --ctstate':
    case 'state --state':
      took(reading, test(reading, 'ct-state', not, ...list(word)));
      break;
    case 'conntrack --ctstatus':
      took(reading, statusTest(reading, value, not));
      break;
    case 'addrtype --src-type':
      took(reading, test(reading, 'src-type', not, ...list(word)));
      break;
    case 'addrtype --dst-type':
      took(reading, test(reading, 'dst-type', not, ...list(word)));
      break;
    case 'icmp --icmp-type':
    case 'icmp6 --icmpv6-type':
      took(reading, test(reading, 'icmp', not, { kind: 'value', value }));
      break;
    case 'port --tcp-flags':
      reading.steps.push(flagsTest(value, reading.words[reading.at + 1] ?? '', not));
      reading.at += 2;
      break;
    default:
      otherOption(reading, name, value);
  }
}

/** tcp, udp and sctp have the same options. */
function moduleOf({ module, proto }: Reading): string {
  const name = module === '' ? (proto ?? '') : module;
  return ['tcp', 'udp', 'sctp', 'dccp', 'udplite'].includes(name) ? 'port' : name;
}

function otherOption(reading: Reading, name: string, value: string): void {
  const { module, said, steps } = reading;
  if (Object.hasOwn(silent, name)) {
    reading.at += silent[name]!;
    return;
  }
  const rest = operandsFrom(reading);
  reading.at += rest.length;
  if (module === 'statistic') {
    // --mode random|nth, then its figure: the probability alone tells how likely it is.
    if (name === '--probability') replaceChance(steps, Number(value));
    else if (!said.has(module)) steps.push({ kind: 'chance' });
    said.add(module);
    return;
  }
  // recent: to remember the address is no test; to look whether it is remembered is one.
  if (module === 'recent' && name === '--set') said.add(`${module} remembers`);
  if (module === 'recent' && said.has(`${module} remembers`)) return;
  if (said.has(module)) return;
  said.add(module);
  const what = [module === '' ? '' : `-m ${module}`, name, ...rest].filter(word => word !== '').join(' ');
  steps.push({ kind: 'may', what });
}

/** Words up to the next option. */
function operandsFrom({ words, at }: Reading): string[] {
  const found: string[] = [];
  for (let i = at; i < words.length && !words[i]!.startsWith('-') && words[i] !== '!'; i++)
    found.push(words[i]!);
  return found;
}

function replaceChance(steps: Step[], share: number): void {
  const at = steps.findLastIndex(step => step.kind === 'chance');
  const chance: Step = Number.isFinite(share) ? { kind: 'chance', share } : { kind: 'chance' };
  if (at < 0) steps.push(chance);
  else steps[at] = chance;
}

/** "0x4000/0x4000" */
function markTest(value: string, not: boolean): Step {
  const [mark = '', mask] = value.split('/');
  const number = Number(mark);
  if (!Number.isInteger(number) || (mask !== undefined && !Number.isInteger(Number(mask))))
    return { kind: 'may', what: `mark ${value}` };
  const look =
    mask === undefined ? { field: 'mark' as const } : { field: 'mark' as const, mask: Number(mask) };
  return { kind: 'test', looks: [look], not, in: Elements.of({ kind: 'value', value: number }) };
}

/** DNAT and SNAT are known of an entry, the others not. */
function statusTest(reading: Reading, value: string, not: boolean): Step {
  return /^(DNAT|SNAT)(,(DNAT|SNAT))*$/.test(value)
    ? test(
        reading,
        'ct-status',
        not,
        ...value.split(',').map((name): Part => ({ kind: 'value', value: name.toLowerCase() })),
      )
    : may(reading, '--ctstatus');
}

const flagBits: Readonly<Record<string, number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ALL: 63,
  NONE: 0,
};

function flagsTest(mask: string, flags: string, not: boolean): Step {
  const bits = (text: string): number =>
    text
      .split(',')
      .reduce((sum, name) => sum | (Object.hasOwn(flagBits, name) ? flagBits[name]! : Number.NaN), 0);
  return {
    kind: 'test',
    looks: [{ field: 'tcp-flags', mask: bits(mask) }],
    not,
    in: Elements.of({ kind: 'value', value: bits(flags) }),
  };
}
