/**
 * Which conversation a journey belongs to, over NAT and in both directions.
 *
 * A packet shows one tuple per namespace it passes; its reply shows the same tuples reversed in the same namespaces. So a flow is
 * the set of (namespace, tuple) pairs seen, joined by the packets that showed several of them and by the conntrack entries,
 * which name both sides of a NAT at once. A SYN with another initial sequence number begins a new flow with the same tuples.
 */
import type { ConntrackRecord, Event, NetworkLayer } from '../model/event.ts';
import type { Direction } from '../model/journey.ts';
import { innermost, ownConntrack } from '../model/tuples.ts';
import { ConversationKeys } from './conversation-keys.ts';
import type { OpenJourney } from './open-journey.ts';

const SYN = 0x02;
const ACK = 0x10;
const CTINFO_IS_REPLY = 3;
/** Conversations are forgotten oldest first; a later packet of one then begins a new flow. */
const FLOWS_MAX = 200_000;
/** Who spoke first is needed until the first journey of a conversation closes. */
const OPENERS_MAX = 50_000;

interface Opener {
  readonly src: string;
  readonly sport: number | undefined;
  readonly timeNs: number;
}

interface FlowEntry {
  readonly id: string;
  readonly keys: Set<string>;
  originator: Opener | undefined;
  /** Initial sequence number of the originator. */
  isn: number | undefined;
}

export interface FlowAssignment {
  readonly flow?: string;
  readonly direction: Direction;
}

export class FlowTable {
  readonly #byKey = new Map<string, FlowEntry>();
  readonly #flows = new Set<FlowEntry>();
  readonly #openers = new Map<string, Opener>();
  readonly #keys = new ConversationKeys();
  #next = 1;

  /** The first event of a packet, in order of time: journeys close in another order, a reply often before its request. */
  begin(event: Event): void {
    const layer = innermost(event);
    if (layer === undefined || event.netns === 0 || event.headers?.quoted !== undefined) return;
    const key = this.#keys.of(event.netns, layer);
    if (key === undefined || this.#openers.has(key)) return;
    this.#openers.set(key, openerOf(layer, event.timeNs));
    if (this.#openers.size > OPENERS_MAX) this.#openers.delete(this.#openers.keys().next().value!);
  }

  /** A copy or a fragment belongs where the packet belongs that it was made of. */
  assign(journey: OpenJourney): FlowAssignment {
    const whole = journey.root ?? journey.datagram;
    const told = whole === undefined || isTelling(journey) ? journey : whole;
    const first = innermost(told.first);
    if (first === undefined) return { direction: 'none' };
    const events = whole === undefined ? journey.events : [...journey.events, ...whole.events];
    const quoted = quotedKeys(told.events, this.#keys);
    const keys = quoted ?? keysOf(events, this.#keys);
    if (keys.length === 0) return { direction: 'none' };
    const isSyn = quoted === undefined && first.tcp !== undefined && (first.tcp.flags & (SYN | ACK)) === SYN;
    const flow = this.#find(keys, isSyn ? first.tcp?.seq : undefined);
    for (const key of keys) {
      if (this.#byKey.get(key) === flow) continue;
      flow.keys.add(key);
      this.#byKey.set(key, flow);
    }
    if (quoted !== undefined) return { flow: flow.id, direction: 'related' };
    return { flow: flow.id, direction: this.#direction(flow, told, keys) };
  }

  #find(keys: readonly string[], isn: number | undefined): FlowEntry {
    for (const key of keys) {
      const flow = this.#byKey.get(key);
      if (flow === undefined) continue;
      if (isn === undefined || flow.isn === undefined || flow.isn === isn) {
        flow.isn ??= isn;
        return flow;
      }
      break;
    }
    const flow: FlowEntry = { id: String(this.#next++), keys: new Set(), originator: undefined, isn };
    this.#flows.add(flow);
    if (this.#flows.size > FLOWS_MAX) this.#forgetOldest();
    return flow;
  }

  #forgetOldest(): void {
    for (const flow of this.#flows) {
      this.#flows.delete(flow);
      for (const key of flow.keys) if (this.#byKey.get(key) === flow) this.#byKey.delete(key);
      return;
    }
  }

  /** An echo says it itself; else conntrack's word if it has one, else who sent first. */
  #direction(flow: FlowEntry, journey: OpenJourney, keys: readonly string[]): Direction {
    const echo = innermost(journey.first)?.icmp?.type;
    if (echo === 0 || echo === 129) return 'reply';
    if (echo === 8 || echo === 128) return 'request';
    for (const event of journey.events) {
      const ct = ownConntrack(event);
      if (ct !== undefined) return ct.ctinfo >= CTINFO_IS_REPLY ? 'reply' : 'request';
    }
    const first = innermost(journey.first)!;
    flow.originator ??= this.#opener(keys) ?? openerOf(first, journey.first.timeNs);
    // The port too: what reaches itself, over loopback or by its own service, is both ends.
    const isOriginator = flow.originator.src === first.src && flow.originator.sport === first.sport;
    return isOriginator ? 'request' : 'reply';
  }

  #opener(keys: readonly string[]): Opener | undefined {
    let first: Opener | undefined;
    for (const key of keys) {
      const opener = this.#openers.get(key);
      if (opener !== undefined && (first === undefined || opener.timeNs < first.timeNs)) first = opener;
    }
    return first;
  }
}

/** Who speaks, unless it is a SYN-ACK, which answers. */
function openerOf(layer: NetworkLayer, timeNs: number): Opener {
  const isSynAck = layer.tcp !== undefined && (layer.tcp.flags & (SYN | ACK)) === (SYN | ACK);
  return isSynAck
    ? { src: layer.dst, sport: layer.dport, timeNs }
    : { src: layer.src, sport: layer.sport, timeNs };
}

/** A later fragment shows no ports: it says nothing of its conversation. */
function isTelling(journey: OpenJourney): boolean {
  const layer = innermost(journey.first);
  return layer?.sport !== undefined || layer?.icmp !== undefined;
}

function keysOf(events: readonly Event[], made: ConversationKeys): string[] {
  const keys: string[] = [];
  const add = (key: string): void => void (keys.includes(key) || keys.push(key));
  let lastCt: ConntrackRecord | undefined;
  for (const event of events) {
    if (event.netns === 0) continue;
    const layer = innermost(event);
    const own = layer === undefined ? undefined : made.of(event.netns, layer);
    if (own === undefined) continue;
    if (keys[keys.length - 1] !== own) add(own);
    const ct = ownConntrack(event);
    if (ct === undefined || ct === lastCt) continue;
    lastCt = ct;
    for (const key of made.ofEntry(event.netns, ct)) add(key);
  }
  return keys;
}

/** Keys of the packets that an ICMP error quotes; undefined if it is none. */
function quotedKeys(events: readonly Event[], made: ConversationKeys): string[] | undefined {
  if (events[0]?.headers?.quoted === undefined) return undefined;
  const keys = new Set<string>();
  for (const event of events) {
    const quoted = event.headers?.quoted;
    const own = quoted === undefined || event.netns === 0 ? undefined : made.of(event.netns, quoted);
    if (own !== undefined) keys.add(own);
  }
  return [...keys];
}
