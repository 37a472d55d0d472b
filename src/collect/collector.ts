/**
 * The collector process: started, spoken to, read and ended in one place.
 *
 * It loads the taps into the kernel and writes frames to its stdout; we write command lines to its stdin. Its links live as long as
 * it does: when stdin closes or it dies, nothing stays attached.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { TracerError } from '../base/errors.ts';
import type { HelloFrame } from '../model/event.ts';
import { Decoder, type Frame } from '../wire/decode.ts';
import type { OwnConversation } from './own.ts';
import type { HookPlace, WatchRule } from './watch.ts';
import { watchCommands } from './watch.ts';

/** How long it is waited for, ms. */
const patience = { ready: 15_000, apply: 20_000, stop: 5_000 };
/** A second of 20,000 packets/s across nodes, 13 events each: as long as the reader may have to wait for a CPU. */
export const ringBytes = 64 * 1024 * 1024;
/** Of what it says on stderr, the end is kept. */
const SAID_MAX = 4_096;

export interface CollectorOptions {
  /** Path of the program; default: the built one. */
  readonly program?: string;
  readonly args?: readonly string[];
  readonly ringBytes?: number;
  /** Never followed, whatever is watched; asked for with each watch. */
  readonly own?: () => readonly OwnConversation[];
  /** CLOCK_MONOTONIC at time 0 of a session that goes on after another collector's death; else its hello says it. */
  readonly clockBaseNs?: bigint;
  readonly onFrame: (frame: Frame) => void;
  /** The bytes as they came, before their frames are told: for recording. At the end of them `heldBytes` make no whole frame yet. */
  readonly onBytes?: (chunk: Uint8Array, heldBytes: number) => void;
  /** It ended by itself. Called at most once, never after stop(). */
  readonly onDied: (error: TracerError) => void;
  readonly patience?: Partial<typeof patience>;
}

export function collectorProgram(): string {
  return process.env.TRACER_COLLECTOR ?? fileURLToPath(new URL('../../build/bpf/collector', import.meta.url));
}

export class Collector {
  readonly decoder: Decoder;
  readonly #options: CollectorOptions;
  readonly #child;
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #hello: HelloFrame | undefined;
  #ready: { resolve: (hello: HelloFrame) => void; reject: (error: Error) => void } | undefined;
  #seq = 0;
  /** The rules in force. */
  #asked: ReadonlySet<string> = new Set();
  #stopping = false;
  #ended: TracerError | undefined;
  #refusals: string[] = [];
  #said = '';
  readonly #patience: typeof patience;

