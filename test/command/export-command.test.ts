/** `tracer export` as a user runs it: what a reader of pcapng finds, held against the journeys; and what tshark says of it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Hop, Journey } from '../../src/model/journey.ts';
import { recordedBytes } from '../golden/recordings.ts';
import { replay } from '../golden/replay.ts';
import { type PcapngFile, readPcapng } from '../helpers/pcapng.ts';
import { recorded } from '../helpers/sessions.ts';
import { tracer } from './run-tracer.ts';

const dir = mkdtempSync(join(tmpdir(), 'tracer-export-'));
const path = (name: string) => join(dir, name);
const names = [
  'flannel-service-cross-node',
  'flannel-policy-drop',
  'flannel-dns',
  'kindnet-service-cross-node',
];

beforeAll(async () => {
  for (const name of names) writeFileSync(path(`${name}.tracer`), await recorded(recordedBytes(name)));
});
afterAll(() => rmSync(dir, { recursive: true }));

const whole = new Map<string, Promise<PcapngFile>>();

/** A recording as a whole is exported once for all that look at it. */
function exported(name: string): Promise<PcapngFile> {
  const file = whole.get(name) ?? exportOf(name);
  whole.set(name, file);
  return file;
}

async function exportOf(name: string, ...more: string[]): Promise<PcapngFile> {
  const out = path(`${name}.pcapng`);
  const { code, stdout } = await tracer(['export', '-r', path(`${name}.tracer`), '--pcapng', out, ...more]);
  expect([code, stdout]).toEqual([0, '']);
  return readPcapng(readFileSync(out));
}

const isPassage = (hop: Hop, before: Hop | undefined): boolean =>
  before === undefined ||
  `${hop.netns.cookie} ${hop.ifindex} ${hop.stage}` !==
    `${before.netns.cookie} ${before.ifindex} ${before.stage}`;
const passages = ({ hops }: Journey): Hop[] =>
  hops
    .filter(({ layer, inferred }) => layer === 'device' && inferred !== true)
    .filter((hop, n, all) => isPassage(hop, all[n - 1]));

describe.each(names)('export of %s', name => {
  const { journeys } = replay(recordedBytes(name));

  test('has a record for each device that each packet passed, with its time and direction', async () => {
    const { packets, interfaces } = await exported(name);
    for (const journey of journeys) {
      const own = packets.filter(({ packetId }) => packetId === BigInt(journey.id));
      const told = own.map(packet => [
        interfaces[packet.interface]!.name.split('/')[1],
        packet.timeNs,
        packet.flags,
      ]);
      const startNs = BigInt(Date.parse(`${journey.startedAt.slice(0, 19)}Z`)) * 1_000_000n;
      const birthNs = startNs + BigInt(journey.startedAt.slice(20, 29));
      const expected = passages(journey).map(({ dev, offsetNs, stage }) => [
        dev,
        birthNs + BigInt(offsetNs),
        stage === 'tx' ? 2 : 1,
      ]);
      if (expected.length > 0) expect(told).toEqual(expected);
      else expect(told).toHaveLength(1);
    }
    const times = packets.map(({ timeNs }) => timeNs);
    expect(times).toEqual([...times].sort((a, b) => Number(a - b)));
  });

  test('tells every hop once, in the order of the packet', async () => {
    const { packets } = await exported(name);
    for (const { id, hops } of journeys) {
      const own = packets.filter(({ packetId }) => packetId === BigInt(id));
      const [head, ...lines] = own.flatMap(({ comments }) => comments);
      expect(head).toMatch(new RegExp(`^#${id} `));
      expect(lines.filter(line => line.startsWith('+'))).toHaveLength(hops.length);
      for (const [n, line] of lines.filter(each => each.startsWith('+')).entries())
        expect(line).toContain(hops[n]!.text);
    }
  });
});

test('the packet has the addresses that it had at that device', async () => {
  const { packets, interfaces, names: known } = await exported('flannel-service-cross-node');
  const destinationAt = (name: string) => {
    const at = interfaces.findIndex(each => each.name === name);
    const { bytes } = packets.find(packet => packet.interface === at && packet.packetId === 1n)!;
    return Array.from(bytes.subarray(30, 34)).join('.');
  };
  expect(destinationAt('pod-a/eth0')).toBe('10.96.45.123');
  expect(destinationAt('node-1/flannel.1')).toBe('10.244.2.7');
  expect(destinationAt('node-1/eth0')).toBe('172.18.0.3'); // wrapped
  expect(Object.fromEntries(known)).toMatchObject({
    '10.244.1.5': 'pod-a.default',
    '10.96.45.123': 'nginx-service.default.svc',
    '10.244.2.7': 'nginx-2.default',
  });
});

