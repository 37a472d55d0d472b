/** Boots a kernel in QEMU's software emulation and waits for its end: no hardware support and no network is needed. */
import { mkdirSync, mkdtempSync, realpathSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { makeInitramfs } from './initramfs.ts';
import type { Kernel } from './kernels.ts';

/** A guest needs less than 3 minutes on two idle CPUs; a busy machine may take its time. */
const PATIENCE_MS = 30 * 60_000;

/** A private view of this machine's files, without /proc and /sys, which 9p would follow into the guest. */
const enter = `
target=$1 count=$2; shift 2
mount --bind / "$target"
while [ "$count" -gt 0 ]; do mount --bind "$1" "$target$1"; shift; count=$((count - 1)); done
exec "$@"`;

export interface BootOptions {
  readonly kernel: Kernel;
  /** Becomes /guest, which it can write to; holds `start`. */
  readonly share: string;
  /** Of this machine's files, what has to be there even if it is on a file system of its own. */
  readonly files: readonly string[];
  readonly onLine: (line: string) => void;
  /** Ends it, and takes away what it needed. */
  readonly stopped: AbortSignal;
}

/** @returns whether it came to its own end */
export async function boot({ kernel, share, files, onLine, stopped }: BootOptions): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-guest-'));
  const root = join(folder, 'root');
  mkdirSync(root);
  try {
    const initramfs = await makeInitramfs(kernel, folder);
    const device = statSync('/').dev;
    const apart = [...new Set([...files, '/usr'].map(file => realpathSync(file)))].filter(
      file => statSync(file).dev !== device,
    );
    const args = ['--mount', '--propagation', 'private', '--kill-child', '--fork', 'sh', '-euc', enter, 'sh'];
    const child = execa(
      'unshare',
      [...args, root, String(apart.length), ...apart, ...qemu(kernel, initramfs, root, share)],
      {
        stdin: 'ignore',
        all: true,
        reject: false,
        timeout: PATIENCE_MS,
        cancelSignal: stopped,
        // unshare waits for its child whatever else comes, and takes it along.
        killSignal: 'SIGKILL',
      },
    );
    for await (const line of child.iterable({ from: 'all' })) onLine(line.replaceAll('\r', ''));
    return !(await child).failed;
  } finally {
    // What was mounted there is gone with its namespace. Were it not, nothing below may be removed.
    rmdirSync(root);
    rmSync(folder, { recursive: true });
  }
}

function qemu(kernel: Kernel, initramfs: string, root: string, share: string): string[] {
  return [
    'qemu-system-x86_64',
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-m', '2048', '-smp', '1', '-accel', 'tcg,thread=single', '-cpu', 'max'],
    // Time is counted in instructions: a busy host makes the guest no slower by its own clock, by which packets are judged. So it
    // has one CPU: two take turns then, and one that waits for the other uses up its turn.
    ...['-icount', 'shift=1'],
    ...['-kernel', kernel.vmlinuz, '-initrd', initramfs],
    ...['-append', 'console=ttyS0 quiet panic=-1 mitigations=off', '-serial', 'stdio'],
    ...['-virtfs', `local,path=${root},mount_tag=root,security_model=none,readonly=on,multidevs=remap`],
    ...['-virtfs', `local,path=${share},mount_tag=guest,security_model=none,multidevs=remap`],
  ];
}
