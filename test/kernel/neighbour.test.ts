/** A packet that is made here and waits for a MAC address nobody tells: before any device has shown it. */
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Journey } from '../../src/model/journey.ts';
import { RunningTracer } from '../helpers/cli.ts';
import { until } from '../helpers/processes.ts';

const netns = `neigh${process.pid}`;
const other = `${netns}-b`;
const ip = (...args: string[]) => execa('ip', args);

beforeAll(async () => {
  await ip('netns', 'add', netns);
  await ip('netns', 'add', other);
  await ip('-n', netns, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', other);
  await ip('-n', netns, 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
  await ip('-n', other, 'addr', 'add', '192.0.2.2/24', 'dev', 'eth0');
  for (const end of [netns, other])
    for (const dev of ['lo', 'eth0']) await ip('-n', end, 'link', 'set', dev, 'up');
});
afterAll(async () => {
  await ip('netns', 'del', netns);
  await ip('netns', 'del', other);
});

/** The echo request and what else is ICMP. */
async function pinged(address: string): Promise<{ request: Journey; others: Journey[] }> {
  const run = await RunningTracer.following([`netns:${netns}`, 'any', '--proto', 'icmp', '-o', 'json']);
  await execa('ip', ['netns', 'exec', netns, 'ping', '-q', '-c', '1', '-W', '4', address], { reject: false });
  const told = (): Journey[] =>
    run.stdout
      .split('\n')
      .filter(line => line.endsWith('}'))
      .map(line => JSON.parse(line) as Journey);
  await until('both are printed', () => told().length >= 2, 2000);
  await run.kill('SIGINT');
  const isRequest = ({ packet }: Journey): boolean => packet.icmp?.type === 8;
  return { request: told().find(isRequest)!, others: told().filter(journey => !isRequest(journey)) };
}

it('waits from its birth on, is dropped, and has the error linked', async () => {
  const { request, others } = await pinged('192.0.2.9');
  expect(request).toMatchObject({
    outcome: { kind: 'dropped', reason: 'NEIGH_FAILED' },
    complete: true,
    from: { process: { comm: 'ping' } },
  });
  expect(request.hops.map(({ layer }) => layer)).toEqual(['neighbour', 'drop']);
  expect(request.durationNs).toBeGreaterThan(1e9);
  expect(others[0]!.links).toEqual([{ kind: 'error', role: 'parent', journey: request.id }]);
});

it('where the neighbour is known nothing waits', async () => {
  const { stdout } = await ip('-n', other, '-j', 'link', 'show', 'eth0');
  const { address } = JSON.parse(stdout)[0] as { address: string };
  await ip('-n', netns, 'neigh', 'replace', '192.0.2.2', 'lladdr', address, 'dev', 'eth0');
  const { request } = await pinged('192.0.2.2');
  expect(request.hops[0]).toMatchObject({ layer: 'device', stage: 'tx', dev: 'eth0' });
  expect(request.hops.some(({ layer }) => layer === 'neighbour')).toBe(false);
});
