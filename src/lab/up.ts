/** `lab up`: namespaces, links, rules, then processes, then the state file that says that all is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TracerError } from '../base/errors.ts';
import { requireTools } from './commands.ts';
import { readNetnsCookies } from './cookies.ts';
import { clusterDnsConf, outsideDnsConf, podHosts, podNsswitch, podResolvConf } from './dataplane/dns.ts';
import { labNetwork } from './dataplane/network.ts';
import { type Cni, isLabName, type LabPlan, type LabPod, labPlan } from './dataplane/plan.ts';
import { labSnapshot } from './dataplane/snapshot.ts';
import { labDown } from './down.ts';
import { applySetups, makeNamespaces, noteNetnsDir } from './namespaces.ts';
import { startServers } from './servers.ts';
import {
  claimLabDir,
  etcDir,
  type LabState,
  labDir,
  makeEtcDir,
  writeLabState,
  writeShared,
} from './state.ts';
import { labStatus } from './status.ts';

export interface LabUpOptions {
  readonly name?: string;
  readonly cni?: Cni;
  /** Told before each step, in words for a person. */
  readonly onProgress?: (step: string) => void;
  /** Aborting makes `labUp` remove what it made and throw the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface LabUpResult {
  readonly state: LabState;
  /** It was up before, and nothing was done. */
  readonly already: boolean;
}

/**
 * Makes a lab, or says that it is there. `cni` defaults to that of a lab that is up, else to flannel.
 * @throws TracerError LAB_EXISTS (up with another CNI), LAB_FAILED, LAB_TOOL, NOT_ROOT, USAGE.
 */
export async function labUp(options: LabUpOptions = {}): Promise<LabUpResult> {
  const { name = 'default', cni = 'flannel' } = options;
  if (!isLabName(name))
    throw new TracerError('USAGE', `"${name}" cannot be a lab's name`, {
      hint: 'use up to 16 lower-case letters and digits',
    });
  requireRoot();
  const { kind, state, why } = labStatus(name);
  if (kind === 'broken') throw new TracerError('LAB_FAILED', `the lab "${name}" is not whole: ${why}`);
  if (state !== undefined) {
    if (options.cni === undefined || state.cni === cni) return { state, already: true };
    throw new TracerError('LAB_EXISTS', `the lab "${name}" is up with ${state.cni}`, {
      hint: `tracer lab down --name ${name} removes it; tracer lab up --name OTHER makes another beside it`,
    });
  }
  requireTools();
  requireKernel(cni);
  if (!claimLabDir(name))
    throw new TracerError('LAB_FAILED', `another "lab up" of the lab "${name}" has just begun`);
  try {
    return { state: await make(labPlan(name, cni), options), already: false };
  } catch (error) {
    // What went wrong first is what the user should hear; what is left is found by the next `down`.
    await labDown({ name }).catch(() => {});
    throw error;
  }
}

export function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new TracerError('NOT_ROOT', 'the practice cluster is made of network namespaces, which needs root');
}

function requireKernel(cni: Cni): void {
  // Loading the module would add settings to the machine's own namespace, so that is left to its owner.
  if (cni === 'flannel' && !existsSync('/proc/sys/net/bridge'))
    throw new TracerError(
      'LAB_FAILED',
      'the kernel module br_netfilter is not loaded; a bridge of pods needs it',
      {
        hint: 'load it (modprobe br_netfilter), or take the CNI without a bridge: tracer lab up --cni kindnet',
      },
    );
}

async function make(plan: LabPlan, { onProgress, signal }: LabUpOptions): Promise<LabState> {
  const begin = (step: string) => {
    signal?.throwIfAborted();
    onProgress?.(step);
  };
  const ipv6 = existsSync('/proc/sys/net/ipv6');
  const setups = labNetwork(plan, ipv6);
  const namespaces = setups.map(setup => setup.netns);
  begin(`${setups.length} network namespaces`);
  noteNetnsDir(plan.name);
  await makeNamespaces(namespaces);
  begin(`links, routes and rules (${plan.cni})`);
  writeEtc(plan);
  await applySetups(setups, ipv6);
  begin('processes of the pods');
  const processes = await startServers(plan, ipv6);
  const cookies = await readNetnsCookies(namespaces);
  const resolvConf = (pod: LabPod) => join(etcDir(plan.name, pod), 'resolv.conf');
  const state: LabState = {
    schema: 1,
    name: plan.name,
    cni: plan.cni,
    ipv6,
    createdAt: new Date().toISOString(),
    namespaces,
    processes,
    cluster: labSnapshot(plan, { ipv6, cookies, resolvConf }),
  };
  writeLabState(state);
  return state;
}

function writeEtc(plan: LabPlan): void {
  const ofMachine = existsSync('/etc/nsswitch.conf') ? readFileSync('/etc/nsswitch.conf', 'utf8') : '';
  for (const pod of plan.pods) {
    const dir = makeEtcDir(plan.name, pod);
    writeShared(join(dir, 'resolv.conf'), podResolvConf(pod));
    writeShared(join(dir, 'hosts'), podHosts(pod));
    writeShared(join(dir, 'nsswitch.conf'), podNsswitch(ofMachine));
  }
  writeShared(join(labDir(plan.name), 'cluster-dns.conf'), clusterDnsConf(plan));
  writeShared(join(labDir(plan.name), 'outside-dns.conf'), outsideDnsConf());
}
