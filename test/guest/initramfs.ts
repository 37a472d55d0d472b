/**
 * The first file system of a guest: a shell and the modules that its root needs. The root is this machine's own, read-only through 9p
 * below a layer in memory, so a guest has the programs and libraries of the host and no image has to be made.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import type { Kernel } from './kernels.ts';

const modules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

const init = `#!/bin/busybox sh
b=/bin/busybox
fail() { echo "guest: $*"; echo o >/proc/sysrq-trigger; $b sleep 60; }
$b mount -t proc proc /proc
for module in /modules/*; do $b insmod "$module" || fail "insmod $module"; done
through9p=trans=virtio,version=9p2000.L,msize=512000
$b mount -t 9p -o $through9p,ro,cache=loose root /host || fail "no root"
$b mount -t tmpfs tmpfs /layer
$b mkdir /layer/upper /layer/work
$b mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work root /root || fail "no overlay"
$b mkdir -p /root/guest
$b mount -t 9p -o $through9p guest /root/guest || fail "no way back"
exec $b switch_root /root /bin/sh /guest/start
`;

/** Writes `folder`/initramfs and returns its path. */
export async function makeInitramfs(kernel: Kernel, folder: string): Promise<string> {
  const tree = join(folder, 'initramfs.d');
  for (const name of ['bin', 'proc', 'host', 'layer', 'root', 'modules'])
    mkdirSync(join(tree, name), { recursive: true });
  const { stdout: busybox } = await execa('sh', ['-c', 'command -v busybox']);
  copyFileSync(busybox, join(tree, 'bin/busybox'));
  writeFileSync(join(tree, 'init'), init, { mode: 0o755 });
  let count = 0;
  for (const file of await filesOf(kernel)) {
    const name = `${String(count++).padStart(2, '0')}-${basename(file).replace(/\.[xg]z$/, '')}`;
    if (file.endsWith('.xz'))
      await execa('xz', ['-dc', file], { stdout: { file: join(tree, 'modules', name) } });
    else copyFileSync(file, join(tree, 'modules', name));
  }
  const path = join(folder, 'initramfs');
  await execa('sh', ['-c', 'find . | busybox cpio -o -H newc >"$1"', 'sh', path], { cwd: tree });
  return path;
}

/** In the order in which they have to be loaded; what is built in has no file. */
async function filesOf({ base, release }: Kernel): Promise<string[]> {
  const files = new Set<string>();
  for (const module of modules) {
    const { stdout } = await execa('modprobe', ['-d', base, '-S', release, '--show-depends', module]);
    for (const [, file] of stdout.matchAll(/^insmod (\S+)/gm)) files.add(file!);
  }
  return [...files];
}
