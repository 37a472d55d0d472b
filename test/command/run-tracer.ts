/** The command, with recordings or small programs in the collector's place. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** As it was built, if that is what the sources say now: Node starts it in half of the time. */
const main = isBuilt() ? `${root}dist/cli/main.js` : `${root}src/cli/main.ts`;
const fakes = fileURLToPath(new URL('../fixtures/collectors/', import.meta.url));
/** Compiled once for all; goes with the folder of the test run. */
const cache = join(process.env.XDG_STATE_HOME!, 'compiled');
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function tracer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onChild: (pid: number) => void = () => {},
): Promise<Ran> {
  const [file, ...options] = node;
  const { FORCE_COLOR: _, ...inherited } = process.env;
  // A daemon that happens to run here is none of the test's business.
  const own = {
    COLUMNS: '100',
    NO_COLOR: '1',
    SUDO_UID: '',
    TRACER_SOCKET: 'none',
    NODE_COMPILE_CACHE: cache,
  };
  const child = execa(file!, [...options, main, ...args], {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: { ...inherited, ...own, ...env },
  });
  onChild(child.pid!);
  const result = await child;
  return { code: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
}

function isBuilt(): boolean {
  const built = `${root}dist/.built-from`;
  if (!existsSync(built)) return false;
  const builtMs = statSync(built).mtimeMs;
  const files = readdirSync(`${root}src`, { recursive: true, withFileTypes: true });
  return files.every(file => !file.isFile() || statSync(join(file.parentPath, file.name)).mtimeMs < builtMs);
}

/** With `fake ARGS…` of test/fixtures/collectors as the collector. */
export function tracerWith(
  fake: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onChild: (pid: number) => void = () => {},
): Promise<Ran> {
  const [program = '', ...more] = fake.split(' ');
  const folder = mkdtempSync(join(tmpdir(), 'tracer-fake-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const words = [...node, `${fakes}${program}.ts`, ...more].map(word => `'${word}'`).join(' ');
  writeFileSync(join(folder, 'collector'), `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(join(folder, 'collector'), 0o755);
  return tracer(args, { TRACER_COLLECTOR: join(folder, 'collector'), ...env }, onChild);
}
