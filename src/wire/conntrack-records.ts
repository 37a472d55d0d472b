/**
 * The conntrack entry that an event carries. Each packet of a conversation shows the same entry at several hops: as long as its
 * bytes are the same, all events share one record.
 */
import type { ConntrackRecord, TupleRecord } from '../model/event.ts';
import { eventCtLayout as C } from '../model/layout.generated.ts';
import { addressText } from './addresses.ts';

const WORDS = C.size / 4;
const ENTRIES_MAX = 65_536;

interface Known {
  readonly words: Int32Array;
  readonly netns: number;
  readonly record: ConntrackRecord;
}

/** By address of the entry; an entry shows itself differently to each direction, so one table for each `ctinfo`. */
const tables: readonly Map<number, Known>[] = Array.from({ length: 8 }, () => new Map());

/** `at`: of struct event_ct; `ct`: address of the entry. */
export function conntrackRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  ct: number,
  netns: number,
): ConntrackRecord {
  const table = tables[bytes[at + C.ctinfo]! & 7]!;
  const known = table.get(ct);
  if (known !== undefined && known.netns === netns && isSame(known.words, view, at)) return known.record;
  const words = new Int32Array(WORDS);
  for (let i = 0; i < WORDS; i++) words[i] = view.getInt32(at + i * 4, true);
  const record = decoded(bytes, view, at);
  if (table.size >= ENTRIES_MAX) table.clear();
  table.set(ct, { words, netns, record });
  return record;
}

function isSame(words: Int32Array, view: DataView, at: number): boolean {
  for (let i = 0; i < WORDS; i++) if (words[i] !== view.getInt32(at + i * 4, true)) return false;
  return true;
}

function decoded(bytes: Uint8Array, view: DataView, at: number): ConntrackRecord {
  const tuple = (src: number, dst: number, sport: number, dport: number): TupleRecord => {
    const family = bytes[at + C.l3num] === 10 ? 6 : 4;
    return {
      proto: bytes[at + C.proto]!,
      src: addressText(bytes, at + src, family),
      dst: addressText(bytes, at + dst, family),
      sport: view.getUint16(at + sport, false),
      dport: view.getUint16(at + dport, false),
    };
  };
  return {
    orig: tuple(C.origSrc, C.origDst, C.origSport, C.origDport),
    reply: tuple(C.replySrc, C.replyDst, C.replySport, C.replyDport),
    status: view.getUint32(at + C.status, true),
    mark: view.getUint32(at + C.mark, true),
    zone: view.getUint16(at + C.zone, true),
    ctinfo: bytes[at + C.ctinfo]!,
  };
}
