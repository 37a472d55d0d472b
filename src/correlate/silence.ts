/** How long a journey may be silent before it is over: by the place where it was last seen. */
import type { Event } from '../model/event.ts';
import { tap } from '../model/layout.generated.ts';
import { innermost, isMulticast } from '../model/tuples.ts';
import type { OpenJourney } from './open-journey.ts';
import { isEdge, type Topology } from './topology.ts';

const MS = 1_000_000;
const NF_INET_LOCAL_IN = 1;
/** `skb->pkt_type`. */
const PACKET_OTHERHOST = 3;
export const ENDED_NS = 5 * MS;
export const DELIVERED_NS = 20 * MS;
export const ELSEWHERE_NS = 100 * MS;

/** The kernel gives up a neighbour that does not answer after 3 s; a packet that waits longer will not be told any more. */
export const WAITING_NS = 10_000 * MS;

/** In the queue of a neighbour whose address is being asked for. */
export function isWaiting(journey: OpenJourney): boolean {
  return journey.last.tap === tap.neighbour;
}

export function silenceOf(journey: OpenJourney, topology: Topology): number {
  if (journey.unknownSteps.length > 0) return ELSEWHERE_NS;
  if (journey.end !== undefined || journey.copied) return ENDED_NS;
  if (isWaiting(journey)) return WAITING_NS;
  if (hasLeft(journey, topology)) return ENDED_NS;
  return atDestination(journey, topology) ? DELIVERED_NS : ELSEWHERE_NS;
}

/** Received in the namespace that it is addressed to. */
export function atDestination(journey: OpenJourney, topology: Topology): boolean {
  if (isLocalIn(journey) || journey.last.tap === tap.dataReady) return true;
  const at = journey.lastPlace;
  if (at.tap !== tap.netifReceiveSkb || isForOthers(at)) return false;
  const headers = at.headers;
  const layer = innermost(at);
  if (layer === undefined || headers?.inner !== undefined) return false;
  if (isMulticast(layer.dst) || layer.family === 0) return !isPort(journey, topology);
  // DNAT may have come after the device: an end shows what it made of the packet.
  const end = innermost(journey.last);
  return topology.owns(at.netns, end?.dst ?? layer.dst, at.timeNs) === true;
}

/** A capture shows no end; that the frame was for another receiver says as much (ip_rcv_core() drops it as OTHERHOST). */
export function isForOthers({ captured, tap: seenBy, pktType }: Event): boolean {
  return captured === true && seenBy === tap.netifReceiveSkb && pktType === PACKET_OTHERHOST;
}

/** Let in by the INPUT hook, and not only as the outside of a tunnel's packet. */
function isLocalIn({ last }: OpenJourney): boolean {
  return last.tap === tap.netfilter && last.nfHook === NF_INET_LOCAL_IN && last.headers?.inner === undefined;
}

/** On a bridge's port the frame belongs to the bridge, which has yet to decide. */
function isPort(journey: OpenJourney, topology: Topology): boolean {
  const at = journey.lastPlace;
  return topology.link(at.netns, at.ifindex, at.timeNs)?.master !== undefined;
}

/** Sent by a device that leads out of this kernel. */
export function hasLeft(journey: OpenJourney, topology: Topology): boolean {
  const at = journey.lastPlace;
  if (at.tap !== tap.netDevQueue && at.tap !== tap.netDevStartXmit) return false;
  const link = topology.link(at.netns, at.ifindex, at.timeNs);
  return link !== undefined && isEdge(link);
}
