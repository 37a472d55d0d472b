/** `tracer follow` as a user runs it, its output thrown away. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const tracerPath = fileURLToPath(new URL('../../../bin/tracer', import.meta.url));

export interface FollowSummary {
  readonly shown: number;
  readonly lost: number;
  /** Largest resident memory of the process, in MiB. */
  readonly peakMiB: number;
}

export class FollowRun {
  readonly #child: ChildProcess;
  #said = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when its taps are attached and the filter is in force. */
  static async start(args: readonly string[]): Promise<FollowRun> {
    const child = spawn(tracerPath, ['follow', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const run = new FollowRun(child);
    const kill = (): void => void child.kill();
    process.once('exit', kill); // where the benchmark is interrupted
    child.once('close', () => process.off('exit', kill));
    child.stderr!.setEncoding('utf8');
    await new Promise<void>((resolve, reject) => {
      child.stderr!.on('data', (text: string) => {
        run.#said += text;
        if (/^tracer: following /m.test(run.#said)) resolve();
      });
      child.once('close', () => reject(new Error(`tracer ended: ${run.#said}`)));
    });
    return run;
  }

  /** As Ctrl-C does; what it has read already is worked off first. */
  async stop(): Promise<FollowSummary> {
    const peakKiB = Number(
      /^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1],
    );
    this.#child.kill('SIGINT');
    await once(this.#child, 'close');
    const match = /(\d+) packets? shown, .*?(\d+) events? lost/.exec(this.#said);
    if (match === null) throw new Error(`tracer ended without a summary: ${this.#said}`);
    return { shown: Number(match[1]), lost: Number(match[2]), peakMiB: peakKiB / 1024 };
  }
}

/** Ids of the device taps in this kernel, whoever loaded them. */
export function loadedTaps(): string {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const programs = JSON.parse(execFileSync('bpftool', ['-j', 'prog', 'list'], { env }).toString()) as {
    id: number;
    name?: string;
  }[];
  const taps = programs.filter(({ name }) => name === 'net_dev_queue' || name === 'netif_receive_skb');
  return taps.map(({ id }) => id).join(' ');
}
