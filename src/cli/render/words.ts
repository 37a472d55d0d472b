import type { Endpoint, Journey } from '../../model/journey.ts';
import { addressPort } from '../../resolve/protocols.ts';

/** "1 packet", "2 packets". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}

/** name:port, or address:port where there is no name. */
export function endpointText(endpoint: Endpoint, options: { readonly port?: boolean } = {}): string {
  const name = endpoint.name ?? endpoint.ip;
  if (options.port === false || endpoint.port === undefined) return name;
  return endpoint.name === undefined ? addressPort(endpoint.ip, endpoint.port) : `${name}:${endpoint.port}`;
}

/** pod-a:41002 → nginx-service:80 → nginx-2:8080 */
export function wayText(journey: Pick<Journey, 'from' | 'to' | 'backend' | 'service' | 'direction'>): string {
  const ends = [endpointText(journey.from)];
  if (
    journey.direction === 'reply' &&
    journey.service !== undefined &&
    journey.service.ip !== journey.from.ip
  )
    ends.push(endpointText(journey.service));
  ends.push(endpointText(journey.to));
  if (journey.backend !== undefined) ends.push(endpointText(journey.backend));
  return ends.join(' → ');
}
