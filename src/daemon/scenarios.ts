/** The traffic of a scenario, asked for by the page: sent in a lab that is up, and followed while it is under way. */
import { TracerError } from '../base/errors.ts';
import { findScenario, runScenarioTraffic } from '../lab/scenarios/run.ts';
import { labNames, readLabState } from '../lab/state.ts';

/** One after another: the namespaces of scenarios have the same names. */
export class Scenarios {
  #last: Promise<unknown> = Promise.resolve();

  /** @throws UNKNOWN_NAME, LAB_NOT_UP, LAB_FAILED. */
  run(name: string): Promise<void> {
    const scenario = findScenario(name);
    const lab = labAtHand();
    const result = this.#last.then(async () => {
      const { asExpected, exitCode, output } = await runScenarioTraffic(lab, scenario);
      if (asExpected) return;
      const said = output.trim().split('\n').at(-1) ?? '';
      throw new TracerError('LAB_FAILED', `the traffic of ${name} ended with ${exitCode}: ${said}`);
    });
    this.#last = result.catch(() => {});
    return result;
  }
}

/** The one that is up; of several the one called default. */
function labAtHand(): string {
  const up = labNames().filter(name => readLabState(name) !== undefined);
  const [first] = up;
  if (first === undefined) throw new TracerError('LAB_NOT_UP', 'no practice cluster is up');
  return up.includes('default') ? 'default' : first;
}
