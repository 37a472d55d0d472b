/** Parsers of option values; what they refuse is a usage error with a hint. */
import { InvalidArgumentError } from 'commander';
import { protocolNames, protocolPattern } from '../model/follow.ts';

export function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('A port is a number from 1 to 65535.');
  return value;
}

/** To listen on. */
export function portOrAny(text: string): number {
  return text === '0' ? 0 : port(text);
}

export function mebibytes(text: string): number {
  const value = positive(text);
  if (value < 8 || value > 65_536)
    throw new InvalidArgumentError('It takes a number of MiB from 8 to 65536.');
  return value;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('It takes a whole number from 1 on.');
  return value;
}

export function factor(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('It takes a number above 0, such as 0.5 or 10.');
  return value;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** 500ms, 10s, 2m, 1h; a number alone means seconds. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) * UNITS[match[2] ?? 's']!;
  if (!(value > 0) || value > 2 ** 31 - 1)
    throw new InvalidArgumentError('It takes a time such as 500ms, 10s, 2m.');
  return value;
}

export function protocol(text: string): string {
  if (new RegExp(protocolPattern).test(text)) return text;
  throw new InvalidArgumentError(`It takes one of ${protocolNames.join(', ')}, or a number up to 255.`);
}
