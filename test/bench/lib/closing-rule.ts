/** How long a journey must be silent before it is over: CONTRACT 5. */
import type { Journey } from '../../../src/model/journey.ts';

const MS = 1_000_000n;

/** Kernel's monotonic time at which it was over by that rule; nobody can know before. */
export function closingNs({
  startNs,
  durationNs,
  closedBy,
  outcome,
}: Pick<Journey, 'startNs' | 'durationNs' | 'closedBy' | 'outcome'>): bigint {
  const silence = closedBy !== 'quiet' ? 5n : outcome.kind === 'delivered' ? 20n : 100n;
  return BigInt(startNs) + BigInt(durationNs) + silence * MS;
}
