/**
 * Scenarios of a practice cluster, for the page: their traffic is sent in a lab that is up, and what they are about is followed from before
 * the first packet until the last has had time to arrive.
 */
import { setTimeout as after } from 'node:timers/promises';
import { TracerError } from '../base/errors.ts';
import { findScenario, scenarioFollow, scenarios, sendTraffic, withScenario } from '../lab/scenarios/run.ts';
import { type Scenario, scenarioStory } from '../lab/scenarios/scenario.ts';
import { isMeantLab, labNames, noLabText, readLabState } from '../lab/state.ts';
import type { Control, LabOffer, ScenarioRun } from '../server/control.ts';

/** As `tracer follow` waits after its command: the last packets, and their journeys' silence. */
const DRAIN_MS = 300;

export interface ScenariosOptions {
  readonly follow: Control['follow'];
  /** When all that happened before has been told. */
  readonly unfollow: Control['unfollow'];
  /** Of the store: number of its last change. */
  readonly seq: () => number;
  /** The daemon's: only there. Absent: wherever a practice cluster is up. */
  readonly context?: string;
}

/** One after another: the namespaces of scenarios have the same names. */
export class Scenarios {
  readonly #options: ScenariosOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ScenariosOptions) {
    this.#options = options;
  }

  offer(): LabOffer {
    const labs = labsUp(this.#options.context);
    const cni = readLabState(labs[0] ?? '')?.cni ?? 'flannel';
    return {
      clusters: labs.map(lab => `lab:${lab}`),
      scenarios: scenarios.map(scenario => {
        const { before, after: shown } = scenarioStory(scenario, cni);
        return {
          name: scenario.name,
          title: scenario.title,
          before: before.join(' '),
          after: shown.join(' '),
        };
      }),
    };
  }

  /** @throws UNKNOWN_NAME, LAB_NOT_UP, LAB_FAILED, what following throws. */
  run(name: string): Promise<ScenarioRun> {
    const scenario = findScenario(name);
    const { context } = this.#options;
    const [lab] = labsUp(context);
    if (lab === undefined) throw new TracerError('LAB_NOT_UP', noLabText(context));
    const result = this.#last.then(() => this.#run(lab, scenario));
    this.#last = result.catch(() => {});
    return result;
  }

  #run(lab: string, scenario: Scenario): Promise<ScenarioRun> {
    const { follow: begin, unfollow, seq } = this.#options;
    const cluster = `lab:${lab}`;
    return withScenario(lab, scenario, async argv => {
      const since = seq();
      const follow = await begin({ ...scenarioFollow(lab, scenario), cluster });
      try {
        const { asExpected, exitCode, output } = await sendTraffic(scenario, argv);
        await after(DRAIN_MS);
        if (asExpected) return { name: scenario.name, cluster, since, follow };
        const said = output.trim().split('\n').at(-1) ?? '';
        throw new TracerError(
          'LAB_FAILED',
          `the traffic of ${scenario.name} in ${cluster} ended with ${exitCode}: ${said}`,
        );
      } finally {
        await unfollow(follow.id);
      }
    });
  }
}

/** The one that is called default first: a scenario runs there. */
function labsUp(context: string | undefined): string[] {
  const up = labNames().filter(name => isMeantLab(name, context) && readLabState(name) !== undefined);
  return up.includes('default') ? ['default', ...up.filter(name => name !== 'default')] : up;
}
