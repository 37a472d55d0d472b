/**
 * What the filter in the kernel lets pass: all of what is followed, from its first hop, and nothing else. A reply or an ICMP
 * error that is found late begins in the middle of its way, and its journey is incomplete.
 */
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { enterArgv } from '../../src/lab/enter.ts';
import { labTarget } from '../../src/lab/status.ts';
import { labUp } from '../../src/lab/up.ts';
import type { Journey } from '../../src/model/journey.ts';
import { RunningTracer, tracer } from '../helpers/cli.ts';
import { testLabName } from '../helpers/lab.ts';

const lab = testLabName('filter');
const curl = ['curl', '-sS', '-g', '-m', '2'];

beforeAll(async () => {
  await labUp({ name: lab });
});
afterAll(async () => {
  await labDown({ name: lab });
});

async function follow(from: string, src: string, dst: string, ...command: string[]): Promise<Journey[]> {
  // As its own command: then it waits for what the last packets become.
  const inside = enterArgv(labTarget(lab, from), command);
  const { stdout } = await tracer([
    'follow',
    '--context',
    `lab:${lab}`,
    src,
    dst,
    '-o',
    'json',
    '--',
    ...inside,
  ]);
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Journey);
}

const netns = (name: string) => `lab-${lab}-${name}`;
const startOf = (journey: Journey) => journey.hops[0]!.netns.name;

describe('is followed whole, both ways', () => {
  it.each([
    ['an address', 'pod-a', 'pod-a', 'nginx-2', '10.244.2.7:8080', 'nginx-2'],
    ['a service', 'pod-a', 'pod-a', 'nginx-one', '10.96.45.124', undefined],
    ['what is masqueraded', 'pod-a', 'pod-a', '203.0.113.10', '203.0.113.10', 'outside'],
    ['a source that is masqueraded', 'pod-a', 'pod-a', 'any', '203.0.113.10', 'outside'],
    ['CIDRs', 'pod-a', '10.244.1.0/24', '10.244.2.0/24', '10.244.2.7:8080', 'nginx-2'],
    ['IPv6', 'pod-a', 'pod-a', 'nginx-2', '[fd00:10:244:2::7]:8080', 'nginx-2'],
    ['a NodePort, rewritten at both ends', 'host', '172.18.0.1', 'any', '172.18.0.2:30080', undefined],
  ])('%s', async (_, from, src, dst, url, end) => {
    const journeys = await follow(from, src, dst, ...curl, url);
    const tcp = journeys.filter(journey => journey.proto === 'tcp');
    const replies = tcp.filter(journey => journey.direction === 'reply');
    expect(replies.length).toBeGreaterThan(2);
    expect(tcp.filter(journey => !journey.complete)).toEqual([]);
    if (end !== undefined) expect(replies.map(startOf)).toEqual(replies.map(() => netns(end)));
  });

  it('a namespace', async () => {
    const journeys = await follow(
      'nginx-2',
      `netns:${netns('nginx-2')}`,
      'any',
      'ping',
      '-c2',
      '-i0.1',
      '203.0.113.10',
    );
    const echoes = journeys.filter(journey => journey.proto === 'icmp');
    expect(echoes.map(startOf).sort()).toEqual([
      ...Array(2).fill(netns('nginx-2')),
      ...Array(2).fill(netns('outside')),
    ]);
    expect(echoes.every(journey => journey.complete)).toBe(true);
  });

  it.each([
    ['IPv4', '10.244.2.7'],
    ['IPv6', 'fd00:10:244:2::7'],
  ])('an ICMP error, by the packet that it quotes (%s)', async (_, address) => {
    const journeys = await follow(
      'pod-a',
      'pod-a',
      'nginx-2',
      'bash',
      '-c',
      `echo x > /dev/udp/${address}/9`,
    );
    const [error] = journeys.filter(journey => journey.direction === 'related');
    expect(error).toMatchObject({
      complete: true,
      summary: expect.stringMatching(/^ICMP port unreachable for udp .*:9$/),
    });
    expect(startOf(error!)).toBe(netns('nginx-2'));
  });

  it('fragments, first and later ones', async () => {
    const journeys = await follow('pod-a', 'pod-a', 'nginx-2', 'ping', '-c1', '-s', '4000', '10.244.2.7');
    expect(journeys.filter(journey => (journey.packet.frag?.offset ?? 0) > 0).length).toBeGreaterThan(1);
    expect(journeys.filter(journey => !journey.complete)).toEqual([]);
  });
});

describe('is not copied at all', () => {
  // Two namespaces of their own: another lab on this machine would have the same addresses as this one.
  const [left, right] = [`filter${process.pid}-left`, `filter${process.pid}-right`];
  const ip = (...args: string[]) =>
    execa('ip', args, { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
  const ping = (from: string, to: string) =>
    ip('netns', 'exec', left, 'ping', '-c3', '-i0.05', '-W1', '-I', from, to);

  beforeAll(async () => {
    for (const name of [left, right]) await ip('netns', 'add', name);
    await ip('-n', left, 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v0', 'netns', right);
    for (const [name, first] of [
      [left, 129],
      [right, 193],
    ] as const) {
      for (const n of [first, first + 1]) await ip('-n', name, 'addr', 'add', `192.0.2.${n}/25`, 'dev', 'v0');
      await ip('-n', name, 'link', 'set', 'v0', 'up');
    }
  });
  afterAll(async () => {
    for (const name of [left, right]) await ip('netns', 'del', name);
  });

  it.each([
    ['another destination of the same source', '192.0.2.129', '192.0.2.194'],
    ['another source of the same destination', '192.0.2.130', '192.0.2.193'],
    ['another CIDR', '192.0.2.130/32', '192.0.2.192/26'],
    ['another namespace', `netns:${netns('nginx-3')}`, '192.0.2.193'],
  ])('%s', async (_, src, dst) => {
    const run = await RunningTracer.following(['--context', `lab:${lab}`, src, dst]);
    await ping('192.0.2.129', '192.0.2.193');
    const { stderr } = await run.kill('SIGINT');
    expect(stderr).toMatch(/^tracer: 0 packets shown, 0 others filtered/m);
  });
});
