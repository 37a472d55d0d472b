/** The network namespaces of this host, and what `ip -j` says of each: what the collector's inventory tells where eBPF is allowed. */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { execa } from 'execa';
import type { HostDump } from '../host-facts.ts';

export interface NetnsEntry {
  /** Inode number: its identity as long as it lives. */
  readonly id: number;
  /** `ip netns` name, `host` for that of this process, else its inode. */
  readonly name: string;
  /** Of a file that stands for it. */
  readonly path: string;
  readonly isOwn: boolean;
}

export interface DumpedNetns extends NetnsEntry {
  readonly dump: HostDump;
}

const RUN_NETNS = '/run/netns';
const AT_A_TIME = 8;
const DUMP_MS = 10_000;

const commands = {
  link: ['ip', '-d', '-j', 'link'],
  addr: ['ip', '-j', 'addr'],
  route: ['ip', '-j', 'route', 'show', 'table', 'main'],
  route6: ['ip', '-6', '-j', 'route', 'show', 'table', 'main'],
  fdb: ['bridge', '-j', 'fdb'],
  nsid: ['ip', '-j', 'netns', 'list-id'],
} as const;

/** Those with a name, and those that a process lives in. */
export function listNetns(): NetnsEntry[] {
  const own = statSync('/proc/self/ns/net').ino;
  const found = new Map<number, NetnsEntry>();
  const add = (id: number, name: string, path: string): void => {
    if (!found.has(id)) found.set(id, { id, name: id === own ? 'host' : name, path, isOwn: id === own });
  };
  add(own, 'host', '/proc/self/ns/net');
  for (const name of entries(RUN_NETNS)) {
    const id = inodeOf(() => statSync(`${RUN_NETNS}/${name}`).ino);
    if (id !== undefined) add(id, name, `${RUN_NETNS}/${name}`);
  }
  for (const pid of entries('/proc').filter(each => /^\d+$/.test(each))) {
    const id = inodeOf(() => Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]));
    if (id !== undefined) add(id, String(id), `/proc/${pid}/ns/net`);
  }
  return [...found.values()];
}

/** Is it still there, and not another one by the same name? */
export function isAlive({ id, path }: NetnsEntry): boolean {
  return inodeOf(() => statSync(path).ino) === id;
}

/** What went away meanwhile is left out. */
export async function dumpNetns(list: readonly NetnsEntry[]): Promise<DumpedNetns[]> {
  const dumped: DumpedNetns[] = [];
  for (let at = 0; at < list.length; at += AT_A_TIME) {
    const some = await Promise.all(list.slice(at, at + AT_A_TIME).map(dumpOne));
    dumped.push(...some.filter(each => each !== undefined));
  }
  return dumped;
}

async function dumpOne(entry: NetnsEntry): Promise<DumpedNetns | undefined> {
  const run = async (argv: readonly string[]): Promise<unknown> => {
    const { stdout, exitCode } = await execa('nsenter', [`--net=${entry.path}`, '--', ...argv], {
      reject: false,
      stdin: 'ignore',
      timeout: DUMP_MS,
    });
    return exitCode === 0 ? jsonOf(stdout) : undefined;
  };
  const [link, addr, route, route6, fdb, nsid] = await Promise.all(Object.values(commands).map(run));
  if (link === undefined) return undefined;
  return { ...entry, dump: { link, addr, route: [...listOf(route), ...listOf(route6)], fdb, nsid } };
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

/** A namespace or process may be gone. */
function inodeOf(read: () => number): number | undefined {
  try {
    const inode = read();
    return Number.isSafeInteger(inode) ? inode : undefined;
  } catch {
    return undefined;
  }
}
