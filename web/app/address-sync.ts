/** The address of the page follows what it shows, and the other way round when it starts. */
import { computed, effect } from '@preact/signals';
import { fresh, queryOf, type Shown, shownOf } from './address.ts';
import * as state from './state.ts';
import { throttled } from './throttled.ts';

/** Browsers refuse more changes than some a second. */
const ADDRESS_MS = 250;

const shown = computed((): Shown => {
  const session = state.stats.value?.session;
  const range = state.range.value;
  return {
    ...(session === undefined ? {} : { session }),
    selection: state.selection.value,
    view: state.view.value,
    ...(range === undefined ? {} : { range }),
    filter: state.filterText.value,
    list: state.listTab.value,
    lower: state.lowerTab.value,
    theme: state.theme.value,
  };
});

/** Before anything is drawn. */
export function restore(): void {
  const { session, selection, view, range, filter, list, lower, theme } = shownOf(location.search);
  state.selection.value = selection;
  state.view.value = view;
  state.range.value = range;
  state.filterText.value = filter;
  state.listTab.value = list;
  state.lowerTab.value = lower;
  state.theme.value = theme;
  if (session !== undefined) forgetUnlessOf(session);
}

/** What was chosen in another session means nothing in this one. */
function forgetUnlessOf(session: string): void {
  const stop = effect(() => {
    const now = state.stats.value?.session;
    if (now === undefined) return;
    queueMicrotask(() => stop());
    if (now === session) return;
    state.selection.value = fresh.selection;
    state.range.value = undefined;
    state.view.value = fresh.view;
  });
}

export function keepAddress(): void {
  const slow = throttled(shown, ADDRESS_MS);
  effect(() => {
    const query = queryOf(slow.value);
    if (query === location.search) return;
    history.replaceState(undefined, '', `${location.pathname}${query}${location.hash}`);
  });
}
