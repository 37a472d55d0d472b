/**
 * What a cluster of 1,000 pods and 500 services costs: the client and its first lists, memory, and 50 pods a second that come and go, each told
 * and named. A server on loopback in another process plays the API.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { remarkLoad, report } from './lib/report.ts';

const script = (name: string): string => fileURLToPath(new URL(`./lib/${name}`, import.meta.url));
const node = ['--disable-warning=ExperimentalWarning', '--expose-gc'];

remarkLoad('before');
const server = spawn(process.execPath, [...node, script('cluster-server.ts')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [port] = (await once(server.stdout, 'data')) as [Buffer];
const startedAt = performance.now();
const said = execFileSync(process.execPath, [...node, script('cluster-pass.ts'), String(port).trim()], {
  encoding: 'utf8',
});
const pass = JSON.parse(said) as Readonly<Record<string, number>>;
report('cluster.whole', (performance.now() - startedAt) / 1000, 's');
for (const [name, unit] of [
  ['load', 'ms'],
  ['first', 'ms'],
  ['clientMemory', 'MB'],
  ['memory', 'MB'],
  ['changes', 'pods/s'],
  ['churnCpu', '%'],
  ['churnMemory', 'MB'],
  ['wrongNames', 'names'],
] as const)
  report(`cluster.${name}`, pass[name]!, unit);
server.stdin.end();
remarkLoad('after');
