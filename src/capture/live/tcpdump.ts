/** One tcpdump on all devices of a network namespace: its packets, what it lost, its end. */
import { execa } from 'execa';
import { TracerError } from '../../base/errors.ts';
import { type PcapPacket, PcapReader } from '../pcap-reader.ts';
import type { NetnsEntry } from './netns-dump.ts';

/** SLL2, two IPv6 headers, VXLAN and TCP with options take 190 bytes; a DNS question or a bit of payload fits in the rest. */
const SNAP_BYTES = 320;
/** KiB of the ring that the kernel fills; the pages are the kernel's. */
const RING_KIB = 8192;
const READY_MS = 10_000;
const END_MS = 3000;
/** Of what it says before it is ready or when it fails. */
const SAID_MAX = 4096;

export interface TcpdumpHandlers {
  readonly onPackets: (packets: readonly PcapPacket[], linkType: number) => void;
  /** More packets than before were dropped by the kernel because tcpdump was too slow: how many more. */
  readonly onLost: (count: number) => void;
  readonly onDied: (error: TracerError) => void;
}

export class Tcpdump {
  readonly #netns: NetnsEntry;
  readonly #handlers: TcpdumpHandlers;
  readonly #child: ReturnType<typeof startTcpdump>;
  readonly #reader = new PcapReader();
  #said = '';
  #lost = 0;
  #isEnding = false;

  /** Resolves when it listens. @throws CAPTURE_START. */
  static async start(netns: NetnsEntry, filter: string, handlers: TcpdumpHandlers): Promise<Tcpdump> {
    const tcpdump = new Tcpdump(netns, filter, handlers);
    try {
      await tcpdump.#listening();
      return tcpdump;
    } catch (error) {
      await tcpdump.stop();
      throw error;
    }
  }

  private constructor(netns: NetnsEntry, filter: string, handlers: TcpdumpHandlers) {
    this.#netns = netns;
    this.#handlers = handlers;
    this.#child = startTcpdump(netns, filter);
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => this.#hear(String(chunk)));
    void this.#child.then(() => {
      if (!this.#isEnding) handlers.onDied(this.#failure('ended'));
    });
  }

  /** Asks for the counts; the answer comes by `onLost`. */
  ask(): void {
    this.#child.kill('SIGUSR1');
  }

  /** When it resolves, everything that it captured has been handed on. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#child.kill('SIGINT');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#child;
    clearTimeout(timer);
  }

  #read(chunk: Buffer): void {
    const packets = this.#reader.push(chunk);
    if (packets.length > 0) this.#handlers.onPackets(packets, this.#reader.linkType!);
    if (this.#reader.problem === undefined || this.#isEnding) return;
    this.#isEnding = true;
    this.#handlers.onDied(this.#failure(`wrote what is no capture: ${this.#reader.problem.text}`));
  }

  #hear(text: string): void {
    this.#said = (this.#said + text).slice(-SAID_MAX);
    for (const [, count] of text.matchAll(/(\d+) packets? dropped by kernel/g)) {
      const lost = Number(count);
      if (lost > this.#lost) this.#handlers.onLost(lost - this.#lost);
      this.#lost = Math.max(this.#lost, lost);
    }
  }

  #listening(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure('does not begin to listen')), READY_MS);
      const check = (): void => {
        if (!this.#said.includes('listening on')) return;
        clearTimeout(timer);
        resolve();
      };
      this.#child.stderr.on('data', check);
      void this.#child.then(() => {
        clearTimeout(timer);
        reject(this.#failure('ended'));
      });
    });
  }

  #failure(what: string): TracerError {
    const words = this.#said.trim().split('\n').at(-1) ?? '';
    return new TracerError(
      'CAPTURE_START',
      `tcpdump in ${this.#netns.name} ${what}${words === '' ? '' : `: ${words}`}`,
    );
  }
}

/**
 * Each program becomes the next: signals go to tcpdump. Away from the terminal's process group, so that Ctrl-C leaves its end to us; if we are
 * killed, the kernel ends it.
 */
function startTcpdump({ path }: NetnsEntry, filter: string) {
  const what = ['-i', 'any', '-y', 'LINUX_SLL2', '-n', '-w', '-', '-U', '--immediate-mode'];
  const sizes = [
    '-s',
    String(SNAP_BYTES),
    '-B',
    String(RING_KIB),
    '--time-stamp-precision=nano',
    '-Z',
    'root',
  ];
  const enterArgs = ['--pdeathsig', 'TERM', 'nsenter', `--net=${path}`, '--'];
  return execa('setpriv', [...enterArgs, 'tcpdump', ...what, ...sizes, filter], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    detached: true,
    env: { LC_ALL: 'C' },
  });
}
