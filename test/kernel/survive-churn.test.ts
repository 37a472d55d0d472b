/** Namespaces and veths come and go under load while everything is followed; none is kept alive by us. */
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Journey } from '../../src/model/journey.ts';
import { RunningTracer } from '../helpers/cli.ts';
import { until } from '../helpers/processes.ts';

const prefix = `churn${process.pid}`;
const hub = `${prefix}-hub`;
const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' };

const ip = (...args: string[]) => execa('ip', args, { env });
const netnsOf = (n: number) => `${prefix}-${n}`;
const addressOf = (n: number) => `192.0.2.${n + 10}`;

beforeAll(async () => {
  await ip('netns', 'add', hub);
  await ip('-n', hub, 'link', 'set', 'lo', 'up');
  // Without a MAC of its own a bridge takes the lowest of its ports', and others remember the one that just went.
  await ip('-n', hub, 'link', 'add', 'br0', 'address', '02:00:00:00:02:01', 'type', 'bridge');
  await ip('-n', hub, 'addr', 'add', '192.0.2.1/24', 'dev', 'br0');
  await ip('-n', hub, 'link', 'set', 'br0', 'up');
});

afterAll(async () => {
  const { stdout } = await ip('netns', 'list');
  for (const name of stdout.split('\n').map(line => line.split(' ')[0]!))
    if (name.startsWith(prefix)) await ip('netns', 'del', name);
});

/** A pod by hand: a namespace on the hub's bridge. */
async function addPod(n: number): Promise<void> {
  const netns = netnsOf(n);
  await ip('netns', 'add', netns);
  await ip('-n', hub, 'link', 'add', `v${n}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns);
  await ip('-n', netns, 'addr', 'add', `${addressOf(n)}/24`, 'dev', 'eth0');
  await ip('-n', netns, 'link', 'set', 'eth0', 'up');
  await ip('-n', hub, 'link', 'set', `v${n}`, 'master', 'br0', 'up');
}

async function ping(netns: string, to: string, count: number): Promise<number> {
  const args = ['netns', 'exec', netns, 'ping', '-q', '-A', '-c', String(count), '-W', '1', to];
  const { stdout } = await execa('ip', args, { env, reject: false });
  return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
}

async function hasVeth(n: number): Promise<boolean> {
  const { stdout } = await ip('-n', hub, '-br', 'link');
  return new RegExp(`^v${n}@`, 'm').test(stdout);
}

describe('20 namespaces that come and go with traffic', () => {
  it('are followed without a crash, a wrong join, or a packet unaccounted for', async () => {
    const run = await RunningTracer.following(['any', '192.0.2.0/24', '-o', 'json']);
    const received = new Map<number, number>();
    const live = async (n: number): Promise<void> => {
      await addPod(n);
      received.set(n, await ping(netnsOf(n), '192.0.2.1', 20));
      await ip('netns', 'del', netnsOf(n));
    };
    for (const lane of [0, 5, 10, 15]) await Promise.all([0, 1, 2, 3, 4].map(n => live(lane + n)));
    expect([...received.values()]).toEqual(Array(20).fill(20));
    await until('the last replies are printed', () => /192\.0\.2\.29/.test(run.stdout), 2000);
    const { code, stdout, stderr } = await run.kill('SIGINT');
    expect(code).toBe(0);
    expect(stderr).toMatch(/ 0 events lost$/m);
    expect(stderr).not.toMatch(/wrong joins/);
    const journeys = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Journey);
    for (const n of received.keys()) {
      const replies = journeys.filter(({ packet, to }) => packet.icmp?.type === 0 && to.ip === addressOf(n));
      expect(new Set(replies.map(({ packet }) => packet.icmp!.seq)).size).toBe(20);
      for (const { hops } of replies) expect(hops.at(-1)!.netns.name).toBe(netnsOf(n));
    }
  });

  it('a followed one that is deleted is gone at once, with its veth', async () => {
    await addPod(0);
    const run = await RunningTracer.following([`netns:${netnsOf(0)}`, '192.0.2.1']);
    expect(await ping(netnsOf(0), '192.0.2.1', 3)).toBe(3);
    await run.says('stdout', /ICMP echo reply/);
    expect(await hasVeth(0)).toBe(true);
    await ip('netns', 'del', netnsOf(0));
    await until('the veth is gone', async () => !(await hasVeth(0)), 1000);
    expect((await run.kill('SIGINT')).code).toBe(0);
  });

  it('one of the same name and address right afterwards is followed as well', async () => {
    const run = await RunningTracer.following(['any', '192.0.2.1', '-o', 'json']);
    for (let round = 0; round < 3; round++) {
      await addPod(0);
      expect(await ping(netnsOf(0), '192.0.2.1', 3)).toBe(3);
      await ip('netns', 'del', netnsOf(0));
      await until('the veth is gone', async () => !(await hasVeth(0)), 1000);
    }
    const isThird = () => (run.stdout.match(/"type":0,"code":0,"id":\d+,"seq":3/g)?.length ?? 0) >= 3;
    await until('the last reply is printed', isThird, 2000);
    const { stdout } = await run.kill('SIGINT');
    const cookies = stdout
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as Journey).hops[0]!.netns)
      .filter(({ name }) => name === netnsOf(0))
      .map(({ cookie }) => cookie);
    expect(new Set(cookies).size).toBe(3);
  });
});
