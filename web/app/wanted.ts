/** What is selected and not here is asked for: it may be older than what the page was sent. */
import { effect } from '@preact/signals';
import type { FlowVersion } from '../../src/model/flow.ts';
import type { JourneyVersion } from '../../src/model/journey.ts';
import { notice, tellError } from '../act/notice.tsx';
import { ApiError, ask } from './api.ts';
import { connection, type Feed } from './feed.ts';
import { flows, journeys, selection } from './state.ts';

/** Of one conversation. */
const LIMIT = 1000;

export function fetchWanted(feed: Pick<Feed, 'onJourneys' | 'onFlows'>): void {
  const asked = { flow: '', journey: '' };
  effect(() => {
    const { flow, journey } = selection.value;
    if (connection.value.kind !== 'live') return;
    if (flow !== undefined && flow !== asked.flow) {
      asked.flow = flow;
      void take(async () => {
        if (!flows.peek().has(flow)) feed.onFlows([await ask<FlowVersion>('GET', `/api/flows/${flow}`)]);
        const page = await ask<{ readonly journeys: readonly JourneyVersion[] }>(
          'GET',
          `/api/journeys?flow=${flow}&limit=${LIMIT}`,
        );
        feed.onJourneys(page.journeys);
      });
    }
    if (journey === undefined || journey === asked.journey) return;
    asked.journey = journey;
    if (!journeys.peek().has(journey))
      void take(async () => feed.onJourneys([await ask<JourneyVersion>('GET', `/api/journeys/${journey}`)]));
  });
}

async function take(get: () => Promise<void>): Promise<void> {
  try {
    await get();
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NOT_FOUND')
      notice.value = { text: error.message, isBad: false };
    else tellError(error);
  }
}
