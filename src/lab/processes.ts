/** The processes of a lab: started apart from us, found again by pid and start time, killed with what their namespaces hold. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { TracerError } from '../base/errors.ts';
import { netnsPath, toolPath } from './commands.ts';
import { type EnterTarget, enterArgv } from './enter.ts';
import { type LabProcess, logFile } from './state.ts';

export interface StartOptions {
  readonly lab: string;
  /** As in LabProcess. */
  readonly name: string;
  readonly target: EnterTarget;
  readonly argv: readonly string[];
}

/** Starts a process that outlives us, its output in the lab's log folder. */
export function startProcess({ lab, name, target, argv }: StartOptions): LabProcess {
  const log = openSync(logFile(lab, name), 'a');
  try {
    const [file, ...args] = enterArgv(target, argv);
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      env: { PATH: toolPath, LANG: 'C.UTF-8' },
    });
    child.on('error', () => {}); // A missing tool shows as a pid that is not there.
    child.unref();
    const { pid } = child;
    const startTicks = pid === undefined ? undefined : processStartTicks(pid);
    if (pid === undefined || startTicks === undefined)
      throw new TracerError('LAB_FAILED', `${name} could not be started`);
    return { pid, startTicks, netns: target.netns, name };
  } finally {
    closeSync(log);
  }
}

/** Undefined where there is no such process, or only a zombie of it. */
export function processStartTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name is in brackets and may hold anything, brackets and blanks too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export function isAlive(process: LabProcess): boolean {
  return processStartTicks(process.pid) === process.startTicks;
}

/** Waits until the process listens on the port. @throws LAB_FAILED with its last words if it ends or takes too long. */
export async function waitListening(lab: string, process: LabProcess, port: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!listens(process.pid, port)) {
    if (!isAlive(process) || performance.now() > deadline) {
      const words = readLog(lab, process.name);
      const what = isAlive(process) ? `does not listen on port ${port}` : 'ended at once';
      throw new TracerError('LAB_FAILED', `${process.name} ${what}${words === '' ? '' : `: ${words}`}`);
    }
    await delay(5);
  }
}

function readLog(lab: string, name: string): string {
  try {
    return readFileSync(logFile(lab, name), 'utf8').trim().split('\n').slice(-3).join('; ');
  } catch {
    return '';
  }
}

/** /proc/PID/net shows the namespace of that process: is anything there bound to the port? TCP in state 0A, UDP in 07. */
function listens(pid: number, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const row = new RegExp(`:${hex} [0-9A-F]+:0000 (0A|07) `);
  try {
    // In the few milliseconds before `nsenter` did its work these are still the tables of our own namespace.
    if (netnsInode(`/proc/${pid}/ns/net`) === netnsInode('/proc/self/ns/net')) return false;
    return ['tcp', 'udp'].some(table => row.test(readFileSync(`/proc/${pid}/net/${table}`, 'utf8')));
  } catch {
    return false;
  }
}

/** Every process, whoever started it, whose network namespace is one of these, with that namespace's inode. */
function processesIn(namespaces: readonly string[]): Map<number, number> {
  const wanted = new Set(namespaces.flatMap(netns => netnsInode(netnsPath(netns)) ?? []));
  const found = new Map<number, number>();
  if (wanted.size === 0) return found;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const inode = netnsInode(`/proc/${pid}/ns/net`);
    if (inode !== undefined && wanted.has(inode) && processStartTicks(pid) !== undefined)
      found.set(pid, inode);
  }
  return found;
}

/** Undefined where the namespace was never made, or the process has ended meanwhile. All are inodes of one file system. */
function netnsInode(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}

/**
 * Kills and waits until all are gone: the processes that the lab recorded (only with the start time that was recorded)
 * and everything that runs in its namespaces, such as a learner's shell or a server that a crashed `up` did not record.
 * A process that we did not start must be seen twice in the same namespace: a tool that looks into every namespace of
 * the machine (an `ip -n`, the tracer's own inventory) is in one for a moment, and must live.
 */
export async function killProcesses(
  recorded: readonly LabProcess[],
  namespaces: readonly string[],
): Promise<void> {
  const deadline = performance.now() + 5_000;
  let before = new Map<number, number>();
  for (;;) {
    const inside = processesIn(namespaces);
    const ours = recorded.filter(isAlive).map(each => each.pid);
    const staying = [...inside].filter(([pid, inode]) => before.get(pid) === inode).map(([pid]) => pid);
    if (ours.length + inside.size === 0) return;
    if (performance.now() > deadline)
      throw new TracerError(
        'LAB_FAILED',
        `processes ${[...ours, ...inside.keys()].join(', ')} cannot be ended`,
      );
    for (const pid of new Set([...ours, ...staying])) kill(pid);
    before = inside;
    await delay(10);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {} // Ended meanwhile.
}
