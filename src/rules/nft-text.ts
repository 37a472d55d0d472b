/** nft's JSON → the words in which nft writes rules, without counters. What is not known here stays JSON. */
import { isRecord, type Json, listOf } from './nft-elements.ts';

export function ruleText(statements: readonly unknown[]): string {
  return statements
    .filter(statement => !isRecord(statement) || statement.counter === undefined)
    .map(exprText)
    .filter(text => text !== '')
    .join(' ');
}

/** Elements of a set that are printed; a service may have thousands. */
const ELEMENTS_MAX = 8;

export function exprText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.map(exprText).join(',');
  const [name = ''] = Object.keys(value);
  const inner = (value as Json)[name];
  const write = Object.hasOwn(writers, name) ? writers[name] : undefined;
  if (write !== undefined) return write(isRecord(inner) ? inner : {}, inner);
  return inner === null ? name : `${name} ${JSON.stringify(inner)}`;
}

type Writer = (fields: Json, value: unknown) => string;

const operator =
  (sign: string): Writer =>
  (_, value) =>
    listOf(value).map(exprText).join(` ${sign} `);

const writers: Readonly<Record<string, Writer>> = {
  match: ({ op, left, right }) => `${exprText(left)} ${op === '!=' ? '!= ' : ''}${exprText(right)}`,
  payload: ({ protocol, field }) => `${String(protocol)} ${String(field)}`,
  meta: ({ key }) => (bare.has(String(key)) ? String(key) : `meta ${String(key)}`),
  ct: ({ key, dir }) => `ct ${dir === undefined ? '' : `${String(dir)} `}${String(key)}`,
  fib: ({ result, flags }) => `fib ${listOf(flags).map(exprText).join(' . ')} ${String(result)}`,
  prefix: ({ addr, len }) => `${String(addr)}/${String(len)}`,
  range: (_, value) => listOf(value).map(exprText).join('-'),
  concat: (_, value) => listOf(value).map(exprText).join(' . '),
  set: (fields, value) => (Array.isArray(value) ? setText(value) : updateText(fields)),
  elem: ({ val }) => exprText(val),
  numgen: ({ mode, mod }) => `numgen ${String(mode)} mod ${String(mod)}`,
  jhash: ({ mod, expr }) => `jhash ${exprText(expr)} mod ${String(mod)}`,
  vmap: ({ key, data }) => `${exprText(key)} vmap ${exprText(data)}`,
  map: ({ key, data }) => `${exprText(key)} map ${exprText(data)}`,
  mangle: ({ key, value }) => `${exprText(key)} set ${exprText(value)}`,
  jump: ({ target }) => `jump ${String(target)}`,
  goto: ({ target }) => `goto ${String(target)}`,
  dnat: fields => natText('dnat', fields),
  snat: fields => natText('snat', fields),
  masquerade: fields => natText('masquerade', fields),
  redirect: fields => natText('redirect', fields),
  reject: ({ type, expr }) =>
    type === undefined
      ? 'reject'
      : `reject with ${String(type)}${expr === undefined ? '' : ` ${String(expr)}`}`,
  queue: ({ num, flags }) =>
    ['queue', ...(flags === undefined ? [] : ['flags', exprText(flags)]), 'to', exprText(num ?? 0)].join(' '),
  log: ({ prefix }) => (prefix === undefined ? 'log' : `log prefix ${JSON.stringify(prefix)}`),
  xt: ({ type, name }) => `xt ${String(type)} ${String(name)}`,
  '&': operator('&'),
  '|': operator('|'),
  '^': operator('^'),
};

const bare = new Set(['iifname', 'oifname', 'iif', 'oif']);

function setText(elements: readonly unknown[]): string {
  const shown = elements
    .slice(0, ELEMENTS_MAX)
    .map(each => (Array.isArray(each) ? each.map(exprText).join(' : ') : exprText(each)));
  return `{ ${[...shown, ...(elements.length > ELEMENTS_MAX ? ['…'] : [])].join(', ')} }`;
}

function updateText({ op, elem, set }: Json): string {
  return `${String(op)} ${String(set)} { ${exprText(elem)} }`;
}

function natText(name: string, { family, addr, port, flags }: Json): string {
  const words = [name];
  if (family !== undefined) words.push(String(family));
  if (addr !== undefined || port !== undefined) {
    const to = `${addr === undefined ? '' : exprText(addr)}${port === undefined ? '' : `:${exprText(port)}`}`;
    words.push('to', to);
  }
  if (flags !== undefined) words.push(exprText(flags));
  return words.join(' ');
}
