/** Where packets were seen lately. A place that was busy stays busy: the picture does not move under its reader. */
import type { AnyJourney } from '../../src/model/journey.ts';
import { placesOf } from './route.ts';

/** As many as somebody can have seen pass. */
const NEWEST = 500;

const known = new WeakMap<AnyJourney, ReadonlySet<string>>();

function passed(journey: AnyJourney): ReadonlySet<string> {
  const before = known.get(journey);
  if (before !== undefined) return before;
  const places = placesOf(journey);
  known.set(journey, places);
  return places;
}

function newest<T>(items: ReadonlyMap<string, T>): T[] {
  const all = [...items.values()];
  return all.slice(-NEWEST).reverse();
}

/** `before` itself where nothing came to it. */
export function busyPlaces(
  journeys: ReadonlyMap<string, AnyJourney>,
  before: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  let busy: Set<string> | undefined;
  const add = (place: string): void => {
    if (before.has(place) || busy?.has(place) === true) return;
    busy ??= new Set(before);
    busy.add(place);
  };
  for (const journey of newest(journeys)) {
    for (const place of passed(journey)) add(place);
    const service = serviceId(journey);
    if (service !== undefined) add(service);
  }
  return busy ?? before;
}

/** Newest first. */
export function passing(journeys: ReadonlyMap<string, AnyJourney>, place: string): AnyJourney[] {
  return newest(journeys).filter(journey => passed(journey).has(place) || serviceId(journey) === place);
}

/** Of its place in the topology. */
export function serviceId({ service }: Pick<AnyJourney, 'service'>): string | undefined {
  return service?.name === undefined
    ? undefined
    : `service:${service.cluster}:${service.namespace}/${service.name}`;
}
