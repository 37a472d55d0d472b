import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PcapPacket, PcapReader, RECORD_BYTES_MAX } from '../../../src/capture/pcap-reader.ts';
import { arbitraryFile, hostileBytes, pcapFile } from './pcap-files.ts';

/** A short run here; FUZZ_RUNS=100000 makes a long one. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 300);
const timeout = 10_000 + numRuns * 20;

const record = { seconds: 7, fraction: 5, bytes: Uint8Array.of(1, 2, 3, 4) };

function read(
  bytes: Uint8Array,
  size = bytes.length,
): { packets: PcapPacket[]; reader: PcapReader; heldMax: number } {
  const reader = new PcapReader();
  const packets: PcapPacket[] = [];
  let heldMax = 0;
  for (let at = 0; at < bytes.length; at += Math.max(1, size)) {
    packets.push(...reader.push(bytes.subarray(at, at + Math.max(1, size))));
    heldMax = Math.max(heldMax, reader.heldBytes);
  }
  reader.end();
  return { packets, reader, heldMax };
}

describe('what tcpdump writes', () => {
  test('gives its packets back, whatever byte order, clock and chunks', () => {
    fc.assert(
      fc.property(arbitraryFile, fc.integer({ min: 1, max: 400 }), ({ records, spec }, size) => {
        const { packets, reader } = read(pcapFile(records, spec), size);
        expect(reader.problem).toBeUndefined();
        expect(reader.linkType).toBe(spec.linkType);
        expect(packets.map(({ seconds, nanos, bytes }) => [seconds, nanos, [...bytes]])).toEqual(
          records.map(({ seconds, fraction, bytes }) => [
            seconds,
            spec.nanos ? fraction : fraction * 1000,
            [...bytes],
          ]),
        );
      }),
    );
  });

  test('may be cut packets', () => {
    const { packets } = read(pcapFile([{ ...record, original: 1500 }], { snapBytes: 4 }));
    expect(packets).toMatchObject([{ lenBytes: 1500, nanos: 5000 }]);
  });

  test('a live capture that ends within a record keeps those before', () => {
    const bytes = pcapFile([record, record]);
    const { packets, reader } = read(bytes.subarray(0, bytes.length - 1), 10);
    expect(packets).toHaveLength(1);
    expect(reader.problem).toMatchObject({ kind: 'cut', text: 'it ends within a record, at byte 44' });
  });
});

describe('what is refused', () => {
  test.each([
    ['pcapng', Buffer.from('0a0d0d0a1c000000', 'hex'), 'pcapng', 'editcap -F pcap'],
    ['gzip', Buffer.from('1f8b0800', 'hex'), 'compressed', 'gunzip'],
    ['zstd', Buffer.from('28b52ffd', 'hex'), 'compressed', 'unzstd'],
    ['another file', Buffer.from('GET / HTTP/1.1'), 'not-pcap', '0x47455420'],
    ['an empty file', Buffer.alloc(0), 'not-pcap', 'after 0 bytes'],
    ['half a header', pcapFile([]).subarray(0, 20), 'not-pcap', 'after 20 bytes'],
    ['an older version', pcapFile([record], { major: 1 }), 'version', '1.4'],
    ['a newer version', pcapFile([record], { minor: 5 }), 'version', '2.5'],
    ['an unknown link', pcapFile([record], { linkType: 105 }), 'link-type', '105'],
  ])('%s', (_, bytes, kind, text) => {
    const { packets, reader } = read(bytes);
    expect(packets).toEqual([]);
    expect(reader.problem?.kind).toBe(kind);
    expect(reader.problem?.text).toContain(text);
  });

  test.each([
    ['more bytes than the capture is cut at', { ...record, bytes: new Uint8Array(5) }, { snapBytes: 4 }],
    ['more bytes than the packet had', { ...record, original: 3 }, {}],
    ['a packet larger than any', { ...record, original: 1 << 30 }, {}],
    ['a stamp with too many parts of a second', { ...record, fraction: 1_000_000 }, {}],
    [
      'more bytes than libpcap ever writes',
      { ...record, bytes: new Uint8Array(RECORD_BYTES_MAX + 1) },
      { snapBytes: 0 },
    ],
  ])('a record with %s, and all behind it', (_, wrong, spec) => {
    const { packets, reader } = read(pcapFile([record, wrong, record], spec), 7);
    expect(packets).toHaveLength(1);
    expect(reader.problem).toMatchObject({ kind: 'damaged' });
    expect(reader.problem?.text).toContain('at byte 44');
    expect(reader.heldBytes).toBe(0);
  });
});

test(
  'hostile bytes never make it throw, or hold more than a record',
  () => {
    fc.assert(
      fc.property(hostileBytes, fc.integer({ min: 1, max: 700 }), (bytes, size) => {
        const whole = read(bytes);
        const cut = read(bytes, size);
        expect(cut.packets).toEqual(whole.packets);
        expect(cut.reader.problem).toEqual(whole.reader.problem);
        expect(cut.heldMax).toBeLessThanOrEqual(RECORD_BYTES_MAX + 16);
      }),
      { numRuns },
    );
  },
  timeout,
);

test('no deprecation reaches the user', () => {
  const script = `
    const { PcapReader } = await import('${new URL('../../../src/capture/pcap-reader.ts', import.meta.url).href}');
    const bytes = Buffer.from('${pcapFile([record, record]).toString('hex')}', 'hex');
    const reader = new PcapReader();
    let count = 0;
    for (const byte of bytes) count += reader.push(Buffer.from([byte])).length;
    console.log(count);`;
  const out = execFileSync(
    process.execPath,
    ['--pending-deprecation', '--throw-deprecation', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  expect(out).toBe('2\n');
});
