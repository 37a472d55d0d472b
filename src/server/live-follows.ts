/** What a client of the live stream follows: for as long as it is connected, however it ends. */
import { TracerError } from '../base/errors.ts';
import type { FollowRequest } from '../model/follow.ts';
import type { Control, Follow } from './control.ts';

const FOLLOWS_MAX = 16;

export class LiveFollows {
  readonly #control: Control;
  /** One entry for each time that it was asked for. */
  #ids: string[] = [];
  #pending = 0;
  #isGone = false;

  constructor(control: Control) {
    this.#control = control;
  }

  /** @throws UNKNOWN_NAME, AMBIGUOUS_NAME, USAGE, FILTER_FULL, TOO_BUSY. */
  async follow(request: FollowRequest): Promise<Follow> {
    if (this.#ids.length + this.#pending >= FOLLOWS_MAX)
      throw new TracerError('TOO_BUSY', `one client follows ${FOLLOWS_MAX} things at most`);
    this.#pending++;
    try {
      const follow = await this.#control.follow(request);
      // It may have gone while the kernel took the filter.
      if (this.#isGone) await this.#control.unfollow(follow.id);
      else this.#ids.push(follow.id);
      return follow;
    } finally {
      this.#pending--;
    }
  }

  /** Its own alone. @throws NOT_FOUND. */
  async unfollow(id: string): Promise<void> {
    const at = this.#ids.indexOf(id);
    if (at < 0) throw new TracerError('NOT_FOUND', `this client does not follow ${id}`);
    this.#ids.splice(at, 1);
    await this.#control.unfollow(id);
  }

  /** The client has gone. */
  async release(): Promise<void> {
    this.#isGone = true;
    await Promise.all(this.#ids.splice(0).map(id => this.#control.unfollow(id)));
  }
}
