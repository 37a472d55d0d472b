/**
 * A bridge that does not know where a receiver is sends a copy of the frame out of each port; a tunnel without a table sends one to each far
 * end. In captures they look alike to the last byte, and like the packet sent again. They are copies where they leave, at once and with nothing
 * changed, a place that the packet has left already by another way.
 *
 * What it cannot know: where a copy went that leaves by a port whose other end nobody captured. Such a one is left out, as is one that
 * comes in where nobody told the device's own MAC address.
 */
import { canFollow, type DirectedSight, type IsCaptured } from './steps.ts';

/** A bridge copies a frame within one call. */
const COPY_NS = 5_000_000;

/** Did this packet take two ways at once, of which `sights` is one? */
export function isCopy(
  sights: readonly DirectedSight[],
  sight: DirectedSight,
  isCaptured: IsCaptured,
): boolean {
  return sights.some((seen, index) => {
    const before = sights[index - 1];
    if (before === undefined || !isSameFrame(seen, sight) || isSameWay(seen, sight)) return false;
    return sight.timeNs - seen.timeNs <= COPY_NS && canFollow(before, sight, isCaptured);
  });
}

function isSameFrame(a: DirectedSight, b: DirectedSight): boolean {
  const x = a.headers.inner ?? a.headers.outer;
  const y = b.headers.inner ?? b.headers.outer;
  return (
    a.direction === b.direction &&
    (a.direction === 'in' || a.place === b.place) &&
    a.ttl === b.ttl &&
    (a.headers.inner !== undefined || a.sender === b.sender) &&
    (a.headers.inner === undefined) === (b.headers.inner === undefined) &&
    x.src === y.src &&
    x.dst === y.dst
  );
}

/** The same device, and the same end of a tunnel. */
function isSameWay(a: DirectedSight, b: DirectedSight): boolean {
  if (a.place !== b.place || a.device.name !== b.device.name) return false;
  return a.headers.inner === undefined || a.headers.outer.dst === b.headers.outer.dst;
}

/** Is it known who gets this copy? */
export function isTold(sight: DirectedSight, isCaptured: IsCaptured, owns: Owns): boolean {
  const { peer } = sight.device;
  if (sight.direction === 'out')
    return sight.headers.inner !== undefined || (peer !== undefined && isCaptured(peer.place, peer.dev));
  const { dst } = sight.headers.inner ?? sight.headers.outer;
  return sight.isForOthers !== undefined || sight.isGroup || owns(sight.place, dst);
}

/** Is this one of the namespace's own addresses, as far as anybody told? */
export type Owns = (place: number, ip: string) => boolean;
