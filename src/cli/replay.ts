/** `tracer replay -r FILE`: prints what a recording holds as `follow` printed it. Needs no root, no cluster, no Linux. */
import { type ErrorCode, errorRegistry, TracerError } from '../base/errors.ts';
import type { CompiledFilter, FollowLimits, FollowRequest } from '../model/follow.ts';
import type { EndError, SessionNote } from '../model/session.ts';
import { openSession, type Session } from '../session/open-session.ts';
import type { Frame } from '../wire/decode.ts';
import { bytes, counted } from '../words/counts.ts';
import { Pace } from './following/pace.ts';
import type { Ending, ShowOptions } from './following/showing.ts';
import { type JourneySink, Viewer } from './following/viewer.ts';

export interface ReplayOptions extends ShowOptions, FollowLimits {
  /** Instead of what was followed when it was recorded. */
  readonly src?: string;
  readonly dst?: string;
  /** Of SRC and DST. */
  readonly cluster?: string;
  readonly port?: number;
  readonly proto?: string;
  readonly filter?: CompiledFilter;
  readonly sink?: JourneySink;
  /** So many times as fast as it was; default: as fast as possible. */
  readonly speed?: number;
}

/** @returns the exit code: with what was asked for live, that of the live run. @throws SESSION_FILE, SESSION_FORMAT. */
export async function replay(path: string, options: ReplayOptions): Promise<number> {
  const session = await openSession(path);
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await new ReplayRun(session, options, abort.signal).run();
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await session.close();
  }
}

class ReplayRun {
  readonly #session: Session;
  readonly #viewer: Viewer;
  readonly #pace: Pace;
  readonly #signal: AbortSignal;
  #end: Extract<SessionNote, { kind: 'end' }> | undefined;
  #skipped = 0;

  constructor(session: Session, options: ReplayOptions, signal: AbortSignal) {
    this.#session = session;
    this.#signal = signal;
    this.#pace = new Pace(options.speed, signal);
    this.#viewer = new Viewer({
      ...options,
      isReplay: true,
      session: session.facts.session,
      isRest: session.isRest,
      asked: recorded => askedOf(recorded, options),
      onEnough: () => {},
      unused: () => session.damage.bytes + session.damage.blocks,
    });
    void this.#viewer.showing.output.closed.then(() => this.#pace.stop());
  }

  async run(): Promise<number> {
    this.#sayWhat();
    for await (const frames of this.#session.frames()) {
      for (const frame of frames) {
        this.#frame(frame);
        if (frame.kind === 'heartbeat' && this.#pace.isAhead(frame.timeNs))
          await this.#pace.wait(frame.timeNs);
        if (this.#isOver) break;
      }
      if (this.#isOver) break;
    }
    const exitCode = this.#viewer.finish(this.#ending());
    this.#sayDamage();
    if (this.#end?.error !== undefined) throw endError(this.#end.error);
    return exitCode;
  }

  get #isOver(): boolean {
    return this.#signal.aborted || this.#viewer.showing.output.isClosed;
  }

  #frame(frame: Frame): void {
    // A recording that does not say what was followed, is of everything.
    if (frame.kind === 'event' && this.#viewer.target === undefined)
      this.#viewer.follow({ src: 'any', dst: 'any' }, {});
    this.#viewer.frame(frame);
    if (frame.kind !== 'note') return;
    if (frame.note.kind === 'end') this.#end = frame.note;
    if (frame.note.kind === 'skipped') this.#skipped += frame.note.frames;
  }

  #ending(): Ending {
    const child = this.#end?.child;
    return child === undefined ? {} : { child };
  }

  #sayWhat(): void {
    const { name, facts, isRest } = this.#session;
    const where = facts.host === undefined ? '' : ` on Linux ${facts.host.kernel}`;
    const rest = isRest ? ', without its beginning, which gave way to newer blocks' : '';
    this.#viewer.showing.note(`replaying ${name}, recorded ${facts.startedAt}${where}${rest}`);
  }

  #sayDamage(): void {
    const { showing } = this.#viewer;
    const { damage, isWhole } = this.#session;
    if (this.#isOver) return;
    if (this.#skipped > 0)
      showing.note(`${counted(this.#skipped, 'frame')} could not be written when it was recorded`);
    if (damage.bytes > 0 || damage.blocks > 0)
      showing.note(
        `the file is damaged: ${bytes(damage.bytes)} make no sense, ${counted(damage.blocks, 'block')} missing; what was under way then is marked incomplete`,
      );
    if (!isWhole)
      showing.note(
        damage.cutBytes === 0
          ? 'the recording has no end: what was followed went on, or was killed'
          : `the recording was cut (${bytes(damage.cutBytes)} of an unfinished block): how it ended is not in it`,
      );
  }
}

/** Limits belong to what was asked for then; with other filters those of now count alone. */
function askedOf(
  recorded: FollowRequest & FollowLimits,
  { src, dst, cluster, port, proto, filter, count, flows }: ReplayOptions,
): FollowRequest & FollowLimits {
  const limits = { ...(count === undefined ? {} : { count }), ...(flows === undefined ? {} : { flows }) };
  const narrowed = {
    ...(port === undefined ? {} : { port }),
    ...(proto === undefined ? {} : { proto }),
    ...(filter === undefined ? {} : { filter }),
  };
  if (src !== undefined && dst !== undefined)
    return { ...scopeOf(recorded, cluster), src, dst, ...narrowed, ...limits };
  if (Object.keys(narrowed).length === 0) return { ...recorded, ...limits };
  const { count: _, flows: __, ...request } = recorded;
  return { ...request, ...narrowed, ...limits };
}

/** Names mean what they meant when it was recorded. */
function scopeOf(recorded: FollowRequest, asked: string | undefined): Partial<FollowRequest> {
  const { namespace } = recorded;
  const cluster = asked ?? recorded.cluster;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(cluster === undefined ? {} : { cluster }),
  };
}

/** As it was said live. */
function endError({ code, message, hint }: EndError): TracerError {
  const known = Object.hasOwn(errorRegistry, code) ? (code as ErrorCode) : 'COLLECTOR_DIED';
  return new TracerError(known, message, { hint });
}
