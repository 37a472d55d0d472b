import { printable } from '../base/printable.ts';

/** The low 53 bits of a 64-bit value, exact as a number: kernel addresses and cookies differ within them. */
export function addressNumber(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true) & 0x1fffff;
  const low = view.getUint32(at, true);
  return high === 0 ? low : high * 4294967296 + low;
}

/** Names come back all the time: by their bytes, each as one character. */
const names = new Map<string, string>();

/** A NUL-terminated text of at most 16 bytes; the same text is the same string. */
export function text16(bytes: Uint8Array, at: number): string {
  let raw = '';
  for (let i = at; i < at + 16 && bytes[i] !== 0; i++) raw += String.fromCharCode(bytes[i]!);
  let text = names.get(raw);
  if (text !== undefined) return text;
  if (names.size > 65_536) names.clear();
  text = printable(Buffer.from(raw, 'latin1').toString());
  names.set(raw, text);
  return text;
}
