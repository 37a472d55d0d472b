/** What a process and the kernel hold. */
import { readdirSync, readFileSync } from 'node:fs';

export function rssMibOf(pid: number): number {
  return (
    Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024
  );
}

export const fdsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Those that something still refers to, named or not; undefined where the kernel does not say. Other programs have theirs too. */
export function namespacesOfKernel(): number | undefined {
  try {
    const line = /^net_namespace\s+(\d+)/m.exec(readFileSync('/proc/slabinfo', 'utf8'));
    return line === null ? undefined : Number(line[1]);
  } catch {
    return undefined;
  }
}

/** There must be at least one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
