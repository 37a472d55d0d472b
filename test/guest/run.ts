/**
 * npm run test:guest [-- NAME …]: boots the kernels of kernels.txt, as many at once as there are CPUs, and runs the tests of inside/
 * there. What each one wrote stays in build/guest-results/NAME: output, console, dmesg, result.json (vitest's), summary.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExecaError, execa } from 'execa';
import { boot } from './boot.ts';
import { fetchKernel, type Kernel, type KernelRow, kernelRows } from './kernels.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const compiled = join(root, 'build/guest');
const results = join(root, 'build/guest-results');

/** Ctrl-C and the like end the guest; temporary files go the ordinary way. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    process.exitCode = 1;
    stop.abort();
  });

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** As JavaScript: a guest would translate each file for seconds. Paths stay what they are beside the sources. */
async function compile(): Promise<void> {
  rmSync(compiled, { recursive: true, force: true });
  const options = ['--noEmit', 'false', '--outDir', compiled, '--rewriteRelativeImportExtensions'];
  await execa(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.test.json', ...options], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  symlinkSync('../../bin', join(compiled, 'bin'));
  symlinkSync('..', join(compiled, 'build'));
}

function prepareShare(name: string, kernel: Kernel): string {
  const share = join(results, name);
  rmSync(share, { recursive: true, force: true });
  mkdirSync(share, { recursive: true });
  const settings = {
    ROOT: root,
    NODE: process.execPath,
    MODULES: join(kernel.base, 'lib/modules', kernel.release),
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}='${value}'\n`);
  const start = readFileSync(new URL('start.sh', import.meta.url), 'utf8');
  writeFileSync(join(share, 'start'), lines.join('') + start);
  return share;
}

interface Ran {
  /** One line: what was run, or why nothing was. */
  readonly summary: string;
  /** undefined: nothing */
  readonly wrong?: string;
}

async function runIn(row: KernelRow): Promise<Ran> {
  const kernel = await fetchKernel(row);
  const share = prepareShare(row.name, kernel);
  const started = performance.now();
  const ended = await boot({
    kernel,
    share,
    stopped: stop.signal,
    files: [root, realpathSync(process.execPath), kernel.base],
    onLine: line => {
      appendFileSync(join(share, 'console'), `${line}\n`);
      say(`${row.name} | ${line}`);
    },
  });
  const read = (file: string) =>
    existsSync(join(share, file)) ? readFileSync(join(share, file), 'utf8').trim() : undefined;
  const seconds = `${Math.round((performance.now() - started) / 1000)} s (${read('seconds') ?? '?'} s by its own clock)`;
  const summary = `Linux ${kernel.release}, ${seconds}: ${read('summary') ?? 'no test came to its end'}`;
  const wrong = wrongIn(ended, read('result.json'), read('output') ?? '');
  return { summary, ...(wrong === undefined ? {} : { wrong }) };
}

function wrongIn(ended: boolean, result: string | undefined, output: string): string | undefined {
  if (result === undefined)
    return ended ? 'it ended before its tests did' : 'it did not come to an end by itself';
  if (JSON.parse(result).success !== true) return 'tests failed';
  return output.includes('a skip has to name the missing feature') ? 'a skip gave no reason' : undefined;
}

function notBooted(error: unknown): Ran {
  if (!(error instanceof ExecaError)) throw error;
  return { summary: `${error.shortMessage}\n${error.stderr}`.trim(), wrong: 'it could not be booted' };
}

/** Those asked for by name, or all. undefined: one is not known. */
function rowsOf(wanted: readonly string[]): KernelRow[] | undefined {
  const rows = kernelRows();
  const unknown = wanted.filter(name => !rows.some(row => row.name === name));
  if (unknown.length === 0) return rows.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  say(`no kernel is called ${unknown.join(', ')}`);
  say(`  hint: test/guest/kernels.txt has ${rows.map(row => row.name).join(', ')}`);
  return undefined;
}

async function main(wanted: readonly string[]): Promise<void> {
  const waiting = rowsOf(wanted);
  if (waiting === undefined || process.arch !== 'x64') {
    if (process.arch !== 'x64') say('guests run the programs of this machine, on x86-64');
    process.exitCode = 2;
    return;
  }
  await compile();
  const said: string[] = [];
  const runRest = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined && !stop.signal.aborted; row = waiting.shift()) {
      const { summary, wrong } = await runIn(row).catch(notBooted);
      said.push(
        `${row.name}: ${summary}${wrong === undefined ? '' : `; ${wrong}: build/guest-results/${row.name}`}`,
      );
      if (wrong !== undefined) process.exitCode = 1;
    }
  };
  // Each takes one CPU.
  await Promise.all(Array.from({ length: availableParallelism() }, runRest));
  say(`\n${said.sort().join('\n')}`);
}

await main(process.argv.slice(2));
