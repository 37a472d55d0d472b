/** Where netfilter links are worth their cost: the namespaces that forward or translate on the way of what is followed. */
import type { HookPlace } from '../collect/watch.ts';
import type { Names } from '../inventory/names.ts';
import { reachableFrom } from '../inventory/reach.ts';
import type { Selection } from '../inventory/selection.ts';
import type { FollowTarget } from './follow-target.ts';

/** Each costs every packet of its namespaces some 0.2 µs a hook. */
const NAMESPACES_MAX = 8;

export function hookPlaces(target: FollowTarget, names: Names): HookPlace[] {
  const { inventory } = names;
  const starts = [target.src, target.dst].flatMap(side => startsOf(side, names));
  const found = new Set<string>();
  for (const cookie of starts) {
    const start = inventory.viewAt(cookie, inventory.latestNs);
    if (start === undefined) continue;
    for (const view of [start, ...reachableFrom(start, inventory, inventory.latestNs)]) {
      const place = names.placeOf(view.cookie);
      if (view.snapshot.ipForward === true && place?.kind !== 'pod' && found.size < NAMESPACES_MAX)
        found.add(view.cookie);
    }
  }
  const families = familiesOf(target);
  return [...found].flatMap(cookie => families.map(family => ({ cookie, family })));
}

/** The namespaces of a side; an address is that of its owner, if it is clear whose. */
function startsOf(side: Selection, names: Names): readonly string[] {
  if (side.netnsCookies.length > 0 || side.any === true) return side.netnsCookies;
  const owners = side.ips.flatMap(ip => names.inventory.ownersOf(ip).map(view => view.cookie));
  return new Set(owners).size === 1 ? owners.slice(0, 1) : [];
}

function familiesOf({ src, dst }: FollowTarget): (4 | 6)[] {
  const sides = [src, dst].filter(side => side.any !== true).map(side => [...side.ips, ...side.cidrs]);
  const has = (is6: boolean): boolean =>
    sides.every(side => side.length === 0 || side.some(ip => ip.includes(':') === is6));
  const families: (4 | 6)[] = [];
  if (has(false)) families.push(4);
  if (has(true)) families.push(6);
  return families;
}
