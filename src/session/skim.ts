import { eventLayout, frameLayout, frameType, heartbeatLayout } from '../model/layout.generated.ts';

/** What was in frames that could not be written. */
export interface Skim {
  frames: number;
  events: number;
  /** CLOCK_MONOTONIC of the first and last event or heartbeat; absent if there was none. */
  fromNs?: bigint;
  toNs?: bigint;
}

/** Adds what is in these whole frames; stops at what is none. */
export function skim(bytes: Uint8Array, sum: Skim): Skim {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + frameLayout.size <= bytes.length; ) {
    const len = view.getUint32(at + frameLayout.len, true);
    if (len < frameLayout.size || at + len > bytes.length) break;
    sum.frames++;
    const type = view.getUint16(at + frameLayout.type, true);
    if (type === frameType.event) {
      sum.events++;
      see(sum, view.getBigUint64(at + eventLayout.timeNs, true));
    } else if (type === frameType.heartbeat) see(sum, view.getBigUint64(at + heartbeatLayout.timeNs, true));
    at += len;
  }
  return sum;
}

function see(sum: Skim, ns: bigint): void {
  if (sum.fromNs === undefined || ns < sum.fromNs) sum.fromNs = ns;
  if (sum.toNs === undefined || ns > sum.toNs) sum.toNs = ns;
}
