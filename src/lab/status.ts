/** `lab status` and the ways into a pod. Nothing here changes anything. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { TracerError } from '../base/errors.ts';
import type { ClusterPod } from '../model/inventory.ts';
import { toolPath } from './commands.ts';
import { type EnterTarget, enterArgv } from './enter.ts';
import { labNamespaces } from './namespaces.ts';
import { isAlive } from './processes.ts';
import { type LabProcess, type LabState, labNames, readLabState } from './state.ts';

export interface LabStatus {
  readonly name: string;
  /** broken = cut short while it was made, or a namespace or process of it is gone since. */
  readonly kind: 'up' | 'broken' | 'down';
  /** Present exactly where it was once whole. */
  readonly state?: LabState;
  readonly missingNamespaces: readonly string[];
  readonly deadProcesses: readonly LabProcess[];
  /** What is wrong with a broken lab, in words. */
  readonly why?: string;
}

export function labStatus(name = 'default'): LabStatus {
  const state = readLabState(name);
  const present = labNamespaces(name);
  if (state === undefined) {
    const status: LabStatus = { name, kind: 'down', missingNamespaces: [], deadProcesses: [] };
    if (!labNames().includes(name) && present.length === 0) return status;
    return { ...status, kind: 'broken', why: 'another "lab up" is at work, or one was cut short' };
  }
  const missingNamespaces = state.namespaces.filter(netns => !present.includes(netns));
  const deadProcesses = state.processes.filter(process => !isAlive(process));
  const status: LabStatus = { name, kind: 'up', state, missingNamespaces, deadProcesses };
  const gone = [...missingNamespaces, ...deadProcesses.map(process => process.name)];
  return gone.length === 0 ? status : { ...status, kind: 'broken', why: `gone since are ${gone.join(', ')}` };
}

/** All labs, up or broken. */
export function listLabs(): LabStatus[] {
  return labNames().map(labStatus);
}

/**
 * Where a command for a pod, node or machine of a lab is to run. `place`: `pod`, `ns/pod`, `node-1`, `host`, `outside`.
 * @throws TracerError LAB_NOT_UP, UNKNOWN_NAME.
 */
export function labTarget(lab: string, place: string): EnterTarget {
  const state = readLabState(lab);
  if (state === undefined)
    throw new TracerError('LAB_NOT_UP', `there is no lab "${lab}"`, {
      hint: `tracer lab up --name ${lab} starts it`,
    });
  const { pods, nodes, machines } = state.cluster;
  const pod = pods.find(each => place === each.name || place === `${each.namespace}/${each.name}`);
  if (pod !== undefined) return podTarget(pod);
  const machine = [...nodes, ...machines].find(each => each.name === place);
  if (machine?.netnsName !== undefined) return { netns: machine.netnsName, hostname: machine.name };
  const names = [...pods, ...nodes, ...machines].map(each => each.name).join(', ');
  throw new TracerError('UNKNOWN_NAME', `the lab "${lab}" has no "${place}"`, { hint: `it has: ${names}` });
}

/** The same for a pod of a snapshot (`readLabSnapshots()`); `lab:` pods always have a namespace name. */
export function podTarget(pod: ClusterPod): EnterTarget {
  if (pod.netnsName === undefined)
    throw new TracerError('UNKNOWN_NAME', `${pod.name} has no network namespace of its own`);
  return {
    netns: pod.netnsName,
    hostname: pod.name,
    ...(pod.resolvConf === undefined ? {} : { etc: dirname(pod.resolvConf) }),
  };
}

/**
 * Runs a command in a pod (or node, host, outside) on the caller's terminal. Ctrl-C is the command's: the terminal sends
 * it to us as well, and we wait for what the command makes of it. @returns its exit code, 128 + N after signal N.
 */
export function labExec(lab: string, place: string, argv: readonly string[]): Promise<number> {
  const [file, ...args] = enterArgv(labTarget(lab, place), argv);
  const ignore = () => {};
  process.on('SIGINT', ignore);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, PATH: toolPath } });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  }).finally(() => process.off('SIGINT', ignore));
}

/** An interactive shell in a pod. */
export function labShell(lab: string, place: string): Promise<number> {
  return labExec(lab, place, ['sh', '-c', `PS1='${place} # ' exec \${SHELL:-sh} -i`]);
}
