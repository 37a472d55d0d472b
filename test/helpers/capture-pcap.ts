/** Classic pcap files (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html), as tcpdump on this machine writes them. */
export interface PcapRecord {
  readonly timeNs: bigint;
  readonly bytes: Uint8Array;
  /** Before it was cut. */
  readonly lenBytes: number;
}

const MAGIC_NANO = 0xa1b23c4d;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

export function* readPcap(file: Uint8Array): Generator<PcapRecord> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const little = view.getUint32(0, true) === MAGIC_NANO;
  if (!little && view.getUint32(0, false) !== MAGIC_NANO) throw new Error('not a pcap file with nanoseconds');
  for (let at = FILE_HEADER; at + RECORD_HEADER <= file.length; ) {
    const captured = view.getUint32(at + 8, little);
    const start = at + RECORD_HEADER;
    if (start + captured > file.length) return; // cut short by the end of its writer
    yield {
      timeNs: BigInt(view.getUint32(at, little)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, little)),
      bytes: file.subarray(start, start + captured),
      lenBytes: view.getUint32(at + 12, little),
    };
    at = start + captured;
  }
}
