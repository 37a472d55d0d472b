/**
 * May a packet that was last seen here be the one that is seen there? What devices do with frames, as far as they are known; stricter
 * than correlate/moves.ts, which knows that no device went unseen and has a buffer's address to go by.
 *
 * Only what is seen in both directions of a step counts: out of a namespace and into the next one. A packet that vanishes into one
 * namespace and comes out of another begins a journey of its own.
 */
import type { Direction } from './link-layer.ts';
import { type Device, type DeviceKind, guessedKind } from './places.ts';
import type { Sight } from './sight.ts';

export interface DirectedSight extends Sight {
  readonly direction: Direction;
}

/** Was this end of a pair captured? What was not seen there went by unseen. */
export type IsCaptured = (place: number, dev: string) => boolean;

export function canFollow(last: DirectedSight, next: DirectedSight, isCaptured: IsCaptured): boolean {
  if (next.ttl > last.ttl || next.timeNs < last.timeNs) return false;
  if (last.place !== next.place) return crosses(last, next, isCaptured);
  if (last.direction === 'in') return next.direction === 'out' || goesUp(last, next);
  return next.direction === 'out' && goesDown(last, next);
}

/** Out of one namespace, into another: by the pair where it is told, and then at once. */
function crosses(last: DirectedSight, next: DirectedSight, isCaptured: IsCaptured): boolean {
  if (last.direction !== 'out' || next.direction !== 'in' || last.device.kind === 'loopback') return false;
  const { peer } = last.device;
  if (peer !== undefined && isCaptured(peer.place, peer.dev))
    return peer.place === next.place && peer.dev === next.device.name && last.ttl === next.ttl;
  const back = next.device.peer;
  return back === undefined || !isCaptured(back.place, back.dev);
}

/** From a port to its bridge, from the outer device to the tunnel. */
function goesUp(last: Sight, next: Sight): boolean {
  if (last.ttl !== next.ttl) return false;
  if (last.headers.inner !== undefined) return next.headers.inner === undefined;
  if (last.vlanTci !== next.vlanTci && next.vlanTci === 0) return true;
  return isBridgeOf(next.device, last.device);
}

function goesDown(last: Sight, next: Sight): boolean {
  if (last.ttl !== next.ttl) return false;
  if (next.headers.inner !== undefined && last.headers.inner === undefined) return true;
  if (last.vlanTci !== next.vlanTci && last.vlanTci === 0) return true;
  return isBridgeOf(last.device, next.device);
}

function isBridgeOf(bridge: Device, port: Device): boolean {
  if (kindOf(bridge) !== 'bridge' || kindOf(port) === 'bridge') return false;
  return port.master === undefined ? port.kind === undefined : port.master === bridge.name;
}

export function kindOf({ kind, name }: Device): DeviceKind | undefined {
  return kind ?? guessedKind(name);
}

/**
 * Order of sights with one stamp in one namespace: what is handed up keeps the stamp of the device that received it (net_timestamp_check()
 * stamps what has none, Linux 6.18), so a port and its bridge, or a tunnel and the device below, always tie.
 */
export function byStack(a: DirectedSight, b: DirectedSight): number {
  if (a.capture === b.capture) return 0; // in the order of the capture
  if (a.place !== b.place) return b.ttl - a.ttl;
  if (a.direction !== b.direction) return a.direction === 'in' ? -1 : 1;
  const depth = (sight: Sight): number =>
    (sight.headers.inner === undefined ? 0 : 2) + (kindOf(sight.device) === 'bridge' ? 0 : 1);
  return a.direction === 'in' ? depth(b) - depth(a) : depth(a) - depth(b);
}
