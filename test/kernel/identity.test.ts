/**
 * Identity alone: a packet id is given to an address for as long as one packet lives there. Held against the lives of
 * sk_buffs as the slab allocator saw them, without tcpdump, which would keep buffers alive.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import { runTraffic } from '../helpers/fidelity-run.ts';
import { compareSlab, type SlabComparison, watchSlab } from '../helpers/fidelity-slab.ts';
import { testLabName } from '../helpers/lab.ts';
import { mixedTraffic } from '../helpers/traffic.ts';

const ROUNDS_MAX = 3;

describe('packet ids', () => {
  const name = testLabName('fidslab');
  beforeAll(async () => {
    await labUp({ name, cni: 'flannel' });
  });
  afterAll(async () => {
    await labDown({ name });
  });

  async function compareWith(args: readonly string[]): Promise<SlabComparison> {
    const { result, births } = await watchSlab(() =>
      runTraffic(name, mixedTraffic, { capture: false, args }),
    );
    return compareSlab(births, result.all, result.baseNs);
  }

  it('never outlive the sk_buff that they were given to', async () => {
    const { reuses, wrongJoins, examples } = await compareWith([]);
    console.log(`identity.reuses ${reuses}, identity.wrong_joins ${wrongJoins}`);
    expect(examples).toEqual([]);
    expect(reuses).toBeGreaterThan(1_000);
  });

  it.each(['fingerprint', 'birth'])('outlive it without the %s', async rule => {
    // How often equal packets follow each other at one address is chance: as much traffic as it takes, up to a bound.
    let found = 0;
    for (let round = 0; round < ROUNDS_MAX && found === 0; round++) {
      const { reuses, wrongJoins } = await compareWith([`--without-${rule}`]);
      console.log(`identity.without_${rule}.wrong_joins ${wrongJoins} of ${reuses} reuses`);
      found += wrongJoins;
    }
    expect(found).toBeGreaterThan(0);
  });
});
