import type { Event } from '../model/event.ts';
import { tap } from '../model/layout.generated.ts';
import { innermost } from '../model/tuples.ts';
import type { Places } from './places.ts';

const PREROUTING = 0;
const FORWARD = 2;
const OUTPUT = 3;

/**
 * The hook whose rules dropped a packet: the one after the last that it was seen to pass in that namespace, since ours stand behind
 * the rules of each. Undefined where no hook of that namespace was seen: then it is not known whether any was watched.
 */
export function dropHook(events: readonly Event[], places: Places): string | undefined {
  for (let i = events.length - 2; i >= 0; i--) {
    const event = events[i]!;
    if (event.tap === tap.netfilter) return hookAfter(event, places);
    if (event.tap === tap.netDevQueue) return undefined;
  }
  return undefined;
}

function hookAfter(passed: Event, places: Places): string | undefined {
  if (passed.nfHook === FORWARD || passed.nfHook === OUTPUT) return 'postrouting';
  if (passed.nfHook !== PREROUTING) return undefined;
  const dst = innermost(passed)?.dst;
  const isOwn = dst === undefined ? undefined : places.owns(passed.netns, dst, passed.timeNs);
  return isOwn === undefined ? undefined : isOwn ? 'input' : 'forward';
}
