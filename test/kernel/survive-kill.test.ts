/** Ends that nobody planned: killed, interrupted, read no further. Nothing stays attached and nothing that was seen is lost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import { RunningTracer } from '../helpers/cli.ts';
import { inLab, testLabName } from '../helpers/lab.ts';
import { attachedBy, isRunning, stillLoaded, until } from '../helpers/processes.ts';

const lab = testLabName('kill');
const nginx2 = '10.244.2.7';

beforeAll(async () => {
  await labUp({ name: lab });
});
afterAll(async () => {
  await labDown({ name: lab });
});

const follow = (...args: string[]) => RunningTracer.following(['--context', `lab:${lab}`, ...args]);
const ping = () => inLab(lab, 'pod-a', 'ping', '-c1', '-W1', nginx2);

/** What the collector of a run holds in the kernel, to be looked for when it is over. */
function holdingsOf(run: RunningTracer): { collector: number; programs: number[] } {
  const collector = run.collectorPid;
  const programs = attachedBy(collector);
  expect(programs.length).toBeGreaterThan(3);
  return { collector, programs };
}

async function expectNothingLeft(
  { collector, programs }: { collector: number; programs: number[] },
  withinMs: number,
) {
  await until('the collector is gone', () => !isRunning(collector), withinMs);
  await until('its programs are gone', async () => (await stillLoaded(programs)).length === 0, withinMs);
}

describe('the collector killed while following', () => {
  it('is said, with exit code 1, after what was seen', async () => {
    const run = await follow('pod-a', 'nginx-2');
    expect(await ping()).toMatchObject({ exitCode: 0 });
    await run.says('stdout', /ICMP echo reply/);
    const left = holdingsOf(run);
    process.kill(left.collector, 'SIGKILL');
    const result = await run.ended;
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/ICMP echo request[\s\S]*✓ handled by the kernel/);
    expect(result.stdout).toMatch(/^✓ pod-a → nginx-2: answered/m);
    expect(result.stderr).toMatch(/^tracer: 2 packets shown/m);
    expect(result.stderr).toMatch(
      /^tracer: error: the collector ended unexpectedly \(SIGKILL\)\n {2}hint: \S/m,
    );
    await expectNothingLeft(left, 1000);
  });

  it('prints packets that were under way as incomplete, never as complete', async () => {
    const run = await follow('pod-a', 'nginx-2', '-o', 'json');
    const left = holdingsOf(run);
    const traffic = inLab(lab, 'pod-a', 'ping', '-c50', '-i0.002', '-W1', nginx2);
    await run.says('stdout', /"outcome":/);
    process.kill(left.collector, 'SIGKILL');
    const { stdout, code } = await run.ended;
    expect(code).toBe(1);
    await traffic;
    const journeys = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    const arrived = journeys.filter(journey => ['delivered', 'consumed'].includes(journey.outcome.kind));
    expect(journeys.filter(journey => journey.complete && !arrived.includes(journey))).toEqual([]);
    expect(journeys.filter(journey => journey.complete && journey.closedBy === 'shutdown')).toEqual([]);
  });
});

describe('the tracer itself killed', () => {
  it('takes the collector with it within a second, and its taps', async () => {
    const run = await follow('any', 'any');
    const left = holdingsOf(run);
    expect((await run.kill('SIGKILL')).code).toBe(137);
    await expectNothingLeft(left, 1000);
  });

  it('does so also while the collector has much to write', async () => {
    const run = await follow('any', 'any', '-o', 'json');
    const left = holdingsOf(run);
    const traffic = inLab(lab, 'pod-a', 'ping', '-f', '-c20000', '-q', nginx2);
    await run.says('stdout', /"outcome":/);
    await run.kill('SIGKILL');
    await expectNothingLeft(left, 1000);
    await traffic;
  });
});

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', signal => {
  it('ends with the summary and 3 if nothing matched', async () => {
    const run = await follow('pod-a', 'nginx-2');
    const left = holdingsOf(run);
    const result = await run.kill(signal);
    expect(result).toMatchObject({ code: 3, stdout: '' });
    expect(result.stderr).toMatch(/^tracer: 0 packets shown/m);
    await expectNothingLeft(left, 1000);
  });

  it('ends with the summary and 0 after a conversation that went well', async () => {
    const run = await follow('pod-a', 'nginx-2');
    await ping();
    await run.says('stdout', /ICMP echo reply/);
    const result = await run.kill(signal);
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/^✓ pod-a → nginx-2: answered, 1 packets? out, 1 back/m);
  });

  it('sent as soon as the process is there leaves nothing behind either', async () => {
    const run = new RunningTracer(['follow', '--context', `lab:${lab}`, 'pod-a', 'nginx-2']);
    await until('it has its collector', () => isRunning(run.pid) && hasCollector(run), 5000);
    const left = { collector: run.collectorPid, programs: attachedBy(run.collectorPid) };
    await run.kill(signal);
    await expectNothingLeft(left, 1000);
  });
});

function hasCollector(run: RunningTracer): boolean {
  try {
    return run.collectorPid > 0;
  } catch {
    return false;
  }
}

describe('stdout closed early', () => {
  it.each(['compact', 'json'])('ends quietly (-o %s)', async format => {
    const run = await follow('pod-a', 'nginx-2', '-o', format);
    const left = holdingsOf(run);
    const traffic = inLab(lab, 'pod-a', 'ping', '-c2000', '-i0.002', '-q', nginx2);
    await run.says('stdout', /\n/);
    run.closeStdout();
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/EPIPE|error|^\s+at /m);
    await expectNothingLeft(left, 1000);
    await inLab(lab, 'pod-a', 'pkill', '-x', 'ping');
    await traffic;
  });
});
