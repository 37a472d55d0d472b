/** The chain in which kube-proxy's iptables mode picks an endpoint (pkg/proxy/iptables/proxier.go, portProtoHash()). */
import { createHash } from 'node:crypto';
import type { Endpoint } from '../model/journey.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const HASH_LETTERS = 16;

/** Undefined for what is no service with a name. */
export function serviceChain(
  { kind, namespace, name, portName }: Endpoint,
  proto: string,
): string | undefined {
  if (kind !== 'service' || namespace === undefined || name === undefined) return undefined;
  const port = portName === undefined ? '' : `:${portName}`;
  return `KUBE-SVC-${base32(createHash('sha256').update(`${namespace}/${name}${port}${proto}`).digest())}`;
}

/** RFC 4648: five bits a letter. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('');
  return Array.from(
    { length: HASH_LETTERS },
    (_, i) => BASE32[Number.parseInt(bits.slice(i * 5, i * 5 + 5), 2)],
  ).join('');
}
