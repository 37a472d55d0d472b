/** Processes of this machine, and what they hold in the kernel. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const tracerPath = fileURLToPath(new URL('../../bin/tracer', import.meta.url));

export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

/** Ids of the eBPF programs that a process holds, by file descriptors of programs or of their links. */
export function attachedBy(pid: number): number[] {
  const ids = new Set<number>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const match = /^prog_id:\s*(\d+)$/m.exec(textOf(`/proc/${pid}/fdinfo/${fd}`));
    if (match !== null) ids.add(Number(match[1]));
  }
  return [...ids];
}

/** Which of these programs are loaded still. */
export async function stillLoaded(ids: readonly number[]): Promise<number[]> {
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const { stdout } = await execa('bpftool', ['-j', 'prog', 'list'], { env });
  const there = new Set((JSON.parse(stdout) as { id: number }[]).map(program => program.id));
  return ids.filter(id => there.has(id));
}

/** A process that has ended counts as gone also before its parent has asked for its exit code. */
export function isRunning(pid: number): boolean {
  const state = /^\d+ \(.*\) (\w)/s.exec(textOf(`/proc/${pid}/stat`))?.[1];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Asks again and again until it is so; fails when it is not within the time. @returns ms that it took. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<number> {
  const startedAt = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedAt > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  return performance.now() - startedAt;
}
