/** The programs of the lab's pods and machines: what runs where, and when they are ready. */
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabPlan, LabPod } from './dataplane/plan.ts';
import type { HttpServerOptions } from './http-server.ts';
import { type StartOptions, startProcess, waitListening } from './processes.ts';
import { etcDir, type LabProcess, labDir } from './state.ts';

/** A process to start, and the port that it must listen on before the lab counts as up. */
interface Server {
  readonly name: string;
  readonly target: StartOptions['target'];
  readonly argv: readonly string[];
  readonly port?: number;
}

/** @throws TracerError LAB_FAILED with the log's last words where one of them ends or does not listen. */
export async function startServers(plan: LabPlan, ipv6: boolean): Promise<LabProcess[]> {
  const servers = [...machineServers(plan, ipv6), ...plan.pods.flatMap(pod => podServers(plan, pod, ipv6))];
  const started = servers.map(({ port, ...server }) => ({
    port,
    process: startProcess({ lab: plan.name, ...server }),
  }));
  await Promise.all(
    started.map(({ process, port }) =>
      port === undefined ? undefined : waitListening(plan.name, process, port),
    ),
  );
  return started.map(({ process }) => process);
}

/** What runs on the nodes and outside: an API server's stand-in (plain HTTP), and the Internet's web and DNS servers. */
function machineServers(plan: LabPlan, ipv6: boolean): Server[] {
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

function podServers(plan: LabPlan, pod: LabPod, ipv6: boolean): Server[] {
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
