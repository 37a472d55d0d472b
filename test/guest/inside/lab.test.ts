/**
 * Is what tracer says of a practice cluster true on this kernel, too? One cluster for all, because starting it is what takes long here:
 * packets against tcpdump on every device, and scenarios against the same table as on any other kernel.
 */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../../src/lab/down.ts';
import { labUp } from '../../../src/lab/up.ts';
import { failures, fidelityLine } from '../../helpers/fidelity-report.ts';
import { runTraffic } from '../../helpers/fidelity-run.ts';
import { Following } from '../../helpers/following.ts';
import { testLabName } from '../../helpers/lab.ts';
import { checkScenario } from '../../helpers/scenario-check.ts';
import { oneRequest, ruledTraffic } from '../../helpers/traffic.ts';

/** Of all, those that differ by what the kernel does: bridge, tunnel, NAT, refusals and drops by its parts. */
const scenarios = [
  ...['bridge-learning', 'cross-node', 'service', 'hairpin', 'ping-clusterip', 'closed-port'],
  ...['policy-drop', 'mtu'],
];

describe(`a practice cluster with flannel on Linux ${release()}`, () => {
  const lab = testLabName('guest');
  beforeAll(async () => {
    await labUp({ name: lab, cni: 'flannel' });
  });
  afterAll(async () => {
    await labDown({ name: lab });
  });

  it('tells one request on one node as tcpdump does, device by device', async () => {
    const run = await runTraffic(lab, [oneRequest]);
    const { observations, right, extra, journeys, complete } = run.captured!.fidelity;
    expect(failures(run, { atLeast: 36 })).toEqual([]);
    expect({ right, extra, complete }).toEqual({ right: observations, extra: 0, complete: journeys });
  });

  it('tells what rules translate, let through and refuse as tcpdump does', async () => {
    const run = await runTraffic(lab, [ruledTraffic]);
    console.log(fidelityLine(`linux_${release()}`, run));
    expect(failures(run, { atLeast: 1_000 })).toEqual([]);
    expect(run.stats).toEqual({ seen: run.events, lost: 0, own: 0, sampled: 0 });
  });

  describe('scenario', () => {
    let following: Following | undefined;
    beforeAll(async () => {
      following = await Following.start();
    });
    afterAll(async () => {
      await following?.stop();
    });

    it.each(scenarios)('%s', async name => {
      await checkScenario(following!, lab, 'flannel', name);
    });
  });
});
