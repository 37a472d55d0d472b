/** What sockets say of their packets, held against the sockets' own counters and against what processes read. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Hop, Journey } from '../../src/model/journey.ts';
import { RunningTracer } from '../helpers/cli.ts';
import { until } from '../helpers/processes.ts';

const a = `sock${process.pid}a`;
const b = `sock${process.pid}b`;
const ip = (...args: string[]) => execa('ip', args);
const within = (netns: string, ...command: string[]) => execa('ip', ['netns', 'exec', netns, ...command]);

beforeAll(async () => {
  for (const netns of [a, b]) await ip('netns', 'add', netns);
  await ip('-n', a, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b);
  for (const [netns, address] of [
    [a, '192.0.2.1/24'],
    [b, '192.0.2.2/24'],
  ] as const) {
    await ip('-n', netns, 'addr', 'add', address, 'dev', 'eth0');
    await ip('-n', netns, 'link', 'set', 'eth0', 'up', 'gso_max_segs', '1');
  }
  await within(a, 'ping', '-q', '-c', '1', '192.0.2.2');
});
afterAll(async () => {
  for (const netns of [a, b]) await ip('netns', 'del', netns);
});

/** A script in a namespace, once it has said something. */
async function script(netns: string, code: string) {
  const child = spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += String(text);
  });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  onTestFinished(() => void child.kill('SIGKILL'));
  const end = async (): Promise<void> => {
    child.kill();
    await closed;
  };
  return { pid: child.pid!, said: () => said, end };
}

const journeysOf = (stdout: string): Journey[] =>
  stdout
    .split('\n')
    .filter(line => line.endsWith('}'))
    .map(line => JSON.parse(line) as Journey);

async function followed(
  work: () => Promise<unknown>,
  isThere: (journeys: readonly Journey[]) => boolean,
): Promise<Journey[]> {
  const run = await RunningTracer.following([`netns:${a}`, `netns:${b}`, '-o', 'json']);
  await work();
  await until('they are printed', () => isThere(journeysOf(run.stdout)), 4000);
  const { stdout } = await run.kill('SIGINT');
  return journeysOf(stdout).sort((x, y) => (BigInt(x.startNs) < BigInt(y.startNs) ? -1 : 1));
}

const hopAt = ({ hops }: Journey, hook: string): Hop | undefined => hops.find(hop => hop.hook === hook);
const flagsOf = ({ packet }: Journey): string => packet.tcp?.flags ?? '';

describe('sk_data_ready', () => {
  it('is at those datagrams that the socket has room for, and at no others', async () => {
    const count = 40;
    const server = await script(
      b,
      `const s = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4096 });
       s.on('message', text => console.log('got ' + String(text).trim()));
       s.bind(7000, () => console.log('up'));`,
    );
    process.kill(server.pid, 'SIGSTOP');
    const isUdp = ({ proto }: Journey): boolean => proto === 'udp';
    const journeys = await followed(
      () =>
        within(
          a,
          process.execPath,
          '-e',
          `const s = require('node:dgram').createSocket('udp4');
           let n = 0;
           const next = () => n === ${count} ? s.close() : s.send(String(n++).padEnd(500), 7000, '192.0.2.2', next);
           next();`,
        ),
      all => all.filter(isUdp).length >= count,
    );
    const sent = journeys.filter(isUdp);
    const told = [...sent.keys()].filter(n => hopAt(sent[n]!, 'sk_data_ready') !== undefined);
    const got = (): number[] => [...server.said().matchAll(/got (\d+)/g)].map(match => Number(match[1]));
    process.kill(server.pid, 'SIGCONT');
    await until('it has read', () => got().length >= told.length, 4000);
    await server.end();
    const read = got();
    expect(told).toEqual(read);
    expect(read.length).toBeGreaterThan(0);
    for (const [n, { outcome, complete, hops }] of sent.entries())
      expect({ n, ...outcome, complete }).toMatchObject(
        read.includes(n)
          ? { n, kind: 'delivered', to: 'stack', at: hops.length - 1, complete: true }
          : { n, kind: 'dropped', reason: 'SOCKET_RCVBUFF', complete: true },
      );
    expect(sent.some(({ outcome }) => outcome.kind === 'dropped')).toBe(true);
  });

  it('comes before the process reads', async () => {
    const server = await script(
      b,
      `require('node:net').createServer(c => c.on('data', d => c.end(d))).listen(7001, () => console.log('up'))`,
    );
    const isRead = (journey: Journey): boolean => hopAt(journey, 'skb_copy_datagram_iovec') !== undefined;
    const journeys = await followed(
      () => within(a, 'bash', '-c', 'exec 3<>/dev/tcp/192.0.2.2/7001; echo hello >&3; read -u 3 answer'),
      all => all.filter(isRead).length >= 2,
    );
    await server.end();
    const ends = journeys.filter(isRead).map(({ hops }) => hops.slice(-2).map(({ hook }) => hook));
    expect(ends).toEqual(Array(2).fill(['sk_data_ready', 'skb_copy_datagram_iovec']));
  });
});

