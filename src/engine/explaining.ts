import { hopStory } from '../explain/hop-text.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Names } from '../inventory/names.ts';
import type { ResolverOptions } from '../resolve/resolver.ts';
import type { HostPlaces } from './places.ts';

/** The words of hops, from what the inventory had at their time. */
export function explaining(
  inventory: Inventory,
  names: Names,
  places: HostPlaces,
): ResolverOptions['explain'] {
  return (hops, index, timeNs) => {
    const netns = Number(hops[index]!.netns.cookie);
    return hopStory(hops, index, {
      label: places.netns(netns, timeNs).label,
      view: inventory.viewAt(netns, timeNs),
      who: (ip, port, proto) => names.endpointOf(ip, port, proto, netns, timeNs),
    });
  };
}
