import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from './project-files.ts';

/** A checkout with nothing but bin/tracer and what it reads; `fakeNode` stands in for the system's Node. */
let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'tracer-launcher-'));
  cpSync(`${root}bin/tracer`, `${checkout}/bin/tracer`);
  cpSync(`${root}scripts/lib/node.sh`, `${checkout}/scripts/lib/node.sh`);
});

afterEach(() => rmSync(checkout, { recursive: true }));

function script(path: string, lines: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
}

/** Says its version when asked, else who it is and what it was given. */
const fakeNode = (path: string, version: string): void =>
  script(path, `[ "$1" = --version ] && echo v${version} && exit\necho "${version}:$*"\nexit 7`);

const build = (): void => script(`${checkout}/dist/cli/main.js`, '');

function run(command: string, args: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { PATH: `${checkout}/path:/usr/bin:/bin` },
  });
  return { status, stdout, stderr };
}

describe('bin/tracer', () => {
  test("runs the build under the system's Node and ends with its exit code", () => {
    build();
    fakeNode(`${checkout}/path/node`, '22.19.0');
    expect(run(`${checkout}/bin/tracer`, ['follow', 'a b', '--', 'x'])).toEqual({
      status: 7,
      stdout: `22.19.0:--max-semi-space-size=8 ${checkout}/dist/cli/main.js follow a b -- x\n`,
      stderr: '',
    });
  });

  test('becomes Node, so that signals reach it', () => {
    build();
    script(`${checkout}/path/node`, '[ "$1" = --version ] && echo v24.0.0 && exit\necho $$');
    const { pid, stdout } = spawnSync(`${checkout}/bin/tracer`, {
      env: { PATH: `${checkout}/path:/usr/bin:/bin` },
    });
    expect(Number(stdout)).toBe(pid);
  });

  test("prefers the toolchain's Node, so that sudo's PATH does not matter", () => {
    build();
    fakeNode(`${checkout}/path/node`, '20.0.0');
    fakeNode(`${checkout}/.toolchain/bin/node`, '24.21.0');
    expect(run(`${checkout}/bin/tracer`).stdout).toContain('24.21.0:');
  });

  test('finds its home through symbolic links', () => {
    build();
    fakeNode(`${checkout}/path/node`, '24.0.0');
    symlinkSync('../bin/tracer', `${checkout}/path/one`);
    symlinkSync(`${checkout}/path/one`, `${checkout}/path/two`);
    expect(run(`${checkout}/path/two`).stdout).toContain(`${checkout}/dist/cli/main.js`);
  });

  test('says so when nothing is built', () => {
    fakeNode(`${checkout}/path/node`, '24.0.0');
    const { status, stdout, stderr } = run(`${checkout}/bin/tracer`);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(`tracer: error: tracer is not built yet\n  hint: run npm run setup in ${checkout}\n`);
  });

  test('says so when the only Node is too old', () => {
    build();
    fakeNode(`${checkout}/path/node`, '20.20.2');
    const { status, stderr } = run(`${checkout}/bin/tracer`);
    expect(status).toBe(1);
    expect(stderr).toContain('no Node 22.19 or newer was found');
  });
});

describe('node.sh', () => {
  const isNewEnough = (version: string): boolean => {
    fakeNode(`${checkout}/path/node`, version);
    const shell = `root=${checkout}; . ${checkout}/scripts/lib/node.sh; node_is_new_enough ${checkout}/path/node`;
    return spawnSync('sh', ['-euc', shell]).status === 0;
  };

  test.each(['22.19.0', '22.20.1', '24.0.0', '100.1.0'])('Node %s will do', version => {
    expect(isNewEnough(version)).toBe(true);
  });

  test.each(['9.99.0', '18.19.0', '20.20.2', '22.0.0', '22.18.9', 'broken', ''])(
    'Node %s will not',
    version => {
      expect(isNewEnough(version)).toBe(false);
    },
  );

  test('pins a version and a checksum for each architecture', () => {
    const shell = `root=${checkout}; . ${checkout}/scripts/lib/node.sh; pinned_node "$1" "$2"`;
    for (const role of ['main', 'floor']) {
      for (const architecture of ['x64', 'arm64']) {
        const line = execFileSync('sh', ['-euc', shell, 'sh', role, architecture], { encoding: 'utf8' });
        expect(line).toMatch(/^\d+\.\d+\.\d+ [0-9a-f]{128}\n$/);
      }
    }
  });

  test('knows the floor that package.json asks for', async () => {
    const { engines } = (await import('../../../package.json', { with: { type: 'json' } })).default;
    const shell = `root=${checkout}; . ${checkout}/scripts/lib/node.sh; echo $node_floor`;
    expect(engines.node).toBe(`>=${execFileSync('sh', ['-euc', shell], { encoding: 'utf8' }).trim()}`);
  });
});
