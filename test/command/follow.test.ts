/** `tracer follow` from the command line to its exit code, with recordings in the collector's place. */
import { describe, test } from 'vitest';
import { expectValidJourney } from '../helpers/journeys.ts';
import { type Ran, tracerWith } from './run-tracer.ts';

const podA = '10.244.1.5';
const denied = '10.244.1.10';
const service = '10.96.45.123';
const nginx2 = '10.244.2.7';

/** Ends by the number of packets that the recording holds of it; the time is for a run that goes wrong. */
const follow = (
  fake: string,
  src: string,
  dst: string,
  count: number,
  ...more: readonly string[]
): Promise<Ran> => tracerWith(fake, ['follow', src, dst, '-c', String(count), '--timeout', '20s', ...more]);

/** Processes, on a machine that may be busy. */
const timeout = 60_000;

describe.concurrent('tracer follow', { timeout }, () => {
  test('answered is 0; compact fits the width, without escapes into a pipe', async ({ expect }) => {
    const { code, stdout, stderr } = await follow('replays flannel-service-cross-node', podA, service, 10);
    expect(stdout).toMatch(/✓ .*: closed, 6 packets out, 4 back/);
    expect(stdout).not.toContain('\u001b');
    const lines = stdout.split('\n');
    expect(lines.length).toBeLessThanOrEqual(60);
    for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(100);
    expect(stderr).toContain('10 packets shown, 0 others filtered, 0 events lost');
    expect(code).toBe(0);
  });

  test('refused is 4, whatever was lost', async ({ expect }) => {
    const { code, stdout, stderr } = await follow('replays flannel-closed-port --loss', podA, nginx2, 2);
    expect(stdout).toMatch(/✗ .*: refused: RST-ACK from .*\. Look at #2\./);
    expect(stderr).toContain('7 events lost');
    expect(code).toBe(4);
  });

  test('dropped is 4', async ({ expect }) => {
    const { code, stdout } = await follow('replays flannel-policy-drop', denied, nginx2, 2);
    expect(stdout).toMatch(/✗ .*: dropped: NETFILTER_DROP in FORWARD\. Look at #\d+\./);
    expect(code).toBe(4);
  });

  test('losses that could hide a failure are 5', async ({ expect }) => {
    const { code, stderr } = await follow('replays flannel-service-cross-node --loss', podA, service, 10);
    expect(stderr).toContain('7 events lost');
    expect(code).toBe(5);
  });

  test('nothing matched is 3', async ({ expect }) => {
    const args = ['follow', '192.0.2.1', '192.0.2.2', '--timeout', '300ms'];
    const { code, stdout, stderr } = await tracerWith('replays flannel-service-cross-node', args);
    expect(stderr).toContain('0 packets shown, 10 others filtered');
    expect(stderr.split('\n').slice(-6)).toEqual([
      expect.stringContaining('10 others filtered'),
      'tracer: nothing matched 192.0.2.1 → 192.0.2.2',
      'tracer: try `follow 192.0.2.1 any`: all that 192.0.2.1 opens',
      'tracer: try `follow 192.0.2.2 192.0.2.1`: what is opened the other way',
      'tracer: try `follow any 192.0.2.2`: 10 packets were of others',
      'tracer: try `--in -- CMD`: runs CMD in SRC once everything is watched',
    ]);
    expect([code, stdout]).toEqual([3, '']);
  });

  test('what limits it is named; where nothing is left to try, it says that', async ({ expect }) => {
    const limited = ['follow', '192.0.2.1', 'any', '-p', '81', '--proto', 'udp', '--timeout', '300ms'];
    const all = ['follow', '192.0.2.1', 'any', '--', 'true'];
    const recording = 'replays flannel-service-cross-node';
    const [a, b] = await Promise.all([tracerWith(recording, limited), tracerWith(recording, all)]);
    expect(a.stderr).toContain('nothing matched 192.0.2.1 → any --proto udp -p 81\n');
    expect(a.stderr).toContain('try it without --proto udp and -p 81\n');
    expect(b.stderr).toMatch(/nothing matched 192\.0\.2\.1 → any/);
    expect(b.stderr).not.toContain('--in');
  });

  test('sentences are wrapped, their second line indented', async ({ expect }) => {
    const args = ['follow', podA, service, '-c', '10', '-p', '80'];
    const { stdout } = await tracerWith('replays flannel-service-cross-node', args, { COLUMNS: '60' });
    const lines = stdout.split('\n');
    const at = lines.findIndex(line => line.startsWith('✓ '));
    expect(lines[at - 1]).toBe('');
    expect(lines[at + 1]).toMatch(/^ {2}\S/);
    for (const line of lines.slice(at)) expect(line.length).toBeLessThanOrEqual(60);
  });

  test('a collector that dies is 1; what was seen before is shown', async ({ expect }) => {
    const { code, stdout, stderr } = await follow(
      'replays flannel-service-cross-node --dies',
      podA,
      service,
      99,
    );
    expect(stdout).toContain('SYN');
    expect(stderr).toContain('the collector ended unexpectedly (exit code 9): out of memory');
    expect(stderr).toContain('hint: ');
    expect(code).toBe(1);
  });

  test('what the collector refuses to watch is 2', async ({ expect }) => {
    const { code, stderr } = await follow('refuses', '198.51.100.7', 'any', 1);
    expect(stderr).toContain('no room for another address');
    expect(code).toBe(2);
  });

  test('a name that nobody has is 2, and how to list those that there are', async ({ expect }) => {
    const { code, stderr } = await follow('obedient', 'no-such-pod-anywhere', 'any', 1);
    expect(stderr).toContain('no-such-pod-anywhere');
    expect(stderr).toContain('hint: tracer ls');
    expect(code).toBe(2);
  });

  test('-o json: so many journeys on stdout and nothing else', async ({ expect }) => {
    const { stdout, stderr } = await follow(
      'replays flannel-service-cross-node',
      podA,
      service,
      3,
      '-o',
      'json',
      '-p',
      '8080',
    );
    const journeys = stdout.split('\n').map(line => JSON.parse(line));
    expect(journeys.map(journey => journey.summary)).toEqual(['SYN', 'SYN-ACK', 'ACK']);
    for (const journey of journeys) expectValidJourney(journey);
    expect(stderr).toContain('3 packets shown');
  });

  test('the command’s output goes to stderr, its exit code into the summary', async ({ expect }) => {
    const args = ['follow', podA, service, '-o', 'json', '--', 'sh', '-c', 'echo said; exit 7'];
    const { code, stdout, stderr } = await tracerWith('replays flannel-service-cross-node', args);
    expect(stdout).not.toContain('said');
    expect(stderr).toContain('said\n');
    expect(stderr).toContain('the command ended with 7');
    expect(code).toBe(0);
  });

  test('a command that is not there is said before anything starts', async ({ expect }) => {
    const args = ['follow', podA, service, '--', 'no-such-command-anywhere'];
    const { code, stderr } = await tracerWith('never-ready', args);
    expect(stderr).toContain('no-such-command-anywhere could not be started');
    expect(code).toBe(1);
  });
});
