/**
 * tcpdump in several namespaces → frames, as they come. Each tcpdump gives its packets in order; together they are put in order by waiting
 * a little, and a heartbeat says how far that has come.
 */
import { TracerError } from '../../base/errors.ts';
import type { Frame } from '../../wire/decode.ts';
import { Coverage } from '../coverage.ts';
import { type CaptureFacts, EventMaker, firstFrames, SightReader } from '../events.ts';
import { placeFacts } from '../host-facts.ts';
import type { MatcherStats } from '../matcher.ts';
import type { PcapPacket } from '../pcap-reader.ts';
import type { Device } from '../places.ts';
import type { DirectedSight } from '../steps.ts';
import { type DumpedNetns, dumpNetns, isAlive, listNetns } from './netns-dump.ts';
import { Tcpdump } from './tcpdump.ts';

/** A tcpdump that has to wait for a CPU is not later than this, or its packets count as lost. */
const BEHIND_NS = 500_000_000;
const TICK_MS = 50;
const ASK_MS = 1000;
/** Packets that wait to be put in order: 50 MB. */
const WAITING_MAX = 100_000;
const NETNS_MAX = 1024;

export interface LiveHandlers {
  readonly onFrame: (frame: Frame) => void;
  readonly onDied: (error: TracerError) => void;
}

export class LiveCapture {
  readonly #handlers: LiveHandlers;
  readonly #baseNs: bigint;
  readonly #netnses: readonly DumpedNetns[];
  readonly devices: ReadonlyMap<number, ReadonlyMap<string, Device>>;
  readonly #dumps: Tcpdump[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #addresses: ReadonlyMap<number, ReadonlySet<string>>;
  #coverage: Coverage | undefined;
  #reader: SightReader | undefined;
  #maker: EventMaker | undefined;
  #waiting: DirectedSight[] = [];
  #lost = 0;
  #releasedNs = 0;
  #checkedNs = 0;

  /** Looks at the namespaces and tells of them; captures nothing yet. @throws NOT_ROOT. */
  static async start(handlers: LiveHandlers): Promise<LiveCapture> {
    if (process.getuid?.() !== 0)
      throw new TracerError('NOT_ROOT', 'capturing in network namespaces needs root', {
        hint: 'run it with sudo: tcpdump and entering namespaces need root',
      });
    const netnses = await dumpNetns(listNetns().slice(0, NETNS_MAX));
    return new LiveCapture(handlers, netnses);
  }

  private constructor(handlers: LiveHandlers, netnses: readonly DumpedNetns[]) {
    this.#handlers = handlers;
    this.#netnses = netnses;
    this.#baseNs = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
    const facts = placeFacts(netnses, this.#baseNs, () => true);
    this.devices = new Map([...facts].map(([id, { devices }]) => [id, devices]));
    this.#addresses = new Map(
      [...facts].map(([id, { snapshot }]) => [id, new Set(snapshot.addresses.map(({ ip }) => ip))]),
    );
    const places = netnses.map(({ id, name }) => ({
      id,
      name,
      snapshot: { ...facts.get(id)!.snapshot, inode: id },
    }));
    for (const frame of firstFrames({ places, points: [], devices: this.devices }, this.#baseNs, new Map()))
      handlers.onFrame(frame);
  }

  get stats(): MatcherStats | undefined {
    return this.#maker?.matcher.stats;
  }

  /** Where an answer has to pass in sight; undefined before anything is captured. */
  get coverage(): Coverage | undefined {
    return this.#coverage;
  }

  /** Resolves when all listen. `places`: inodes of namespaces. @throws CAPTURE_START. */
  async capture(places: readonly number[], filter: string): Promise<void> {
    const chosen = this.#netnses.filter(({ id }) => places.includes(id));
    const facts: CaptureFacts = {
      places: [],
      points: chosen.map(({ id }) => ({ place: id })),
      devices: this.devices,
    };
    const owns = (place: number, ip: string): boolean => this.#addresses.get(place)?.has(ip) === true;
    this.#coverage = new Coverage(facts, owns, this.#baseNs);
    const reader = new SightReader(facts);
    this.#reader = reader;
    this.#maker = new EventMaker(reader.isCaptured, owns);
    await Promise.all(
      chosen.map(async (netns, capture) => {
        const dump = await Tcpdump.start(netns, filter, {
          onPackets: (packets, linkType) => this.#take(packets, capture, linkType),
          onLost: count => this.#lose(count),
          // A namespace that goes takes its tcpdump with it.
          onDied: error => isAlive(netns) && this.#handlers.onDied(error),
        }).catch((error: unknown) => {
          if (isAlive(netns)) throw error;
          return undefined;
        });
        if (dump !== undefined) this.#dumps.push(dump);
      }),
    );
    this.#timers.push(setInterval(() => this.#release(this.#nowNs() - BEHIND_NS), TICK_MS));
    this.#timers.push(setInterval(() => this.#ask(), ASK_MS));
  }

  /** Takes what the kernel still holds, and tells all of it. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#dumps.map(dump => dump.stop()));
    if (this.#maker === undefined) return;
    this.#release(Number.POSITIVE_INFINITY);
    for (const frame of this.#maker.end()) this.#handlers.onFrame(frame);
  }

  #nowNs(): number {
    return (performance.timeOrigin + performance.now()) * 1e6 - Number(this.#baseNs);
  }

  #take(packets: readonly PcapPacket[], capture: number, linkType: number): void {
    for (const packet of packets) {
      const sight = this.#reader?.sight(packet, capture, linkType, this.#baseNs);
      // What was waiting in the socket before the first heartbeat, or comes too late to be put in its place.
      if (sight === undefined || sight.timeNs < 0) continue;
      if (sight.timeNs < this.#releasedNs || this.#waiting.length >= WAITING_MAX) this.#lost++;
      else
        this.#waiting.push({
          ...sight,
          direction: sight.device.kind === 'loopback' ? 'in' : sight.direction!,
        });
    }
  }

  #lose(count: number): void {
    this.#lost += count;
  }

  #ask(): void {
    for (const dump of this.#dumps) dump.ask();
  }

  #release(untilNs: number): void {
    const maker = this.#maker;
    if (maker === undefined) return;
    this.#tellLosses();
    this.#waiting.sort((a, b) => a.timeNs - b.timeNs);
    const end = this.#waiting.findIndex(sight => sight.timeNs > untilNs);
    const ready = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
    for (const sight of ready) for (const frame of maker.sight(sight)) this.#handlers.onFrame(frame);
    if (!Number.isFinite(untilNs) || untilNs <= 0) return;
    this.#releasedNs = Math.max(this.#releasedNs, Math.floor(untilNs));
    for (const frame of maker.beat(this.#releasedNs)) this.#handlers.onFrame(frame);
  }

  /** The kernel counts and does not say when: any time since the last count. */
  #tellLosses(): void {
    const toNs = Math.floor(this.#nowNs());
    if (this.#lost > 0) {
      const loss = { fromNs: this.#checkedNs, toNs, tap: 0, count: this.#lost, cause: 'ring' } as const;
      this.#handlers.onFrame({ kind: 'loss', loss });
      this.#lost = 0;
    }
    this.#checkedNs = Math.max(0, toNs - ASK_MS * 2_000_000);
  }
}
