/** 64-byte UDP datagrams from a pod to a pod on the other node: test/bench/udp-load.c, built on first use. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { BenchLab } from './bench-lab.ts';

const source = fileURLToPath(new URL('../udp-load.c', import.meta.url));
const folder = fileURLToPath(new URL('../../../build/bench/', import.meta.url));
const program = `${folder}udp-load`;

export const loadWay = { from: 'pod-a', to: 'nginx-2', address: '10.244.2.7', port: 7777 } as const;

export interface LoadResult {
  readonly sent: number;
  readonly received: number;
  /** Different numbers among those received: less = duplicates. */
  readonly distinct: number;
  /** Received in a second by the clock. */
  readonly perSecond: number;
  /** Sent in a second of the sending CPU, which does nearly all the work of the way: not disturbed by what else wants the CPU. */
  readonly perCpuSecond: number;
}

let isBuilt = false;

export function buildUdpLoad(): void {
  if (isBuilt) return;
  mkdirSync(folder, { recursive: true });
  execFileSync('cc', ['-O2', '-Wall', '-D_GNU_SOURCE', '-o', program, source], { stdio: 'inherit' });
  isBuilt = true;
}

/** @param rate packets a second; 0 = as many as go. The ends have a CPU each where there are two. */
export async function udpLoad(lab: BenchLab, milliseconds: number, rate = 0): Promise<LoadResult> {
  buildUdpLoad();
  const pin = (cpu: number): string[] => (cpus().length > 1 ? ['taskset', '-c', String(cpu)] : []);
  const { from, to, address, port } = loadWay;
  const counter = lab.spawn(to, [...pin(1), program, 'count', String(port)], ['pipe', 'pipe', 'inherit']);
  const ready = once(counter.stdout!, 'data');
  const counted = output(counter);
  await ready;
  const send = [...pin(0), program, 'send', address, String(port), String(milliseconds), String(rate)];
  const sender = lab.spawn(from, send, ['ignore', 'pipe', 'inherit']);
  const { sent, ns, cpuNs } = JSON.parse(await output(sender)) as Record<'sent' | 'ns' | 'cpuNs', number>;
  counter.stdin!.end();
  const { received, distinct } = JSON.parse((await counted).replace('ready', '')) as LoadResult;
  return { sent, received, distinct, perSecond: received / (ns / 1e9), perCpuSecond: sent / (cpuNs / 1e9) };
}

async function output(child: ChildProcess): Promise<string> {
  const [said] = await Promise.all([text(child.stdout!), once(child, 'close')]);
  return said;
}
