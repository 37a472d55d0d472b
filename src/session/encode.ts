/** Frames that the reader of the collector adds to a recording, in the form in which src/wire reads them. */
import type { ProcessSighting } from '../model/event.ts';
import { frameLayout, frameType, lossCause, lossLayout, processLayout } from '../model/layout.generated.ts';

type JsonType = 'hello' | 'inventory' | 'cluster' | 'symbol' | 'note';

/** Padded with blanks to a multiple of 8. */
export function jsonFrame(type: JsonType, value: unknown): Uint8Array {
  const json = Buffer.from(JSON.stringify(value));
  const bytes = Buffer.alloc(frameLayout.size + ((json.length + 7) & ~7), 0x20);
  putHead(bytes, frameType[type]);
  json.copy(bytes, frameLayout.size);
  return bytes;
}

/** `baseNs`: CLOCK_MONOTONIC at session time 0. */
export function processFrame(sighting: ProcessSighting, baseNs: bigint): Uint8Array {
  const bytes = Buffer.alloc(processLayout.size);
  putHead(bytes, frameType.process);
  bytes.writeBigUInt64LE(absolute(sighting.timeNs, baseNs), processLayout.timeNs);
  bytes.writeBigUInt64LE(BigInt(sighting.sk), processLayout.sk);
  bytes.writeBigUInt64LE(BigInt(sighting.netns), processLayout.netns);
  bytes.writeUInt32LE(sighting.pid, processLayout.pid);
  bytes.write(sighting.comm.slice(0, 16), processLayout.comm, 'latin1');
  return bytes;
}

/** Events that are not in the recording: for the journeys of that time they are as lost as if the ring had lost them. */
export function lossFrame(fromNs: bigint, toNs: bigint, count: number): Uint8Array {
  const bytes = Buffer.alloc(lossLayout.size);
  putHead(bytes, frameType.loss);
  bytes.writeBigUInt64LE(fromNs, lossLayout.fromNs);
  bytes.writeBigUInt64LE(toNs, lossLayout.toNs);
  bytes.writeUInt32LE(0xffffffff, lossLayout.cpu);
  bytes.writeUInt32LE(Math.min(count, 0xffffffff), lossLayout.count);
  bytes.writeUInt32LE(lossCause.ring, lossLayout.cause);
  return bytes;
}

function putHead(bytes: Buffer, type: number): void {
  bytes.writeUInt32LE(bytes.length, frameLayout.len);
  bytes.writeUInt16LE(type, frameLayout.type);
  bytes.writeUInt16LE(0, frameLayout.reserved);
}

function absolute(timeNs: number, baseNs: bigint): bigint {
  const ns = baseNs + BigInt(Math.round(timeNs));
  return ns < 0n ? 0n : ns;
}