  private constructor(options: CollectorOptions) {
    this.#options = options;
    this.decoder = new Decoder(options.clockBaseNs === undefined ? {} : { baseNs: options.clockBaseNs });
    this.#patience = { ...patience, ...options.patience };
    const args = [
      ...(options.ringBytes === undefined ? [] : ['--ring', String(options.ringBytes)]),
      ...(options.args ?? []),
    ];
    this.#child = execa(options.program ?? collectorProgram(), args, {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      buffer: false,
      encoding: 'buffer',
      reject: false,
      cleanup: true,
    });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-SAID_MAX);
    });
    this.#child.stdin.on('error', () => {}); // its death is reported once, by its exit
    void this.#child.then(result => this.#onExit(result));
  }

  /** Starts it and waits until its taps are attached and the first inventory has been read. */
  static async start(options: CollectorOptions): Promise<{ collector: Collector; hello: HelloFrame }> {
    const program = options.program ?? collectorProgram();
    if (!existsSync(program))
      throw new TracerError('NOT_BUILT', `the collector has not been built (${program})`);
    const collector = new Collector(options);
    const hello = await within(
      collector.#patience.ready,
      new TracerError(
        'COLLECTOR_START',
        `the collector did not get ready within ${inSeconds(collector.#patience.ready)}`,
      ),
      new Promise<HelloFrame>((resolve, reject) => {
        collector.#ready = { resolve, reject };
        if (collector.#hello !== undefined) resolve(collector.#hello);
      }),
    ).catch(async (error: unknown) => {
      await collector.stop();
      throw error;
    });
    return { collector, hello };
  }

  /** Replaces what is followed in the kernel; resolves when it is in force. */
  async watch(
    rules: readonly WatchRule[],
    tunnelPorts: readonly number[],
    hooks: readonly HookPlace[] = [],
  ): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    const seq = ++this.#seq;
    this.#refusals = [];
    const asked = new Set(rules.map(rule => JSON.stringify(rule)));
    const isLess = [...this.#asked].some(rule => !asked.has(rule));
    this.#asked = asked;
    const lines = [
      ...watchCommands(rules, tunnelPorts, hooks, this.#options.own?.()),
      ...(isLess ? ['forget'] : []),
      `apply ${seq}`,
    ];
    const applied = new Promise<void>((resolve, reject) => this.#waiting.set(seq, { resolve, reject }));
    this.#child.stdin.write(`${lines.join('\n')}\n`);
    const stuck = `the collector did not take the filter within ${inSeconds(this.#patience.apply)}`;
    await within(this.#patience.apply, new TracerError('COLLECTOR_STUCK', stuck), applied).finally(() =>
      this.#waiting.delete(seq),
    );
    if (this.#refusals.length > 0)
      throw new TracerError('USAGE', `this cannot be watched: ${this.#refusals.join('; ')}`);
  }

  /** Asks for a look at the namespaces now. */
  look(): void {
    this.#child.stdin.write('look\n');
  }

  /** Closes its stdin, which ends it after it has written everything; kills it if it does not go. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#giveUp(new TracerError('COLLECTOR_DIED', 'the collector was stopped'));
      this.#child.stdin.end();
    }
    const late = setTimeout(() => this.#child.kill('SIGKILL'), this.#patience.stop);
    await this.#child.catch(() => {});
    clearTimeout(late);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  #onData(chunk: Buffer): void {
    const frames = this.decoder.push(chunk);
    this.#options.onBytes?.(chunk, this.decoder.heldBytes);
    for (const frame of frames) {
      if (frame.kind === 'reply') this.#onReply(frame);
      this.#options.onFrame(frame);
      if (frame.kind !== 'hello') continue;
      this.#hello = frame.hello;
      this.#ready?.resolve(frame.hello);
    }
  }

  #onReply(reply: Extract<Frame, { kind: 'reply' }>): void {
    if (reply.refused !== undefined)
      this.#refusals.push(`${reply.refused} (${reply.why ?? 'no reason given'})`);
    if (reply.applied === undefined) return;
    this.#waiting.get(reply.applied)?.resolve();
    this.#waiting.delete(reply.applied);
  }

  /** Whatever is waited for will not come. */
  #giveUp(error: TracerError): void {
    this.#ended ??= error;
    this.#ready?.reject(error);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  #onExit(result: {
    readonly exitCode?: number | undefined;
    readonly signal?: string | undefined;
    readonly code?: string | undefined;
  }): void {
    const said = this.#said.trim();
    const how = result.signal ?? result.code ?? `exit code ${result.exitCode}`;
    const error =
      this.#hello === undefined
        ? startError(said, how)
        : new TracerError(
            'COLLECTOR_DIED',
            `the collector ended unexpectedly (${how})${said === '' ? '' : `: ${said}`}`,
          );
    this.#giveUp(error);
    if (!this.#stopping && this.#hello !== undefined) this.#options.onDied(error);
    this.#stopping = true;
  }
}

function startError(said: string, how: string): TracerError {
  if (process.getuid?.() !== 0)
    return new TracerError('NOT_ROOT', 'the kernel lets only root load eBPF programs');
  if (!existsSync('/sys/kernel/btf/vmlinux'))
    return new TracerError('NO_BTF', 'this kernel does not describe its types (no BTF)');
  return new TracerError('COLLECTOR_START', said === '' ? `the collector did not start (${how})` : said);
}

const inSeconds = (ms: number): string => `${ms / 1000} s`;

async function within<T>(ms: number, failure: TracerError, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failure), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
