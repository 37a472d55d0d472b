/** What a place of the topology is called, and what is said of it. */
import type { TopologyPlace } from '../../src/model/topology.ts';
import type { PlaceColour } from '../app/palette.ts';
import type { Box, BoxKind, Port } from './picture.ts';

const kindWords: Readonly<Record<TopologyPlace['kind'], string>> = {
  host: 'machine',
  node: 'node',
  pod: 'pod',
  netns: 'network namespace',
  dev: 'device',
  bridge: 'bridge',
  tunnel: 'tunnel',
  service: 'service',
};

/** Its kind and name, and what it has: for a title, and for who cannot see it. */
export function placeText(
  { kind, name, namespace, addresses = [], up }: TopologyPlace,
  around?: string,
): string {
  const of = around === undefined ? '' : ` of ${around}`;
  const called = namespace === undefined ? name : `${namespace}/${name}`;
  const known = addresses.filter(address => !address.startsWith('fe80:')).join(', ');
  return [
    `${kindWords[kind]} ${called}${of}`,
    ...(known === '' ? [] : [known]),
    ...(up === false ? ['down'] : []),
  ].join(', ');
}

export function boxText(
  { kind, label, place, folds, inside }: Box,
  nameOf: (id: string) => string | undefined,
): string {
  const around = inside === undefined ? undefined : nameOf(inside);
  if (folds !== undefined)
    return `${folds.count} ${folds.what} without traffic${around === undefined ? '' : ` of ${around}`}: show them`;
  if (kind === 'stack') return `routing and rules of ${around}`;
  if (kind === 'overlay') return `${label}: the tunnels that are joined`;
  if (place === undefined) return label;
  return placeText(place, place.kind === 'pod' || place.ifindex !== undefined ? around : undefined);
}

export const portText = ({ id, place }: Port, owner: string | undefined): string =>
  place === undefined ? id : placeText(place, owner);

/** By which colour a person knows it. */
export function colourOf(kind: BoxKind): PlaceColour {
  switch (kind) {
    case 'host':
    case 'node':
    case 'pod':
    case 'tunnel':
    case 'service':
      return kind;
    case 'overlay':
      return 'tunnel';
    default:
      return 'outside';
  }
}
