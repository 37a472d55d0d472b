/** `tracer follow` from the command line to its exit code, with recordings in the collector's place. */
import { describe, test } from 'vitest';
import { expectValidJourney } from '../../helpers/journeys.ts';
import { tracerWith } from './run-tracer.ts';

const podA = '10.244.1.5';
const denied = '10.244.1.10';
const service = '10.96.45.123';
const nginx2 = '10.244.2.7';
const soon = ['--timeout', '400ms'];

describe.concurrent('exit codes, the first that applies', () => {
  test.for<readonly [string, number, string, readonly string[], RegExp]>([
    [
      '0: answered',
      0,
      'replays flannel-service-cross-node',
      ['follow', podA, service],
      /✓ .*: closed, 6 packets out, 4 back/,
    ],
    [
      '4: refused',
      4,
      'replays flannel-closed-port',
      ['follow', podA, nginx2],
      /✗ .*: refused: RST-ACK from /,
    ],
    [
      '4: dropped',
      4,
      'replays flannel-policy-drop',
      ['follow', denied, nginx2],
      /✗ .*: dropped: NETFILTER_DROP in nft_do_chain\. Look at #\d+/,
    ],
    [
      '5: events were lost',
      5,
      'replays flannel-service-cross-node --loss',
      ['follow', podA, service],
      /7 events lost/,
    ],
    ['4 before 5', 4, 'replays flannel-closed-port --loss', ['follow', podA, nginx2], /7 events lost/],
    [
      '3: nothing matched',
      3,
      'replays flannel-service-cross-node',
      ['follow', '192.0.2.1', '192.0.2.2'],
      /0 packets shown/,
    ],
  ])('%s', async ([, code, fake, args, message], { expect }) => {
    const ran = await tracerWith(fake, [...args, ...soon]);
    expect(`${ran.stdout}\n${ran.stderr}`).toMatch(message);
    expect(ran.code).toBe(code);
  });

  test('1: the collector died; what was seen before is shown', async ({ expect }) => {
    const ran = await tracerWith('replays flannel-service-cross-node --dies', [
      'follow',
      podA,
      service,
      '--timeout',
      '20s',
    ]);
    expect(ran.stdout).toContain('SYN');
    expect(ran.stderr).toContain('the collector ended unexpectedly (exit code 9): out of memory');
    expect(ran.stderr).toContain('hint: ');
    expect(ran.code).toBe(1);
  });

  test('2: the collector refuses what is to be watched', async ({ expect }) => {
    const ran = await tracerWith('refuses', ['follow', '198.51.100.7', 'any', ...soon]);
    expect(ran.stderr).toContain('no room for another address');
    expect(ran.code).toBe(2);
  });
});

describe.concurrent('output', () => {
  const follow = (...more: readonly string[]) =>
    tracerWith('replays flannel-service-cross-node', ['follow', podA, service, ...soon, ...more]);

  test('-o json: journeys on stdout and nothing else', async ({ expect }) => {
    const { stdout, stderr } = await follow('-o', 'json');
    const journeys = stdout.split('\n').map(line => JSON.parse(line));
    expect(journeys).toHaveLength(10);
    for (const journey of journeys) expectValidJourney(journey);
    expect(stderr).toContain('10 packets shown');
  });

  test('-c ends after so many', async ({ expect }) => {
    const { stdout } = await follow('-o', 'json', '-c', '3', '--timeout', '20s');
    expect(stdout.split('\n')).toHaveLength(3);
  });

  test('-p keeps what uses the port, before or after NAT', async ({ expect }) => {
    const [by80, by8080, by81] = await Promise.all(
      ['80', '8080', '81'].map(port => follow('-o', 'json', '-p', port)),
    );
    expect([by80?.stdout.split('\n').length, by8080?.stdout.split('\n').length, by81?.stdout]).toEqual([
      10,
      10,
      '',
    ]);
  });

  test('compact: no escapes into a pipe, at most COLUMNS wide', async ({ expect }) => {
    const { stdout } = await follow();
    expect(stdout).not.toContain('\u001b');
    for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(100);
    expect(stdout.split('\n').length).toBeLessThanOrEqual(60);
  });

  test('--color=always paints', async ({ expect }) => {
    const { stdout } = await follow('--color', 'always');
    expect(stdout).toContain('\u001b[');
  });

  test('the command’s output goes to stderr, its exit code into the summary', async ({ expect }) => {
    const { stdout, stderr, code } = await follow('-o', 'json', '--', 'sh', '-c', 'echo said; exit 7');
    expect(stdout).not.toContain('said');
    expect(stderr).toContain('said\n');
    expect(stderr).toContain('the command ended with 7');
    expect(code).toBe(0);
  });

  test('a command that is not there is said before anything starts', async ({ expect }) => {
    const { stderr, code } = await follow('--', 'no-such-command-anywhere');
    expect(stderr).toContain('no-such-command-anywhere could not be started');
    expect(code).toBe(1);
  });
});
