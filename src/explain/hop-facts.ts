import type { Hop } from '../model/journey.ts';

/** A hop before it has words. */
export type HopFacts = Omit<Hop, 'index' | 'text' | 'command'>;
/** "address:port", IPv6 in brackets, as changes have it; the address alone where there is no port. */
export function splitEnd(text: string): { readonly ip: string; readonly port: number | undefined } {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text);
  return match === null
    ? { ip: text, port: undefined }
    : { ip: match[1] ?? match[2] ?? text, port: Number(match[3]) };
}
