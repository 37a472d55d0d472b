/** What the topology shows: its layout for the room that it has, and the way of the selected journey on it. */
import { computed, effect, signal } from '@preact/signals';
import { journeys, selectedJourney, selection, topology } from '../app/state.ts';
import { layoutOf } from './layout.ts';
import { marksOf } from './marks.ts';
import { routeOf } from './route.ts';
import { busyPlaces, passing, serviceId } from './traffic.ts';

/** The room that there is. */
export const room = signal({ widthPx: 700, heightPx: 300 });
/** What somebody unfolded. */
export const open = signal<ReadonlySet<string>>(new Set());
/** The place that somebody asked about. */
export const asked = signal<string | undefined>(undefined);

const busy = signal<ReadonlySet<string>>(new Set());
effect(() => {
  const selected = selectedJourney.value;
  const seen = busyPlaces(journeys.value, busy.peek());
  busy.value = selected === undefined ? seen : busyPlaces(new Map([['', selected]]), seen);
});

export const layout = computed(() =>
  topology.value === undefined
    ? undefined
    : layoutOf(topology.value, { widthPx: room.value.widthPx, busy: busy.value, open: open.value }),
);

/** A little smaller where that makes it fit, larger where there is room: it is for reading. */
export const scale = computed(() => {
  if (layout.value === undefined) return 1;
  const { widthPx, heightPx } = layout.value;
  return Math.max(0.9, Math.min(room.value.widthPx / widthPx, room.value.heightPx / heightPx, 1.35));
});

export const route = computed(() => {
  const journey = selectedJourney.value;
  if (journey === undefined || layout.value === undefined) return undefined;
  return routeOf(journey, layout.value);
});

export const marks = computed(() => {
  const journey = selectedJourney.value;
  return journey === undefined || route.value === undefined ? [] : marksOf(journey, route.value);
});

/** Where the selected hop is. */
export const hopPoint = computed(() => {
  const { hop } = selection.value;
  return hop === undefined ? undefined : route.value?.hops[hop];
});

/** Places where packets were seen. */
export const isBusy = (id: string): boolean => busy.value.has(id);

export const wantedService = computed(() => {
  const journey = selectedJourney.value;
  return journey === undefined ? undefined : serviceId(journey);
});

const PASSING_SHOWN = 5;

export const answer = computed(() => {
  const place = asked.value;
  if (place === undefined || topology.value === undefined) return undefined;
  const known = topology.value.places.find(({ id }) => id === place);
  if (known === undefined) return undefined;
  const packets = passing(journeys.value, place);
  return { place: known, count: packets.length, newest: packets.slice(0, PASSING_SHOWN) };
});

export function toggle(key: string): void {
  const next = new Set(open.peek());
  if (!next.delete(key)) next.add(key);
  open.value = next;
}

export function ask(place: string): void {
  asked.value = asked.peek() === place ? undefined : place;
}
