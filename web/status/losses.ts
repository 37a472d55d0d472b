/** What is missing from what the page shows, and why; nothing where nothing is. */
import type { Stats } from '../../src/model/stats.ts';
import { counted } from '../../src/words/counts.ts';
import { duration } from '../../src/words/times.ts';
import type { Back, Missed } from '../app/feed.ts';

export interface Loss {
  readonly what: string;
  readonly why: string;
  /** Ours, and it may hide something. Else it was asked for, or is as it has to be. */
  readonly isBad: boolean;
}

export function lossesOf(stats: Stats | undefined, missed: Missed, madeRoom: number): readonly Loss[] {
  return [...(stats === undefined ? [] : ofDaemon(stats)), ...ofPage(missed, madeRoom)];
}

function ofDaemon({ events, journeys, suspectJoins, lateEvents, recording }: Stats): Loss[] {
  const { lost, malformed, filtered } = events;
  return some([
    [
      lost,
      'event',
      'lost',
      'the buffer between kernel and tracer was full: packets of that time are marked as not seen whole',
      true,
    ],
    [malformed, 'event', 'unreadable', 'they made no sense and were left out', true],
    [
      filtered.sampled,
      'event',
      'sampled',
      'overload: data packets of conversations already shown are left out',
      true,
    ],
    [filtered.own, 'event', 'own', "the tracer's own conversations are not followed", false],
    [
      journeys.evicted,
      'packet',
      'evicted',
      "the daemon's memory for packets is used up: the oldest go (--memory)",
      false,
    ],
    [suspectJoins, 'packet', 'cut', 'two sights did not fit together: shown as two packets, not whole', true],
    [lateEvents, 'event', 'late', 'they came after their packet was closed, and were added to it', false],
    [
      recording?.skippedEvents ?? 0,
      'event',
      'not recorded',
      'the disk was too slow: they are missing in the download',
      true,
    ],
  ]);
}

function ofPage(
  { slow, evicted, malformed, reconnects, resets, sessions }: Missed,
  madeRoom: number,
): Loss[] {
  return some([
    [slow, 'change', 'passed over', 'this page was too slow to take them all', true],
    [evicted, 'change', 'passed over', 'the daemon had no room for them until this page came back', true],
    [malformed, 'message', 'unreadable', 'the page could make nothing of them and left them out', true],
    [
      reconnects,
      'time',
      'reconnected',
      'the connection to the daemon was lost; what it kept meanwhile was taken up',
      false,
    ],
    [
      resets,
      'time',
      'caught up anew',
      'more had changed than the daemon tells one by one: the page took the newest again',
      false,
    ],
    [
      sessions,
      'time',
      'begun anew',
      'the daemon was started again: what was here before is of another session',
      false,
    ],
    [
      madeRoom,
      'packet',
      'left this page',
      'it keeps the newest 10,000; the daemon may still have them',
      false,
    ],
  ]);
}

function some(rows: readonly (readonly [number, string, string, string, boolean])[]): Loss[] {
  return rows
    .filter(([count]) => count > 0)
    .map(([count, noun, verb, why, isBad]) => ({
      what: `${counted(count, noun)} ${verb}`,
      why,
      isBad,
    }));
}

const NS_PER_MS = 1e6;

/** What a lost connection cost, in a few words. */
export function backText({ afterMs, passedOver, isAnew }: Back): string {
  const away = `back after ${duration(afterMs * NS_PER_MS)}`;
  if (isAnew) return `${away}: begun anew`;
  return passedOver === 0 ? `${away}, nothing missed` : `${away}: ${counted(passedOver, 'change')} missed`;
}
