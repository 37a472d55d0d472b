/**
 * Journeys → a pcapng file: an interface for each place, a packet for each device that a journey passed, its story as comments, names in
 * name resolution blocks. In order of time as far as packets do not wait: a journey is known as a whole only when it closes.
 */
import ipaddr from 'ipaddr.js';
import type { Endpoint, Hop, Journey } from '../model/journey.ts';
import type { JourneyRecord } from '../model/journey-record.ts';
import { type PacketSight, type Place, packetsOf } from './packets.ts';
import { enhancedPacket, interfaceDescription, nameResolution, sectionHeader } from './pcapng.ts';

/** Packets are written together. */
const FLUSH_NS = 100_000_000n;

export interface PcapngExportOptions {
  readonly application: string;
  /** How long packets are held to be put in order of time, by their own clock. */
  readonly holdNs: number;
  readonly write: (bytes: Uint8Array) => void;
}

export class PcapngExport {
  readonly #options: PcapngExportOptions;
  readonly #interfaces = new Map<string, number>();
  readonly #names = new Set<string>();
  #held: { readonly sight: PacketSight; readonly order: number }[] = [];
  #order = 0;
  #flushedNs = 0n;
  #writtenNs = 0n;
  #hasBegun = false;
  packets = 0;
  journeys = 0;
  /** Stand behind later ones: they waited longer than packets are held. */
  late = 0;

  constructor(options: PcapngExportOptions) {
    this.#options = options;
  }

  get places(): number {
    return this.#interfaces.size;
  }

  /** Before the first journey. `os`: of the host that the packets crossed. */
  begin(session: string, os: string): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { application, write } = this.#options;
    const comment = `session ${session}: a packet for each device that it passed; what has the same packet id is one packet`;
    write(sectionHeader({ application, os, comment }));
  }

  /** @param label how a person calls the namespace of a hop. */
  journey(journey: Journey, record: JourneyRecord, label: (hop: Hop) => string): void {
    const sights = packetsOf(journey, record, label);
    if (sights.length > 0) this.journeys++;
    for (const sight of sights) this.#held.push({ sight, order: this.#order++ });
    this.#learn(journey);
  }

  /** All packets before this time, CLOCK_REALTIME, have been given, but for those that wait. */
  beat(nowNs: bigint): void {
    const dueNs = nowNs - BigInt(this.#options.holdNs);
    if (dueNs - this.#flushedNs < FLUSH_NS) return;
    this.#flushedNs = dueNs;
    this.#flush(dueNs);
  }

  end(): void {
    this.#flush(undefined);
  }

  #flush(untilNs: bigint | undefined): void {
    const isDue = ({ sight }: { sight: PacketSight }): boolean =>
      untilNs === undefined || sight.timeNs <= untilNs;
    const due = this.#held.filter(isDue);
    if (due.length === 0) return;
    this.#held = this.#held.filter(held => !isDue(held));
    due.sort((a, b) => Number(a.sight.timeNs - b.sight.timeNs) || a.order - b.order);
    for (const { sight } of due) this.#packet(sight);
  }

  #packet(sight: PacketSight): void {
    if (sight.timeNs < this.#writtenNs) this.late++;
    else this.#writtenNs = sight.timeNs;
    this.packets++;
    const { place, ...packet } = sight;
    this.#options.write(enhancedPacket({ ...packet, interface: this.#interfaceOf(place) }));
  }

  #interfaceOf(place: Place): number {
    const known = this.#interfaces.get(place.key);
    if (known !== undefined) return known;
    const number = this.#interfaces.size;
    this.#interfaces.set(place.key, number);
    this.#options.write(interfaceDescription(place));
    return number;
  }

  /** Names that have not been written yet; readers know them for the whole file. */
  #learn(journey: Journey): void {
    const ends = [journey.from, journey.to, journey.backend, journey.service];
    const fresh = ends.flatMap(end => {
      const name = end && nameOf(end);
      const key = `${end?.ip} ${name}`;
      if (end === undefined || name === undefined || this.#names.has(key)) return [];
      this.#names.add(key);
      return [{ address: Uint8Array.from(ipaddr.parse(end.ip).toByteArray()), name }];
    });
    if (fresh.length === 0) return;
    this.#options.write(nameResolution(fresh));
  }
}

/** As DNS would have it, for what is called something. */
function nameOf({ kind, name, namespace }: Endpoint): string | undefined {
  if (name === undefined || kind === 'unknown') return undefined;
  if (kind === 'service') return `${name}.${namespace ?? 'default'}.svc`;
  return namespace === undefined ? name : `${name}.${namespace}`;
}
