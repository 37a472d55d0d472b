import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { enterArgv } from '../../src/lab/enter.ts';
import { labTarget } from '../../src/lab/status.ts';

/** Root's PATH where tests run under another's. */
const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' };

/** A lab's name that no other test run on this machine uses at the same time. */
export function testLabName(purpose: string): string {
  return `${purpose}${process.pid}`;
}

export interface InLabResult {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a command in a pod, node or machine of a lab. */
export async function inLab(lab: string, place: string, ...argv: readonly string[]): Promise<InLabResult> {
  const [file, ...args] = enterArgv(labTarget(lab, place), argv);
  const { exitCode = -1, all } = await execa(file, args, { all: true, reject: false, stdin: 'ignore', env });
  return { exitCode, output: all };
}

async function output(file: string, ...args: readonly string[]): Promise<string> {
  return (await execa(file, args, { env })).stdout;
}

/**
 * Everything of the machine's own network namespace that a lab could have changed, by name. Left out is what changes
 * by itself: counters (`nft -s`), the number of connections.
 */
export async function hostNetwork(): Promise<Record<string, string>> {
  const sysctls = (await output('sysctl', '-a'))
    .split('\n')
    .filter(
      line =>
        /^(net\.|kernel\.(host|domain)name)/.test(line) &&
        !line.startsWith('net.netfilter.nf_conntrack_count'),
    );
  const facts: Record<string, string> = {
    sysctls: sysctls.join('\n'),
    links: await output('ip', '-d', 'link'),
    addresses: await output('ip', '-d', 'addr').then(withoutLifetimes),
    routes: await output('ip', '-d', 'route', 'show', 'table', 'all'),
    routes6: await output('ip', '-6', '-d', 'route', 'show', 'table', 'all').then(withoutLifetimes),
    rules: await output('ip', 'rule'),
    rules6: await output('ip', '-6', 'rule'),
    ruleset: await output('nft', '-s', 'list', 'ruleset'),
    etc: ['resolv.conf', 'hosts', 'nsswitch.conf']
      .map(file => readFileSync(`/etc/${file}`, 'utf8'))
      .join('\n'),
  };
  if (sysctls.length < 100)
    throw new Error('sysctl -a shows nearly nothing: this comparison would prove nothing');
  return facts;
}

/** A lease counts down. */
function withoutLifetimes(text: string): string {
  return text.replace(/(valid_lft|preferred_lft|expires) \d+sec/g, '$1 …');
}

/** What is left of a lab on this machine: mounts, processes by their command line, files. */
export async function tracesOf(lab: string): Promise<string[]> {
  const words = [`lab-${lab}-`, `/run/tracer/lab/${lab}`];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const processes = (await output('ps', '-eo', 'pid,args')).split('\n');
  const files = (await execa('ls', ['/run/netns', '/run/tracer/lab'], { reject: false, env })).stdout.split(
    '\n',
  );
  const found = [...mounts, ...processes].filter(line => words.some(word => line.includes(word)));
  return [...found, ...files.filter(line => line === lab || line.startsWith(`lab-${lab}-`))];
}
