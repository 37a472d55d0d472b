/**
 * What is followed, and for how many. The same request of two is one follow, gone with the last of them. Names are looked up anew
 * whenever the machine or a cluster changes: a pod that is made again has another address and the same name.
 *
 * Changes are made one after another: each ends when the kernel has the filter that belongs to it.
 */
import type { TracerError } from '../base/errors.ts';
import { hookPlaces } from '../engine/hook-places.ts';
import { type FollowTarget, Matcher, watchRules } from '../engine/target.ts';
import { targetOf } from '../engine/target-of.ts';
import type { Names } from '../inventory/names.ts';
import type { FollowRequest } from '../model/follow.ts';
import type { Journey, JourneyVersion } from '../model/journey.ts';
import type { Follow } from '../server/control.ts';
import { isSameWatched, nothingWatched, unionOf, type Watched } from './union.ts';

export interface FollowsOptions {
  readonly names: () => Names;
  /** Resolves when it is in force in the kernel. */
  readonly apply: (watched: Watched) => Promise<void>;
  readonly note: (text: string) => void;
  /** Asks for a look at the machine, and resolves when there has been one. Absent: a name that is not known now is none. */
  readonly look?: () => Promise<void>;
}

interface Entry {
  readonly id: string;
  readonly request: FollowRequest;
  readonly since: string;
  followers: number;
  target: FollowTarget;
  watched: Watched;
  readonly matcher: Matcher;
}

export class Follows {
  readonly #options: FollowsOptions;
  readonly #entries = new Map<string, Entry>();
  #nextId = 1;
  /** In force in the kernel; undefined: it failed, and nobody knows. */
  #applied: Watched | undefined = nothingWatched;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: FollowsOptions) {
    this.#options = options;
  }

  list(): Follow[] {
    return [...this.#entries.values()].map(followOf);
  }

  /** Does it belong to anything that is followed? Each follow decides by itself: one that goes must not have decided for another. */
  matches(journey: Journey | JourneyVersion): boolean {
    let found = false;
    for (const { matcher } of this.#entries.values()) if (matcher.matches(journey)) found = true;
    return found;
  }

  /** Of one that is still open. */
  mayMatch(journey: JourneyVersion): boolean {
    return [...this.#entries.values()].some(({ matcher }) => matcher.mayMatch(journey));
  }

  /** @throws UNKNOWN_NAME, AMBIGUOUS_NAME, USAGE, FILTER_FULL; nothing is changed then. */
  add(request: FollowRequest): Promise<Follow> {
    return this.#inTurn(async () => {
      const key = keyOf(request);
      const known = this.#entries.get(key);
      if (known !== undefined) {
        known.followers++;
        return followOf(known);
      }
      const entry = await this.#make(request);
      // Before it is in force: a packet may be told in the moment that it is.
      this.#entries.set(key, entry);
      try {
        await this.#apply();
      } catch (error) {
        this.#entries.delete(key);
        // Not waited for: who asked is told at once, and whatever comes next comes behind it.
        void this.#inTurn(() => this.#apply()).catch(() => {});
        throw error;
      }
      return followOf(entry);
    });
  }

  /** One follower less. False: there is no such follow. */
  remove(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const found = [...this.#entries].find(([, entry]) => entry.id === id);
      if (found === undefined) return false;
      const [key, entry] = found;
      entry.followers--;
      if (entry.followers > 0) return true;
      this.#entries.delete(key);
      await this.#apply();
      return true;
    });
  }

  /** The machine or a cluster has changed. What a name no longer means anything for stays as it was: the pod may come again. */
  refresh(): Promise<void> {
    return this.#inTurn(async () => {
      for (const entry of this.#entries.values()) {
        try {
          const { target, watched } = this.#resolve(entry.request);
          entry.matcher.retarget(target);
          entry.target = target;
          entry.watched = watched;
        } catch {
          // stays
        }
      }
      await this.#apply().catch((error: TracerError) => this.#options.note(error.message));
    });
  }

  async #make(request: FollowRequest): Promise<Entry> {
    const { target, watched } = await this.#resolveSoon(request);
    return {
      id: `f${this.#nextId++}`,
      request,
      since: new Date().toISOString(),
      followers: 1,
      target,
      watched,
      matcher: new Matcher(target, netns => this.#options.names().placeOf(netns)?.cluster),
    };
  }

  /** What was made a moment ago may not be known yet. */
  async #resolveSoon(request: FollowRequest): Promise<Pick<Entry, 'target' | 'watched'>> {
    try {
      return this.#resolve(request);
    } catch (error) {
      if (this.#options.look === undefined) throw error;
      await this.#options.look();
      return this.#resolve(request);
    }
  }

  #resolve(request: FollowRequest): Pick<Entry, 'target' | 'watched'> {
    const names = this.#options.names();
    const target = targetOf(request, names);
    return { target, watched: { rules: watchRules(target), hooks: hookPlaces(target, names) } };
  }

  async #apply(): Promise<void> {
    const union = unionOf([...this.#entries.values()].map(({ watched }) => watched));
    if (this.#applied !== undefined && isSameWatched(union, this.#applied)) return;
    this.#applied = undefined;
    await this.#options.apply(union);
    this.#applied = union;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => {});
    return result;
  }
}

function followOf({ id, request, since, followers, target }: Entry): Follow {
  const { src, dst, dnsIps, cluster } = target;
  const meant = { src, dst, dnsIps, ...(cluster === undefined ? {} : { cluster }) };
  return { ...request, id, since, followers, target: meant };
}

/** The same for the same request, however its keys are ordered. */
function keyOf(request: FollowRequest): string {
  return JSON.stringify(Object.entries(request).sort(([a], [b]) => (a < b ? -1 : 1)));
}
