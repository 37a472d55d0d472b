/** A session, replayed, prints byte for byte what was printed live, however the following ended. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import { type CliResult, RunningTracer, tracer } from '../helpers/cli.ts';
import { inLab, testLabName } from '../helpers/lab.ts';
import { tracerPath } from '../helpers/processes.ts';

const lab = testLabName('session');
const dir = mkdtempSync(join(tmpdir(), 'tracer-session-'));
const nginx2 = '10.244.2.7';
const formats = ['json', 'canonical', 'compact', 'wide'] as const;
const scenarios: readonly [name: string, args: readonly string[]][] = [
  ['a service by name', ['pod-a', 'nginx-service', '--in', '--', 'curl', '-sm2', 'nginx-service']],
  ['DNS', ['pod-a', 'svc/kube-dns', '--in', '--', 'getent', 'hosts', 'nginx-service']],
  ['a closed port', ['pod-a', 'nginx-2', '--in', '--', 'curl', '-sm2', `${nginx2}:81`]],
  ['a drop', ['denied', 'nginx-2', '--in', '--', 'curl', '-sm1', `${nginx2}:8080`]],
  ['ping', ['pod-a', 'nginx-2', '--in', '--', 'ping', '-c3', '-i0.2', nginx2]],
  [
    'much data',
    [
      'pod-a',
      'nginx-3',
      '--in',
      '--',
      'curl',
      '-so',
      '/dev/null',
      'http://10.244.2.8:8080/big?bytes=3000000',
    ],
  ],
  ['an end by -c', ['pod-a', 'nginx-2', '-c', '3', '--in', '--', 'ping', '-c5', '-i0.2', nginx2]],
  [
    'an end by --flows',
    [
      'pod-a',
      'nginx-2',
      '--flows',
      '1',
      '--in',
      '--',
      'sh',
      '-c',
      `curl -s ${nginx2}:8080; curl -s ${nginx2}:8080`,
    ],
  ],
  [
    'an end by --timeout, before an answer',
    ['pod-a', '203.0.113.77', '--timeout', '900ms', '--in', '--', 'ping', '-c1', '-W1', '203.0.113.77'],
  ],
  ['nothing that matched', ['pod-a', 'nginx-2', '--timeout', '200ms']],
];

beforeAll(async () => {
  await labUp({ name: lab });
});
afterAll(async () => {
  await labDown({ name: lab });
  rmSync(dir, { recursive: true, force: true });
});

const inThisLab = ['--context', `lab:${lab}`];
const last = (): string => join(process.env.XDG_STATE_HOME!, 'tracer', 'last.tracer');
const replayed = (file: string, format: string, ...more: string[]): Promise<CliResult> =>
  tracer(['replay', '-r', file, '-o', format, ...more]);

async function expectSame(live: CliResult, file: string, format: string): Promise<void> {
  const again = await replayed(file, format);
  expect(again.stdout).toBe(live.stdout);
  expect(again.code).toBe(live.code);
}

// The formats share what decides; the compact one alone holds packets back, and is tried with all.
const few = scenarios.filter(([name]) => ['a service by name', 'a drop', 'much data'].includes(name));

describe.each(formats)('-o %s', format => {
  it.each(format === 'compact' ? scenarios : few)('%s', async (_, args) => {
    const file = join(dir, 'scenario.tracer');
    const live = await tracer(['follow', ...inThisLab, '-o', format, '-w', file, ...args]);
    await expectSame(live, file, format);
    await expectSame(live, last(), format);
    expect(live.stderr).toMatch(/recorded [\d.]+ [kM]?B in .*scenario\.tracer; tracer replay -r/);
  });
});

it('an end by Ctrl-C', async () => {
  const file = join(dir, 'ctrl-c.tracer');
  const running = await RunningTracer.following([...inThisLab, '-o', 'json', '-w', file, 'pod-a', 'nginx-2']);
  await inLab(lab, 'pod-a', 'ping', '-c2', '-i0.2', nginx2);
  await running.says('stdout', /\n.*\n/);
  const live = await running.kill('SIGINT');
  await expectSame(live, file, 'json');
});

it('a following that looked around because nothing matched', async () => {
  const file = join(dir, 'looked.tracer');
  const running = await RunningTracer.following([...inThisLab, '-o', 'json', '-w', file, 'pod-a', 'nginx-2']);
  const other = inLab(lab, 'pod-a', 'ping', '-c25', '-i0.2', '-q', '10.244.2.8');
  await running.says('stderr', /seen from pod-a meanwhile/);
  await inLab(lab, 'pod-a', 'ping', '-c1', nginx2);
  await other;
  const live = await running.kill('SIGINT');
  expect(live.stdout).not.toBe('');
  await expectSame(live, file, 'json');
});

it('killed without warning: what was seen until a second before', async () => {
  const file = join(dir, 'killed.tracer');
  const running = await RunningTracer.following([...inThisLab, '-o', 'json', '-w', file, 'pod-a', 'nginx-2']);
  const ping = inLab(lab, 'pod-a', 'ping', '-c12', '-i0.2', '-q', nginx2);
  await running.says('stdout', /"id":"16"/);
  const live = await running.kill('SIGKILL');
  await ping;
  const again = await replayed(file, 'json');
  expect(again.stdout.split('\n').length).toBeGreaterThan(4);
  const complete = again.stdout.split('\n').slice(0, 4).join('\n');
  expect(live.stdout.startsWith(complete)).toBe(true);
  expect(again.stderr).toMatch(/the recording (was cut|has no end)/);
});

it('is for its owner alone, and can be replayed without root, with other filters', async () => {
  const file = join(dir, 'owned.tracer');
  const two = `curl -sm2 ${nginx2}:8080; ping -c1 ${nginx2}`;
  await tracer(['record', ...inThisLab, '-w', file, 'pod-a', 'any', '--in', '--', 'sh', '-c', two]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { stdout } = await replayed(file, 'json', 'pod-a', 'nginx-2', '--proto', 'icmp');
  const journeys = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
  expect(journeys.map(({ proto, direction }) => [proto, direction])).toEqual([
    ['icmp', 'request'],
    ['icmp', 'reply'],
  ]);
  const port = await replayed(file, 'json', '-p', '8080');
  expect(port.stdout.trimEnd().split('\n').length).toBeGreaterThan(5);
  expect((await replayed(file, 'json', 'pod-a', 'no-such-pod')).code).toBe(2);
});

it('-w - into a pipe: replayed while it is recorded', async () => {
  const script = `${tracerPath} follow ${inThisLab.join(' ')} pod-a nginx-2 -w - --in -- ping -c1 ${nginx2} | ${tracerPath} replay -r - -o json`;
  const { stdout } = await execa('bash', ['-c', script], { env: { NO_COLOR: '1' }, stderr: 'ignore' });
  expect(stdout.split('\n').map(line => JSON.parse(line).summary)).toEqual([
    expect.stringMatching(/^ICMP echo request/),
    expect.stringMatching(/^ICMP echo reply/),
  ]);
});

it('a disk that fills up: said once, following goes on, the file stays readable', async () => {
  const inner = [
    'mount -t tmpfs -o size=96k tmpfs "$1"',
    `${tracerPath} follow ${inThisLab.join(' ')} pod-a nginx-3 -w "$1/full.tracer" -o json --in -- ping -q -c300 -i0.01 10.244.2.8 >"$2/out" 2>"$2/err" && code=0 || code=$?`,
    'echo $code >"$2/code"',
    'cp "$1/full.tracer" "$2/full.tracer"',
  ].join('\n');
  const mountPoint = mkdtempSync(join(dir, 'tmpfs-'));
  await execa('unshare', ['-m', 'bash', '-ec', inner, 'sh', mountPoint, dir]);
  const err = readFileSync(join(dir, 'err'), 'utf8');
  expect(err.match(/no room is left on that disk.*following goes on/g)).toHaveLength(1);
  expect(err).toMatch(/packets shown/);
  expect(readFileSync(join(dir, 'code'), 'utf8').trim()).toBe('1');
  const again = await replayed(join(dir, 'full.tracer'), 'json');
  const live = readFileSync(join(dir, 'out'), 'utf8');
  const lines = again.stdout.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(3);
  expect(live.startsWith(lines.slice(0, Math.floor(lines.length / 2)).join('\n'))).toBe(true);
});

it('a following that never began leaves the last session as it was', async () => {
  await tracer(['follow', ...inThisLab, 'pod-a', 'nginx-2', '--in', '--', 'ping', '-c1', nginx2]);
  const before = readFileSync(last());
  const file = join(dir, 'never.tracer');
  expect((await tracer(['follow', 'no-such-pod-anywhere', 'any', '-w', file])).code).toBe(2);
  expect(readFileSync(last()).equals(before)).toBe(true);
  expect(existsSync(file)).toBe(false);
});
