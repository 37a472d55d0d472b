/**
 * tcpdump on every device of a set of namespaces, as ground truth: one process a namespace on libpcap's "any" device, whose
 * SLL2 header tells the device and the direction of each packet.
 *
 * libpcap leaves out what the loopback device sends, because it sees it again when received (pcap-linux.c,
 * linux_check_direction()); loopback_xmit() loses nothing, so `lo` is counted from what it receives.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { readPcap } from './capture-pcap.ts';

/** What matters lies in the first bytes: SLL2, two IPv6 headers, VXLAN, TCP with options, some payload. */
const SNAP_BYTES = 256;
const SLL2_BYTES = 20;
const OUTGOING = 4;
/** Payload of the ping that ends a capture; `ping -p` repeats it. */
const MARK = 'fe1de11717';
const READY_MS = 10_000;

export interface CapturedPacket {
  /** `ip netns` name. */
  readonly netns: string;
  readonly ifindex: number;
  readonly direction: 'tx' | 'rx';
  /** CLOCK_REALTIME. */
  readonly timeNs: bigint;
  readonly protocol: number;
  /** From the network header on, as far as captured. */
  readonly bytes: Uint8Array;
  /** From the network header on, in the kernel. */
  readonly lenBytes: number;
}

export interface CaptureResult {
  readonly packets: readonly CapturedPacket[];
  /** tcpdump's own loss: makes the comparison worthless. */
  readonly droppedByKernel: number;
}

interface Tap {
  readonly netns: string;
  readonly file: string;
  readonly child: ReturnType<typeof startTcpdump>;
}

export class Capture {
  readonly #dir: string;
  readonly #taps: readonly Tap[];

  private constructor(dir: string, taps: readonly Tap[]) {
    this.#dir = dir;
    this.#taps = taps;
  }

  /** Resolves when every tcpdump listens. */
  static async start(namespaces: readonly string[]): Promise<Capture> {
    const dir = mkdtempSync(join(tmpdir(), 'tracer-capture-'));
    const taps = namespaces.map(netns => {
      const file = join(dir, `${netns}.pcap`);
      return { netns, file, child: startTcpdump(netns, file) };
    });
    await Promise.all(taps.map(listening));
    return new Capture(dir, taps);
  }

  /** Ends when each capture holds the mark that was sent in its namespace: all that came before is in the file then. */
  async finish(): Promise<CaptureResult> {
    try {
      await Promise.all(this.#taps.map(marked));
      const dropped = await Promise.all(this.#taps.map(stop));
      return {
        packets: this.#taps.flatMap(({ netns, file }) => [...packetsOf(netns, readFileSync(file))]),
        droppedByKernel: dropped.reduce((sum, n) => sum + n, 0),
      };
    } finally {
      await this.abort();
    }
  }

  async abort(): Promise<void> {
    for (const { child } of this.#taps) child.kill('SIGKILL');
    await Promise.all(this.#taps.map(({ child }) => child));
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function inNetns(netns: string, ...argv: readonly string[]): readonly [string, string[]] {
  return ['nsenter', [`--net=/run/netns/${netns}`, '--', ...argv]];
}

function startTcpdump(netns: string, file: string) {
  const options = ['-i', 'any', '-y', 'LINUX_SLL2', '-n', '-U', '-Z', 'root', '-w', file];
  const sizes = ['-s', String(SNAP_BYTES), '-B', '16384', '--time-stamp-precision=nano'];
  const [program, args] = inNetns(netns, 'tcpdump', ...options, ...sizes, 'ip or ip6 or arp');
  return execa(program, args, { stdin: 'ignore', stderr: 'pipe', reject: false });
}

function listening({ netns, child }: Tap): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS);
    child.stderr.on('data', chunk => {
      said += String(chunk);
      if (!said.includes('listening on')) return;
      clearTimeout(timer);
      resolve();
    });
    void child.then(() => {
      clearTimeout(timer);
      reject(new Error(`tcpdump in ${netns} ended: ${said.trim()}`));
    });
  });
}

async function marked({ netns, file }: Tap): Promise<void> {
  const mark = Buffer.from(MARK, 'hex');
  const ping = inNetns(netns, 'ping', '-n', '-c', '1', '-W', '1', '-p', MARK, '127.0.0.1');
  await execa(ping[0], ping[1], { reject: false });
  const deadline = performance.now() + READY_MS;
  while (readFileSync(file).lastIndexOf(mark) < 0) {
    if (performance.now() > deadline) throw new Error(`the capture of ${netns} does not come to its end`);
    await new Promise(resolve => setTimeout(resolve, 50)); // tcpdump's ring is handed over once a second
  }
}

async function stop({ child }: Tap): Promise<number> {
  child.kill('SIGINT');
  const { stderr } = await child;
  const dropped = /(\d+) packets? dropped by kernel/.exec(stderr)?.[1];
  if (dropped === undefined) throw new Error(`tcpdump does not say what it lost: ${stderr}`);
  return Number(dropped);
}

function* packetsOf(netns: string, file: Uint8Array): Generator<CapturedPacket> {
  for (const { timeNs, bytes, lenBytes } of readPcap(file)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    yield {
      netns,
      ifindex: view.getUint32(4),
      direction: view.getUint8(10) === OUTGOING ? 'tx' : 'rx',
      timeNs,
      protocol: view.getUint16(0),
      bytes: bytes.subarray(SLL2_BYTES),
      lenBytes: lenBytes - SLL2_BYTES,
    };
  }
}
