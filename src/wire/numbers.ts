/** The low 53 bits of a 64-bit value, exact as a number: kernel addresses and cookies differ within them. */
export function addressNumber(view: DataView, at: number): number {
  return (view.getUint32(at + 4, true) & 0x1fffff) * 4294967296 + view.getUint32(at, true);
}

const names = new Map<string, string>();

/** A NUL-terminated text of at most 16 bytes; the same text is the same string. */
export function text16(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let i = at; i < at + 16 && bytes[i] !== 0; i++) text += String.fromCharCode(bytes[i]!);
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size > 65_536) names.clear();
  names.set(text, text);
  return text;
}
