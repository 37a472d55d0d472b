/**
 * Frames → what is printed, for a live collector as for a recording. Whatever decides what is printed comes as a frame, in the order in
 * which it took effect; so the same frames give the same bytes.
 */
import { Pipeline } from '../../engine/pipeline.ts';
import type { FollowTarget } from '../../engine/target.ts';
import { targetOf } from '../../engine/target-of.ts';
import type { HelloFrame } from '../../model/event.ts';
import type { FollowLimits, FollowRequest } from '../../model/follow.ts';
import type { Hop, Journey } from '../../model/journey.ts';
import type { JourneyRecord } from '../../model/journey-record.ts';
import { PacketFilter } from '../../pcap/packet-filter.ts';
import type { Frame } from '../../wire/decode.ts';
import { type Ending, Showing, type ShowOptions, type Surroundings } from './showing.ts';

/** Takes what is shown to somewhere else as well. */
export interface JourneySink {
  begin(session: string, hello: HelloFrame): void;
  /** `label`: how a person calls the namespace of a hop. */
  journey(journey: Journey, record: JourneyRecord, label: (hop: Hop) => string): void;
  /** All that happened before has been told, but for what waits; CLOCK_REALTIME. */
  beat(nowNs: bigint): void;
}

export interface ViewerOptions extends ShowOptions {
  readonly sink?: JourneySink;
  /** Of a recording: its id, and whether its beginning is gone. */
  readonly session?: string;
  readonly isRest?: boolean;
  /** What is followed, in the words of a recording → what is asked for of it now. */
  readonly asked?: (recorded: FollowRequest & FollowLimits) => FollowRequest & FollowLimits;
  /** Packets that were seen and could not be used: what they show may be missed. */
  readonly unused?: () => number;
  /** As many as were asked for have been printed. */
  readonly onEnough: () => void;
  /** The inventory was asked for something that it does not know yet. */
  readonly onMiss?: () => void;
  /** Rules of this namespace decided something, and have not been read lately. */
  readonly onRules?: (cookie: string) => void;
  /** Every journey, shown or not. */
  readonly onRecord?: (record: JourneyRecord) => void;
}

export class Viewer {
  readonly pipeline: Pipeline;
  readonly showing: Showing;
  readonly #options: ViewerOptions;
  #followed: FollowRequest | undefined;
  #filter: PacketFilter | undefined;
  /** What is followed; undefined as long as nothing is. */
  target: FollowTarget | undefined;

  constructor(options: ViewerOptions) {
    this.#options = options;
    const { session, isRest, onMiss, onRules } = options;
    const about = {
      label: (hop: { readonly netns: { readonly cookie: string } }) =>
        this.pipeline.places.netns(Number(hop.netns.cookie), this.pipeline.nowNs).label,
      clusterOf: (netns: string) => this.pipeline.names.placeOf(netns)?.cluster,
      nowNs: () => this.pipeline.kernelNs,
      stats: () => this.#stats(),
      unused: () => options.unused?.() ?? 0,
    };
    this.pipeline = new Pipeline({
      ...(session === undefined ? {} : { session }),
      ...(isRest === undefined ? {} : { isRest }),
      ...(onMiss === undefined ? {} : { onMiss }),
      ...(onRules === undefined ? {} : { onRules }),
      onBlind: (fromNs, toNs) => this.showing.blind(fromNs, toNs),
      onJourney: (journey, record, hops) => {
        options.onRecord?.(record);
        const isWanted = this.#filter?.matches(record) ?? true;
        if (this.showing.journey(journey, hops, isWanted))
          options.sink?.journey(journey, record, about.label);
      },
    });
    this.showing = new Showing(options, about, options.onEnough);
  }

  /** @throws UNKNOWN_NAME, AMBIGUOUS_NAME, USAGE where it says what is followed. */
  frame(frame: Frame): void {
    this.pipeline.frame(frame);
    if (frame.kind === 'hello') this.#options.sink?.begin(this.pipeline.session, frame.hello);
    else if (frame.kind === 'heartbeat') this.#beat(frame.timeNs);
    else if (frame.kind === 'cluster') this.#retarget();
    else if (frame.kind === 'note' && frame.note.kind === 'follow')
      this.follow(frame.note.request, frame.note);
  }

  /** From here on its journeys are shown. @throws UNKNOWN_NAME, AMBIGUOUS_NAME, USAGE. */
  follow(request: FollowRequest, { count, flows }: FollowLimits): void {
    const limits = { ...(count === undefined ? {} : { count }), ...(flows === undefined ? {} : { flows }) };
    const asked = { ...request, ...limits };
    const wanted = this.#options.asked?.(asked) ?? asked;
    this.#filter = wanted.filter && new PacketFilter(wanted.filter);
    this.target = targetOf(wanted, this.pipeline.names);
    this.#followed = wanted;
    this.showing.start(this.target, wanted);
  }

  /** The same words may mean other pods now. What they mean nothing for any more stays: it may come again. */
  #retarget(): void {
    if (this.#followed === undefined) return;
    try {
      const target = targetOf(this.#followed, this.pipeline.names);
      if (JSON.stringify(target) === JSON.stringify(this.target)) return;
      this.target = target;
      this.showing.retarget(target);
    } catch {
      // stays
    }
  }

  /** No more frames will come. @returns the exit code. */
  finish(ending: Ending): number {
    this.pipeline.finish();
    return this.showing.finish(ending);
  }

  #beat(timeNs: number): void {
    this.showing.beat();
    const { clock } = this.pipeline.hello ?? {};
    if (clock !== undefined) this.#options.sink?.beat(BigInt(clock.realtimeNs) + BigInt(Math.round(timeNs)));
  }

  #stats(): ReturnType<Surroundings['stats']> {
    if (this.pipeline.hello === undefined) return { lost: 0, suspectJoins: 0, sampled: 0 };
    const { lost, suspectJoins } = this.pipeline.correlator.stats;
    return { lost, suspectJoins, sampled: this.pipeline.filtered.sampled };
  }
}
