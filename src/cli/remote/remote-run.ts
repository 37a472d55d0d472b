/** A following through the daemon: it has the taps and the names, this prints. Says and prints what one with a collector of its own does. */
import { TracerError } from '../../base/errors.ts';
import type { FollowTarget } from '../../engine/target.ts';
import type { FollowLimits, FollowRequest } from '../../model/follow.ts';
import type { Journey, JourneyVersion } from '../../model/journey.ts';
import type { Stats } from '../../model/stats.ts';
import { diagnose } from '../diagnose.ts';
import { Lifetime } from '../following/lifetime.ts';
import { Showing, type ShowOptions } from '../following/showing.ts';
import { allDoors, insideOf } from '../inside.ts';
import type { DaemonClient } from './daemon-client.ts';
import type { LiveStream } from './live-stream.ts';
import { PlaceNames } from './place-names.ts';

const NO_MATCH_MS = 3000;
const BEAT_MS = 100;
/** A page of what came at the end. */
const LIMIT = 1000;

export interface RemoteOptions extends ShowOptions, FollowLimits {
  readonly timeoutMs?: number;
  readonly inside: boolean;
  readonly command: readonly string[];
}

type Sums = Pick<Stats, 'suspectJoins'> & { readonly lost: number; readonly sampled: number };

export class RemoteRun {
  readonly #client: DaemonClient;
  readonly #options: RemoteOptions;
  readonly #life = new Lifetime();
  readonly #names: PlaceNames;
  readonly #showing: Showing;
  /** Ids that have been shown: amended ones come again. */
  readonly #shown = new Set<string>();
  readonly #observers = new Set<(journey: Journey) => void>();
  #live: LiveStream | undefined;
  /** Of the daemon. */
  #follow: string | undefined;
  #beat: NodeJS.Timeout | undefined;
  /** Journeys are shown one batch after another; names may have to be asked for between. */
  #last: Promise<void> = Promise.resolve();
  /** Of the daemon, before this following began and now. */
  #before: Sums = { lost: 0, suspectJoins: 0, sampled: 0 };
  #now: Sums = { lost: 0, suspectJoins: 0, sampled: 0 };
  #taps: Stats['taps'] = [];
  /** Changes that did not come. */
  #skipped = 0;

