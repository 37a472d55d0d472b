/** Namespaces that have no name: found by what holds them, entered, and gone with it. With BPF and with /proc alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Tool } from './inventory-tool.ts';

const folder = mkdtempSync(join(tmpdir(), 'tracer-inventory-'));
const holder = join(folder, 'hold-netns');

beforeAll(async () => {
  const source = fileURLToPath(new URL('../fixtures/hold-netns.c', import.meta.url));
  await execa('cc', ['-D_GNU_SOURCE', '-o', holder, source, '-lpthread']);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Held {
  readonly cookie: string;
  readonly release: () => Promise<unknown>;
}

/** Starts a program that prints one line when its namespace is there and ends with its stdin. */
async function start(
  file: string,
  ...args: string[]
): Promise<{ line: string; release: () => Promise<unknown> }> {
  const child = execa(file, args, { stdin: 'pipe', reject: false, buffer: false });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    void child.then(({ exitCode }) => reject(new Error(`${file} ${args.join(' ')} ended with ${exitCode}`)));
  });
  const release = () => {
    child.stdin.end();
    return child;
  };
  return { line, release };
}

async function heldBy(mode: 'thread' | 'socket' | 'fd'): Promise<Held> {
  const { line, release } = await start(holder, mode);
  return { cookie: line, release };
}

describe.each([
  ['with BPF', []],
  ['with /proc alone', ['--proc']],
] as const)('%s', (mode, args) => {
  let tool: Tool;
  beforeAll(async () => {
    tool = await Tool.started(...args);
  });
  afterAll(async () => expect(await tool.stop()).toBe(0));

  const newest = (inode: number) => tool.inventory.all().find(view => view.snapshot.inode === inode);

  it.each([
    ['a process', ['-n']],
    ['a process of a PID namespace of its own', ['-pn', '--fork', '--mount-proc']],
    ['a process of nested PID and user namespaces', ['-Upn', '-r', '--fork']],
  ])('held by %s', async (_what, flags) => {
    const { line, release } = await start(
      'unshare',
      ...flags,
      'sh',
      '-c',
      'readlink /proc/self/ns/net; exec cat',
    );
    const inode = Number(/\d+/.exec(line)![0]);
    await tool.until(() => newest(inode)?.snapshot.processes.some(({ comm }) => comm === 'cat') === true);
    const found = newest(inode)!;
    expect(found.snapshot).toMatchObject({ names: [], own: false });
    expect(found.linkNamed('lo')).toMatchObject({ kind: 'loopback' });
    await release();
    await tool.until(() => tool.present(found.cookie) === undefined, 3000);
  });

  it.each(mode === 'with BPF' ? (['thread', 'fd', 'socket'] as const) : (['thread', 'fd'] as const))(
    'held by a %s alone',
    async what => {
      const { cookie, release } = await heldBy(what);
      await tool.until(() => tool.present(cookie)?.linkNamed('lo') !== undefined);
      expect(tool.present(cookie)!.snapshot).not.toHaveProperty('unreadable');
      await release();
      await tool.until(() => tool.present(cookie) === undefined, 3000);
    },
  );

  it('held by a mount in another mount namespace alone', async () => {
    const file = join(folder, 'a mount\\here');
    const script = 'touch "$1"; unshare --net="$1" readlink /proc/self/ns/net; exec cat';
    const { line, release } = await start(
      'unshare',
      '-m',
      '--propagation',
      'private',
      'sh',
      '-c',
      script,
      '-',
      file,
    );
    const inode = Number(/\d+/.exec(line)![0]);
    await tool.until(() => newest(inode)?.linkNamed('lo') !== undefined);
    const { cookie } = newest(inode)!;
    await release();
    await tool.until(() => tool.present(cookie) === undefined, 3000);
  });

  it('says how it finds them', () => {
    expect(tool.how).toMatch(mode === 'with BPF' ? /^bpf\n$/ : /^proc: .* cannot be walked/);
  });
});