describe('tcp_send_reset', () => {
  it('is at the SYN that asks for a closed port', async () => {
    const journeys = await followed(
      () => within(a, 'bash', '-c', 'exec 3<>/dev/tcp/192.0.2.2/7002 || true'),
      all => all.some(journey => flagsOf(journey).includes('R')),
    );
    const syn = journeys.find(journey => flagsOf(journey) === 'S')!;
    expect(hopAt(syn, 'tcp_send_reset')).toMatchObject({
      layer: 'socket',
      stage: 'deliver',
      verdict: 'NO_SOCKET in tcp_send_reset',
    });
    expect(syn.outcome).toMatchObject({ kind: 'consumed', by: 'reset' });
  });

  it('says why a process gave up a conversation', async () => {
    const server = await script(
      b,
      `require('node:net').createServer(c => { c.write('unread'); c.on('error', () => {}); }).listen(7003, () => console.log('up'))`,
    );
    const journeys = await followed(
      () => within(a, 'bash', '-c', 'exec 3<>/dev/tcp/192.0.2.2/7003; read -t 0.3 -N 1 -u 3; exec 3>&-'),
      all => all.some(journey => flagsOf(journey).includes('R')),
    );
    await server.end();
    const reset = journeys.find(journey => flagsOf(journey).includes('R'))!;
    expect(hopAt(reset, 'tcp_send_reset')).toMatchObject({
      stage: 'send',
      verdict: 'TCP_ABORT_ON_CLOSE in tcp_send_reset',
      text: expect.stringContaining('unread'),
      netns: { name: a },
    });
    expect(reset.complete).toBe(true);
  });
});

describe('tcp_retransmit_skb', () => {
  const sentAgain = async (): Promise<number> => {
    const { stdout } = await within(a, 'cat', '/proc/net/snmp');
    const [names, values] = stdout.split('\n').filter(line => line.startsWith('Tcp:'));
    return Number(values!.split(' ')[names!.split(' ').indexOf('RetransSegs')]);
  };

  it('is at each segment that the kernel counts as sent again', async () => {
    const server = await script(
      b,
      `require('node:net').createServer(c => c.resume()).listen(7004, () => console.log('up'))`,
    );
    const lossy = ['INPUT', '-p', 'tcp', '--dport', '7004', '-m', 'length', '--length', '1000:'];
    const every = ['-m', 'statistic', '--mode', 'nth', '--every', '7', '--packet', '3', '-j', 'DROP'];
    await within(b, 'iptables', '-A', ...lossy, ...every);
    const before = await sentAgain();
    const journeys = await followed(
      () => within(a, 'bash', '-c', 'head -c 120000 /dev/zero > /dev/tcp/192.0.2.2/7004'),
      all => all.filter(journey => flagsOf(journey).includes('F')).length >= 2,
    );
    const after = await sentAgain();
    await server.end();
    const told = journeys.filter(journey => hopAt(journey, 'tcp_retransmit_skb') !== undefined);
    expect(after - before).toBeGreaterThan(5);
    expect(told.length).toBe(after - before);
    expect(told.every(({ from }) => from.ip === '192.0.2.1')).toBe(true);
    const linked = told.filter(({ links }) => links.some(link => link.kind === 'retransmit'));
    expect(linked.length).toBe(told.length);
    expect(journeys.filter(({ links }) => links.some(link => link.kind === 'retransmit')).length).toBe(
      told.length,
    );
  });
});
