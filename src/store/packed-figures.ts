/**
 * What a packet has for itself at each event (`model/hop-figures.ts`) in as few bytes as they take: 6 an event instead of 24. Each
 * number is written in groups of 7 bits, times as the step from the one before. A text of bytes is the smallest thing that the
 * JavaScript engine keeps: it has no buffer beside it, and goes when its owner goes.
 */
import { FIGURES_OF_EVENT } from '../model/hop-figures.ts';

/** 53 bits. */
const NUMBER_BYTES_MAX = 8;
/** A CPU that is not known. */
const LEAST = -1;
let scratch = Buffer.alloc(4096);

/** Integers below 2^53; times must not go back. Undefined: they are not such, and have to be kept as they are. */
export function packFigures(figures: readonly number[]): string | undefined {
  if (figures.length * NUMBER_BYTES_MAX > scratch.length)
    scratch = Buffer.alloc(figures.length * NUMBER_BYTES_MAX);
  let at = 0;
  let timeNs = 0;
  for (let i = 0; i < figures.length; i++) {
    const isTime = i % FIGURES_OF_EVENT === 0;
    const value = figures[i]! - (isTime ? timeNs : LEAST);
    if (!Number.isSafeInteger(value) || value < 0) return undefined;
    if (isTime) timeNs = figures[i]!;
    at = write(value, at);
  }
  return scratch.toString('latin1', 0, at);
}

function write(value: number, at: number): number {
  let rest = value;
  while (rest > 127) {
    scratch[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  scratch[at++] = rest;
  return at;
}

export function unpackFigures(packed: string): number[] {
  const figures: number[] = [];
  let value = 0;
  let unit = 1;
  let timeNs = 0;
  for (let at = 0; at < packed.length; at++) {
    const byte = packed.charCodeAt(at);
    value += (byte & 127) * unit;
    unit *= 128;
    if (byte > 127) continue;
    const isTime = figures.length % FIGURES_OF_EVENT === 0;
    value += isTime ? timeNs : LEAST;
    if (isTime) timeNs = value;
    figures.push(value);
    value = 0;
    unit = 1;
  }
  return figures;
}
