/**
 * Packets of one conversation mostly take the same way and look the same at every hop: their hops differ in nothing but time, CPU and
 * length. So the hops of the first are kept, with what was looked at to make them, and given their own times for each that looks the
 * same. To look costs a tenth of making them anew.
 *
 * Whatever resolution of hops and endpoints reads of a record has to be compared here, or be the same for all records of a flow and
 * direction. `alike.test.ts` holds every kept answer against one that was made anew.
 */
import {
  type ConntrackRecord,
  type Event,
  isHearsay,
  type NetworkLayer,
  type TupleRecord,
} from '../model/event.ts';
import type { JourneyRecord } from '../model/journey-record.ts';

/** What one event showed. */
export interface Sight {
  readonly tap: number;
  readonly netns: number;
  readonly netnsInode: number;
  readonly ifindex: number;
  readonly dev: string;
  readonly mark: number;
  readonly vlanTci: number;
  readonly nfHook: number;
  readonly iif: number;
  /** Bytes more than at the first event: a change of length is shown by its figures, and then nothing is kept. */
  readonly growthBytes: number;
  readonly ct: number;
  readonly conntrack: ConntrackRecord | undefined;
  readonly ethernet: MacPair | undefined;
  readonly outer: NetworkLayer | undefined;
  readonly inner: NetworkLayer | undefined;
  readonly vni: number | undefined;
  /** How the kernel gave the sk_buff back. */
  readonly end: string | undefined;
  readonly process: string | undefined;
}

type MacPair = { readonly src: string; readonly dst: string };

/** Bits of `enum ip_conntrack_status` that tell what was rewritten; the others change as a conversation goes on. */
const NAT_BITS = 0x30;

export function sightsOf(record: JourneyRecord): Sight[] {
  const firstBytes = record.events[0]!.skbLen;
  return record.events.map((event, index) => ({
    tap: event.tap,
    netns: event.netns,
    netnsInode: event.netnsInode,
    ifindex: event.ifindex,
    dev: event.dev,
    mark: event.mark,
    vlanTci: event.vlanTci,
    nfHook: event.nfHook,
    iif: event.iif,
    growthBytes: growthOf(event, firstBytes),
    ct: event.ct,
    conntrack: event.conntrack,
    ethernet: event.headers?.ethernet,
    outer: event.headers?.outer,
    inner: event.headers?.inner,
    vni: event.headers?.vxlan?.vni,
    end: endAt(record, index),
    process: processAt(record, index),
  }));
}

/** Does every event of the record show what was seen then? */
export function isAlike(record: JourneyRecord, sights: readonly Sight[]): boolean {
  const { events } = record;
  if (events.length !== sights.length) return false;
  const firstBytes = events[0]!.skbLen;
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!;
    const sight = sights[i]!;
    if (!isSamePlace(event, sight) || growthOf(event, firstBytes) !== sight.growthBytes) return false;
    if (!showsTheSame(event, sight)) return false;
    if (endAt(record, i) !== sight.end || processAt(record, i) !== sight.process) return false;
  }
  return true;
}

function growthOf(event: Event, firstBytes: number): number {
  return isHearsay(event) ? 0 : event.skbLen - firstBytes;
}

function isSamePlace(event: Event, sight: Sight): boolean {
  return (
    event.tap === sight.tap &&
    event.netns === sight.netns &&
    event.ifindex === sight.ifindex &&
    event.dev === sight.dev &&
    event.netnsInode === sight.netnsInode &&
    event.iif === sight.iif &&
    event.nfHook === sight.nfHook
  );
}

function showsTheSame(event: Event, sight: Sight): boolean {
  if (event.mark !== sight.mark || event.vlanTci !== sight.vlanTci || event.ct !== sight.ct) return false;
  const { headers } = event;
  return (
    isSameEntry(event.conntrack, sight.conntrack) &&
    headers?.vxlan?.vni === sight.vni &&
    isSameLayer(headers?.outer, sight.outer) &&
    isSameLayer(headers?.inner, sight.inner) &&
    isSamePair(headers?.ethernet, sight.ethernet)
  );
}

function isSamePair(a: MacPair | undefined, b: MacPair | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.src === b.src && a.dst === b.dst);
}

/** Not what differs from packet to packet: ids, sequence numbers, lengths; nor what ARP has, which is of no flow. */
function isSameLayer(a: NetworkLayer | undefined, b: NetworkLayer | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.src === b.src &&
    a.dst === b.dst &&
    a.sport === b.sport &&
    a.dport === b.dport &&
    a.ttl === b.ttl &&
    a.proto === b.proto &&
    a.dscp === b.dscp &&
    a.icmp?.type === b.icmp?.type &&
    a.icmp?.code === b.icmp?.code
  );
}

function isSameEntry(a: ConntrackRecord | undefined, b: ConntrackRecord | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.ctinfo === b.ctinfo &&
    (a.status & NAT_BITS) === (b.status & NAT_BITS) &&
    a.mark === b.mark &&
    a.zone === b.zone &&
    isSameTuple(a.orig, b.orig) &&
    isSameTuple(a.reply, b.reply)
  );
}

function isSameTuple(a: TupleRecord, b: TupleRecord): boolean {
  return (
    a.src === b.src && a.dst === b.dst && a.sport === b.sport && a.dport === b.dport && a.proto === b.proto
  );
}

function endAt({ ends }: JourneyRecord, index: number): string | undefined {
  const end = ends.size === 0 ? undefined : ends.get(index);
  return end && `${end.verdict.kind} ${end.reason} ${end.location}`;
}

function processAt({ processes }: JourneyRecord, index: number): string | undefined {
  const process = processes.size === 0 ? undefined : processes.get(index);
  return process && `${process.pid} ${process.comm}`;
}
