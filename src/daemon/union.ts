/**
 * What several follows want of the kernel, as one filter. Rules know no direction (`rules_between()` in bpf/lib/filter.bpf.h), so
 * `a → b` and `b → a` are one; netfilter links of one place are the sum of all that is wanted there.
 */
import { TracerError } from '../base/errors.ts';
import { type HookPlace, hookNames, type WatchRule, type WatchSide } from '../collect/watch.ts';

/** FILTER_RULES and FILTER_PREFIXES of bpf/lib/filter.h. */
const RULES_MAX = 32;
const PREFIXES_MAX = 8;
/** Netfilter links cost every packet of a namespace: NAMESPACES_MAX of bpf/collector/hooks.c. */
const HOOK_PLACES_MAX = 64;

export interface Watched {
  readonly rules: readonly WatchRule[];
  readonly hooks: readonly HookPlace[];
}

export const nothingWatched: Watched = { rules: [], hooks: [] };

/** @throws FILTER_FULL where the kernel side has no room for it. */
export function unionOf(parts: readonly Watched[]): Watched {
  const rules = new Map(parts.flatMap(part => part.rules).map(rule => [ruleKey(rule), rule]));
  const prefixes = [...rules.values()]
    .flatMap(({ a, b }) => [...(a.ips ?? []), ...(b.ips ?? [])])
    .filter(ip => ip.includes('/'));
  if (rules.size > RULES_MAX)
    throw new TracerError(
      'FILTER_FULL',
      `the kernel's filter holds ${RULES_MAX} rules, this needs ${rules.size}`,
    );
  if (prefixes.length > PREFIXES_MAX)
    throw new TracerError(
      'FILTER_FULL',
      `the kernel's filter holds ${PREFIXES_MAX} CIDRs, this needs ${prefixes.length}`,
    );
  return {
    rules: [...rules.keys()].sort().map(key => rules.get(key)!),
    hooks: hookUnion(parts.flatMap(part => part.hooks)),
  };
}

export function isSameWatched(one: Watched, other: Watched): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function ruleKey({ proto, a, b }: WatchRule): string {
  return `${proto} ${[sideKey(a), sideKey(b)].sort().join(' ')}`;
}

function sideKey({ any, ips = [], netns = [] }: WatchSide): string {
  return any === true ? 'any' : [...ips, ...netns.map(cookie => `netns:${cookie}`)].sort().join(',');
}

function hookUnion(places: readonly HookPlace[]): HookPlace[] {
  const wanted = new Map<string, { cookie: string; family: 4 | 6; hooks: Set<string> }>();
  for (const { cookie, family, hooks = hookNames } of places) {
    const place = wanted.get(`${cookie} ${family}`) ?? { cookie, family, hooks: new Set() };
    for (const hook of hooks) place.hooks.add(hook);
    wanted.set(`${cookie} ${family}`, place);
  }
  // What is beyond is inferred between devices, as where there are no links at all.
  return [...wanted.keys()]
    .sort()
    .slice(0, HOOK_PLACES_MAX)
    .map(key => wanted.get(key)!)
    .map(({ cookie, family, hooks }) => ({
      cookie,
      family,
      hooks: hookNames.filter(name => hooks.has(name)),
    }));
}
