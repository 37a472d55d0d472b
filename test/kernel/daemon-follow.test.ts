/** `tracer follow` through the daemon says and prints what one with a collector of its own does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import { type CliResult, RunningTracer, tracer } from '../helpers/cli.ts';
import { RunningDaemon } from '../helpers/daemon.ts';
import { inLab, testLabName } from '../helpers/lab.ts';
import { until } from '../helpers/processes.ts';

const lab = testLabName('dflw');
const nginx2 = '10.244.2.7';
const context = ['--context', `lab:${lab}`];

beforeAll(async () => {
  await labUp({ name: lab });
});
afterAll(async () => {
  await labDown({ name: lab });
});

/** The same following alone and through a daemon that follows nothing else: what others follow may have more hooks on the way. */
async function both(...args: string[]): Promise<{ alone: CliResult; through: CliResult }> {
  const daemon = await RunningDaemon.start(['--context', 'lab:none']);
  // What a namespace does at its first packet (neighbours, caches) is done.
  await inLab(lab, 'pod-a', 'curl', '-sS', '-m', '2', `http://${nginx2}:8080/`);
  const alone = await tracer(['follow', '--standalone', ...context, ...args]);
  const through = await tracer(['follow', '--socket', daemon.socket, ...context, ...args]);
  expect(through.stderr).toContain(`through the daemon on ${daemon.socket}`);
  expect(alone.stderr).not.toContain('daemon');
  return { alone, through };
}

const lines = ({ stdout }: CliResult): string[] => stdout.trimEnd().split('\n');

/** Keys and everything that is no id, time, CPU, length of time or number that the kernel chose. */
function essence(text: string): unknown {
  const chosen = new Set([
    'id',
    'session',
    'startedAt',
    'startNs',
    'durationNs',
    'offsetNs',
    'cpu',
    'flow',
    'journey',
  ]);
  const numbers = new Set(['ipId', 'seq', 'ack', 'port', 'sport', 'pid', 'mark']);
  return JSON.parse(text, (key, value) => (chosen.has(key) || numbers.has(key) ? `(${key})` : value));
}

describe('the same, through the daemon and alone', () => {
  it('canonical text, byte for byte', async () => {
    const { alone, through } = await both(
      '-o',
      'canonical',
      'pod-a',
      'nginx-2',
      '--in',
      '--',
      'ping',
      '-c1',
      nginx2,
    );
    expect(lines(alone).length).toBeGreaterThan(1);
    expect(through.stdout).toBe(alone.stdout);
    expect(through.code).toBe(alone.code);
  });

  it('JSON, but for ids, times and what the kernel chose', async () => {
    const { alone, through } = await both(
      '-o',
      'json',
      'pod-a',
      'nginx-2',
      '--in',
      '--',
      'ping',
      '-c1',
      nginx2,
    );
    const keys = (text: string): string[] => Object.keys(JSON.parse(text)).sort();
    expect(lines(through).map(keys)).toEqual(lines(alone).map(keys));
    expect(lines(through).map(essence)).toEqual(lines(alone).map(essence));
  });

  it('exit codes and sentences of what went wrong', async () => {
    const refused = ['--in', '--', 'curl', '-sS', '-m', '2', `${nginx2}:81`];
    const { alone, through } = await both('pod-a', 'nginx-2', ...refused);
    const sentence = (result: CliResult): string =>
      lines(result)
        .find(line => line.startsWith('✗'))!
        .replaceAll(/\d+(\.\d+)? [µm]?s/g, 'T')
        .replaceAll(/pod-a:\d+/g, 'pod-a:P')
        .replaceAll(/#\d+/g, '#N');
    expect([alone.code, through.code]).toEqual([4, 4]);
    expect(sentence(through)).toBe(sentence(alone));
  });

  it('limits, and a name that means nothing', async () => {
    const daemon = await RunningDaemon.start(context);
    const socket = ['--socket', daemon.socket];
    const enough = await tracer([
      'follow',
      ...socket,
      ...context,
      'pod-a',
      'nginx-2',
      '-c',
      '2',
      '-o',
      'json',
      '--in',
      '--',
      'ping',
      '-c3',
      '-i0.2',
      nginx2,
    ]);
    expect(lines(enough)).toHaveLength(2);
    const unknown = await tracer(['follow', ...socket, ...context, 'pod-q', 'any']);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('pod-q') });
    const nothing = await tracer(['follow', ...socket, ...context, 'pod-a', 'nginx-2', '--timeout', '200ms']);
    expect(nothing).toMatchObject({ code: 3, stdout: '' });
  });
});

describe('when the daemon', () => {
  it('is not there, a following does without, and says nothing of it', async () => {
    const result = await tracer(['follow', ...context, 'pod-a', 'nginx-2', '--timeout', '100ms']);
    expect(result.code).toBe(3);
    expect(result.stderr).not.toContain('daemon');
    const wanted = await tracer(['follow', '--socket', '/nonexistent/sock', 'any', 'any']);
    expect(wanted).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no daemon answers on /nonexistent/sock'),
    });
  });

  it('is told to end meanwhile, it ends, and says so to those that follow', async () => {
    const daemon = await RunningDaemon.start(context);
    const run = await RunningTracer.following(['--socket', daemon.socket, ...context, 'pod-a', 'nginx-2']);
    const from = performance.now();
    expect(await daemon.run.kill('SIGTERM')).toMatchObject({ code: 0 });
    expect(performance.now() - from).toBeLessThan(5000);
    expect((await run.ended).code).toBe(1);
  });

  it('is killed meanwhile, what was seen is printed and the end is said', async () => {
    const daemon = await RunningDaemon.start(context);
    const run = await RunningTracer.following(['--socket', daemon.socket, ...context, 'pod-a', 'nginx-2']);
    await inLab(lab, 'pod-a', 'ping', '-c1', '-W1', nginx2);
    await run.says('stdout', /ICMP echo reply/);
    await daemon.run.kill('SIGKILL');
    const result = await run.ended;
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/^✓ pod-a → nginx-2: answered/m);
    expect(result.stderr).toMatch(/^tracer: error: the daemon on .* does not answer any more\n {2}hint: \S/m);
  });

  it('lives on and the follower is killed, its follow is gone', async () => {
    const daemon = await RunningDaemon.start(['--context', 'lab:none']);
    const run = await RunningTracer.following(['--socket', daemon.socket, ...context, 'pod-a', 'nginx-2']);
    const follows = async () => (await daemon.ask('GET', '/api/follows')).body.follows.length;
    expect(await follows()).toBe(1);
    await run.kill('SIGKILL');
    await until('its follow is gone', async () => (await follows()) === 0, 1000);
  });
});
