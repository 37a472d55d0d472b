/** Where `tracer explain` and `tracer diff` find journeys: a session file, else the daemon, else the last session. */
import { existsSync } from 'node:fs';
import { TracerError } from '../../base/errors.ts';
import type { Flow } from '../../model/flow.ts';
import type { AnyJourney } from '../../model/journey.ts';
import { lastSessionPath } from '../../session/targets.ts';
import { findDaemon } from '../remote/find-daemon.ts';
import { journeysOfDaemon } from './of-daemon.ts';
import { journeysOfSession } from './of-session.ts';

export interface FoundJourney {
  readonly journey: AnyJourney;
  /** Of the conversation that it belongs to. */
  readonly flow?: Flow;
}

/** What there is of the ids that were asked for, and what there is at all. */
export interface Found {
  /** "in the daemon", "in a.tracer". */
  readonly where: string;
  readonly byId: ReadonlyMap<string, FoundJourney>;
  /** Absent: there are none. */
  readonly ids?: { readonly oldest: string; readonly newest: string };
  /** How many of the session are not there any more. */
  readonly evicted: number;
}

export interface SourceOptions {
  /** `-r`. */
  readonly file?: string;
  /** `--socket`. */
  readonly socket?: string;
}

/** @throws SESSION_FILE, SESSION_FORMAT, NO_SESSION, DAEMON_GONE, what the daemon says. */
export async function findJourneys(ids: readonly string[], { file, socket }: SourceOptions): Promise<Found> {
  if (file !== undefined) return journeysOfSession(file, ids, `in ${file === '-' ? 'stdin' : file}`);
  const daemon = await findDaemon(socket);
  if (daemon !== undefined) {
    try {
      return await journeysOfDaemon(daemon, ids);
    } finally {
      await daemon.close();
    }
  }
  const last = lastSessionPath();
  if (!existsSync(last))
    throw new TracerError('NO_SESSION', 'no daemon answers, and nothing was followed yet');
  return journeysOfSession(last, ids, 'in the last session');
}

/** @throws UNKNOWN_JOURNEY, with the ids that there are. */
export function requireJourney({ where, byId, ids, evicted }: Found, id: string): FoundJourney {
  const found = byId.get(id);
  if (found !== undefined) return found;
  const gone = evicted === 0 ? '' : `; ${evicted} older ones were evicted`;
  throw new TracerError('UNKNOWN_JOURNEY', `there is no packet #${id} ${where}`, {
    hint:
      ids === undefined
        ? `there is none at all ${where}${gone}`
        : `there are ${ids.oldest} to ${ids.newest}${gone}`,
  });
}
