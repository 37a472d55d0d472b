/** Datagrams by their names (test/fixtures/traffic/udp.ts): what senders and receivers logged against the journeys. */
import type { Seen } from './fidelity-sights.ts';
import type { Payloads } from './traffic.ts';

const NAME = /^[nsr][abd-z][a-z]\d{5}$/;

export interface PayloadComparison {
  readonly name: string;
  readonly sent: number;
  readonly received: number;
  /** Journeys that began with a datagram of this name, and those that ended with its delivery. */
  readonly journeys: number;
  readonly delivered: number;
}

/** Whole datagrams only (no tag that begins with c): of fragments but the first has a name. */
export function comparePayloads({ sent, received }: Payloads, all: readonly Seen[]): PayloadComparison[] {
  const journeys = all.flatMap(({ journey, record }) => {
    const { headers } = record.events[0]!;
    const name = Buffer.from(headers?.payload.subarray(0, 8) ?? []).toString('latin1');
    if (journey.proto !== 'udp' || !NAME.test(name)) return [];
    return [{ name, delivered: journey.outcome.kind === 'delivered' }];
  });
  const count = (names: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    return (name: string) => counts.get(name) ?? 0;
  };
  const of = {
    sent: count(sent),
    received: count(received),
    journeys: count(journeys.map(({ name }) => name)),
    delivered: count(journeys.flatMap(({ name, delivered }) => (delivered ? name : []))),
  };
  return [...new Set(sent)]
    .filter(name => NAME.test(name))
    .map(name => ({
      name,
      sent: of.sent(name),
      received: of.received(name),
      journeys: of.journeys(name),
      delivered: of.delivered(name),
    }));
}
