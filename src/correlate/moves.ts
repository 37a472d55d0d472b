/**
 * Can a packet get from one place to the next, as the devices were connected at that moment?
 *
 * The kernel side proposes that two events are of one packet; this disposes. A step that cannot be is a wrong join: the journey is
 * cut there. What this cannot know: a redirect by tc or XDP programs to any device of the host looks impossible too.
 */
import type { Event } from '../model/event.ts';
import { tap } from '../model/layout.generated.ts';
import type { Topology } from './topology.ts';

export type Move = 'possible' | 'impossible' | 'unknown';

const isTx = (event: Event): boolean => event.tap === tap.netDevQueue || event.tap === tap.netDevStartXmit;
const isRx = (event: Event): boolean => event.tap === tap.netifReceiveSkb;

export function move(from: Event, to: Event, topology: Topology): Move {
  if (to.tap === tap.netfilter || from.tap === tap.netfilter || to.tap === tap.neighbour) {
    if (from.netns === to.netns || to.netns === 0 || from.netns === 0) return 'possible';
    return isTx(to) || isRx(to) || to.tap === tap.netfilter || to.tap === tap.neighbour
      ? 'impossible'
      : 'possible';
  }
  // An end (or a copy to a socket) happens wherever the packet is; its device is often gone by then.
  if (!isTx(to) && !isRx(to)) return 'possible';
  if (!isTx(from) && !isRx(from)) return 'possible';
  if (isTx(to)) return from.netns === to.netns ? 'possible' : 'impossible';
  return isTx(from) ? arrival(from, to, topology) : passUp(from, to, topology);
}

/** Sent by one device, received by another: loopback, or the other end of a veth. */
function arrival(from: Event, to: Event, topology: Topology): Move {
  const link = topology.link(from.netns, from.ifindex, from.timeNs);
  if (link === undefined) return 'unknown';
  if (link.kind === 'loopback') return same(from, to) ? 'possible' : 'impossible';
  if (link.kind === 'veth') {
    if (link.peer === undefined) return 'unknown';
    return link.peer.netns === to.netns && link.peer.ifindex === to.ifindex ? 'possible' : 'impossible';
  }
  // A packet that a bridge or tunnel device sends and that this host itself must get comes back by the same device.
  return from.netns === to.netns ? 'possible' : 'impossible';
}

/** Received twice without being sent between: a port hands it to its bridge, an outer device to the tunnel. */
function passUp(from: Event, to: Event, topology: Topology): Move {
  if (from.netns === to.netns) return 'possible';
  // bpf_redirect_peer() moves a packet from the host's end of a veth into the other end without a transmission.
  const link = topology.link(to.netns, to.ifindex, to.timeNs);
  if (link === undefined) return 'unknown';
  return link.peer?.netns === from.netns ? 'possible' : 'impossible';
}

function same(from: Event, to: Event): boolean {
  return from.netns === to.netns && from.ifindex === to.ifindex;
}
