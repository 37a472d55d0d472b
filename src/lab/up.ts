/** `lab up`: namespaces, links, rules, then processes, then the state file that says that all is there. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TracerError } from '../base/errors.ts';
import { readNetnsCookies } from './cookies.ts';
import { clusterDnsConf, outsideDnsConf, podHosts, podNsswitch, podResolvConf } from './dataplane/dns.ts';
import { labNetwork } from './dataplane/network.ts';
import { type Cni, isLabName, type LabPlan, type LabPod, labPlan } from './dataplane/plan.ts';
import { labSnapshot } from './dataplane/snapshot.ts';
import { labDown } from './down.ts';
import type { HttpServerOptions } from './http-server.ts';
import { applySetups, labNamespaces, makeNamespaces, noteNetnsDir } from './namespaces.ts';
import { startProcess, waitListening } from './processes.ts';
import {
  claimLabDir,
  etcDir,
  type LabProcess,
  type LabState,
  labDir,
  readLabState,
  writeLabState,
} from './state.ts';

export interface LabUpOptions {
  readonly name?: string;
  readonly cni?: Cni;
  /** Told before each step, in words for a person. */
  readonly onProgress?: (step: string) => void;
}

export interface LabUpResult {
  readonly state: LabState;
  /** It was up before, and nothing was done. */
  readonly already: boolean;
}

/** @throws TracerError LAB_EXISTS (with another CNI), LAB_FAILED, LAB_TOOL, NOT_ROOT, USAGE. */
export async function labUp({
  name = 'default',
  cni = 'flannel',
  onProgress = () => {},
}: LabUpOptions = {}): Promise<LabUpResult> {
  if (!isLabName(name))
    throw new TracerError('USAGE', `"${name}" cannot be a lab's name`, {
      hint: 'use up to 16 lower-case letters and digits',
    });
  requireRoot();
  const present = readLabState(name);
  if (present !== undefined) return alreadyUp(present, cni);
  requireKernel(cni);
  if (labNamespaces(name).length > 0 || !claimLabDir(name))
    throw new TracerError(
      'LAB_FAILED',
      `the lab "${name}" is half made: another "lab up" is at work, or one was cut short`,
    );
  try {
    return { state: await make(labPlan(name, cni), onProgress), already: false };
  } catch (error) {
    // What went wrong first is what the user should hear; what is left is found by the next `down`.
    await labDown({ name }).catch(() => {});
    throw error;
  }
}

function alreadyUp(state: LabState, cni: Cni): LabUpResult {
  const missing = state.namespaces.filter(netns => !labNamespaces(state.name).includes(netns));
  if (missing.length > 0)
    throw new TracerError(
      'LAB_FAILED',
      `of the lab "${state.name}" these namespaces are gone: ${missing.join(', ')}`,
    );
  if (state.cni !== cni)
    throw new TracerError('LAB_EXISTS', `the lab "${state.name}" is up with ${state.cni}`);
  return { state, already: true };
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

async function make(plan: LabPlan, onProgress: (step: string) => void): Promise<LabState> {
  const ipv6 = existsSync('/proc/sys/net/ipv6');
  const setups = labNetwork(plan, ipv6);
  onProgress(`${setups.length} network namespaces`);
  noteNetnsDir(plan.name);
  const namespaces = setups.map(setup => setup.netns);
  await makeNamespaces(namespaces);
  onProgress(`links, routes and rules (${plan.cni})`);
  writeEtc(plan);
  await applySetups(setups, ipv6);
  onProgress('processes of the pods');
  const processes = await startProcesses(plan, ipv6);
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
  const nsswitch = podNsswitch(
    existsSync('/etc/nsswitch.conf') ? readFileSync('/etc/nsswitch.conf', 'utf8') : '',
  );
  for (const pod of plan.pods) {
    const dir = etcDir(plan.name, pod);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'resolv.conf'), podResolvConf(pod));
    writeFileSync(join(dir, 'hosts'), podHosts(pod));
    writeFileSync(join(dir, 'nsswitch.conf'), nsswitch);
  }
  writeFileSync(join(labDir(plan.name), 'cluster-dns.conf'), clusterDnsConf(plan));
  writeFileSync(join(labDir(plan.name), 'outside-dns.conf'), outsideDnsConf());
}

