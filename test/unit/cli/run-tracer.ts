/** The command, from its sources; with recordings or small programs in the collector's place. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, onTestFinished } from 'vitest';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const fakes = fileURLToPath(new URL('../../fixtures/collectors/', import.meta.url));
/** Compiled once for all runs of a test file. */
const cache = mkdtempSync(join(tmpdir(), 'tracer-compiled-'));
afterAll(() => rmSync(cache, { recursive: true }));
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function tracer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const [file, ...options] = node;
  const { FORCE_COLOR: _, ...inherited } = process.env;
  const result = await execa(file!, [...options, main, ...args], {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: { ...inherited, COLUMNS: '100', NO_COLOR: '1', SUDO_UID: '', NODE_COMPILE_CACHE: cache, ...env },
  });
  return { code: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** With `fake ARGS…` of test/fixtures/collectors as the collector. */
export function tracerWith(fake: string, args: readonly string[]): Promise<Ran> {
  const [program = '', ...more] = fake.split(' ');
  const folder = mkdtempSync(join(tmpdir(), 'tracer-fake-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const words = [...node, `${fakes}${program}.ts`, ...more].map(word => `'${word}'`).join(' ');
  writeFileSync(join(folder, 'collector'), `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(join(folder, 'collector'), 0o755);
  return tracer(args, { TRACER_COLLECTOR: join(folder, 'collector') });
}
