/** Where netfilter links are worth their cost: the namespaces that forward or translate on the way of what is followed. */
import type { HookName, HookPlace } from '../collect/watch.ts';
import type { Names } from '../inventory/names.ts';
import { reachableFrom } from '../inventory/reach.ts';
import type { Selection } from '../inventory/selection.ts';
import type { FollowTarget } from './target.ts';

/** Each costs every packet of its namespaces some 0.2 µs a hook. */
const NAMESPACES_MAX = 8;

export function hookPlaces(target: FollowTarget, names: Names): HookPlace[] {
  const families = familiesOf(target);
  const hooks = hooksOf(target, names);
  if (hooks.length === 0) return [];
  return forwardersOf(target, names).flatMap(cookie => families.map(family => ({ cookie, family, hooks })));
}

/** The namespaces (cookies) that forward on its way, where rules may decide. */
export function forwardersOf(target: FollowTarget, names: Names): string[] {
  const { inventory } = names;
  const starts = [target.src, target.dst].flatMap(side => startsOf(side, names, target.cluster));
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
  return [...found];
}

/**
 * Which hooks can tell something that the devices do not: where a service is asked, what it is translated to, and when;
 * between pods nothing, because a drop tells its hook by itself (`resolve/drop-hook.ts`). INPUT and OUTPUT are of processes in
 * the namespace itself: without one of those the packets of a tunnel would be all.
 */
function hooksOf({ src, dst }: FollowTarget, names: Names): readonly HookName[] {
  if (!isOfPods(src, names) || !isOfPods(dst, names))
    return ['prerouting', 'input', 'forward', 'output', 'postrouting'];
  const isTranslated = src.service !== undefined || dst.service !== undefined;
  return isTranslated ? ['prerouting', 'forward', 'postrouting'] : [];
}

/** Are all its ends in pods that have a network namespace of their own? */
function isOfPods(side: Selection, names: Names): boolean {
  const places = endsOf(side, names).map(cookie => names.placeOf(cookie)?.kind);
  return places.length > 0 && places.every(kind => kind === 'pod');
}

/** Empty where an end is not known. */
function endsOf(side: Selection, names: Names): readonly string[] {
  if (side.service === undefined) return startsOf(side, names);
  const backends = (side.backendIps ?? []).map(ip => ownersIn(side.service!.cluster, ip, names));
  return backends.some(owners => owners.length === 0) ? [] : backends.flat();
}

/** Clusters of the same addresses do not meet. */
function ownersIn(cluster: string, ip: string, names: Names): readonly string[] {
  return names.inventory
    .ownersOf(ip)
    .map(view => view.cookie)
    .filter(cookie => names.placeOf(cookie)?.cluster === cluster);
}

/** The namespaces of a side; an address is that of its owner, if it is clear whose: two clusters may both have it. */
function startsOf(side: Selection, names: Names, cluster = side.cluster): readonly string[] {
  if (side.netnsCookies.length > 0 || side.any === true) return side.netnsCookies;
  const owners = side.ips.flatMap(ip => names.inventory.ownersOf(ip).map(view => view.cookie));
  if (new Set(owners).size === 1) return owners.slice(0, 1);
  const here = cluster === undefined ? [] : side.ips.flatMap(ip => ownersIn(cluster, ip, names));
  return new Set(here).size === 1 ? here.slice(0, 1) : [];
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
