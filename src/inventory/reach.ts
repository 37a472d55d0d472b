/** Which namespaces are linked to which, by veths and by devices on top of another namespace's device. */
import type { Inventory } from './inventory.ts';
import type { NetnsView } from './netns-view.ts';

/** Cookies of the namespaces at the other ends of its veths and below its devices. */
export function linkedTo(view: NetnsView): string[] {
  const cookies = view.snapshot.links.flatMap(link => [link.peer?.netns, link.lower?.netns]);
  return [...new Set(cookies)].filter(cookie => cookie !== undefined && cookie !== view.cookie) as string[];
}

/** All that can be got to by links from there, nearest first, without itself. */
export function reachableFrom(start: NetnsView, inventory: Inventory, atNs: number): NetnsView[] {
  const seen = new Map([[start.cookie, start]]);
  const queue = [start];
  const lowerLinks = linkedFromAbove(inventory, atNs);
  for (let view = queue.shift(); view !== undefined; view = queue.shift()) {
    for (const cookie of [...linkedTo(view), ...(lowerLinks.get(view.cookie) ?? [])]) {
      const next = seen.has(cookie) ? undefined : inventory.viewAt(cookie, atNs);
      if (next === undefined) continue;
      seen.set(next.cookie, next);
      queue.push(next);
    }
  }
  seen.delete(start.cookie);
  return [...seen.values()];
}

/** `lower` is told only by the upper end. */
function linkedFromAbove(inventory: Inventory, atNs: number): Map<string, string[]> {
  const above = new Map<string, string[]>();
  for (const view of inventory.all(atNs)) {
    for (const { lower } of view.snapshot.links) {
      if (lower?.netns === undefined || lower.netns === view.cookie) continue;
      above.set(lower.netns, [...(above.get(lower.netns) ?? []), view.cookie]);
    }
  }
  return above;
}
