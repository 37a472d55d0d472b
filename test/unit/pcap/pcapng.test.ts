import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  enhancedPacket,
  interfaceDescription,
  linkType,
  nameResolution,
  sectionHeader,
} from '../../../src/pcap/pcapng.ts';
import { readPcapng } from '../../helpers/pcapng.ts';

const start = [
  sectionHeader({ application: 'tracer 1', os: 'Linux 6.18', comment: 'session x' }),
  interfaceDescription({ linkType: linkType.ethernet, name: 'pod-a/eth0', description: 'a device' }),
];
const file = (...blocks: Uint8Array[]): Uint8Array => Buffer.concat([...start, ...blocks]);

describe('pcapng blocks', () => {
  it('are read back as they were written, whatever is in them', () => {
    const packets = fc.array(
      fc.record({
        interface: fc.constant(0),
        timeNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        bytes: fc.uint8Array({ maxLength: 400 }),
        originalLenBytes: fc.integer({ min: 400, max: 70_000 }),
        direction: fc.constantFrom('in', 'out', 'unknown'),
        packetId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        comments: fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { maxLength: 4 }),
      }),
    );
    fc.assert(
      fc.property(packets, given => {
        const { packets: read } = readPcapng(file(...given.map(packet => enhancedPacket(packet))));
        expect(read).toEqual(
          given.map(({ direction, bytes, ...packet }) => ({
            ...packet,
            bytes: Buffer.from(bytes),
            flags: { unknown: 0, in: 1, out: 2 }[direction],
          })),
        );
      }),
    );
  });

  it('say whose they are, and count time in nanoseconds', () => {
    const { section, interfaces } = readPcapng(file());
    expect(section.map(({ code, value }) => [code, Buffer.from(value).toString()])).toEqual([
      [1, 'session x'],
      [3, 'Linux 6.18'],
      [4, 'tracer 1'],
    ]);
    expect(interfaces).toMatchObject([{ linkType: 1, name: 'pod-a/eth0' }]);
    expect(interfaces[0]!.options.find(({ code }) => code === 9)?.value).toEqual(Buffer.of(9));
  });

  it('name addresses of both families', () => {
    const names = [
      { address: Uint8Array.of(10, 244, 1, 5), name: 'pod-a.default' },
      { address: new Uint8Array(16).fill(1), name: 'x' },
    ];
    expect([...readPcapng(file(nameResolution(names))).names]).toEqual([
      ['10.244.1.5', 'pod-a.default'],
      [Array(16).fill(1).join('.'), 'x'],
    ]);
  });

  it('cut a text that is too long between two characters', () => {
    const packet = {
      interface: 0,
      timeNs: 1n,
      bytes: new Uint8Array(3),
      originalLenBytes: 3,
      direction: 'in',
      packetId: 1n,
      comments: [`x${'→'.repeat(9_000)}`],
    } as const;
    const [comment] = readPcapng(file(enhancedPacket(packet))).packets[0]!.comments;
    expect(comment).toMatch(/^x→+$/);
    expect(Buffer.byteLength(comment!)).toBeLessThanOrEqual(16_384);
    expect(Buffer.byteLength(comment!)).toBeGreaterThan(16_380);
  });
});
