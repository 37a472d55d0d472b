/** A short run of `npm run fuzz`. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuzzTargets } from '../../fuzz/targets.ts';

test.each(fuzzTargets.map(target => [target.name, target] as const))(
  '%s: any input is read or refused',
  async (_, target) => {
    const property = fc.asyncProperty(await target.inputs(), async input => target.run(input));
    const details = await fc.check(property, { numRuns: Math.round(target.runs / 2000) });
    expect(details.failed ? fc.defaultReportMessage(details) : undefined).toBeUndefined();
  },
);
