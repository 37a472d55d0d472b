import { TracerError } from '../../base/errors.ts';
import type { Flow } from '../../model/flow.ts';
import type { JourneyVersion } from '../../model/journey.ts';
import type { DaemonClient } from '../remote/daemon-client.ts';
import type { Found, FoundJourney } from './journey-source.ts';

type Asked = Pick<DaemonClient, 'get'>;

interface Page {
  readonly journeys: readonly JourneyVersion[];
  readonly evicted: number;
}

/** @throws DAEMON_GONE, what the daemon says. */
export async function journeysOfDaemon(daemon: Asked, ids: readonly string[]): Promise<Found> {
  const byId = new Map<string, FoundJourney>();
  for (const id of new Set(ids)) {
    const version = await kept<JourneyVersion>(daemon, `/api/journeys/${encodeURIComponent(id)}`);
    if (version !== undefined) byId.set(id, await withFlow(daemon, version));
  }
  // By their last change: near enough to their order of birth for a hint.
  const newest = await daemon.get<Page>('/api/journeys?limit=1');
  const oldest = await daemon.get<Page>('/api/journeys?since=0&limit=1');
  const [first, last] = [oldest.journeys[0]?.id, newest.journeys[0]?.id];
  return {
    where: 'in the daemon',
    byId,
    evicted: newest.evicted,
    ...(first === undefined || last === undefined ? {} : { ids: { oldest: first, newest: last } }),
  };
}

/** Which version it is belongs to the API: a recording has no such thing. */
async function withFlow(daemon: Asked, { rev: _, ...journey }: JourneyVersion): Promise<FoundJourney> {
  if (journey.flow === undefined) return { journey };
  const flow = await kept<Flow>(daemon, `/api/flows/${encodeURIComponent(journey.flow)}`);
  return flow === undefined ? { journey } : { journey, flow };
}

async function kept<T>(daemon: Asked, path: string): Promise<T | undefined> {
  try {
    return await daemon.get<T>(path);
  } catch (error) {
    if (error instanceof TracerError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
