import type { Event, Process, ProcessSighting } from '../model/event.ts';
import { tap } from '../model/layout.generated.ts';
import type { Verdict } from './ends.ts';
import type { OpenJourney } from './open-journey.ts';

/** A socket whose packets were seen before its process was: a server's, until it reads. */
const AFTER_NS = 5_000_000;
const SOCKETS_MAX = 50_000;
/** Processes of a few ms each, one after the other, get the same address of a socket; their packets are asked for later. */
const SIGHTINGS_MAX = 256;

/** Which process used a socket, by the address of the socket. Addresses are recycled: a sighting counts from its time on. */
export class ProcessTable {
  readonly #bySocket = new Map<number, ProcessSighting[]>();

  add(sighting: ProcessSighting): void {
    const known = this.#bySocket.get(sighting.sk);
    if (known === undefined) this.#bySocket.set(sighting.sk, [sighting]);
    else known.push(sighting);
    if (known !== undefined && known.length > SIGHTINGS_MAX) known.shift();
  }

  /** Of each event of a journey, as far as known by now. */
  name({ events, ends, processes }: OpenJourney): void {
    for (const [index, event] of events.entries()) {
      const process = this.of(event, ends.get(index)?.verdict);
      if (process !== undefined) processes.set(index, process);
    }
  }

  /** Who reads the packet at this event, else who uses the socket that it belongs to. */
  of(event: Event, verdict: Verdict | undefined): Process | undefined {
    const isRead = verdict?.kind === 'delivered' && verdict.to === 'process';
    if (event.tap === tap.copyDatagram || isRead) return event.current;
    return event.sk === 0 ? undefined : this.find(event.sk, event.netns, event.timeNs);
  }

  /** The process that used the socket at `timeNs`; if none was known then, the one reported of it right after. */
  find(sk: number, netns: number, timeNs: number): ProcessSighting | undefined {
    const known = this.#bySocket.get(sk);
    if (known === undefined) return undefined;
    const at = known.findLastIndex(sighting => sighting.timeNs <= timeNs);
    const last = known[at];
    const next = known[at + 1];
    const isRightAfter = next !== undefined && next.timeNs <= timeNs + AFTER_NS;
    const best = last === undefined || last.pid === 0 ? (isRightAfter ? next : undefined) : last;
    return best?.netns === netns && best.pid !== 0 ? best : undefined;
  }

  forget(_nowNs: number): void {
    while (this.#bySocket.size > SOCKETS_MAX) {
      const oldest = this.#bySocket.keys().next();
      if (oldest.done === true) return;
      this.#bySocket.delete(oldest.value);
    }
  }
}
