/** What a daemon told of a practice cluster of each kind: its topology, and journeys of a few scenarios (fixtures/page). */
import { readFileSync } from 'node:fs';
import type { FlowVersion } from '../../../src/model/flow.ts';
import type { JourneyVersion } from '../../../src/model/journey.ts';
import type { Topology } from '../../../src/model/topology.ts';

export interface RecordedPage {
  readonly topology: Topology;
  readonly journeys: readonly JourneyVersion[];
  readonly flows: readonly FlowVersion[];
}

export const networks = ['flannel', 'kindnet'] as const;

export function recordedPage(network: (typeof networks)[number]): RecordedPage {
  return JSON.parse(readFileSync(new URL(`../../fixtures/page/${network}.json`, import.meta.url), 'utf8'));
}

/** The newest with that summary that `isMeant` says yes to. @throws if there is none. */
export function journeyOf(
  { journeys }: RecordedPage,
  isMeant: (journey: JourneyVersion) => boolean,
): JourneyVersion {
  const found = journeys.findLast(isMeant);
  if (found === undefined) throw new Error('no such journey was recorded');
  return found;
}
