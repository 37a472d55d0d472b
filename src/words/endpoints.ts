import { addressPort } from '../model/address-port.ts';
import type { Endpoint, Journey } from '../model/journey.ts';

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
