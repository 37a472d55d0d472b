/** Filter expressions, held against tcpdump reading the same frames. */
import { existsSync } from 'node:fs';
import { execa } from 'execa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tap } from '../../../src/model/layout.generated.ts';
import { checkedProgram, type Instruction, matches } from '../../../src/pcap/classic-bpf.ts';
import { asEthernet } from '../../../src/pcap/frames.ts';
import { PacketFilter, parseProgram } from '../../../src/pcap/packet-filter.ts';
import { Decoder } from '../../../src/wire/decode.ts';
import { recordedBytes } from '../../golden/recordings.ts';

const hasTcpdump = ['/usr/bin/tcpdump', '/usr/sbin/tcpdump'].some(existsSync);

const recorded = [
  'flannel-service-cross-node',
  'flannel-dns',
  'flannel-policy-drop',
  'kindnet-service-same-node',
];
const frames = [
  ...recorded.flatMap(name =>
    new Decoder().push(recordedBytes(name)).flatMap(frame => {
      const raw = frame.kind === 'event' ? frame.event.raw : undefined;
      return frame.kind !== 'event' || raw === undefined ? [] : [asEthernet(raw, frame.event)];
    }),
  ),
  ...fc.sample(fc.uint8Array({ minLength: 14, maxLength: 120 }), { numRuns: 400, seed: 7 }),
  // half of a header, behind a type that promises one
  ...fc.sample(fc.uint8Array({ minLength: 1, maxLength: 30 }), { numRuns: 200, seed: 8 }).map(rest => {
    const frame = new Uint8Array(14 + rest.length);
    frame.set([8, 0, 0x45], 12);
    frame.set(rest.subarray(1), 15);
    return frame;
  }),
];

function pcap(): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262_144, 16);
  head.writeUInt32LE(1, 20);
  const records = frames.flatMap((frame, n) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(n); // its number is its second
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([head, ...records]);
}

const expressions = [
  'tcp',
  'udp port 53',
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0',
  'tcp[tcpflags] == tcp-syn',
  'host 10.244.1.5 and not port 80',
  'src net 10.96.0.0/12 or dst net 10.96.0.0/12',
  'icmp or icmp6 or arp',
  'ip6',
  'vlan or ip',
  'portrange 8000-8500',
  'udp[8:2] > 100',
  'ip[8] < 64 and ip[0] & 0xf == 5',
  'len > 80',
  'ether[12:2] * 2 - 1 > 4000',
  'tcp[4:4] % 3 == 1 and tcp[4:4] / 7 > 2',
  'ip[2:2] << 2 >> 1 | 3 > 100',
  'ip broadcast or ether multicast',
  'greater 60 and less 100',
];

describe.skipIf(!hasTcpdump)('an expression matches what tcpdump matches [needs tcpdump]', () => {
  const file = pcap();
  it.each(expressions)('%s', async expression => {
    const { stdout: code } = await execa('tcpdump', ['-ddd', '-y', 'EN10MB', expression], {
      stdin: 'ignore',
    });
    const args = ['-r', '-', '-n', '-tt', '-q', '-w', '-', '-U', expression];
    const { stdout } = await execa('tcpdump', args, { input: file, encoding: 'buffer' });
    const theirs = secondsOf(Buffer.from(stdout));
    const program = programOf(parseProgram(code)!);
    const ours = frames.flatMap((bytes, n) =>
      matches(program, { bytes, lenBytes: bytes.length, type: 0 }) ? n : [],
    );
    expect(ours).toEqual(theirs);
  });
});

function secondsOf(file: Buffer): number[] {
  const seconds: number[] = [];
  for (let at = 24; at < file.length; at += 16 + file.readUInt32LE(at + 8))
    seconds.push(file.readUInt32LE(at));
  return seconds;
}

const programOf = (rows: readonly (readonly number[])[]): readonly Instruction[] =>
  checkedProgram(rows.map(([code, ifTrue, ifFalse, k]) => ({ code, ifTrue, ifFalse, k }) as Instruction))!;

describe('a program that somebody else wrote', () => {
  const anything = fc.array(
    fc.tuple(
      fc.nat(0xff),
      fc.nat(12),
      fc.nat(12),
      fc.oneof(fc.nat(40), fc.integer({ min: 0, max: 0xffffffff })),
    ),
    { maxLength: 24 },
  );

  it('is refused, or ends with a yes or a no, whatever it says', () => {
    fc.assert(
      fc.property(anything, fc.uint8Array({ maxLength: 60 }), (rows, bytes) => {
        const program = programOf(rows);
        if (program === undefined) return;
        expect(matches(program, { bytes, lenBytes: bytes.length, type: 0 })).toBeTypeOf('boolean');
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['nothing', []],
    ['no end', [[0, 0, 0, 1]]],
    [
      'a jump behind its end',
      [
        [5, 0, 0, 1],
        [6, 0, 0, 1],
      ],
    ],
    [
      'a word that there is not',
      [
        [2, 0, 0, 16],
        [6, 0, 0, 1],
      ],
    ],
    ['what is no instruction', [[6.5, 0, 0, 1]]],
  ])('is refused when it has %s', (_, program) => {
    expect(() => new PacketFilter({ expression: 'x', program })).toThrow(
      "the filter 'x' is kept as no program",
    );
  });
});

it('asks every place of the way', () => {
  const events = new Decoder()
    .push(recordedBytes('flannel-service-cross-node'))
    .flatMap(frame => (frame.kind === 'event' ? frame.event : []));
  const packet = events.find(({ raw, tap: at }) => raw !== undefined && at === tap.netDevQueue)!.packet;
  const own = events.filter(event => event.packet === packet);
  const never = new PacketFilter({ expression: 'never', program: [[6, 0, 0, 0]] });
  const always = new PacketFilter({ expression: 'always', program: [[6, 0, 0, 1]] });
  const record = (some: typeof own) =>
    ({ events: some }) as unknown as Parameters<PacketFilter['matches']>[0];
  expect([never.matches(record(own)), always.matches(record(own)), always.matches(record([]))]).toEqual([
    false,
    true,
    false,
  ]);
});
