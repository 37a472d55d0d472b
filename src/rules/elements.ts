/**
 * What a test compares with: single values, ranges and prefixes, and concatenations of them ("10.96.0.10 . tcp . 53"). Single values are
 * found by their text: a set of 10,000 service addresses costs one look-up.
 */
import { type IpNumber, ipNumber, prefixRange } from './net-range.ts';
import type { Verdict } from './ruleset.ts';

/** One field of an element. */
export type Part =
  | { readonly kind: 'value'; readonly value: string | number }
  | { readonly kind: 'range'; readonly first: IpNumber; readonly last: IpNumber }
  /** Text that begins so: of device names. */
  | { readonly kind: 'start'; readonly start: string };

/** What a packet has there; several where it has several (`ct state`), undefined where it is not known. */
export type Seen = string | number | readonly string[] | undefined;

interface Element {
  readonly parts: readonly Part[];
  readonly verdict?: Verdict;
}

export type Found = { readonly is: 'yes'; readonly verdict?: Verdict } | { readonly is: 'no' | 'may' };

const YES: Found = { is: 'yes' };
const NO: Found = { is: 'no' };
const MAY: Found = { is: 'may' };

export class Elements {
  #exact: Map<string, Element> | undefined;
  readonly #others: Element[] = [];
  /** All that is in it, where that is one text: tests of most rules, compared without more ado. */
  #only: string | undefined;
  /** Elements that were not understood: what is not found may be there. */
  isOpen = false;
  /** They come and go by themselves; also those that are there may have been put there by the very packet that is asked about. */
  isMoving = false;

  static of(...parts: readonly Part[]): Elements {
    const elements = new Elements();
    for (const part of parts) elements.add([part]);
    return elements;
  }

  get size(): number {
    return (this.#exact?.size ?? 0) + this.#others.length;
  }

  add(parts: readonly Part[], verdict?: Verdict): void {
    const [part] = parts;
    const isFirst = this.size === 0 && parts.length === 1 && verdict === undefined;
    this.#only = isFirst && part?.kind === 'value' && typeof part.value === 'string' ? part.value : undefined;
    const element = verdict === undefined ? { parts } : { parts, verdict };
    if (!parts.every(part => part.kind === 'value')) this.#others.push(element);
    else {
      this.#exact ??= new Map();
      this.#exact.set(keyOf(parts.map(textOf)), element);
    }
  }

  *verdicts(): Generator<Verdict> {
    for (const { verdict } of [...(this.#exact?.values() ?? []), ...this.#others])
      if (verdict !== undefined) yield verdict;
  }

  findOne(seen: Seen): Found {
    if (this.#only !== undefined && typeof seen === 'string' && !this.isOpen && !this.isMoving)
      return this.#only === seen ? YES : NO;
    return this.find([seen]);
  }

  find(seen: readonly Seen[]): Found {
    const [one] = seen;
    if (seen.length === 1 && Array.isArray(one)) return this.#findAny(one as readonly string[]);
    if (seen.some(each => each === undefined || typeof each === 'object')) return this.#findPartly(seen);
    const values = seen as readonly (string | number)[];
    return this.#answer(
      this.#exact?.get(keyOf(values)) ?? this.#others.find(({ parts }) => isIn(parts, values) === 'yes'),
    );
  }

  #answer(element: Element | undefined): Found {
    if (this.isMoving) return MAY;
    if (element === undefined) return this.isOpen ? MAY : NO;
    return element.verdict === undefined ? { is: 'yes' } : { is: 'yes', verdict: element.verdict };
  }

  #findAny(values: readonly string[]): Found {
    for (const value of values) {
      const found = this.find([value]);
      if (found.is === 'yes') return found;
    }
    return this.isOpen || this.isMoving ? MAY : NO;
  }

  /** Where something is not known, only what it could not be anyhow is sure. */
  #findPartly(seen: readonly Seen[]): Found {
    const all = [...(this.#exact?.values() ?? []), ...this.#others];
    const could = all.some(({ parts }) => isIn(parts, seen) !== 'no');
    return could || this.isOpen || this.isMoving ? MAY : NO;
  }
}

function keyOf(values: readonly (string | number)[]): string {
  return values.length === 1 ? String(values[0]) : values.join(' . ');
}

const textOf = (part: Part): string | number => (part.kind === 'value' ? part.value : '');

function isIn(parts: readonly Part[], seen: readonly Seen[]): 'yes' | 'no' | 'may' {
  if (parts.length !== seen.length) return 'no';
  let answer: 'yes' | 'may' = 'yes';
  for (const [at, part] of parts.entries()) {
    const is = isPart(part, seen[at]);
    if (is === 'no') return 'no';
    if (is === 'may') answer = 'may';
  }
  return answer;
}

function isPart(part: Part, seen: Seen): 'yes' | 'no' | 'may' {
  if (seen === undefined) return 'may';
  if (typeof seen === 'object') return seen.some(each => isPart(part, each) === 'yes') ? 'yes' : 'no';
  if (part.kind === 'value') return String(part.value) === String(seen) ? 'yes' : 'no';
  if (part.kind === 'start') return String(seen).startsWith(part.start) ? 'yes' : 'no';
  const number = typeof seen === 'number' ? seen : ipNumber(seen);
  if (number === undefined || typeof number !== typeof part.first) return 'no';
  return number >= part.first && number <= part.last ? 'yes' : 'no';
}

/** "10.0.0.0/8", an address, "a-b"; a prefix of full length is one address. Undefined: it is none of them. */
export function addressPart(text: string): Part | undefined {
  const dash = text.indexOf('-');
  if (dash > 0) {
    const first = ipNumber(text.slice(0, dash));
    const last = ipNumber(text.slice(dash + 1));
    if (first === undefined || last === undefined || typeof first !== typeof last) return undefined;
    return { kind: 'range', first, last };
  }
  const [ip = '', length] = text.split('/');
  if (ipNumber(ip) === undefined) return undefined;
  if (length === undefined || length === (ip.includes(':') ? '128' : '32'))
    return { kind: 'value', value: ip };
  const range = /^\d+$/.test(length) ? prefixRange(ip, Number(length)) : undefined;
  return range && { kind: 'range', first: range[0], last: range[1] };
}

/** "80", "1000:2000" or "1000-2000". */
export function numberPart(text: string): Part | undefined {
  const match = /^(0x[0-9a-f]+|\d+)(?:[:-](\d+))?$/i.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  return match[2] === undefined
    ? { kind: 'value', value: first }
    : { kind: 'range', first, last: Number(match[2]) };
}

/** A device by its name; `wild`: the sign that stands for any end of it. */
export function devicePart(name: string, wild: '+' | '*'): Part {
  return name.endsWith(wild) ? { kind: 'start', start: name.slice(0, -1) } : { kind: 'value', value: name };
}
