/** Runs scenarios: makes what they need, sends their traffic, and leaves the lab as it was. */
import { execa } from 'execa';
import { TracerError } from '../../base/errors.ts';
import { runIn, toolPath } from '../commands.ts';
import { netnsPrefix } from '../dataplane/plan.ts';
import type { NetnsSetup } from '../dataplane/setup.ts';
import { type EnterTarget, enterArgv } from '../enter.ts';
import { applySetups, makeNamespaces, removeNamespaces } from '../namespaces.ts';
import { killProcesses } from '../processes.ts';
import { readLabState } from '../state.ts';
import { labTarget } from '../status.ts';
import { clusterScenarios } from './cluster.ts';
import type { Scenario, Step } from './scenario.ts';
import { wireScenarios } from './wires.ts';

/** In the order in which they teach. */
const order = [
  ...['lo', 'isolated', 'veth-pair', 'bridge-learning', 'arp', 'forward-off', 'prefix', 'no-route'],
  ...['same-node', 'cross-node', 'service', 'hairpin', 'dns', 'nodeport', 'loadbalancer', 'outside'],
  ...[
    'same-pod-containers',
    'localhost',
    'apiserver',
    'ping-clusterip',
    'closed-port',
    'no-endpoints',
    'policy-drop',
    'mtu',
  ],
];

export const scenarios: readonly Scenario[] = [...wireScenarios, ...clusterScenarios].sort(
  (a, b) => order.indexOf(a.name) - order.indexOf(b.name),
);

/** @throws TracerError UNKNOWN_NAME, with the names that there are. */
export function findScenario(name: string): Scenario {
  const found = scenarios.find(scenario => scenario.name === name);
  if (found === undefined)
    throw new TracerError('UNKNOWN_NAME', `there is no scenario "${name}"`, {
      hint: `there are: ${order.join(', ')}`,
    });
  return found;
}

/** The scenario's selectors in the named lab: `netns:x-left` → `netns:lab-NAME-x-left`. */
export function scenarioFollow(
  lab: string,
  scenario: Scenario,
): { readonly src: string; readonly dst: string } {
  const resolve = (selector: string) => selector.replace(/^netns:x-/, `netns:${netnsPrefix(lab)}x-`);
  return { src: resolve(scenario.follow.src), dst: resolve(scenario.follow.dst) };
}

function stepTarget(lab: string, step: Step): EnterTarget {
  return step.in.startsWith('x-')
    ? { netns: netnsPrefix(lab) + step.in, hostname: step.in }
    : labTarget(lab, step.in);
}

/** In the lines of a scenario a peer's namespace is named without the lab. */
function extraSetups(lab: string, scenario: Scenario, ipv6: boolean): NetnsSetup[] {
  const prefix = netnsPrefix(lab);
  return (scenario.extra ?? []).map(extra => ({
    ...extra,
    netns: prefix + extra.netns,
    ip: extra.ip.map(line => line.replace(/ netns x-/, ` netns ${prefix}x-`)),
    sysctls: ipv6 ? extra.sysctls : extra.sysctls.filter(line => !line.startsWith('net.ipv6')),
    ip6: [],
    rules: '',
    rules6: '',
  }));
}

/**
 * Makes the scenario ready, calls `use` with the command line of its traffic (to be started by the caller: it enters
 * the right namespace by itself), and removes the scenario's namespaces whatever happened. One at a time in a lab: the
 * namespaces of different scenarios have the same names.
 */
export async function withScenario<T>(
  lab: string,
  scenario: Scenario,
  use: (argv: readonly [string, ...string[]]) => Promise<T>,
): Promise<T> {
  const state = readLabState(lab);
  if (state === undefined)
    throw new TracerError('LAB_NOT_UP', `there is no lab "${lab}"`, {
      hint: `tracer lab up --name ${lab} starts it`,
    });
  const setups = extraSetups(lab, scenario, state.ipv6);
  const names = setups.map(setup => setup.netns);
  const remove = async () => {
    await killProcesses([], names);
    await removeNamespaces(names);
  };
  if (names.length > 0) await remove(); // Of a run that was cut short.
  try {
    await makeNamespaces(names);
    await applySetups(setups, state.ipv6);
    for (const step of scenario.prepare ?? [])
      await runIn(stepTarget(lab, step).netns, step.argv, { what: `preparing ${scenario.name}` });
    return await use(enterArgv(stepTarget(lab, scenario.traffic), scenario.traffic.argv));
  } finally {
    if (names.length > 0) await remove();
  }
}

export interface TrafficResult {
  readonly exitCode: number;
  /** stdout and stderr as they came. */
  readonly output: string;
  /** Did it do what the scenario says? */
  readonly asExpected: boolean;
}

export function runScenarioTraffic(lab: string, scenario: Scenario): Promise<TrafficResult> {
  return withScenario(lab, scenario, argv => sendTraffic(scenario, argv));
}

/** Within `withScenario()`. */
export async function sendTraffic(
  { expect }: Pick<Scenario, 'expect'>,
  [file, ...args]: readonly [string, ...string[]],
): Promise<TrafficResult> {
  const result = await execa(file, args, {
    all: true,
    reject: false,
    stdin: 'ignore',
    env: { PATH: toolPath, LC_ALL: 'C' },
  });
  const exitCode = result.exitCode ?? -1;
  const asExpected = exitCode === expect.exitCode && expect.output.test(result.all);
  return { exitCode, output: result.all, asExpected };
}
