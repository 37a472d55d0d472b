/** The command after `--`: started when the taps are attached, as the user who called, its output kept apart from ours. */
import { execa } from 'execa';
import { TracerError } from '../base/errors.ts';
import type { Names } from '../inventory/names.ts';
import type { Selection } from '../inventory/selection.ts';
import { type EnterTarget, enterArgv } from '../lab/enter.ts';
import { readLabSnapshots } from '../lab/state.ts';
import { podTarget } from '../lab/status.ts';

export interface ChildResult {
  /** Exit code, or 128 + signal number; 127 if it could not be started. */
  readonly code: number;
}

/** Runs on the host, or inside SRC with its network and resolv.conf. Its stdout goes to our stderr. */
export async function runChild(
  argv: readonly string[],
  inside: EnterTarget | undefined,
): Promise<ChildResult> {
  const user = callingUser();
  const target = inside === undefined || user === undefined ? inside : { ...inside, user };
  const [file, ...args] = target === undefined ? argv : enterArgv(target, argv);
  if (file === undefined) throw new TracerError('USAGE', 'there is no command after --');
  const result = await execa(file, args, {
    stdin: 'inherit',
    stdout: process.stderr,
    stderr: 'inherit',
    reject: false,
    cleanup: false,
    ...(target === undefined && user !== undefined ? { uid: user.uid, gid: user.gid } : {}),
  });
  if (result.code === 'ENOENT' || result.code === 'EACCES')
    throw new TracerError(
      'COMMAND_START',
      `${file} could not be started: ${result.originalMessage ?? result.code}`,
    );
  return { code: result.exitCode ?? 128 };
}

/** The user who called sudo: what the command does is theirs, not root's. */
function callingUser(): { uid: number; gid: number } | undefined {
  const uid = Number(process.env.SUDO_UID);
  const gid = Number(process.env.SUDO_GID);
  if (process.getuid?.() !== 0 || !(uid > 0) || !(gid >= 0)) return undefined;
  return { uid, gid };
}

/** Where `--in` runs the command: the network namespace of SRC. */
export function insideOf(source: Selection, names: Names): EnterTarget {
  const [cookie, another] = source.netnsCookies;
  if (cookie === undefined || another !== undefined)
    throw new TracerError(
      'USAGE',
      `--in needs a SRC that is one network namespace; "${source.label}" is not`,
      {
        hint: 'name a pod, a node or netns:NAME',
      },
    );
  for (const lab of readLabSnapshots()) {
    const pod = lab.pods.find(each => each.netnsCookie === cookie);
    if (pod !== undefined) return podTarget(pod);
  }
  const name = names.inventory.netnsAt(cookie, names.inventory.latestNs)?.names[0];
  if (name === undefined)
    throw new TracerError(
      'USAGE',
      `--in cannot enter "${source.label}": its namespace has no name below /run/netns`,
      {
        hint: 'run the command inside it yourself (nsenter) and leave out --in',
      },
    );
  return { netns: name };
}
