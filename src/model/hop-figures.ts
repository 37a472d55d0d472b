/**
 * Packets on one way look the same at every hop; what each has for itself is a few numbers: time, CPU and length. Many journeys share
 * their hops, which are made when somebody asks for them (`resolve/known-ways.ts`, `store/stored-journey.ts`).
 */
import type { Event } from './event.ts';
import type { Hop } from './journey.ts';

/** Time, CPU (−1 = not known), length. */
export const FIGURES_OF_EVENT = 3;

/** What a packet has for itself on a way: time, CPU and length at each event. Numbers alone, so that nothing holds the events. */
export function figuresOf(events: readonly Event[]): number[] {
  const firstNs = events[0]!.timeNs;
  const figures: number[] = [];
  for (const event of events) figures.push(event.timeNs - firstNs, event.cpu, event.skbLen);
  return figures;
}

/** The hops of a way with the figures of one packet. An inferred hop has those of the next event. */
export function hopsWith(figures: readonly number[], hops: readonly Hop[]): Hop[] {
  let at = 0;
  return hops.map(hop => {
    const offsetNs = figures[at]!;
    const cpu = figures[at + 1]!;
    const lenBytes = figures[at + 2]!;
    if (hop.inferred !== true) at += 3;
    // A capture knows no CPU.
    if (cpu < 0) return hop.lenBytes === undefined ? { ...hop, offsetNs } : { ...hop, offsetNs, lenBytes };
    return hop.lenBytes === undefined ? { ...hop, offsetNs, cpu } : { ...hop, offsetNs, cpu, lenBytes };
  });
}
