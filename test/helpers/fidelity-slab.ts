/**
 * The truth about the addresses of sk_buffs: when the slab allocator gave each of them out (test/fixtures/identity). Two sights
 * of one packet at one address must lie within one life of the sk_buff.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Event } from '../../src/model/event.ts';
import type { Seen } from './fidelity-sights.ts';

const fixtures = fileURLToPath(new URL('../fixtures/identity/', import.meta.url));
const RECORD_BYTES = 24;
/** Events keep the low 53 bits of an address (src/wire/numbers.ts). */
const ADDRESS_MASK = (1n << 53n) - 1n;

/** Times (CLOCK_MONOTONIC, ns) at which the sk_buff at each address was born, in order. */
export type Births = ReadonlyMap<number, readonly bigint[]>;

/** Watches the allocator while `during` runs. @throws Error where records were lost: then it proves nothing. */
export async function watchSlab<T>(during: () => Promise<T>): Promise<{ result: T; births: Births }> {
  const dir = mkdtempSync(join(tmpdir(), 'tracer-slab-'));
  try {
    const child = execa(await build(dir), [join(dir, 'slab.bpf.o')], {
      stdin: 'pipe',
      encoding: 'buffer',
      maxBuffer: 1 << 30,
      reject: false,
    });
    await new Promise<void>((resolve, reject) => {
      child.stderr.once('data', () => resolve());
      void child.then(({ stderr }) => reject(new Error(`slab: ${Buffer.from(stderr).toString()}`)));
    });
    try {
      const result = await during();
      child.stdin.end();
      const { stdout, stderr } = await child;
      if (!/^lost 0$/m.test(Buffer.from(stderr).toString()))
        throw new Error(`slab: ${Buffer.from(stderr).toString()}`);
      return { result, births: birthsIn(stdout) };
    } finally {
      child.kill('SIGKILL');
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function build(dir: string): Promise<string> {
  const target = arch() === 'arm64' ? 'arm64' : 'x86';
  const { stdout: triplet } = await execa('cc', ['-print-multiarch']);
  const flags = ['-O2', '-g', '-Wall', '-Werror', '-target', 'bpf', `-D__TARGET_ARCH_${target}`];
  const include = `-I/usr/include/${triplet}`;
  const [object, program] = [join(dir, 'slab.bpf.o'), join(dir, 'slab')];
  await execa('clang', [...flags, include, '-c', join(fixtures, 'slab.bpf.c'), '-o', object]);
  await execa('cc', ['-O2', '-Wall', join(fixtures, 'slab.c'), '-o', program, '-lbpf', '-lelf', '-lz']);
  return program;
}

function birthsIn(bytes: Uint8Array): Births {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const births = new Map<number, bigint[]>();
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    if (view.getBigUint64(at + 16, true) !== 1n) continue;
    const skb = Number(view.getBigUint64(at + 8, true) & ADDRESS_MASK);
    const list = births.get(skb);
    const timeNs = view.getBigUint64(at, true);
    if (list === undefined) births.set(skb, [timeNs]);
    else list.push(timeNs);
  }
  for (const list of births.values()) list.sort((a, b) => (a < b ? -1 : 1));
  return births;
}

export interface SlabComparison {
  /** Followed packets that took over the address of another followed packet. */
  readonly reuses: number;
  /** Packet ids that outlived the sk_buff. */
  readonly wrongJoins: number;
  readonly examples: readonly string[];
}

export function compareSlab(births: Births, all: readonly Seen[], baseNs: bigint): SlabComparison {
  const bySkb = new Map<number, Event[]>();
  for (const { record } of all)
    for (const event of record.events) {
      const list = bySkb.get(event.skb);
      if (list === undefined) bySkb.set(event.skb, [event]);
      else list.push(event);
    }
  let reuses = 0;
  const wrong: string[] = [];
  for (const [skb, events] of bySkb) {
    const born = (births.get(skb) ?? []).map(timeNs => Number(timeNs - baseNs));
    const last = new Map<number, Event>();
    let before: Event | undefined;
    for (const event of events.sort((a, b) => a.timeNs - b.timeNs)) {
      if (before !== undefined && before.packet !== event.packet) reuses++;
      before = event;
      const seen = last.get(event.packet);
      last.set(event.packet, event);
      if (seen === undefined || !born.some(timeNs => timeNs > seen.timeNs && timeNs < event.timeNs)) continue;
      wrong.push(`packet ${event.packet} at ${skb.toString(16)}: ${seen.timeNs} and ${event.timeNs} ns`);
    }
  }
  return { reuses, wrongJoins: wrong.length, examples: wrong.slice(0, 5) };
}
