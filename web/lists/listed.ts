/** What the lists show: filtered and sorted, a few times a second. */
import { computed, signal } from '@preact/signals';
import { filterText, flows, journeys } from '../app/state.ts';
import { throttled } from '../app/throttled.ts';
import { fitsFlow, fitsJourney, parseFilter } from './filter.ts';
import { flowSorts, journeySorts, sortedIds } from './sorting.ts';

const LIST_MS = 250;

export const flowSort = signal('newest');
export const journeySort = signal('newest');

const slowJourneys = throttled(journeys, LIST_MS);
const slowFlows = throttled(flows, LIST_MS);
export const terms = computed(() => parseFilter(filterText.value));

export const listedFlows = computed(() => {
  const wanted = terms.value;
  const fitting = [...slowFlows.value.values()].filter(flow => fitsFlow(flow, wanted));
  const sort = flowSorts.find(({ name }) => name === flowSort.value) ?? flowSorts[0]!;
  return { ids: sortedIds(fitting, sort), all: slowFlows.value.size };
});

export const listedJourneys = computed(() => {
  const wanted = terms.value;
  const known = slowFlows.value;
  const stateOf = (flow: string) => known.get(flow)?.state;
  const fitting = [...slowJourneys.value.values()].filter(each => fitsJourney(each, wanted, stateOf));
  const sort = journeySorts.find(({ name }) => name === journeySort.value) ?? journeySorts[0]!;
  return { ids: sortedIds(fitting, sort), all: slowJourneys.value.size };
});
