import type { ProcessSighting } from '../model/event.ts';

/** A system call reports its process this soon after a packet that it sent. */
const AFTER_NS = 5_000_000;
const SOCKETS_MAX = 50_000;

/** Which process used a socket, by the address of the socket. Addresses are recycled: a sighting counts from its time on. */
export class ProcessTable {
  readonly #bySocket = new Map<number, ProcessSighting[]>();

  add(sighting: ProcessSighting): void {
    const known = this.#bySocket.get(sighting.sk);
    if (known === undefined) this.#bySocket.set(sighting.sk, [sighting]);
    else known.push(sighting);
    if (known !== undefined && known.length > 8) known.shift();
  }

  /** The process that used the socket at `timeNs`; one reported right after (sendto on a fresh socket) is newer knowledge. */
  find(sk: number, netns: number, timeNs: number): ProcessSighting | undefined {
    const known = this.#bySocket.get(sk);
    if (known === undefined) return undefined;
    let best: ProcessSighting | undefined;
    for (const sighting of known) if (sighting.timeNs <= timeNs + AFTER_NS) best = sighting;
    return best?.netns === netns ? best : undefined;
  }

  forget(_nowNs: number): void {
    while (this.#bySocket.size > SOCKETS_MAX) {
      const oldest = this.#bySocket.keys().next();
      if (oldest.done === true) return;
      this.#bySocket.delete(oldest.value);
    }
  }
}
