import { Pipeline } from '../../engine/pipeline.ts';
import type { Journey } from '../../model/journey.ts';
import { openSession } from '../../session/open-session.ts';
import { FlowBook } from '../../store/flow-book.ts';
import type { Found, FoundJourney } from './journey-source.ts';

/** Reads the whole recording: what becomes of a conversation is told by its later packets. @throws SESSION_FILE, SESSION_FORMAT. */
export async function journeysOfSession(path: string, ids: readonly string[], where: string): Promise<Found> {
  const session = await openSession(path);
  const wanted = new Map<string, Journey>();
  const book = new FlowBook();
  const range = new IdRange();
  const pipeline = new Pipeline({
    session: session.facts.session,
    isRest: session.isRest,
    onJourney: journey => {
      if (ids.includes(journey.id)) wanted.set(journey.id, journey);
      range.add(journey.id);
      book.add(journey);
    },
  });
  try {
    for await (const frames of session.frames()) for (const frame of frames) pipeline.frame(frame);
  } finally {
    await session.close();
  }
  pipeline.finish();
  const byId = new Map([...wanted].map(([id, journey]) => [id, withFlow(journey, book)]));
  return { where, byId, ...range.found, evicted: session.isRest ? range.before : 0 };
}

function withFlow(journey: Journey, book: FlowBook): FoundJourney {
  const flow = journey.flow === undefined ? undefined : book.get(journey.flow);
  return flow === undefined ? { journey } : { journey, flow };
}

/** Ids are numbers in order of birth. */
class IdRange {
  #oldest = Number.POSITIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;

  add(id: string): void {
    this.#oldest = Math.min(this.#oldest, Number(id));
    this.#newest = Math.max(this.#newest, Number(id));
  }

  get found(): Pick<Found, 'ids'> {
    return this.#oldest > this.#newest
      ? {}
      : { ids: { oldest: String(this.#oldest), newest: String(this.#newest) } };
  }

  /** How many came before the oldest. */
  get before(): number {
    return Number.isFinite(this.#oldest) ? this.#oldest - 1 : 0;
  }
}
