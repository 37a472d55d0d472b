/** "address:port", IPv6 in brackets; the address alone where there is no port: as changes have it, and people read it. */
export function addressPort(ip: string, port: number | undefined): string {
  if (port === undefined) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** The other way round. */
export function splitEnd(text: string): { readonly ip: string; readonly port: number | undefined } {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text);
  return match === null
    ? { ip: text, port: undefined }
    : { ip: match[1] ?? match[2] ?? text, port: Number(match[3]) };
}
