/** More packets than can be told: what gives way, what never does, and what is never looked at. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Journey } from '../../src/model/journey.ts';
import { eventLeftOut } from '../../src/model/layout.generated.ts';
import { Following, type FollowingOptions, type Told } from '../helpers/following.ts';

const a = `over${process.pid}a`;
const b = `over${process.pid}b`;
const A = '192.0.2.1';
const B = '192.0.2.2';
const udp = fileURLToPath(new URL('../fixtures/traffic/udp.ts', import.meta.url));
const ip = (...args: string[]) => execa('ip', args);
const within = (netns: string, ...command: string[]) => execa('ip', ['netns', 'exec', netns, ...command]);

beforeAll(async () => {
  for (const netns of [a, b]) await ip('netns', 'add', netns);
  await ip('-n', a, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b);
  for (const [netns, address] of [
    [a, A],
    [b, B],
  ] as const) {
    await ip('-n', netns, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('-n', netns, 'link', 'set', 'eth0', 'up');
  }
  await within(a, 'ping', '-q', '-c', '1', B);
});
afterAll(async () => {
  for (const netns of [a, b]) await ip('netns', 'del', netns);
});

function start(netns: string, ...command: string[]): ChildProcess {
  const child = spawn('ip', ['netns', 'exec', netns, ...command], { stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Everything between the two, meanwhile. */
async function followed(work: () => Promise<unknown>, options: FollowingOptions = {}): Promise<Told> {
  const following = await Following.start(options);
  try {
    await following.knows([a, b]);
    await following.watch([{ proto: 'any', a: { ips: [A] }, b: { ips: [B] } }]);
    await work();
    await following.settle(300e6);
  } finally {
    await following.stop();
  }
  return following.told();
}

/** The reader, which is this process, does nothing for so long. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const journeysOf = ({ all }: Told): Journey[] => all.map(({ journey }) => journey);
const flagsOf = ({ packet }: Journey): string => packet.tcp?.flags ?? '';

/** Packets that came to b. */
async function received(): Promise<number> {
  const { stdout } = await within(b, 'cat', '/sys/class/net/eth0/statistics/rx_packets');
  return Number(stdout);
}

/** As iptables counted them. */
async function dropped(): Promise<number> {
  const { stdout } = await within(b, 'iptables', '-t', 'raw', '-nvxL', 'PREROUTING');
  return Number(/^\s*(\d+)\s+\d+\s+DROP/m.exec(stdout)?.[1]);
}

describe('a reader that cannot keep up', () => {
  it('is given fewer packets of what was shown before, and all that matters', async () => {
    const rule = ['PREROUTING', '-p', 'udp', '-m', 'statistic', '--mode', 'nth', '--every', '500'];
    await within(b, 'iptables', '-t', 'raw', '-A', ...rule, '--packet', '0', '-j', 'DROP');
    const server = start(b, process.execPath, udp, 'serve', '7100');
    await once(server.stderr!, 'data');
    const listener = start(
      b,
      process.execPath,
      '-e',
      `require('node:net').createServer(c => c.resume()).listen(7101, () => console.log('up'))`,
    );
    await once(listener.stdout!, 'data');
    const count = 40_000;
    const told = await followed(
      async () => {
        const talk = start(a, 'bash', '-c', `exec 3<>/dev/tcp/${B}/7101; read; exec 3>&-; echo closed`);
        const pour = start(a, process.execPath, udp, 'pour', B, '7100', String(count), '64', 'ov');
        pour.stdout!.resume();
        const poured = once(pour, 'close');
        while ((await received()) < 1000);
        stall(700);
        talk.stdin!.write('\n');
        stall(700);
        await poured;
      },
      { ringBytes: 4 * 1024 * 1024 },
    );
    const { stats, events } = told;
    expect(stats.sampled).toBeGreaterThan(1000);
    expect(stats.lost).toBe(0);
    expect(stats.seen).toBe(events + stats.sampled);
    const datagrams = journeysOf(told).filter(({ proto }) => proto === 'udp');
    expect(datagrams.length).toBeGreaterThan(100);
    expect(datagrams.length).toBeLessThan(count);
    // A program that is interrupted by an event of its own misses that one, and packets that wait unread by the thousand throw out each
    // other's state: rare, told as losses, and never called complete.
    const missed = told.losses.reduce((sum, { count: times }) => sum + times, 0);
    expect(missed).toBeLessThan(count / 100);
    const isMissed = ({ gaps }: Journey): boolean =>
      missed > 0 && gaps.some(({ kind }) => kind === 'lost' || kind === 'evicted');
    // every loss is told, also of a packet that was left out until then
    const drops = datagrams.filter(({ outcome }) => outcome.kind === 'dropped');
    const there = await dropped();
    expect(drops.length).toBeLessThanOrEqual(there);
    expect(drops.length).toBeGreaterThanOrEqual(there - missed);
    const leftOut = told.all.filter(({ record }) => (record.events[0]!.flags & eventLeftOut) !== 0);
    expect(leftOut.length).toBeGreaterThan(0);
    for (const { journey } of leftOut) {
      expect(journey.gaps[0]).toMatchObject({ after: -1, kind: 'filtered' });
      expect(journey).toMatchObject({
        complete: false,
        hops: [{ layer: 'drop' }],
        outcome: { kind: 'dropped' },
      });
    }
    // and every other one that is shown is shown whole
    for (const journey of datagrams.filter(({ outcome }) => outcome.kind !== 'dropped'))
      if (!isMissed(journey))
        expect(journey).toMatchObject({ complete: true, gaps: [], outcome: { kind: 'delivered' } });
    expect(journeysOf(told).filter(journey => flagsOf(journey).includes('F')).length).toBeGreaterThan(0);
  });

  it('gets everything again when it keeps up', async () => {
    await within(b, 'iptables', '-t', 'raw', '-F');
    const server = start(b, process.execPath, udp, 'serve', '7102');
    await once(server.stderr!, 'data');
    const count = 200;
    const told = await followed(
      () => within(a, process.execPath, udp, 'ask', B, '7102', String(count), '64', 'ok'),
      { ringBytes: 4 * 1024 * 1024 },
    );
    expect(told.stats).toEqual({ seen: told.events, lost: 0, own: 0, sampled: 0 });
    expect(journeysOf(told).filter(({ proto }) => proto === 'udp').length).toBe(2 * count);
  });
});

