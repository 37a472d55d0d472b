/** Runs the system's tools (`ip`, `bridge`, `iptables-restore`, `nsenter`, …) and turns their failures into ours. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { TracerError } from '../base/errors.ts';

/** Where a shell of root may not look, but Debian keeps `ip`, `bridge`, `iptables`. */
export const toolPath = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;

const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  bridge: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  sysctl: 'procps',
  'iptables-restore': 'iptables',
  'ip6tables-restore': 'iptables',
  dnsmasq: 'dnsmasq-base',
};

function packageOf(tool: string): string {
  return packages[tool] ?? tool;
}

function missing(tools: readonly string[], what: string): TracerError {
  const wanted = [...new Set(tools.map(packageOf))].join(' ');
  return new TracerError('LAB_TOOL', `not installed: ${tools.join(', ')} (${what})`, {
    hint: `apt-get install ${wanted}, or npm run setup`,
  });
}

/** Everything that `up` will need, told at once and before anything is made. @throws TracerError LAB_TOOL. */
export function requireTools(path: string = toolPath): void {
  const folders = path.split(':').filter(folder => folder !== '');
  const absent = Object.keys(packages).filter(
    tool => !folders.some(folder => existsSync(join(folder, tool))),
  );
  if (absent.length > 0) throw missing(absent, 'the practice cluster is made with them');
}

export interface RunOptions {
  /** What the command is for, in the words of the error message. */
  readonly what: string;
  readonly input?: string;
}

/** @throws TracerError LAB_TOOL where the program is missing, LAB_FAILED where it fails. */
export async function run(
  file: string,
  args: readonly string[],
  { what, input = '' }: RunOptions,
): Promise<string> {
  const result = await execa(file, args, { input, reject: false, env: { PATH: toolPath, LC_ALL: 'C' } });
  if (!result.failed) return result.stdout;
  if (result.code === 'ENOENT') throw missing([file], what);
  throw new TracerError('LAB_FAILED', `${what}: ${failure(result.stderr, input) || result.shortMessage}`, {
    cause: result,
  });
}

/** The tool's words, with the line of the batch that it stopped at (`Command failed -:7`, `line 7 failed`). */
function failure(stderr: string, input: string): string {
  const text = stderr.trim().split('\n').slice(0, 3).join('; ');
  const line = /(?:-:|line:? )(\d+)/.exec(stderr)?.[1];
  const culprit = line === undefined ? undefined : input.split('\n')[Number(line) - 1];
  return culprit === undefined ? text : `${text} (${culprit})`;
}

export function netnsPath(netns: string): string {
  return `/run/netns/${netns}`;
}

/** Runs a tool inside a network namespace, and nothing but the network is another. */
export function runIn(netns: string, argv: readonly string[], options: RunOptions): Promise<string> {
  return run('nsenter', [`--net=${netnsPath(netns)}`, '--', ...argv], options);
}
