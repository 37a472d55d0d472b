/** What is followed, as the daemon has it: asked for when the page starts, after each change, and now and then. */
import { signal } from '@preact/signals';
import type { FollowRequest } from '../../src/model/follow.ts';
import { ApiError, ask } from '../app/api.ts';
import { tellError } from './notice.tsx';

export interface Followed extends FollowRequest {
  readonly id: string;
  readonly followers: number;
}

export const follows = signal<readonly Followed[] | undefined>(undefined);
export const isFollowPending = signal(false);

export async function readFollows(): Promise<void> {
  try {
    follows.value = (await ask<{ readonly follows: readonly Followed[] }>('GET', '/api/follows')).follows;
  } catch (error) {
    // The connection's own state says so already.
    if (!(error instanceof ApiError)) throw error;
  }
}

export async function startFollow(request: FollowRequest): Promise<boolean> {
  isFollowPending.value = true;
  try {
    await ask('POST', '/api/follows', request);
    return true;
  } catch (error) {
    tellError(error);
    return false;
  } finally {
    isFollowPending.value = false;
    await readFollows();
  }
}

export async function stopFollow(id: string): Promise<void> {
  try {
    await ask('DELETE', `/api/follows/${encodeURIComponent(id)}`);
  } catch (error) {
    tellError(error);
  }
  await readFollows();
}
