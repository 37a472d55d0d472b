import type { Event } from '../model/event.ts';
import { eventOwnSocket, eventRouted, tap } from '../model/layout.generated.ts';
import { innermost } from '../model/tuples.ts';
import type { Places } from './places.ts';

const PREROUTING = 0;
const FORWARD = 2;
const OUTPUT = 3;

/**
 * The hook whose rules dropped a packet: the one after the last that it was seen to pass in that namespace, since ours stand behind
 * the rules of each. Where none was watched, what the packet had got to by then tells: a route is found behind PREROUTING, and its
 * device becomes the one that it leaves by before POSTROUTING. Undefined: that does not tell, or not for sure.
 */
export function dropHook(events: readonly Event[], places: Places): string | undefined {
  const drop = events.at(-1);
  for (let i = events.length - 2; i >= 0; i--) {
    const event = events[i]!;
    if (event.tap === tap.netfilter) return hookAfter(event, drop!, places);
    if (event.tap === tap.netDevQueue) return undefined;
    if (event.tap === tap.netifReceiveSkb) return hookSince(event, drop!, places);
  }
  // ip_output() and ip6_output() give it the device that it leaves by; before that it has none.
  return isSentHere(drop!) && drop!.ifindex === 0 ? 'output' : undefined;
}

function isSentHere({ flags }: Event): boolean {
  return (flags & eventRouted) !== 0 && (flags & eventOwnSocket) !== 0;
}

/** In OUTPUT our link stands behind the translation only, not behind the filter: the first packet of a refused one is to be seen. */
function hookAfter(passed: Event, drop: Event, places: Places): string | undefined {
  if (passed.nfHook === OUTPUT) return drop.ifindex === 0 ? 'output' : 'postrouting';
  if (passed.nfHook === FORWARD) return 'postrouting';
  return passed.nfHook === PREROUTING ? inputOrForward(passed, places) : undefined;
}

/** By the route: a packet keeps its own on loopback, and one that a bridge hands on has a borrowed one. */
function hookSince(received: Event, drop: Event, places: Places): string | undefined {
  if (drop.netns !== received.netns) return undefined;
  const device = places.device(received.netns, received.ifindex, received.timeNs);
  if (device === undefined || device.kind === 'loopback' || device.master !== undefined) return undefined;
  if ((drop.flags & eventRouted) === 0) return 'prerouting';
  return drop.ifindex === received.ifindex ? inputOrForward(drop, places) : 'postrouting';
}

function inputOrForward(event: Event, places: Places): string | undefined {
  const dst = innermost(event)?.dst;
  const isOwn = dst === undefined ? undefined : places.owns(event.netns, dst, event.timeNs);
  return isOwn === undefined ? undefined : isOwn ? 'input' : 'forward';
}
