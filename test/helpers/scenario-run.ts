/** A scenario of a lab, followed as `tracer lab run NAME` does it. */
import { execa } from 'execa';
import { hookPlaces } from '../../src/engine/hook-places.ts';
import { Matcher, watchRules } from '../../src/engine/target.ts';
import { targetOf } from '../../src/engine/target-of.ts';
import { labNamespaces } from '../../src/lab/namespaces.ts';
import { scenarioFollow, withScenario } from '../../src/lab/scenarios/run.ts';
import type { Scenario } from '../../src/lab/scenarios/scenario.ts';
import type { Journey } from '../../src/model/journey.ts';
import { CLOSED_NS, type Following } from './following.ts';

export interface Shown {
  readonly exitCode: number;
  readonly output: string;
  readonly journeys: readonly Journey[];
}

/** Of a scenario, beside the cluster. */
export const ownNamespaces = (lab: string): string[] =>
  labNamespaces(lab).filter(netns => netns.startsWith(`lab-${lab}-x-`));

/** `meanwhile`: as long as the namespaces of the scenario itself are there. */
export async function show(
  following: Following,
  lab: string,
  scenario: Scenario,
  meanwhile: (shown: Shown) => Promise<void> = async () => {},
): Promise<Shown> {
  return withScenario(lab, scenario, async ([file, ...args]) => {
    await following.knows(ownNamespaces(lab));
    const { names } = following;
    const { src, dst } = scenarioFollow(lab, scenario);
    const cluster = `lab:${lab}`;
    const target = { ...targetOf({ src, dst, cluster }, names), dnsIps: [] };
    await following.watch(watchRules(target), hookPlaces(target, names));
    const before = following.told().all.length;
    const env = { LC_ALL: 'C' };
    const { exitCode = -1, all } = await execa(file, args, {
      all: true,
      reject: false,
      stdin: 'ignore',
      env,
    });
    await following.settle(CLOSED_NS);
    const matcher = new Matcher(target, netns => names.placeOf(netns)?.cluster);
    const closed = following.told().all.slice(before);
    const journeys = closed.flatMap(({ journey }) => (matcher.matches(journey) ? journey : []));
    const shown = { exitCode, output: all, journeys };
    await meanwhile(shown);
    return shown;
  });
}
