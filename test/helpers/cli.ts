/** The `tracer` command as a user runs it, and what it left in the kernel and among the processes. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { attachedBy, childrenOf, tracerPath } from './processes.ts';

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Put before the command, e.g. `setpriv …`. */
  readonly under?: readonly string[];
}

export interface CliResult {
  /** 128 + N stands for an end by signal N, as in a shell. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end, or to that of the test. */
export function tracer(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  return new RunningTracer(args, options).ended;
}

const SIGNALS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

/** One that something is done to while it runs. */
export class RunningTracer {
  readonly pid: number;
  /** Its process has ended; one that it left behind may write on. */
  readonly over: Promise<void>;
  /** And nobody can write to its stdout and stderr any more. */
  readonly ended: Promise<CliResult>;
  readonly #child;
  readonly #said = { stdout: '', stderr: '' };
  readonly #listeners = new Set<() => void>();
  #isOver = false;

  constructor(args: readonly string[], options: CliOptions = {}) {
    const [file, ...rest] = [...(options.under ?? []), tracerPath, ...args];
    // A daemon that happens to run on this machine is not asked.
    const own = { NO_COLOR: '1', COLUMNS: '100', TRACER_SOCKET: 'none' };
    const env = { ...process.env, ...own, ...options.env };
    this.#child = spawn(file!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.pid = this.#child.pid!;
    onTestFinished(() => void this.#child.kill('SIGKILL'));
    this.#listen(this.#child.stdout, 'stdout');
    this.#listen(this.#child.stderr, 'stderr');
    this.over = new Promise(resolve => this.#child.once('exit', () => resolve()));
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.#isOver = true;
        for (const listener of this.#listeners) listener();
        resolve({ code: code ?? 128 + (SIGNALS[signal!] ?? 0), ...this.#said });
      });
    });
  }

  /** Started and following: its taps are attached and the filter is in force. */
  static async following(args: readonly string[], options?: CliOptions): Promise<RunningTracer> {
    const running = new RunningTracer(['follow', ...args], options);
    await running.says('stderr', /^tracer: following /m);
    return running;
  }

  /** Resolves when the text has been written; fails with all that was said when it ends without. */
  says(where: 'stdout' | 'stderr', text: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = text.test(this.#said[where]);
        if (!found && !this.#isOver) return;
        this.#listeners.delete(look);
        if (found) resolve();
        else reject(new Error(`never said ${text}, but: ${this.#said.stdout}\n${this.#said.stderr}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Written so far. */
  get stdout(): string {
    return this.#said.stdout;
  }

  get stderr(): string {
    return this.#said.stderr;
  }

  /** As `| head` does once it has enough. */
  closeStdout(): void {
    this.#child.stdout.destroy();
  }

  kill(signal: NodeJS.Signals): Promise<CliResult> {
    process.kill(this.pid, signal);
    return this.ended;
  }

  /** Pid of the process that holds the taps. */
  get collectorPid(): number {
    const pid = childrenOf(this.pid).find(child => attachedBy(child).length > 0);
    if (pid === undefined) throw new Error('it has no collector with eBPF programs');
    return pid;
  }

  #listen(stream: Readable, where: 'stdout' | 'stderr'): void {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#said[where] += text;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