  constructor(client: DaemonClient, options: RemoteOptions) {
    this.#client = client;
    this.#options = options;
    this.#names = new PlaceNames(client);
    this.#showing = new Showing(
      options,
      {
        label: hop => this.#names.label(hop),
        clusterOf: netns => this.#names.clusterOf(netns),
        nowNs: () => process.hrtime.bigint(),
        stats: () => ({
          lost: this.#now.lost - this.#before.lost + this.#skipped,
          suspectJoins: this.#now.suspectJoins - this.#before.suspectJoins,
          sampled: this.#now.sampled - this.#before.sampled,
        }),
      },
      () => this.#life.end(),
    );
  }

  async start(request: FollowRequest): Promise<void> {
    this.#live = await this.#client.live();
    await this.#names.load();
    this.#before = await this.#sums();
    this.#now = this.#before;
    if (this.#life.isOver) return;
    const { id, target } = await this.#live.follow(request);
    this.#follow = id;
    if (this.#life.isOver) return;
    const { inside, command, timeoutMs, count, flows } = this.#options;
    const doors = inside ? await allDoors() : undefined;
    const place = doors && insideOf(target.src, cookie => doors.get(cookie));
    this.#showing.start(
      { ...target, ...partsOf(request) },
      { ...(count === undefined ? {} : { count }), ...(flows === undefined ? {} : { flows }) },
    );
    this.#live.subscribe({
      onJourneys: journeys => this.#take(journeys),
      onSkipped: skipped => {
        this.#skipped += skipped;
      },
      onGone: error => this.#life.end(error),
    });
    const through = `through the daemon on ${this.#client.socket}`;
    this.#showing.note(`following ${target.src.label} → ${target.dst.label} ${through}; Ctrl-C ends it`);
    this.#beat = setInterval(() => this.#showing.beat(), BEAT_MS);
    if (timeoutMs !== undefined) this.#life.after(timeoutMs, () => this.#life.end());
    this.#life.after(NO_MATCH_MS, () => void this.#diagnose(request, { ...target, ...partsOf(request) }));
    if (command.length > 0) this.#life.run(command, place);
  }

  async untilOver(): Promise<void> {
    void this.#showing.output.closed.then(() => this.#life.end());
    await this.#life.untilOver();
  }

  /** Takes what is on its way still, as far as the daemon lives. */
  async stop(): Promise<void> {
    this.#life.close();
    clearInterval(this.#beat);
    const live = this.#live;
    this.#live = undefined;
    const isFollowing = this.#beat !== undefined && live !== undefined;
    if (isFollowing && this.#life.error === undefined && !this.#showing.isOver)
      await this.#rest(live).catch((error: TracerError) => this.#life.end(error));
    live?.close();
    await this.#last;
    await this.#client.close();
  }

  conclude(): { readonly exitCode: number; readonly child?: { readonly code: number } } {
    const { child, error } = this.#life;
    const ending = child === undefined ? {} : { child };
    const exitCode = this.#showing.finish(ending);
    if (error !== undefined) throw error;
    return { exitCode, ...ending };
  }

  #take(journeys: readonly JourneyVersion[]): void {
    this.#last = this.#last.then(async () => {
      const fresh = journeys.flatMap(closed).filter(({ id }) => !this.#shown.has(id));
      await this.#names.learn(fresh).catch(() => {}); // they are shown by what they say of themselves
      for (const journey of fresh) {
        this.#shown.add(journey.id);
        for (const observer of this.#observers) observer(journey);
        this.#showing.journey(journey);
      }
    });
  }

  /** What closed and has not come by the stream yet, and what was lost until now. */
  async #rest(live: LiveStream): Promise<void> {
    if (this.#follow !== undefined) await live.unfollow(this.#follow);
    let since = live.seq;
    for (;;) {
      const page = await this.#client.get<{
        readonly journeys: readonly JourneyVersion[];
        readonly next: number;
      }>(`/api/journeys?since=${since}&limit=${LIMIT}`);
      this.#take(page.journeys);
      if (page.journeys.length < LIMIT || page.next <= since) break;
      since = page.next;
    }
    this.#now = await this.#sums();
  }

  async #sums(): Promise<Sums> {
    const { events, suspectJoins, taps } = await this.#client.get<Stats>('/api/stats');
    this.#taps = taps;
    return { lost: events.lost, suspectJoins, sampled: events.filtered.sampled };
  }

  /** Nothing matched so far: what is to be seen instead? Follows all of SRC for a second. */
  async #diagnose(request: FollowRequest, target: FollowTarget): Promise<void> {
    const live = this.#live;
    if (this.#showing.hasMet || this.#showing.isOver || this.#options.quiet === true || live === undefined)
      return;
    const { port: _port, proto: _proto, ...wider } = request;
    try {
      const lines = await diagnose(target, () => this.#showing.takeFacts(), {
        observe: observer => {
          this.#observers.add(observer);
          return () => this.#observers.delete(observer);
        },
        widen: async () => {
          const { id } = await live.follow({ ...wider, dst: 'any' });
          return async () => live.unfollow(id);
        },
        clusterOf: netns => this.#names.clusterOf(netns),
        owns: ip => this.#names.owns(ip),
        taps: () => this.#taps,
      });
      if (!this.#life.isOver) for (const line of lines) this.#showing.note(line);
    } catch (error) {
      if (!this.#life.isOver) this.#life.end(error instanceof TracerError ? error : undefined);
    }
  }
}

/** What the daemon's target does not say, because it is part of the request. */
function partsOf({ port, proto }: FollowRequest): Pick<FollowTarget, 'port' | 'proto'> {
  return { ...(port === undefined ? {} : { port }), ...(proto === undefined ? {} : { proto }) };
}

/** Without its version, as it would have been printed without a daemon; open ones are not printed. */
function closed({ rev: _rev, closedBy, ...journey }: JourneyVersion): Journey[] {
  return closedBy === undefined ? [] : [{ ...journey, closedBy }];
}
