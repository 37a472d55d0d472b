/** Addresses as numbers: IPv4 as one, IPv6 as a bigint. */

export type IpNumber = number | bigint;

/** Undefined: it is no address. */
export function ipNumber(text: string): IpNumber | undefined {
  return text.includes(':') ? six(text) : four(text);
}

function four(text: string): number | undefined {
  let value = 0;
  let digits = 0;
  let parts = 1;
  let part = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (digits === 0) return undefined;
      value = value * 256 + part;
      parts++;
      part = 0;
      digits = 0;
    } else if (code >= 48 && code <= 57) {
      part = part * 10 + (code - 48);
      digits++;
      if (part > 255 || digits > 3) return undefined;
    } else return undefined;
  }
  return parts === 4 && digits > 0 ? value * 256 + part : undefined;
}

function six(text: string): bigint | undefined {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  if (left === undefined || right === undefined) return undefined;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...left, ...Array<number>(missing).fill(0), ...right].reduce(
    (sum, group) => (sum << 16n) | BigInt(group),
    0n,
  );
}

function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const found: number[] = [];
  const parts = text.split(':');
  for (const [at, part] of parts.entries()) {
    if (part.includes('.') && at === parts.length - 1) {
      const last = four(part);
      if (last === undefined) return undefined;
      found.push(last >>> 16, last & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return found;
}

/** First and last address of a prefix; undefined: it is none. */
export function prefixRange(ip: string, length: number): readonly [IpNumber, IpNumber] | undefined {
  const at = ipNumber(ip);
  if (at === undefined || !Number.isInteger(length) || length < 0) return undefined;
  if (typeof at === 'number') {
    if (length > 32) return undefined;
    const size = 2 ** (32 - length);
    const first = at - (at % size);
    return [first, first + size - 1];
  }
  if (length > 128) return undefined;
  const size = 1n << BigInt(128 - length);
  const first = at - (at % size);
  return [first, first + size - 1n];
}