test('a drop is told where the packet was seen last', async () => {
  const { packets } = await exportOf('flannel-policy-drop', '--proto', 'tcp');
  const comments = packets.flatMap(each => each.comments);
  expect(comments.filter(text => text.includes('dropped: NETFILTER_DROP'))).not.toEqual([]);
});

test('what does not match is not written, and nothing at all is said by the exit code', async () => {
  const { packets } = await exportOf('flannel-service-cross-node', '--proto', 'tcp', '-p', '80');
  expect(packets.length).toBeGreaterThan(50);
  const out = path('none.pcapng');
  const args = ['export', '-r', path('flannel-dns.tracer'), '--pcapng', out, '--proto', 'sctp'];
  expect(await tracer(args)).toMatchObject({ code: 3, stderr: expect.stringContaining('wrote 0 packets') });
  expect(readPcapng(readFileSync(out)).packets).toEqual([]);
});

test('a file that cannot be written is said before anything is read', async () => {
  const out = path('none/x.pcapng');
  const ran = await tracer(['export', '-r', path('flannel-dns.tracer'), '--pcapng', out]);
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no such file or folder') });
});

const hasTcpdump = ['/usr/bin/tcpdump', '/usr/sbin/tcpdump'].some(existsSync);

describe.skipIf(!hasTcpdump)('--filter [needs tcpdump]', () => {
  const session = path('flannel-service-cross-node.tracer');
  const syn = 'tcp[tcpflags] & tcp-syn != 0';

  test('leaves out packets, not what they tell of their conversation', async () => {
    const { code, stdout } = await tracer(['replay', '-r', session, '--filter', syn]);
    expect(code).toBe(0);
    expect(stdout.match(/^#\d+ \S+/gm)).toEqual(['#1 SYN', '#2 SYN-ACK']);
    expect(stdout).toMatch(/^✓ pod-a:\d+ → nginx-service:80 → nginx-2:8080: closed/m);
  });

  test('asks the packet as it is anywhere: behind the rewrite, too', async () => {
    const { code, stdout } = await tracer(['replay', '-r', session, '--filter', `dst 10.244.2.7 and ${syn}`]);
    expect([code, stdout.match(/^#\d+ \S+/gm)]).toEqual([0, ['#1 SYN']]);
  });

  test('that is no expression is a wrong use, in the words of tcpdump', async () => {
    const ran = await tracer(['replay', '-r', session, '--filter', 'foo bar']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(
      /^tracer: error: --filter 'foo bar': .*syntax error\n {2}hint: man pcap-filter/,
    );
  });
});

const hasTshark = ['/usr/bin/tshark', '/usr/bin/capinfos'].every(existsSync);

test.skipIf(!hasTshark)(
  'tshark reads it without a complaint, capinfos agrees on counts [needs tshark]',
  async () => {
    const { packets, interfaces } = await exported('flannel-service-cross-node');
    const file = path('flannel-service-cross-node.pcapng');
    const decode = ['-d', 'udp.port==8472,vxlan', '-N', 'n'];
    const { stdout, stderr } = await execa('tshark', [
      ...decode,
      '-r',
      file,
      '-T',
      'fields',
      '-e',
      'ip.dst_host',
    ]);
    expect(stderr.replace(/^Running as user.*$/m, '').trim()).toBe('');
    expect(stdout.split('\n')).toHaveLength(packets.length);
    expect(stdout).toContain('nginx-service.default.svc');
    const complaints = ['-Y', '_ws.malformed || _ws.expert.severity >= 8388608']; // errors
    expect((await execa('tshark', [...decode, '-r', file, ...complaints])).stdout).toBe('');
    const { stdout: info } = await execa('capinfos', ['-M', file]);
    expect(info).toMatch(new RegExp(`^Number of packets: +${packets.length}$`, 'm'));
    expect(info).toMatch(new RegExp(`^Number of interfaces in file: ${interfaces.length}$`, 'm'));
    expect(info).toMatch(/^Strict time order: +True$/m);
  },
);
