/** Classic pcap bytes, as tcpdump writes them and as it never would. */
import fc from 'fast-check';

export interface RecordSpec {
  readonly seconds: number;
  readonly fraction: number;
  readonly bytes: Uint8Array;
  /** Of the packet before it was cut; absent = as many as there are. */
  readonly original?: number;
}

export interface FileSpec {
  readonly nanos?: boolean;
  readonly big?: boolean;
  readonly snapBytes?: number;
  readonly linkType?: number;
  readonly major?: number;
  readonly minor?: number;
}

export function pcapFile(records: readonly RecordSpec[], spec: FileSpec = {}): Buffer {
  const little = spec.big !== true;
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, spec.nanos === true ? 0xa1b23c4d : 0xa1b2c3d4, little);
  header.setUint16(4, spec.major ?? 2, little);
  header.setUint16(6, spec.minor ?? 4, little);
  header.setUint32(16, spec.snapBytes ?? 262_144, little);
  header.setUint32(20, spec.linkType ?? 1, little);
  return Buffer.concat([Buffer.from(header.buffer), ...records.map(record => recordBytes(record, little))]);
}

function recordBytes({ seconds, fraction, bytes, original }: RecordSpec, little: boolean): Buffer {
  const header = new DataView(new ArrayBuffer(16));
  header.setUint32(0, seconds, little);
  header.setUint32(4, fraction, little);
  header.setUint32(8, bytes.length, little);
  header.setUint32(12, original ?? bytes.length, little);
  return Buffer.concat([Buffer.from(header.buffer), bytes]);
}

export const arbitraryRecord: fc.Arbitrary<RecordSpec> = fc.record({
  seconds: fc.integer({ min: 0, max: 0xffffffff }),
  fraction: fc.integer({ min: 0, max: 999_999 }),
  bytes: fc.uint8Array({ maxLength: 300 }),
});

export const arbitraryFile = fc.record({
  records: fc.array(arbitraryRecord, { maxLength: 8 }),
  spec: fc.record({
    nanos: fc.boolean(),
    big: fc.boolean(),
    linkType: fc.constantFrom(0, 1, 101, 108, 113, 228, 229, 276),
  }),
});

/** Bytes that begin like a capture and are damaged somewhere, or are anything. */
export const hostileBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc
    .tuple(arbitraryFile, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }))
    .map(([{ records, spec }, changes]) => {
      const bytes = pcapFile(records, spec);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    }),
);
