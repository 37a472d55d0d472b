/** The command after `--`: started when the taps are attached, as the user who called, its output kept apart from ours. */
import { accessSync, constants as fileConstants, statSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { TracerError } from '../base/errors.ts';
import { callingUser } from '../host/calling-user.ts';
import { type EnterTarget, enterArgv } from '../lab/enter.ts';

export interface ChildResult {
  /** Exit code, or 128 + signal number. */
  readonly code: number;
}

export interface Child {
  /** Rejects with COMMAND_START if it could not be started. */
  readonly ended: Promise<ChildResult>;
  /** From now on we may end before it does. */
  leave(): void;
}

/**
 * Looks for the command as execvp() will, before anything is attached: inside a namespace it is started by a shell whose
 * exit code would not tell "not found" from a command's own 127. A pod of the lab has the machine's files.
 */
export function requireCommand(file: string): void {
  const folders = file.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  const candidates = folders.map(folder => join(folder, file));
  if (candidates.some(isExecutable)) return;
  const why = file.includes('/') ? 'there is no such program' : 'it is in no folder of PATH';
  throw new TracerError('COMMAND_START', `${file} could not be started: ${why}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, fileConstants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Runs on the host, or inside SRC with its network and resolv.conf. Its stdout goes to our stderr. */
export function startChild(argv: readonly string[], inside: EnterTarget | undefined): Child {
  const user = callingUser();
  const target = inside === undefined || user === undefined ? inside : { ...inside, user };
  const [file, ...args] = target === undefined ? argv : enterArgv(target, argv);
  if (file === undefined) throw new TracerError('USAGE', 'there is no command after --');
  const child = execa(file, args, {
    stdin: 'inherit',
    stdout: process.stderr,
    stderr: 'inherit',
    reject: false,
    cleanup: false,
    ...(target === undefined && user !== undefined ? { uid: user.uid, gid: user.gid } : {}),
  });
  return {
    ended: child.then(result => {
      if (result.code !== undefined)
        throw new TracerError('COMMAND_START', `${file} could not be started: ${result.originalMessage}`);
      const signal = result.signal === undefined ? 0 : constants.signals[result.signal as NodeJS.Signals];
      return { code: result.exitCode ?? 128 + signal };
    }),
    leave: () => child.nodeChildProcess.unref(),
  };
}
