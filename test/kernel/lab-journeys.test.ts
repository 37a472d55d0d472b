/**
 * Does each scenario show what it says? Its traffic is followed as `tracer lab run NAME` does it; the journeys are held against the table of
 * test/helpers/scenario-journeys.ts, with both CNIs where the way differs. Which pod answered, its own page says.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { scenarios } from '../../src/lab/scenarios/run.ts';
import { labUp } from '../../src/lab/up.ts';
import { Following } from '../helpers/following.ts';
import { testLabName } from '../helpers/lab.ts';
import { checkScenario } from '../helpers/scenario-check.ts';

describe.each(['flannel', 'kindnet'] as const)('with %s', cni => {
  const lab = testLabName(`seen${cni}`);
  let following: Following | undefined;
  beforeAll(async () => {
    await labUp({ name: lab, cni });
    following = await Following.start();
  });
  afterAll(async () => {
    await following?.stop();
    await labDown({ name: lab });
  });

  it.each(scenarios.map(({ name }) => name))('scenario %s', async name => {
    await checkScenario(following!, lab, cni, name);
  });
});
