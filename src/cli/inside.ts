/**
 * Where `--in` runs the command: in the network namespace of SRC, with the machine's own programs, and with SRC's resolv.conf and hosts: those
 * of the practice cluster's pod, or what a process in the namespace has in its own root.
 */
import { existsSync, readlinkSync } from 'node:fs';
import { TracerError } from '../base/errors.ts';
import { entriesOf, textAt } from '../host/files.ts';
import type { Selection } from '../inventory/selection.ts';
import { cookiesAt } from '../lab/cookies.ts';
import { podNsswitch } from '../lab/dataplane/dns.ts';
import type { EnterTarget } from '../lab/enter.ts';
import { readLabSnapshots } from '../lab/state.ts';
import { podTarget } from '../lab/status.ts';
import type { NetnsSnapshot } from '../model/inventory.ts';

/** How to get into a namespace. */
export interface Door {
  /** Below /run/netns or docker's. */
  readonly names: readonly string[];
  /** Of processes in it. */
  readonly pids: readonly number[];
}

export const doorOf = ({ names, processes }: NetnsSnapshot): Door => ({
  names,
  pids: processes.map(({ pid }) => pid),
});

export function insideOf(source: Selection, doorTo: (cookie: string) => Door | undefined): EnterTarget {
  const [cookie, another] = source.netnsCookies;
  if (cookie === undefined || another !== undefined) throw notOne(source);
  const door = doorTo(cookie) ?? { names: [], pids: [] };
  for (const lab of readLabSnapshots()) {
    // Without eBPF no cookie is known.
    const pod = lab.pods.find(
      each => each.netnsCookie === cookie || door.names.includes(each.netnsName ?? ''),
    );
    if (pod !== undefined) return podTarget(pod);
  }
  const netns = pathOf(door);
  if (netns === undefined)
    throw new TracerError(
      'USAGE',
      `--in cannot enter "${source.label}": nothing runs in it, and it has no name`,
      {
        hint: 'is it there still? `tracer ls netns` says',
      },
    );
  const files = filesOf(door.pids);
  return { netns, ...(files === undefined ? {} : { files }) };
}

function notOne({ label, kind, netnsCookies }: Selection): TracerError {
  const isElsewhere = netnsCookies.length === 0 && (kind === 'pod' || kind === 'node');
  const why = isElsewhere ? `the namespace of "${label}" is not known on this machine` : `"${label}" is not`;
  return new TracerError('USAGE', `--in needs a SRC that is one network namespace; ${why}`, {
    hint: isElsewhere
      ? 'is its node on another machine? `tracer doctor --kube` says which are here'
      : 'name a pod, a node or netns:NAME',
  });
}

const folders = ['/run/netns', '/run/docker/netns'];

function pathOf({ names, pids }: Door): string | undefined {
  const paths = [
    ...names.flatMap(name => folders.map(folder => `${folder}/${name}`)),
    ...pids.map(pid => `/proc/${pid}/ns/net`),
  ];
  return paths.find(path => existsSync(path));
}

/** Of the first process in a mount namespace of its own that has a resolv.conf; undefined: they have the machine's files. */
function filesOf(pids: readonly number[]): EnterTarget['files'] | undefined {
  const own = readlinkSync('/proc/self/ns/mnt');
  for (const pid of pids) {
    if (linkAt(`/proc/${pid}/ns/mnt`) === own) continue;
    const resolvConf = textAt(`/proc/${pid}/root/etc/resolv.conf`);
    if (!resolvConf) continue;
    const hosts = pids.map(each => textAt(`/proc/${each}/root/etc/hosts`)).find(text => text);
    return {
      'resolv.conf': resolvConf,
      ...(hosts === undefined ? {} : { hosts }),
      'nsswitch.conf': podNsswitch(textAt('/etc/nsswitch.conf') ?? ''),
    };
  }
  return undefined;
}

/** The doors of all namespaces of this machine that have a name or a process, by cookie: where nobody told of them. */
export async function allDoors(): Promise<ReadonlyMap<string, Door>> {
  const names = entriesOf(folders[0]!);
  const pids = new Map<string, number[]>();
  for (const pid of entriesOf('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)) {
    const netns = linkAt(`/proc/${pid}/ns/net`);
    if (netns !== undefined) pids.set(netns, [...(pids.get(netns) ?? []), pid]);
  }
  const byPath = new Map<string, Door>([
    ...names.map(name => [`${folders[0]}/${name}`, { names: [name], pids: [] }] as const),
    ...[...pids.values()].map(all => [`/proc/${all[0]}/ns/net`, { names: [], pids: all }] as const),
  ]);
  const doors = new Map<string, Door>();
  for (const [path, cookie] of await cookiesAt([...byPath.keys()])) {
    const one = byPath.get(path)!;
    const other = doors.get(cookie);
    doors.set(cookie, {
      names: [...(other?.names ?? []), ...one.names],
      pids: [...(other?.pids ?? []), ...one.pids],
    });
  }
  return doors;
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // it ended, or may not be looked at
  }
}
