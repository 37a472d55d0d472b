/**
 * Debian's stock kernels, unpacked below .toolchain/kernels and never installed. They come through apt from the mirror that this
 * system is configured for, with an apt configuration of their own: other suites must not get into the system's lists.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const cache = fileURLToPath(new URL('../../.toolchain/kernels/', import.meta.url));
const list = new URL('kernels.txt', import.meta.url);
const debianKeys = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface KernelRow {
  readonly name: string;
  readonly suite: string;
  readonly package: string;
}

export interface Kernel {
  /** As `uname -r` prints it. */
  readonly release: string;
  readonly vmlinuz: string;
  /** Below it lib/modules/RELEASE. */
  readonly base: string;
}

export function kernelRows(): KernelRow[] {
  const lines = readFileSync(list, 'utf8').split('\n');
  return lines
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const [name = '', suite = '', pack = ''] = line.split(/ +/);
      return { name, suite, package: pack };
    });
}

/** From the cache, else from the mirror. */
export async function fetchKernel(row: KernelRow): Promise<Kernel> {
  const folder = join(cache, row.name);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const fresh = mkdtempSync(join(cache, 'fresh-'));
    try {
      await unpackKernel(row, fresh);
      renameSync(join(fresh, 'kernel'), folder);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  const [release = ''] = readdirSync(join(folder, 'lib/modules'));
  return { release, vmlinuz: join(folder, 'vmlinuz'), base: folder };
}

async function unpackKernel({ suite, package: pack }: KernelRow, fresh: string): Promise<void> {
  const apt = await privateApt(fresh, suite);
  await apt('apt-get', ['-q', 'update']);
  // The package of a suite's kernel names the real one, and that one, since 7.2, those that hold its parts.
  const [image = ''] = await needed(apt, pack, /\blinux-image-\d[^ ,]*/g);
  const parts = await needed(apt, image, /\blinux-(?:base|binary|modules)-\d[^ ,]*/g);
  await apt('apt-get', ['-q', 'download', image, ...parts]);
  const unpacked = join(fresh, 'unpacked');
  for (const file of readdirSync(fresh).filter(name => name.endsWith('.deb')))
    await execa('dpkg-deb', ['-x', join(fresh, file), unpacked]);
  const modules = ['usr/lib/modules', 'lib/modules'].map(path => join(unpacked, path)).find(existsSync)!;
  const [release = ''] = readdirSync(modules);
  mkdirSync(join(fresh, 'kernel/lib/modules'), { recursive: true });
  const images = [join(unpacked, `boot/vmlinuz-${release}`), join(modules, release, 'vmlinuz')];
  renameSync(images.find(existsSync)!, join(fresh, 'kernel/vmlinuz'));
  dropDrivers(join(modules, release, 'kernel'));
  renameSync(join(modules, release), join(fresh, 'kernel/lib/modules', release));
  await execa('depmod', ['-b', join(fresh, 'kernel'), release]);
}

type Apt = (file: string, args: readonly string[]) => Promise<string>;

/** apt with lists and sources of its own below `fresh`, and what it fetches there. */
async function privateApt(fresh: string, suite: string): Promise<Apt> {
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(fresh, folder), { recursive: true });
  const signed = existsSync(debianKeys) ? `[signed-by=${debianKeys}] ` : '';
  writeFileSync(join(fresh, 'sources.list'), `deb ${signed}${await mirror()} ${suite} main\n`);
  const settings = {
    'Dir::State': fresh,
    'Dir::State::lists': join(fresh, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': join(fresh, 'cache'),
    'Dir::Etc::sourcelist': join(fresh, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferencesparts': '-',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  };
  const conf = join(fresh, 'apt.conf');
  writeFileSync(
    conf,
    Object.entries(settings)
      .map(([key, value]) => `${key} "${value}";\n`)
      .join(''),
  );
  const env = { APT_CONFIG: conf, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  return async (file, args) => (await execa(file, args, { cwd: fresh, env })).stdout;
}

/** Where this system gets Debian's packages. */
async function mirror(): Promise<string> {
  const args = ['indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'];
  const { stdout } = await execa('apt-get', args, { env: { LC_ALL: 'C' } });
  const found = stdout.split('\n').find(line => line.startsWith('Debian '));
  if (found === undefined) throw new Error('apt knows no mirror of Debian here (apt-get indextargets)');
  return found.slice('Debian '.length);
}

async function needed(apt: Apt, pack: string, wanted: RegExp): Promise<string[]> {
  const shown = await apt('apt-cache', ['show', '--no-all-versions', pack]);
  const depends = /^Depends: (.*)$/m.exec(shown)?.[1] ?? '';
  return [...new Set(depends.match(wanted) ?? [])];
}

/** Nine tenths of a kernel are drivers of devices that a guest has not. */
function dropDrivers(kernel: string): void {
  rmSync(join(kernel, 'sound'), { recursive: true, force: true });
  const drivers = join(kernel, 'drivers');
  for (const name of readdirSync(drivers))
    if (!['net', 'virtio'].includes(name)) rmSync(join(drivers, name), { recursive: true });
  for (const entry of readdirSync(join(drivers, 'net'), { withFileTypes: true }))
    if (entry.isDirectory() && !['vxlan', 'wireguard', 'ipvlan'].includes(entry.name))
      rmSync(join(drivers, 'net', entry.name), { recursive: true });
}