interface Service {
  readonly name: string;
  readonly target: Parameters<typeof startProcess>[0]['target'];
  readonly argv: readonly string[];
  readonly port?: number;
}

async function startProcesses(plan: LabPlan, ipv6: boolean): Promise<LabProcess[]> {
  const services = [
    ...machineServices(plan, ipv6),
    ...plan.pods.flatMap(pod => podServices(plan, pod, ipv6)),
  ];
  const started = services.map(({ port, ...service }) => ({
    port,
    process: startProcess({ lab: plan.name, ...service }),
  }));
  await Promise.all(
    started.map(({ process, port }) =>
      port === undefined ? undefined : waitListening(plan.name, process, port),
    ),
  );
  return started.map(({ process }) => process);
}

/** What runs on the nodes and outside: an API server's stand-in (plain HTTP), and the Internet's web and DNS servers. */
function machineServices(plan: LabPlan, ipv6: boolean): Service[] {
  const [first] = plan.nodes;
  const { outside } = plan;
  const apiserver = {
    title: 'kube-apiserver',
    says: `kube-apiserver on ${first!.name}`,
    listen: listen(['*:6443'], ipv6),
  };
  const web = { title: 'httpd', says: 'outside', listen: listen(['*:80'], ipv6) };
  return [
    {
      name: `${first!.name}/kube-apiserver`,
      target: { netns: first!.netns, hostname: first!.name },
      argv: httpServer(apiserver),
      port: 6443,
    },
    {
      name: 'outside/httpd',
      target: { netns: outside.netns, hostname: 'outside' },
      argv: httpServer(web),
      port: 80,
    },
    {
      name: 'outside/dns',
      target: { netns: outside.netns, hostname: 'outside' },
      argv: dnsServer(plan, 'outside'),
      port: 53,
    },
  ];
}

function podServices(plan: LabPlan, pod: LabPod, ipv6: boolean): Service[] {
  const target = { netns: pod.netns, hostname: pod.name, etc: etcDir(plan.name, pod) };
  return pod.containers.map(({ name: container, program }) => {
    const name = `${pod.namespace}/${pod.name}/${container}`;
    if (program.kind === 'sleep') return { name, target, argv: ['sleep', 'infinity'] };
    if (program.kind === 'dns') return { name, target, argv: dnsServer(plan, 'cluster'), port: 53 };
    const says =
      pod.containers.length === 1
        ? `${pod.name} on ${pod.node}`
        : `${container} of ${pod.name} on ${pod.node}`;
    const addresses = listen(program.listen, ipv6);
    return {
      name,
      target,
      argv: httpServer({ title: program.title, says, listen: addresses }),
      port: addresses[0]!.port,
    };
  });
}

function listen(addresses: readonly string[], ipv6: boolean): HttpServerOptions['listen'] {
  return addresses.flatMap(text => {
    const colon = text.lastIndexOf(':');
    const host = text.slice(0, colon);
    const port = Number(text.slice(colon + 1));
    const hosts = host === '*' ? ['0.0.0.0', ...(ipv6 ? ['::'] : [])] : [host];
    return hosts.map(each => ({ host: each, port }));
  });
}

/** Our own file beside this one: `.ts` from the sources, `.js` when built. */
function httpServer(options: HttpServerOptions): string[] {
  const here = fileURLToPath(import.meta.url);
  const file = join(here, '..', `http-server${extname(here)}`);
  return [
    process.execPath,
    '--max-old-space-size=32',
    '--max-semi-space-size=1',
    file,
    JSON.stringify(options),
  ];
}

function dnsServer(plan: LabPlan, of: 'cluster' | 'outside'): string[] {
  return ['dnsmasq', `--conf-file=${join(labDir(plan.name), `${of}-dns.conf`)}`];
}
