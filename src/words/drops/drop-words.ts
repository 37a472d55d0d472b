import type { Look } from './looks.ts';

export interface DropWords {
  /** What happened, as the end of a sentence "dropped: …". */
  readonly means: string;
  /** In place of it, where the kernel was seen to tell the sender by a RST or an ICMP error. */
  readonly answered?: string;
  /** Likeliest first; none where `means` says it all. */
  readonly causes?: readonly string[];
  readonly look?: Look;
  /** Nothing is missing anywhere: a duplicate, or a packet that was for somebody else. */
  readonly harmless?: true;
  /** The kernel itself does not say more. */
  readonly unspecific?: true;
}
