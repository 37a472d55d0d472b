/** What `-w FILE --pcapng` writes while it follows, held byte for byte against tcpdump on the same devices. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type PcapRecord, readPcap } from '../helpers/capture-pcap.ts';
import { RunningTracer } from '../helpers/cli.ts';
import { readPcapng } from '../helpers/pcapng.ts';
import { until } from '../helpers/processes.ts';

const a = `exp${process.pid}a`;
const b = `exp${process.pid}b`;
const dir = mkdtempSync(join(tmpdir(), 'tracer-export-'));
const PINGS = 20;
/** Between the tap and tcpdump's stamp, for most packets. */
const NEAR_NS = 5_000_000;

beforeAll(async () => {
  for (const netns of [a, b]) await execa('ip', ['netns', 'add', netns]);
  await execa('ip', ['-n', a, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b]);
  for (const [netns, address] of [
    [a, '192.0.2.1/24'],
    [b, '192.0.2.2/24'],
  ] as const) {
    await execa('ip', ['-n', netns, 'addr', 'add', address, 'dev', 'eth0']);
    await execa('ip', ['-n', netns, 'link', 'set', 'eth0', 'up']);
  }
  await execa('ip', ['netns', 'exec', a, 'ping', '-q', '-c', '1', '192.0.2.2']);
});
afterAll(async () => {
  rmSync(dir, { recursive: true });
  for (const netns of [a, b]) await execa('ip', ['netns', 'del', netns]);
});

/** @returns ends it, and gives what it saw of ICMP. */
async function tcpdump(netns: string): Promise<() => Promise<readonly PcapRecord[]>> {
  const file = join(dir, `${netns}.pcap`);
  const options = ['-i', 'eth0', '-U', '--immediate-mode', '--time-stamp-precision=nano', '-w', file, 'icmp'];
  const child = spawn('ip', ['netns', 'exec', netns, 'tcpdump', ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += String(text);
  });
  await until('tcpdump listens', () => said.includes('listening on'), 10_000);
  const read = (): PcapRecord[] => [...readPcap(readFileSync(file))];
  return async () => {
    await until('tcpdump has written all', () => read().length >= 2 * PINGS, 10_000);
    const closed = once(child, 'close');
    child.kill('SIGINT');
    await closed;
    return read();
  };
}

it('has the bytes, times and order that tcpdump sees at each device', async () => {
  const out = join(dir, 'live.pcapng');
  const args = [
    `netns:${a}`,
    `netns:${b}`,
    '--proto',
    'icmp',
    '-c',
    String(2 * PINGS),
    '-w',
    out,
    '--pcapng',
  ];
  const tracer = await RunningTracer.following(args);
  const ends = new Map([
    [a, await tcpdump(a)],
    [b, await tcpdump(b)],
  ]);
  await execa('ip', ['netns', 'exec', a, 'ping', '-q', '-i', '0.01', '-c', String(PINGS), '192.0.2.2']);
  const { code, stderr } = await tracer.ended;
  expect(code).toBe(0);
  expect(stderr).toContain(`wrote ${2 * PINGS} packets at 2 places`);

  const { interfaces, packets } = readPcapng(readFileSync(out));
  expect(interfaces.map(({ linkType }) => linkType)).toEqual([1, 1]);
  for (const [netns, end] of ends) {
    const seen = await end();
    const number = interfaces.findIndex(({ name }) => name === `${netns}/eth0`);
    const ours = packets.filter(packet => packet.interface === number);
    expect(ours.map(({ originalLenBytes }) => originalLenBytes)).toEqual(
      seen.map(({ lenBytes }) => lenBytes),
    );
    const apartNs: number[] = [];
    for (const [n, { bytes, timeNs, flags }] of ours.entries()) {
      const theirs = seen[n]!;
      expect(bytes.length).toBeGreaterThanOrEqual(14 + 20 + 8);
      expect(bytes).toEqual(Buffer.from(theirs.bytes.subarray(0, bytes.length)));
      apartNs.push(Math.abs(Number(timeNs - theirs.timeNs)));
      // In a the odd ones are the answers, in b the questions are what comes in.
      expect(flags).toBe((n % 2 === 0) === (netns === a) ? 2 : 1);
    }
    expect(apartNs.sort((x, y) => x - y)[PINGS]).toBeLessThan(NEAR_NS);
  }
});
