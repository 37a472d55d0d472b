/** Values, sets and maps of nft's JSON → elements. */
import { addressPart, devicePart, Elements, type Part } from './elements.ts';
import type { IpNumber } from './net-range.ts';
import { ipNumber } from './net-range.ts';
import type { Verdict } from './ruleset.ts';

export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A named set or map as it is listed; `into` if it has been spoken of before. Elements that time out come and go. */
export function namedElements(set: Json, into: Elements | undefined): Elements {
  const elements = into ?? new Elements();
  const flags = listOf(typeof set.flags === 'string' ? [set.flags] : set.flags);
  elements.isOpen = set.name === undefined;
  elements.isMoving = flags.includes('timeout') || flags.includes('dynamic');
  for (const each of listOf(set.elem)) addElement(elements, each);
  return elements;
}

/** The right side of a test, or the data of a map without a name. */
export function inlineElements(value: unknown): Elements {
  const elements = new Elements();
  const set = isRecord(value) && value.set !== undefined ? value.set : value;
  for (const each of Array.isArray(set) ? set : [set]) addElement(elements, each);
  return elements;
}

/** An element, or of a map a pair of element and verdict. */
function addElement(elements: Elements, value: unknown): void {
  const isPair = Array.isArray(value) && value.length === 2;
  const parts = partsOf(isPair ? value[0] : value);
  const verdict = isPair ? verdictOf(value[1]) : undefined;
  if (parts === undefined || (isPair && verdict === undefined)) elements.isOpen = true;
  else elements.add(parts, verdict);
}

function partsOf(value: unknown): Part[] | undefined {
  if (isRecord(value) && isRecord(value.elem)) return partsOf(value.elem.val);
  const list = isRecord(value) && value.concat !== undefined ? listOf(value.concat) : [value];
  const parts = list.map(partOf);
  return parts.length === 0 || parts.some(part => part === undefined) ? undefined : (parts as Part[]);
}

/** Protocols by the name that packets have. */
const names: Readonly<Record<string, string>> = { 'ipv6-icmp': 'icmpv6' };

export function partOf(value: unknown): Part | undefined {
  if (typeof value === 'number') return { kind: 'value', value };
  if (typeof value === 'boolean') return { kind: 'value', value: value ? 1 : 0 };
  if (typeof value === 'string') {
    if (value.startsWith('@')) return undefined;
    if (value.endsWith('*')) return devicePart(value, '*');
    return { kind: 'value', value: Object.hasOwn(names, value) ? names[value]! : value };
  }
  if (!isRecord(value)) return undefined;
  if (isRecord(value.prefix) && typeof value.prefix.addr === 'string')
    return addressPart(`${value.prefix.addr}/${String(value.prefix.len)}`);
  return value.range === undefined ? undefined : rangePart(listOf(value.range));
}

function rangePart([first, last]: readonly unknown[]): Part | undefined {
  const low = endOf(first);
  const high = endOf(last);
  return low === undefined || high === undefined || typeof low !== typeof high
    ? undefined
    : { kind: 'range', first: low, last: high };
}

function endOf(value: unknown): IpNumber | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? ipNumber(value) : undefined;
}

export function verdictOf(value: unknown): Verdict | undefined {
  if (!isRecord(value)) return undefined;
  for (const kind of ['accept', 'drop', 'return', 'continue'] as const) if (kind in value) return { kind };
  for (const kind of ['jump', 'goto'] as const) {
    const to = value[kind];
    if (isRecord(to) && typeof to.target === 'string') return { kind, chain: to.target };
  }
  return undefined;
}
