/**
 * A journey as the packets that a capture on every device of its way would have: one for each device that it was seen to pass, with the
 * headers as they were there. What happened between two devices (hooks, routes, rewrites, a drop) is told with the packet before it.
 */
import type { Event, RawHeaders } from '../model/event.ts';
import type { Hop, Journey } from '../model/journey.ts';
import type { JourneyRecord } from '../model/journey-record.ts';
import { wayText } from '../words/endpoints.ts';
import { originText, outcomeText } from '../words/outcome-text.ts';
import { duration, offsets } from '../words/times.ts';
import { framed } from './frames.ts';
import { type EnhancedPacket, type InterfaceDescription, type LinkType, linkType } from './pcapng.ts';

/** One sight of a packet, as a capture file has it. */
export interface PacketSight extends Omit<EnhancedPacket, 'interface'> {
  /** Device and kind of header; a journey that passed no device has one of its namespace. */
  readonly place: Place;
}

/** An interface of the file. */
export interface Place extends InterfaceDescription {
  /** Namespace, device and kind of header: a name may come back for something else. */
  readonly key: string;
}

interface Seen {
  readonly hop: Hop;
  readonly event: Event;
  readonly raw: RawHeaders;
}

/** @param label how a person calls the namespace of a hop. In order of time; none where no event brought headers. */
export function packetsOf(
  journey: Journey,
  record: JourneyRecord,
  label: (hop: Hop) => string,
): readonly PacketSight[] {
  const sights = sightsOf(journey, record);
  const startNs = realtimeOf(journey.startedAt);
  const offset = offsets(journey.durationNs);
  const line = (hop: Hop): string => {
    const where = hop.dev === undefined ? label(hop) : `${label(hop)} ${hop.dev}`;
    return `+${offset(hop.offsetNs)} ${where}: ${hop.inferred === true ? '~ ' : ''}${hop.text}`;
  };
  return sights.map((seen, n) => {
    const from = n === 0 ? 0 : seen.hop.index;
    const hops = journey.hops.slice(from, sights[n + 1]?.hop.index);
    const { bytes, type } = framed(seen.raw, seen.event);
    return {
      place: placeOf(seen.hop, label(seen.hop), type),
      timeNs: startNs + BigInt(seen.hop.offsetNs),
      bytes,
      originalLenBytes: seen.event.skbLen + bytes.length - (seen.raw.bytes.length - seen.raw.networkAt),
      direction: directionOf(seen.hop),
      packetId: BigInt(journey.id),
      comments: [...(n === 0 ? headOf(journey) : []), ...hops.map(line)],
    };
  });
}

/** What the packet is and what became of it; said once, with its first sight. */
function headOf(journey: Journey): string[] {
  const origin = originText(journey);
  const about = [
    outcomeText(journey),
    duration(journey.durationNs),
    ...(origin === undefined ? [] : [origin]),
  ];
  return [
    `#${journey.id} ${journey.summary}, ${wayText(journey)}: ${about.join(', ')}`,
    ...journey.gaps.map(({ reason }) => `incomplete: ${reason}`),
  ];
}

/** The hops that show it at a device; where there are none, the first one that shows its headers. */
function sightsOf({ hops }: Journey, { events }: JourneyRecord): Seen[] {
  const seen = hops.filter(hop => hop.inferred !== true);
  const all = seen.flatMap((hop, n): Seen[] => {
    const event = events[n];
    return event?.raw === undefined ? [] : [{ hop, event, raw: event.raw }];
  });
  const atDevices = all.filter(({ hop }) => hop.layer === 'device' && hop.ifindex !== undefined);
  const passed = atDevices.filter(({ hop }, n) => !isSamePassage(atDevices[n - 1]?.hop, hop));
  return passed.length > 0 ? passed : all.slice(0, 1);
}

/** Queued to a device and given to it: a capture there sees it once. */
function isSamePassage(before: Hop | undefined, hop: Hop): boolean {
  return (
    before?.ifindex === hop.ifindex &&
    before?.netns.cookie === hop.netns.cookie &&
    before?.stage === hop.stage
  );
}

function placeOf({ dev, ifindex, netns, node }: Hop, label: string, type: LinkType): Place {
  const device = dev === undefined ? 'seen at no device' : `device ${dev} (ifindex ${ifindex})`;
  const where = netns.name ?? `with cookie ${netns.cookie}`;
  const name = `${label}/${dev ?? 'no device'}`;
  return {
    key: `${netns.cookie} ${ifindex} ${type}`,
    linkType: type,
    name: type === linkType.ethernet ? name : `${name} (no MAC)`,
    description: `${device} in network namespace ${where}${node === undefined ? '' : ` of ${node}`}`,
  };
}

function directionOf({ layer, stage }: Hop): PacketSight['direction'] {
  if (layer !== 'device') return 'unknown';
  return stage === 'tx' ? 'out' : stage === 'rx' ? 'in' : 'unknown';
}

/** RFC 3339 with nine digits. */
function realtimeOf(text: string): bigint {
  const [whole = '', digits = ''] = text.replace(/Z$/, '').split('.');
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(digits.padEnd(9, '0'));
}
