/** How `follow` ends, and what its JSON is: CONTRACT 1 and 7. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import type { Journey } from '../../src/model/journey.ts';
import { journeySchema } from '../../src/model/schema.generated.ts';
import { type CliResult, RunningTracer, tracer } from '../helpers/cli.ts';
import { inLab, testLabName } from '../helpers/lab.ts';

const lab = testLabName('ends');
const nginx2 = '10.244.2.7';
const follow = (...args: string[]): Promise<CliResult> =>
  tracer(['follow', '--context', `lab:${lab}`, ...args]);
const curl = ['--in', '--', 'curl', '-sS', '-m', '2'];

beforeAll(async () => {
  await labUp({ name: lab });
});
afterAll(async () => {
  await labDown({ name: lab });
});

function journeysOf(result: CliResult): Journey[] {
  return result.stdout.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as Journey]));
}

function flowsOf(journeys: readonly Journey[]): Set<string | undefined> {
  return new Set(journeys.map(journey => journey.flow));
}

describe('exit codes', () => {
  it('0 after a conversation that went well, with the exit code of the command in the summary', async () => {
    const result = await follow('pod-a', 'nginx-service', ...curl, 'nginx-service');
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/^✓ pod-a:\d+ → nginx-service:80 → nginx-\d:8080: closed/m);
    expect(result.stderr).toMatch(/^nginx-\d on node-\d /m);
    expect(result.stderr).toMatch(/the command ended with 0$/m);
  });

  it('3 when nothing matched', async () => {
    const result = await follow('pod-a', 'nginx-2', '--timeout', '100ms');
    expect(result).toMatchObject({ code: 3, stdout: '' });
  });

  it('4 when it was refused', async () => {
    const result = await follow('pod-a', 'nginx-2', ...curl, `${nginx2}:81`);
    expect(result.code).toBe(4);
    expect(result.stdout).toMatch(/^✗ pod-a:\d+ → nginx-2:81: refused/m);
    expect(result.stderr).toMatch(/the command ended with 7$/m);
  });

  it('4 when nothing came back, and when the kernel dropped it', async () => {
    const [unanswered, dropped] = await Promise.all([
      follow('pod-a', '203.0.113.77', '--in', '--', 'ping', '-c1', '-W1', '203.0.113.77'),
      follow('denied', 'nginx-2', '--in', '--', 'curl', '-sm1', `${nginx2}:8080`),
    ]);
    expect(unanswered.code).toBe(4);
    expect(dropped.code).toBe(4);
    expect(dropped.stdout).toMatch(/^✗ denied:\d+ → nginx-2:8080: dropped/m);
  });
});

describe('ends', () => {
  it('-c N: after N packets', async () => {
    const result = await follow(
      'pod-a',
      'nginx-2',
      '-c',
      '4',
      '-o',
      'json',
      '--in',
      '--',
      'ping',
      '-c9',
      '-i0.2',
      nginx2,
    );
    expect(result.code).toBe(0);
    expect(journeysOf(result)).toHaveLength(4);
    expect(result.stderr).toMatch(/^tracer: 4 packets shown/m);
  });

  it('--flows N: the first N conversations, whole, and nothing of the next', async () => {
    const urls = [`${nginx2}:8080`, `${nginx2}:8080`, `${nginx2}:8080`].join(' ');
    const script = `for url in ${urls}; do curl -sS -m 2 $url; done`;
    const result = await follow(
      'pod-a',
      'nginx-2',
      '--flows',
      '2',
      '-o',
      'json',
      '--in',
      '--',
      'sh',
      '-c',
      script,
    );
    expect(result.code).toBe(0);
    const journeys = journeysOf(result);
    expect(flowsOf(journeys).size).toBe(2);
    for (const flow of flowsOf(journeys)) {
      const flags = journeys
        .filter(journey => journey.flow === flow)
        .map(journey => journey.packet.tcp?.flags ?? '');
      expect(flags.filter(text => text.includes('S'))).toHaveLength(2);
      expect(flags.filter(text => text.includes('F'))).toHaveLength(2);
    }
  });

  it.each([
    ['--timeout', '700ms'],
    ['-c', '2'],
    ['--flows', '1'],
  ])('%s %s leaves the command to finish', async (option, value) => {
    const dir = mkdtempSync(join(tmpdir(), 'tracer-ends-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const goOn = join(dir, 'go-on');
    const script = `ping -c1 ${nginx2}; ping -c1 ${nginx2}; until [ -e ${goOn} ]; do :; done; echo the end`;
    const command = ['--in', '--', 'timeout', '20', 'sh', '-c', script];
    const run = new RunningTracer([
      'follow',
      '--context',
      `lab:${lab}`,
      'pod-a',
      'nginx-2',
      option,
      value,
      ...command,
    ]);
    await run.over;
    expect(run.stderr).toMatch(/^tracer: \d packets? shown/m);
    expect(run.stderr).not.toMatch(/the command ended/);
    writeFileSync(goOn, '');
    const { code, stderr } = await run.ended; // when the command has let go of our stderr
    expect(code).toBe(0);
    expect(stderr).toMatch(/^the end$/m);
  });

  it('the command: 300 ms later, what was on its way is shown', async () => {
    const result = await follow('pod-a', 'nginx-2', '-o', 'json', '--in', '--', 'ping', '-c1', nginx2);
    expect(result.code).toBe(0);
    expect(journeysOf(result).map(journey => [journey.direction, journey.complete])).toEqual([
      ['request', true],
      ['reply', true],
    ]);
  });
});

describe('nothing matched for 3 s', () => {
  it('says what is watched, what SRC sends instead, and the causes that can be proven', async () => {
    const running = await RunningTracer.following(['--context', `lab:${lab}`, 'pod-a', 'svc/no-endpoints']);
    const other = inLab(lab, 'pod-a', 'ping', '-c30', '-i0.2', '-q', '10.244.2.8');
    await running.says('stderr', /nothing matched yet/);
    await running.says('stderr', /no endpoints/);
    const { code, stderr } = await running.kill('SIGINT');
    expect(code).toBe(3);
    expect(stderr).toMatch(/Watched: pod-a \(10\.244\.1\.5.*\) ↔ no-endpoints/);
    expect(stderr).toMatch(/seen from pod-a meanwhile: .*pod-a → nginx-3 \(icmp\) ×\d/);
    await other;
  });

  it('follows on afterwards', async () => {
    const running = await RunningTracer.following(['--context', `lab:${lab}`, 'pod-a', 'nginx-2']);
    await running.says('stderr', /nothing matched yet/);
    await inLab(lab, 'pod-a', 'ping', '-c1', nginx2);
    await running.says('stdout', /ICMP echo reply/);
    expect((await running.kill('SIGINT')).code).toBe(0);
  });
});

describe('-o json', () => {
  const isJourney = new Ajv({ strict: false }).compile(journeySchema);

  it.each([
    ['a service by name', 'nginx-service', [...curl, 'nginx-service']],
    ['a closed port', 'nginx-2', [...curl, `${nginx2}:81`]],
    ['fragments', 'nginx-3', ['--in', '--', 'ping', '-c1', '-W1', '-s', '4000', '10.244.2.8']],
    ['IPv6', 'nginx-1', [...curl, '-g', 'http://[fd00:10:244:1::6]:8080/']],
    ['the outside', '203.0.113.10', [...curl, '203.0.113.10']],
    ['much data', 'nginx-3', [...curl, '-o', '/dev/null', 'http://10.244.2.8:8080/big?bytes=3000000']],
    ['everything', 'any', [...curl, 'nginx-service']],
  ])('%s: every line keeps the schema, stdout has nothing else', async (_, dst, command) => {
    const result = await follow('pod-a', dst, '-o', 'json', ...command);
    const journeys = journeysOf(result);
    expect(journeys.length).toBeGreaterThan(0);
    for (const journey of journeys) expect(isJourney(journey) || isJourney.errors).toBe(true);
    for (const journey of journeys) {
      expect(journey.hops.map(hop => hop.index)).toEqual(journey.hops.map((_, index) => index));
      const offsets = journey.hops.map(hop => hop.offsetNs);
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    }
  });

  it('has no null and no empty text anywhere', async () => {
    const { stdout } = await follow('pod-a', 'any', '-o', 'json', ...curl, 'nginx-service');
    expect(stdout).not.toMatch(/:(null|"")[,}]/);
  });
});

it('two follows at once see what they ask for, each by itself', async () => {
  const start = (dst: string) =>
    RunningTracer.following(['--context', `lab:${lab}`, 'pod-a', dst, '-o', 'json', '-c', '2']);
  const [two, three] = await Promise.all([start('nginx-2'), start('nginx-3')]);
  await Promise.all([
    inLab(lab, 'pod-a', 'ping', '-c1', nginx2),
    inLab(lab, 'pod-a', 'ping', '-c1', '10.244.2.8'),
  ]);
  const results = await Promise.all([two.ended, three.ended]);
  for (const [index, name] of ['nginx-2', 'nginx-3'].entries()) {
    expect(results[index]!.code).toBe(0);
    const [request, reply] = journeysOf(results[index]!);
    expect(request).toMatchObject({ direction: 'request', complete: true, to: { name } });
    expect(reply).toMatchObject({ direction: 'reply', complete: true, from: { name } });
  }
});
