/**
 * The kernel's reasons to free a packet that it did not deliver (`enum skb_drop_reason`, include/net/dropreason-core.h), of Linux 5.17 to
 * 6.18, in words. A test holds the list against the running kernel's own. A name alone says little: drop-places.ts has what a function
 * makes of it, and correlate/ends.ts judges which of them are no loss at all.
 *
 * What a reason means is the kernel's own documentation and source. What causes it in a cluster is experience, likeliest first.
 */
import type { DropWords } from './drop-words.ts';
import { reasonsOfNetwork } from './reasons-of-network.ts';
import { reasonsOfTransport } from './reasons-of-transport.ts';

/** By the kernel's name without SKB_DROP_REASON_. */
export const dropReasons: Readonly<Record<string, DropWords>> = {
  ...reasonsOfNetwork,
  ...reasonsOfTransport,
};
