/** Who sends and who reads, held against the processes' own word. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Journey } from '../../src/model/journey.ts';
import { RunningTracer } from '../helpers/cli.ts';
import { until } from '../helpers/processes.ts';

const netns = `proc${process.pid}`;
const inside = ['ip', 'netns', 'exec', netns] as const;

beforeAll(async () => {
  await execa('ip', ['netns', 'add', netns]);
  await execa('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
});
afterAll(() => execa('ip', ['netns', 'del', netns]));

function journeysOf(stdout: string): Journey[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Journey);
}

/** What the script printed, and the journeys within the namespace meanwhile. */
async function followed(script: string, isThere: (journeys: readonly Journey[]) => boolean) {
  const run = await RunningTracer.following([`netns:${netns}`, 'any', '-o', 'json']);
  const { stdout } = await execa(inside[0], [...inside.slice(1), 'bash', '-c', script]);
  await until('they are printed', () => run.stdout !== '' && isThere(journeysOf(run.stdout)), 3000);
  const { stdout: printed } = await run.kill('SIGINT');
  return { stdout, journeys: journeysOf(printed) };
}

describe('short-lived processes, one after the other', () => {
  it('each datagram is its sender’s, though sockets get the address of the one before', async () => {
    const count = 30;
    const send = 'echo x > /dev/udp/127.0.0.1/7000; echo $$';
    const isUdp = ({ proto }: Journey): boolean => proto === 'udp';
    const { stdout, journeys } = await followed(
      `for i in $(seq ${count}); do bash -c '${send}'; done`,
      all => all.filter(isUdp).length >= count,
    );
    const sent = journeys.filter(isUdp).sort((a, b) => (BigInt(a.startNs) < BigInt(b.startNs) ? -1 : 1));
    expect(sent.map(({ from }) => from.process)).toEqual(
      stdout.split('\n').map(pid => ({ pid: Number(pid), comm: 'bash' })),
    );
  });
});

describe('a request and its answer', () => {
  it('names who reads them', async () => {
    const script = `require('node:net').createServer(c => c.on('data', d => c.end(d))).listen(7001, () => console.log('up'))`;
    const server = spawn(inside[0], [...inside.slice(1), process.execPath, '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(server.stdout, 'data');
    const ask = 'exec 3<>/dev/tcp/127.0.0.1/7001; echo hello >&3; read -u 3 answer; echo $$';
    const readersOf = (all: readonly Journey[]): unknown[] =>
      all
        .filter(({ packet }) => (packet.payloadBytes ?? 0) > 0)
        .flatMap(({ hops }) => hops.filter(({ hook }) => hook === 'skb_copy_datagram_iovec'))
        .map(hop => hop.process);
    const { stdout, journeys } = await followed(ask, all => readersOf(all).length >= 2);
    server.kill();
    await once(server, 'close');
    expect(readersOf(journeys)).toEqual([
      { pid: server.pid, comm: expect.stringMatching(/^(node|MainThread)$/) },
      { pid: Number(stdout), comm: 'bash' },
    ]);
  });
});
