/** A recorded session as the daemon would have it in memory: read from beginning to end, then asked as if it were live. */
import { createReadStream } from 'node:fs';
import { TracerError } from '../base/errors.ts';
import { Pipeline } from '../engine/pipeline.ts';
import { Matcher } from '../engine/target.ts';
import { targetOf } from '../engine/target-of.ts';
import { nextSteps } from '../explain/next-steps.ts';
import { topologyOf } from '../inventory/topology.ts';
import type { FollowRequest } from '../model/follow.ts';
import type { Journey, JourneyVersion } from '../model/journey.ts';
import type { JourneyRecord } from '../model/journey-record.ts';
import type { Stats, TapStats } from '../model/stats.ts';
import { PacketFilter } from '../pcap/packet-filter.ts';
import { rfc3339 } from '../resolve/resolver.ts';
import type { Control } from '../server/control.ts';
import type { Session } from '../session/open-session.ts';
import { JourneyStore } from '../store/journey-store.ts';
import type { Frame } from '../wire/decode.ts';
import { Meter } from './meter.ts';

export interface ReplayedOptions {
  readonly path: string;
  /** Instead of what was followed when it was recorded. */
  readonly request?: Partial<FollowRequest>;
  readonly memoryBytes?: number;
}

/** One of those that were asked for. */
interface Wanted {
  readonly ends: Matcher;
  readonly filter: PacketFilter | undefined;
}

export class Replayed {
  readonly store: JourneyStore;
  readonly #options: ReplayedOptions;
  readonly #session: Session;
  readonly #pipeline: Pipeline;
  readonly #meter = new Meter();
  readonly #wanted: Wanted[] = [];
  /** Followed from here on: looked up when the first packet closes, because the names may come after the note. */
  readonly #requests: FollowRequest[] = [];
  /** Of the packet that closed last: what the machine looked like is asked as of then, because a recording goes on while all is removed. */
  #lastNs = 0;
  #unasked = 0;

  private constructor(session: Session, options: ReplayedOptions) {
    this.#session = session;
    this.#options = options;
    const id = session.facts.session;
    this.store = new JourneyStore({
      session: id,
      ...(options.memoryBytes === undefined ? {} : { maxBytes: options.memoryBytes }),
    });
    this.#pipeline = new Pipeline({
      session: id,
      isRest: session.isRest,
      onJourney: (journey, record, way) => {
        this.#lastNs = this.#pipeline.nowNs;
        if (this.#isAsked(journey, record)) this.store.put(journey, record, way);
        else this.#unasked++;
      },
      onUpdate: (journey, record, way) => {
        // What is open closes before the end of the file.
        if (journey.closedBy !== undefined && this.#isAsked(journey, record))
          this.store.put(journey, record, way);
      },
      onBlind: (fromNs, toNs) => this.store.blind(fromNs, toNs),
    });
  }

  /** @throws SESSION_FILE, SESSION_FORMAT, UNKNOWN_NAME, AMBIGUOUS_NAME. */
  static async read(session: Session, options: ReplayedOptions): Promise<Replayed> {
    const replayed = new Replayed(session, options);
    for await (const frames of session.frames()) for (const frame of frames) replayed.#frame(frame);
    replayed.#pipeline.finish();
    if (replayed.#pipeline.hello === undefined)
      throw new TracerError('SESSION_FORMAT', `${session.name} ends before anything was seen`);
    return replayed;
  }

  get control(): Control {
    const pipeline = this.#pipeline;
    const isOver = (): never => {
      throw new TracerError('NOT_LIVE', `this is a recording, ${this.#session.name}`);
    };
    return {
      session: this.store.session,
      isReady: () => true,
      stats: () => this.#stats(),
      nextSteps,
      topology: () => topologyOf(pipeline.names, { when: this.#lastNs }),
      follows: () => [],
      follow: isOver,
      unfollow: isOver,
      lab: () => ({ clusters: [], scenarios: [] }),
      runScenario: isOver,
      sessionFile: async () => {
        if (this.#options.path === '-') throw new TracerError('NOT_FOUND', 'the recording came by a pipe');
        return createReadStream(this.#options.path);
      },
    };
  }

  #frame(frame: Frame): void {
    this.#meter.frame(frame);
    this.#pipeline.frame(frame);
    if (frame.kind === 'heartbeat') this.store.beat(this.#kernelNs());
    if (frame.kind === 'note' && frame.note.kind === 'follow') this.#requests.push(frame.note.request);
  }

  /** A recording that does not say what was followed is of everything. */
  #isAsked(journey: Journey | JourneyVersion, record: JourneyRecord): boolean {
    const { request: asked = {} } = this.#options;
    const isFirst = this.#wanted.length === 0 && this.#requests.length === 0;
    if (isFirst && Object.keys(asked).length > 0) this.#requests.push({ src: 'any', dst: 'any' });
    for (const request of this.#requests.splice(0))
      this.#wanted.push(this.#wantedOf({ ...request, ...asked }));
    return (
      this.#wanted.length === 0 ||
      this.#wanted.some(({ ends, filter }) => ends.matches(journey) && filter?.matches(record) !== false)
    );
  }

  #wantedOf(request: FollowRequest): Wanted {
    const { names } = this.#pipeline;
    const ends = new Matcher(targetOf(request, names), netns => names.placeOf(netns)?.cluster);
    return { ends, filter: request.filter && new PacketFilter(request.filter) };
  }

  #kernelNs(): bigint {
    const { hello, nowNs } = this.#pipeline;
    return BigInt(hello?.clock.monotonicNs ?? 0) + BigInt(Math.round(nowNs));
  }

  /** The counts of the kernel side are of more than the file holds, which may have lost its beginning: only what is in it is counted. */
  #events(taps: readonly TapStats[]): Stats['events'] {
    const { lost } = this.#meter.events;
    const { filtered } = this.#pipeline;
    const told = taps.reduce((sum, { events }) => sum + events, 0);
    return {
      seen: told + filtered.own + filtered.sampled + lost,
      filtered,
      lost,
      malformed: 0,
      unaccounted: 0,
    };
  }

  #stats(): Stats {
    const hello = this.#pipeline.hello!;
    const { kernel, machine, cpus, clock } = hello;
    const { suspectJoins, lateEvents } = this.#pipeline.correlator.stats;
    const { journeys, closed, open, evictedJourneys } = this.store.counts;
    const taps = this.#meter.taps(hello);
    return {
      session: this.store.session,
      startedAt: rfc3339(BigInt(clock.realtimeNs)),
      startNs: clock.monotonicNs,
      replay: { name: this.#session.name },
      host: { kernel, machine, cpus },
      taps,
      events: this.#events(taps),
      journeys: { closed, open, kept: journeys, evicted: evictedJourneys, filtered: this.#unasked },
      suspectJoins,
      lateEvents,
    };
  }
}
