import { isHearsay } from '../model/event.ts';
import type { ClosedBy, ConsumedBy, LinkKind, LostCause } from '../model/journey.ts';
import type { JourneyRecord, RawOutcome } from '../model/journey-record.ts';
import { tap } from '../model/layout.generated.ts';
import { isBirth, type OpenJourney } from './open-journey.ts';
import { atDestination, hasLeft, isForOthers, isWaiting } from './silence.ts';
import type { Topology } from './topology.ts';

interface Circumstances {
  readonly shutdown: boolean;
  /** Events were lost while it was on its way. */
  readonly lost: LostCause | undefined;
}

/** What became of a journey, and whether all of it was seen. CONTRACT 4 and 5. */
export function conclude(
  journey: OpenJourney,
  topology: Topology,
  circumstances: Circumstances,
): Omit<JourneyRecord, 'flow' | 'direction'> {
  const born = isBirth(journey.first, topology) || isMadeHere(journey);
  if (!born && !journey.gaps.some(gap => gap.kind === 'filtered'))
    journey.gap({ after: -1, kind: 'unobserved', reason: 'where it came from was not seen' });
  const outcome = outcomeOf(journey, topology, circumstances);
  if (outcome.kind === 'open' && outcome.waiting === 'unknown')
    journey.gap({
      after: journey.events.length - 1,
      kind: 'unobserved',
      reason: 'no tap showed where it went',
    });
  const complete = born && outcome.kind !== 'open' && outcome.kind !== 'lost' && journey.gaps.length === 0;
  return {
    id: journey.id,
    rev: ++journey.rev,
    events: journey.events,
    outcome,
    closedBy: closedBy(journey, topology, outcome, circumstances),
    complete,
    gaps: journey.gaps,
    links: journey.links,
    processes: journey.processes,
    born,
    origin: (journey.root ?? journey).first,
    ends: journey.ends,
  };
}

/** As far as it has been seen. Nothing of this is the last word. */
export function soFar(journey: OpenJourney, topology: Topology): Omit<JourneyRecord, 'flow' | 'direction'> {
  const waiting = isWaiting(journey) ? 'neighbour' : 'unknown';
  return {
    id: journey.id,
    rev: ++journey.rev,
    events: [...journey.events],
    outcome: { kind: 'open', waiting, at: journey.events.length - 1 },
    complete: false,
    gaps: [...journey.gaps],
    links: [...journey.links],
    processes: journey.processes,
    born: isBirth(journey.first, topology) || isMadeHere(journey),
    origin: (journey.root ?? journey).first,
    ends: new Map(journey.ends),
  };
}

/** What a packet is made of, unlike what it answers, repeats or takes in. */
const origins: ReadonlySet<LinkKind> = new Set(['clone', 'flood', 'segment', 'fragment', 'reassembly']);

/** A copy or a part begins where it is made. */
function isMadeHere(journey: OpenJourney): boolean {
  return journey.links.some(({ role, kind }) => role === 'parent' && origins.has(kind));
}

function outcomeOf(journey: OpenJourney, topology: Topology, { lost }: Circumstances): RawOutcome {
  const at = journey.events.length - 1;
  const end = journey.end;
  const verdict = end?.verdict;
  if (verdict?.kind === 'dropped' && wasReset(journey)) return { kind: 'consumed', by: 'reset', at };
  if (verdict?.kind === 'dropped')
    return { kind: 'dropped', reason: end!.reason, location: end!.location, at };
  if (verdict?.kind === 'consumed') return consumedOrContinued(journey, topology, verdict.by, at);
  if (journey.gaps.some(gap => gap.kind === 'suspect' && gap.after >= 0))
    return { kind: 'open', waiting: 'unknown', at };
  if (journey.copied)
    return {
      kind: 'delivered',
      to: 'process',
      at: journey.events.findIndex(event => event.tap === tap.copyDatagram),
    };
  if (verdict?.kind === 'delivered') return { kind: 'delivered', to: verdict.to, at };
  if (atDestination(journey, topology)) return { kind: 'delivered', to: 'stack', at };
  if (isForOthers(journey.last)) return consumedOrContinued(journey, topology, 'not-addressed', at);
  if (hasLeft(journey, topology)) return { kind: 'transmitted', dev: journey.lastPlace.dev, at };
  if (journey.into.length > 0) return { kind: 'continued', into: journey.into.map(next => next.id), at };
  const goesOn = goesOnIn(journey, topology);
  if (goesOn.length > 0) return { kind: 'continued', into: goesOn, at };
  if (isWaiting(journey)) return { kind: 'open', waiting: 'neighbour', at };
  if (lost !== undefined) return { kind: 'lost', cause: lost, at };
  return { kind: 'open', waiting: 'unknown', at };
}

function closedBy(
  journey: OpenJourney,
  topology: Topology,
  outcome: RawOutcome,
  { shutdown }: Circumstances,
): ClosedBy {
  if (outcome.kind === 'dropped') return 'dropped';
  if (outcome.kind === 'transmitted') return 'left';
  if (journey.copied) return 'copied';
  if (journey.end !== undefined) return 'freed';
  if (shutdown && !atDestination(journey, topology)) return 'shutdown';
  return journey.reused ? 'reused' : 'quiet';
}

/** A RST answered it: it got where it was going, and was not wanted there. */
function wasReset({ events, ends }: OpenJourney): boolean {
  return events.some((event, index) => event.tap === tap.tcpReset && !isHearsay(event) && ends.has(index));
}

/** A flooded packet arrived if one of its copies did, whichever of them happened to keep the first sk_buff. */
function consumedOrContinued(
  journey: OpenJourney,
  topology: Topology,
  by: ConsumedBy,
  at: number,
): RawOutcome {
  const into = by === 'not-addressed' ? arrivedOf(journey, topology) : [];
  return into.length > 0 ? { kind: 'continued', into, at } : { kind: 'consumed', by, at };
}

/** A capture that lost sight of the first copy knows of the others only where they arrived. */
function goesOnIn(journey: OpenJourney, topology: Topology): string[] {
  if (journey.first.captured === true) return arrivedOf(journey, topology);
  return journey.copies.map(copy => copy.id);
}

function arrivedOf({ copies }: OpenJourney, topology: Topology): string[] {
  return copies
    .filter(copy => atDestination(copy, topology) && copy.end?.verdict.kind !== 'consumed')
    .map(copy => copy.id);
}
