/**
 * What is known about the labs of this machine: `/run/tracer/lab/NAME/` holds `cluster.json`, the files that pods see
 * in /etc, and logs. The folder is made before the first namespace and removed after the last, so that a lab whose
 * making was cut short is found by its folder without a `cluster.json`.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { ClusterSnapshot } from '../model/inventory.ts';
import { type Cni, isLabName, type LabPod } from './dataplane/plan.ts';

export const stateRoot = '/run/tracer/lab';

/** A process that the lab started. A pid is re-used, a pid with its start time is not. */
export interface LabProcess {
  readonly pid: number;
  /** /proc/PID/stat field 22: clock ticks since boot. */
  readonly startTicks: string;
  readonly netns: string;
  /** `namespace/pod/container`, `node-1/kube-apiserver`, `outside/httpd`. */
  readonly name: string;
}

export interface LabState {
  readonly schema: 1;
  readonly name: string;
  readonly cni: Cni;
  readonly ipv6: boolean;
  readonly createdAt: string;
  readonly namespaces: readonly string[];
  readonly processes: readonly LabProcess[];
  readonly cluster: ClusterSnapshot;
}

export function labDir(name: string): string {
  return join(stateRoot, name);
}

/** The folder that is bound over a pod's /etc/resolv.conf, /etc/hosts and /etc/nsswitch.conf. */
export function etcDir(lab: string, pod: Pick<LabPod, 'name'>): string {
  return join(labDir(lab), 'etc', pod.name);
}

export function logFile(lab: string, process: string): string {
  return join(labDir(lab), 'log', `${process.replaceAll('/', '.')}.log`);
}

/** Readable by everybody, whatever the caller's umask: `readLabSnapshots()` and a pod's resolver need no root. */
export function writeShared(file: string, text: string): void {
  writeFileSync(file, text);
  chmodSync(file, 0o644);
}

function makeSharedDir(dir: string): void {
  mkdirSync(dir);
  chmodSync(dir, 0o755);
}

/** False where the folder is there already: another `up` is at work, or one was cut short. */
export function claimLabDir(name: string): boolean {
  for (const dir of [dirname(stateRoot), stateRoot]) if (!existsSync(dir)) makeSharedDir(dir);
  try {
    makeSharedDir(labDir(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  for (const dir of ['log', 'etc']) makeSharedDir(join(labDir(name), dir));
  return true;
}

export function makeEtcDir(lab: string, pod: Pick<LabPod, 'name'>): string {
  const dir = etcDir(lab, pod);
  makeSharedDir(dir);
  return dir;
}

/** Is it one of those that `--context` means? Absent: all of them. */
export function isMeantLab(name: string, context: string | undefined): boolean {
  return context === undefined || context === `lab:${name}`;
}

/** Where none of them is up. */
export function noLabText(context: string | undefined): string {
  return context === undefined ? 'no practice cluster is up' : `${context} is no practice cluster that is up`;
}

/** Names of all labs with a folder, made or half made, sorted. */
export function labNames(): string[] {
  try {
    return readdirSync(stateRoot, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && isLabName(entry.name))
      .map(entry => entry.name)
      .sort();
  } catch {
    return [];
  }
}

/** Written whole or not at all: a reader never sees half of it. */
export function writeLabState(state: LabState): void {
  const file = join(labDir(state.name), 'cluster.json');
  writeShared(`${file}.new`, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** Undefined where there is no lab of this name, or only half of one. */
export function readLabState(name: string): LabState | undefined {
  try {
    const state = JSON.parse(readFileSync(join(labDir(name), 'cluster.json'), 'utf8')) as LabState;
    return state.schema === 1 ? state : undefined;
  } catch {
    return undefined;
  }
}

export function removeLabState(name: string): void {
  rmSync(labDir(name), { recursive: true, force: true });
  // The folders above belong to all labs, and /run/tracer to the daemon as well: they go with the last that needs them.
  for (const dir of [stateRoot, '/run/tracer']) {
    try {
      rmdirSync(dir);
    } catch {
      return;
    }
  }
}

/** Every lab that is up, as clusters for the inventory. Needs no root. */
export function readLabSnapshots(): ClusterSnapshot[] {
  return labNames().flatMap(name => readLabState(name)?.cluster ?? []);
}
