/** Netfilter links: exact hooks where they are asked for, nothing held that is otherwise gone, nothing left attached. */
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Collector } from '../../src/collect/collector.ts';
import { Pipeline } from '../../src/engine/pipeline.ts';
import type { Journey } from '../../src/model/journey.ts';

const prefix = `thk${process.pid}`;
const [left, router, right] = ['a', 'r', 'b'].map(end => `${prefix}${end}`) as [string, string, string];

async function ip(...args: string[]): Promise<string> {
  return (await execa('ip', args)).stdout;
}

async function within(what: () => Promise<boolean>, ms: number): Promise<boolean> {
  const until = Date.now() + ms;
  while (Date.now() < until) {
    if (await what()) return true;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return what();
}

beforeEach(async () => {
  for (const netns of [left, router, right]) {
    await ip('netns', 'add', netns);
    await ip('-n', netns, 'link', 'set', 'lo', 'up');
  }
  for (const [end, net] of [
    [left, 1],
    [right, 2],
  ] as const) {
    await ip('-n', router, 'link', 'add', `to${net}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', end);
    await ip('-n', router, 'addr', 'add', `10.66.${net}.1/24`, 'dev', `to${net}`);
    await ip('-n', end, 'addr', 'add', `10.66.${net}.2/24`, 'dev', 'eth0');
    await ip('-n', router, 'link', 'set', `to${net}`, 'up');
    await ip('-n', end, 'link', 'set', 'eth0', 'up');
    await ip('-n', end, 'route', 'add', 'default', 'via', `10.66.${net}.1`);
  }
  await execa('ip', ['netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
});

afterEach(async () => {
  for (const netns of [left, router, right]) await execa('ip', ['netns', 'del', netns], { reject: false });
});

async function following(): Promise<{ collector: Collector; pipeline: Pipeline; journeys: Journey[] }> {
  const journeys: Journey[] = [];
  const pipeline = new Pipeline({ onJourney: journey => journeys.push(journey) });
  const { collector, hello } = await Collector.start({
    onFrame: frame => pipeline.frame(frame),
    onDied: error => expect.fail(error.message),
  });
  const tap = hello.taps.find(({ name }) => name === 'netfilter_hook');
  expect(tap, 'this kernel has safe netfilter links, so they must load').toMatchObject({ state: 'on' });
  const cookie = pipeline.inventory.all().find(view => view.snapshot.names.includes(router))!.cookie;
  const rule = { proto: 'any', a: { ips: ['10.66.1.2'] }, b: { ips: ['10.66.2.2'] } } as const;
  await collector.watch([rule], [], [{ cookie, family: 4 }]);
  return { collector, pipeline, journeys };
}

describe('netfilter links', () => {
  it('show the hooks that a forwarded packet passes, in order, and the hook that drops it', async () => {
    const { collector, pipeline, journeys } = await following();
    await execa('ip', ['netns', 'exec', left, 'ping', '-c1', '-W1', '10.66.2.2']);
    await execa('ip', [
      'netns',
      'exec',
      router,
      'iptables',
      '-A',
      'FORWARD',
      '-s',
      '10.66.1.2',
      '-j',
      'DROP',
    ]);
    await execa('ip', ['netns', 'exec', left, 'ping', '-c1', '-W1', '10.66.2.2'], { reject: false });
    await within(async () => journeys.some(journey => journey.outcome.kind === 'dropped'), 2000);
    await collector.stop();
    pipeline.finish();
    const [request] = journeys.filter(({ direction }) => direction === 'request');
    const hooks = request!.hops.filter(hop => hop.hook?.startsWith('NF_') === true);
    expect(hooks.map(hop => [hop.hook, hop.dev])).toEqual([
      ['NF_INET_PRE_ROUTING', 'to1'],
      ['NF_INET_FORWARD', 'to1'],
      ['NF_INET_POST_ROUTING', 'to2'],
    ]);
    expect(request).toMatchObject({ complete: true, gaps: [] });
    const dropped = journeys.find(({ outcome }) => outcome.kind === 'dropped');
    expect(dropped?.outcome).toMatchObject({ reason: 'NETFILTER_DROP', hook: 'forward' });
  });

  it('let a deleted namespace go within a second', async () => {
    const { collector } = await following();
    await ip('netns', 'del', router);
    const veths = async (): Promise<boolean> => !(await ip('-n', left, '-o', 'link')).includes('eth0');
    expect(await within(veths, 1000)).toBe(true);
    await collector.stop();
  });

  it('leave nothing attached when the collector ends', async () => {
    const ids = async (): Promise<number[]> => {
      const path = `${process.env.PATH}:/usr/sbin`;
      const { stdout } = await execa('bpftool', ['-j', 'prog', 'list'], { env: { PATH: path } });
      const programs = JSON.parse(stdout) as { id: number; name?: string }[];
      return programs.filter(({ name }) => name === 'netfilter_hook').map(({ id }) => id);
    };
    const before = await ids();
    const { collector } = await following();
    const added = (await ids()).filter(id => !before.includes(id));
    expect(added.length).toBeGreaterThan(0);
    await collector.stop();
    // The kernel frees programs a grace period after their last user.
    const areGone = async (): Promise<boolean> => {
      const still = await ids();
      return added.some(id => !still.includes(id));
    };
    expect(await within(areGone, 1000)).toBe(true);
  });
});
