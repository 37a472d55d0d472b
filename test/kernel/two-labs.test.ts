/** Two labs with the same addresses at once: who follows one is told nothing of the other, also by addresses alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import type { Endpoint, JourneyVersion } from '../../src/model/journey.ts';
import { RunningTracer } from '../helpers/cli.ts';
import { type LiveClient, RunningDaemon } from '../helpers/daemon.ts';
import { inLab, testLabName } from '../helpers/lab.ts';

const labs = [testLabName('one'), testLabName('two')] as const;
const podA = '10.244.1.5';
const nginx2 = '10.244.2.7';
const PINGS = 5;

beforeAll(async () => {
  for (const name of labs) await labUp({ name });
}, 60_000);
afterAll(async () => {
  for (const name of labs) await labDown({ name });
});

const ping = (lab: string) => inLab(lab, 'pod-a', 'ping', '-c', String(PINGS), '-i', '0.05', nginx2);
/** Of each packet, the clusters that its ends are in. */
const clustersOf = (journeys: Iterable<{ readonly from: Endpoint; readonly to: Endpoint }>): string[] => [
  ...new Set([...journeys].flatMap(({ from, to }) => [from.cluster ?? 'none', to.cluster ?? 'none'])),
];
const isEcho = ({ proto }: { readonly proto: string }): boolean => proto === 'icmp';

describe.each([
  ['by address', podA, nginx2],
  ['by name', 'pod-a', 'nginx-2'],
  ['whatever it is', 'any', 'any'],
])('%s', (_, src, dst) => {
  it('through one daemon, and alone, each sees its own', async () => {
    const daemon = await RunningDaemon.start(['--context', 'lab:none']);
    const runs = [];
    for (const [index, lab] of labs.entries()) {
      const where = index === 0 ? ['--socket', daemon.socket] : ['--standalone'];
      const args = ['follow', ...where, '--context', `lab:${lab}`, '--proto', 'icmp', '-o', 'json', src, dst];
      const run = new RunningTracer([...args, '-c', String(2 * PINGS)]);
      await run.says('stderr', /following .*; Ctrl-C ends it/);
      runs.push(run);
    }
    await Promise.all(labs.map(ping));
    for (const [index, run] of runs.entries()) {
      const { stdout } = await run.ended;
      const told = stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line));
      expect(told).toHaveLength(2 * PINGS);
      expect(clustersOf(told)).toEqual([`lab:${labs[index]}`]);
    }
  });
});

it('what a daemon keeps is of the cluster that is followed', async () => {
  const daemon = await RunningDaemon.start(['--context', 'lab:none']);
  const live: LiveClient = await daemon.live();
  live.say({ type: 'subscribe', topics: ['journeys'] });
  const cluster = `lab:${labs[0]}`;
  const { status, body } = await daemon.ask('POST', '/api/follows', { src: podA, dst: 'any', cluster });
  expect([status, body.target.cluster]).toEqual([201, cluster]);
  await ping(labs[1]);
  await ping(labs[0]);
  const echoes = (all: readonly JourneyVersion[]) =>
    all.filter(journey => isEcho(journey) && journey.closedBy !== undefined);
  const told = await live.until(all => echoes(all).length >= 2 * PINGS);
  expect(clustersOf(echoes(told))).toEqual([cluster]);
  expect((await daemon.stats()).journeys.filtered).toBeGreaterThanOrEqual(2 * PINGS);
});