describe('what is not asked for any more', () => {
  it('is not told any more, although packets of it were followed', async () => {
    const server = start(b, process.execPath, udp, 'serve', '7105');
    await once(server.stderr!, 'data');
    const following = await Following.start();
    try {
      await following.knows([a, b]);
      const ask = (tag: string) => within(a, process.execPath, udp, 'ask', B, '7105', '5', '64', tag);
      const port = { proto: 'udp' as const, a: { ips: [A] }, b: { ips: [B] } };
      await following.watch([port]);
      const talk = start(a, process.execPath, '-e', talking(B, 7105));
      await once(talk.stdout!, 'data');
      await ask('w1');
      await following.watch([{ ...port, b: { ips: ['192.0.2.99'] } }]);
      const fromNs = await following.settle(100e6);
      talk.stdin!.write('more\n');
      await once(talk.stdout!, 'data');
      await following.settle(200e6);
      const later = following.told().all.filter(({ record }) => record.events[0]!.timeNs > fromNs);
      expect(following.told().all.length).toBeGreaterThan(10);
      expect(later).toEqual([]);
    } finally {
      await following.stop();
    }
  });

  /** Asks once at its start and once for each line, from one socket. */
  const talking = (host: string, port: number): string => `
    const s = require('node:dgram').createSocket('udp4');
    const ask = () => s.send('nxx00000', ${port}, '${host}');
    s.on('message', () => console.log('answered'));
    process.stdin.on('data', ask);
    ask();`;
});

describe('own conversations', () => {
  const listen = async (port: number): Promise<ChildProcess> => {
    const code = `require('node:net').createServer(c => c.end('x')).listen(${port}, () => console.log('up'))`;
    const server = start(b, process.execPath, '-e', code);
    await once(server.stdout!, 'data');
    return server;
  };
  const ask = (port: number) => within(a, 'bash', '-c', `cat < /dev/tcp/${B}/${port}`);

  it('are not looked at, and counted; others are', async () => {
    await listen(7103);
    await listen(7104);
    const told = await followed(
      async () => {
        await ask(7103);
        await ask(7104);
      },
      { own: () => [{ a: { ip: B, port: 7103 }, b: {} }] },
    );
    const ports = new Set(journeysOf(told).flatMap(({ from, to }) => [from.port, to.port]));
    expect(ports.has(7104)).toBe(true);
    expect(ports.has(7103)).toBe(false);
    expect(told.stats.own).toBeGreaterThan(5);
    expect(told.stats.seen).toBe(told.events + told.stats.own);
  });
});
