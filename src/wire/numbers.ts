import { printable } from '../base/printable.ts';

/** The low 53 bits of a 64-bit value, exact as a number: kernel addresses and cookies differ within them. */
export function addressNumber(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true) & 0x1fffff;
  const low = view.getUint32(at, true);
  return high === 0 ? low : high * 4294967296 + low;
}

interface Name {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly text: string;
}

/** Names come back all the time: one place for each hash of the 16 bytes, the newest name stays. */
const names: (Name | undefined)[] = Array<Name | undefined>(1024).fill(undefined);

/** A NUL-terminated text of at most 16 bytes; found by its four words, because making the text costs five times as much. */
export function text16(bytes: Uint8Array, view: DataView, at: number): string {
  const a = view.getInt32(at, true);
  const b = view.getInt32(at + 4, true);
  const c = view.getInt32(at + 8, true);
  const d = view.getInt32(at + 12, true);
  const slot = (Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 1021) ^ d, 0x9e3779b1) >>> 22) & 1023;
  const known = names[slot];
  if (known !== undefined && known.a === a && known.b === b && known.c === c && known.d === d)
    return known.text;
  const text = read16(bytes, at);
  names[slot] = { a, b, c, d, text };
  return text;
}

function read16(bytes: Uint8Array, at: number): string {
  const end = bytes.subarray(at, at + 16).indexOf(0);
  return printable(Buffer.from(bytes.subarray(at, end < 0 ? at + 16 : at + end)).toString());
}
