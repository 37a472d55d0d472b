import type { Cni } from '../dataplane/plan.ts';
import type { NetnsSetup } from '../dataplane/setup.ts';

export type TwoSentences = readonly [string, string];

export interface Story {
  /** What you will see. */
  readonly before: TwoSentences;
  /** What it shows. */
  readonly after: TwoSentences;
}

/** A command and where it runs: a pod, `node-1`, `host`, `outside`, or an extra namespace `x-…` of the scenario. */
export interface Step {
  readonly in: string;
  readonly argv: readonly string[];
}

/** Namespaces of a scenario of its own, in the words of a setup; the lab's name is put before theirs. */
export type ExtraNetns = Pick<NetnsSetup, 'netns' | 'stage' | 'sysctls' | 'ip'>;

/** One small story with real traffic. It changes nothing of the lab that the next one could notice. */
export interface Scenario extends Story {
  readonly name: string;
  readonly title: string;
  /** Where the way differs between the CNIs, the story as it is with kindnet. */
  readonly withKindnet?: Partial<Story>;
  /** Selectors of `tracer follow`; `netns:x-…` stands for an extra namespace (see scenarioFollow()). */
  readonly follow: { readonly src: string; readonly dst: string };
  readonly extra?: readonly ExtraNetns[];
  readonly prepare?: readonly Step[];
  readonly traffic: Step;
  /** What the traffic's command must end with; it prints to stdout or stderr. */
  readonly expect: { readonly exitCode: number; readonly output: RegExp };
}

export function scenarioStory(scenario: Scenario, cni: Cni): Story {
  const { before, after, withKindnet } = scenario;
  return { before, after, ...(cni === 'kindnet' ? withKindnet : {}) };
}
