/** A journey without its hops, which are what is large about it. Absent keys are undefined here: all heads have the same form. */
import type { ClosedBy, Hop, Journey, JourneyVersion, Tuple } from '../model/journey.ts';

type Optional = 'flow' | 'family' | 'addressed' | 'backend' | 'service';

export type JourneyHead = Omit<Journey, 'hops' | 'closedBy' | Optional> & {
  readonly [key in Optional]: Journey[key] | undefined;
} & { readonly closedBy: ClosedBy | undefined };

/** Does not look at `hops`, which may be made only then. */
export function headOf(journey: Journey | JourneyVersion): JourneyHead {
  return {
    schema: journey.schema,
    session: journey.session,
    id: journey.id,
    startedAt: journey.startedAt,
    startNs: journey.startNs,
    durationNs: journey.durationNs,
    direction: journey.direction,
    flow: journey.flow,
    proto: journey.proto,
    family: journey.family,
    summary: journey.summary,
    lenBytes: journey.lenBytes,
    packet: journey.packet,
    addressed: journey.addressed,
    from: journey.from,
    to: journey.to,
    backend: journey.backend,
    service: journey.service,
    outcome: journey.outcome,
    complete: journey.complete,
    closedBy: journey.closedBy,
    gaps: journey.gaps,
    links: journey.links,
  };
}

/** The whole again. */
export function versionOf(head: JourneyHead, rev: number, hops: readonly Hop[]): JourneyVersion {
  const { flow, family, addressed, backend, service, closedBy } = head;
  return {
    schema: head.schema,
    session: head.session,
    id: head.id,
    rev,
    startedAt: head.startedAt,
    startNs: head.startNs,
    durationNs: head.durationNs,
    direction: head.direction,
    ...(flow === undefined ? {} : { flow }),
    proto: head.proto,
    ...(family === undefined ? {} : { family }),
    summary: head.summary,
    lenBytes: head.lenBytes,
    packet: head.packet,
    ...(addressed === undefined ? {} : { addressed }),
    from: head.from,
    to: head.to,
    ...(backend === undefined ? {} : { backend }),
    ...(service === undefined ? {} : { service }),
    outcome: head.outcome,
    complete: head.complete,
    ...(closedBy === undefined ? {} : { closedBy }),
    hops,
    gaps: head.gaps,
    links: head.links,
  };
}

/** As it was sent; `hops` may be those of another packet on the same way. */
export function birthTuple(head: JourneyHead, hops: readonly Hop[]): Tuple {
  const hop = hops.find(({ tuple }) => tuple !== undefined);
  const seen = hop?.inner ?? hop?.tuple;
  if (seen === undefined) return { proto: head.proto, src: head.from.ip, dst: head.to.ip };
  const { addressed } = head;
  if (addressed === undefined) return seen;
  return {
    ...seen,
    dst: addressed.ip,
    ...(addressed.port === undefined || seen.dport === undefined ? {} : { dport: addressed.port }),
  };
}
