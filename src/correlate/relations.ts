/**
 * What a new packet is to earlier ones, other than a copy: sent again, the kernel's own answer, an error about it.
 *
 * The kernel answers while it handles the packet: on the same CPU, in the same namespace, right after it was received. A retransmission
 * starts at the same place with the same addresses and the same sequence number. What this cannot know: an error that comes
 * from a timer (a neighbour that did not answer), and a retransmission that begins at another byte.
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

interface Seen {
  readonly journey: OpenJourney;
  readonly event: Event;
}

export class Relations {
  /** What each CPU received last. */
  readonly #received = new Map<number, Seen>();
  /** Journey that first sent these bytes, by place, addresses and sequence number. */
  readonly #sent = new Map<string, string>();

  note(journey: OpenJourney, event: Event): void {
    if (event.tap === tap.netifReceiveSkb) this.#received.set(event.cpu, { journey, event });
  }

  /** The first event of a journey. */
  begin(journey: OpenJourney, event: Event): void {
    if (event.tap !== tap.netDevQueue && event.tap !== tap.netfilter) return;
    const layer = innermost(event);
    if (layer === undefined) return;
    this.#linkRetransmit(journey, event, layer);
    const cause = this.#received.get(event.cpu);
    if (cause === undefined || cause.event.netns !== event.netns || cause.journey === journey) return;
    if (event.timeNs - cause.event.timeNs > ANSWER_NS) return;
    const received = innermost(cause.event);
    const quoted = event.headers?.quoted;
    if (received === undefined) return;
    if (quoted !== undefined) {
      if (isSame(quoted, received)) relate('error', cause.journey, journey);
    } else if (isKernelAnswer(layer) && isReverse(layer, received)) relate('answer', cause.journey, journey);
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
