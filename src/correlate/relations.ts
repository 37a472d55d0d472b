/**
 * What a new packet is to earlier ones, other than a copy: sent again, the kernel's own answer, an error about it.
 *
 * The kernel answers while it handles the packet: on the same CPU, in the same namespace, right after it was received or sent. A
 * packet that OUTPUT rejects, or for which no neighbour answered, ends after the error about it. A retransmission starts at the same
 * place with the same addresses and the same sequence number. What this cannot know: a retransmission that begins at another
 * byte.
 */
import type { Event, NetworkLayer } from '../model/event.ts';
import type { LinkKind } from '../model/journey.ts';
import { tap } from '../model/layout.generated.ts';
import { innermost } from '../model/tuples.ts';
import type { OpenJourney } from './open-journey.ts';

const ANSWER_NS = 1_000_000;
const SENT_MAX = 20_000;
const SYN_OR_FIN = 0x03;
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
  /** Journey that first sent these bytes, by place, addresses and sequence number. */
  readonly #sent = new Map<string, string>();

  note(journey: OpenJourney, event: Event): void {
    if (event.tap === tap.netifReceiveSkb) this.#received.set(event.cpu, { journey, event });
    if (event.tap === tap.netfilter && event.nfHook === OUTPUT)
      this.#leaving.set(event.cpu, { journey, event });
    if (event.tap === tap.kfreeSkb) this.#linkEarlierError(journey, event);
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
    const { tcp } = layer;
    if (tcp === undefined || ((layer.payloadBytes ?? 0) === 0 && (tcp.flags & SYN_OR_FIN) === 0)) return;
    const ends = `${layer.src} ${layer.sport} ${layer.dst} ${layer.dport}`;
    const key = `${event.netns} ${ends} ${tcp.seq} ${tcp.flags & SYN_OR_FIN}`;
    const first = this.#sent.get(key);
    if (first === undefined) {
      this.#sent.set(key, journey.id);
      if (this.#sent.size > SENT_MAX) this.#sent.delete(this.#sent.keys().next().value!);
    } else if (first !== journey.id)
      journey.links.push({ kind: 'retransmit', role: 'parent', journey: first });
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
