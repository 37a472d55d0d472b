/**
 * What a new packet is to earlier ones, other than a copy: sent again, the kernel's own answer, an error about it.
 *
 * The kernel answers while it handles the packet: on the same CPU, in the same namespace, right after it was received or sent. A
 * packet that OUTPUT rejects, or for which no neighbour answered, ends after the error about it. A retransmission starts at the same
 * place with the same addresses and the same sequence number, or the socket itself says that it is one (tcp_retransmit_skb). What this
 * cannot know: a retransmission that begins at another byte, of a socket that is not of this kernel.
 */
import type { Event, NetworkLayer } from '../model/event.ts';
import type { LinkKind } from '../model/journey.ts';
import { tap } from '../model/layout.generated.ts';
import { innermost } from '../model/tuples.ts';
import type { OpenJourney } from './open-journey.ts';
import { SentBytes, segmentOf } from './sent-bytes.ts';

const ANSWER_NS = 1_000_000;
const SEGMENTS_MAX = 50_000;
const RST = 0x04;
const ANSWERS_ICMP = new Set([0, 129, 136]);
const ARP_REPLY = 2;
const OUTPUT = 3;
/** Where a packet that was made here is seen first; what a filter throws away at once, at its end. */
const begins = new Set<number>([tap.netDevQueue, tap.netfilter, tap.neighbour, tap.kfreeSkb]);

interface Seen {
  readonly journey: OpenJourney;
  readonly event: Event;
}

export class Relations {
  /** What each CPU received last. */
  readonly #received = new Map<number, Seen>();
  /** What each CPU took into OUTPUT last. */
  readonly #leaving = new Map<number, Seen>();
  /** The last error of each CPU about a packet that had not been seen. */
  readonly #unexplained = new Map<number, Seen>();
  /** By place and addresses. */
  readonly #sent = new Map<string, SentBytes>();
  #segments = 0;

  note(journey: OpenJourney, event: Event): void {
    if (event.tap === tap.netifReceiveSkb) this.#received.set(event.cpu, { journey, event });
    if (event.tap === tap.netfilter && event.nfHook === OUTPUT)
      this.#leaving.set(event.cpu, { journey, event });
    if (event.tap === tap.kfreeSkb) this.#linkEarlierError(journey, event);
    if (event.tap === tap.tcpRetransmit) this.#linkRepetition(journey);
  }

  /** The first event of a journey. */
  begin(journey: OpenJourney, event: Event): void {
    const layer = begins.has(event.tap) ? innermost(event) : undefined;
    if (layer === undefined) return;
    this.#linkRetransmit(journey, event, layer);
    const quoted = event.headers?.quoted;
    if (quoted !== undefined) this.#linkError(journey, event, quoted);
    else if (isKernelAnswer(layer)) this.#linkAnswer(journey, event, layer);
  }

  #linkAnswer(journey: OpenJourney, event: Event, layer: NetworkLayer): void {
    const asked = this.#received.get(event.cpu);
    const received = asked && isJustBefore(asked, journey, event) ? innermost(asked.event) : undefined;
    if (received !== undefined && isReverse(layer, received)) relate('answer', asked!.journey, journey);
  }

  #linkError(journey: OpenJourney, event: Event, quoted: NetworkLayer): void {
    for (const cause of [this.#received.get(event.cpu), this.#leaving.get(event.cpu)]) {
      const about = cause && isJustBefore(cause, journey, event) ? innermost(cause.event) : undefined;
      if (about === undefined || !isSame(quoted, about)) continue;
      relate('error', cause!.journey, journey);
      return;
    }
    this.#unexplained.set(event.cpu, { journey, event });
  }

  #linkEarlierError(journey: OpenJourney, event: Event): void {
    const error = this.#unexplained.get(event.cpu);
    const layer = error && isJustBefore(error, journey, event) ? innermost(event) : undefined;
    if (layer === undefined || !isSame(error!.event.headers!.quoted!, layer)) return;
    relate('error', journey, error!.journey);
    this.#unexplained.delete(event.cpu);
  }

  #linkRetransmit(journey: OpenJourney, event: Event, layer: NetworkLayer): void {
    const segment = segmentOf(layer);
    if (segment === undefined) return;
    const sent = this.#sentBy(event, layer);
    const before = sent.size;
    const first = sent.first(segment, journey.id);
    this.#makeRoom(sent.size - before);
    if (first !== journey.id) journey.links.push({ kind: 'retransmit', role: 'parent', journey: first });
  }

  /** The socket says that it sends this again: it may begin at another byte than what it repeats. */
  #linkRepetition(journey: OpenJourney): void {
    if (journey.links.some(({ kind, role }) => kind === 'retransmit' && role === 'parent')) return;
    const { first } = journey;
    const layer = innermost(first);
    const segment = layer && segmentOf(layer);
    const original = segment && this.#sentBy(first, layer!).earlier(segment, journey.id);
    if (original !== undefined) journey.links.push({ kind: 'retransmit', role: 'parent', journey: original });
  }

  #sentBy(event: Event, { src, sport, dst, dport }: NetworkLayer): SentBytes {
    // In captures, what is cut off a packet half-way looks the same: what is sent again is seen first where the original was.
    const at = event.captured === true ? ` ${event.dev} ${event.tap}` : '';
    const key = `${event.netns} ${src} ${sport} ${dst} ${dport}${at}`;
    let sent = this.#sent.get(key);
    if (sent !== undefined) return sent;
    sent = new SentBytes();
    this.#sent.set(key, sent);
    return sent;
  }

  #makeRoom(added: number): void {
    this.#segments += added;
    if (this.#segments <= SEGMENTS_MAX) return;
    for (const [key, { size }] of this.#sent) {
      this.#sent.delete(key);
      this.#segments -= size;
      return;
    }
  }
}

function isJustBefore(seen: Seen, journey: OpenJourney, event: Event): boolean {
  if (seen.event.netns !== event.netns || seen.journey === journey) return false;
  return event.timeNs - seen.event.timeNs <= ANSWER_NS;
}

function relate(kind: LinkKind, cause: OpenJourney, effect: OpenJourney): void {
  cause.links.push({ kind, role: 'child', journey: effect.id });
  effect.links.push({ kind, role: 'parent', journey: cause.id });
}

/** What no process sends: RST, echo reply, ARP reply, neighbour advertisement. */
function isKernelAnswer(layer: NetworkLayer): boolean {
  if (layer.tcp !== undefined) return (layer.tcp.flags & RST) !== 0;
  if (layer.arp !== undefined) return layer.arp.op === ARP_REPLY;
  return layer.icmp !== undefined && ANSWERS_ICMP.has(layer.icmp.type);
}

function isReverse(a: NetworkLayer, b: NetworkLayer): boolean {
  if (a.proto !== b.proto || a.family !== b.family) return false;
  // A neighbour solicitation goes to a multicast address: only its sender comes back.
  return a.dst === b.src && a.dport === b.sport && a.sport === b.dport;
}

function isSame(a: NetworkLayer, b: NetworkLayer): boolean {
  return (
    a.src === b.src &&
    a.dst === b.dst &&
    a.proto === b.proto &&
    a.sport === b.sport &&
    a.dport === b.dport &&
    a.id === b.id
  );
}
