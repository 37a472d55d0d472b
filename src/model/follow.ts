/** What somebody asked to follow, in the words in which it was asked: typed, sent to the daemon, kept in a session. */
export interface FollowRequest {
  /** As `follow SRC DST` takes them. */
  readonly src: string;
  readonly dst: string;
  /** Kubernetes namespace of names that have none. */
  readonly namespace?: string;
  /** Labels: `src` is all pods with these. */
  readonly selector?: string;
  /** Names of other clusters are not meant. */
  readonly cluster?: string;
  /** On either side, before or after NAT. */
  readonly port?: number;
  readonly proto?: string;
}

/** When there has been enough. */
export interface FollowLimits {
  /** Journeys printed. */
  readonly count?: number;
  /** Conversations, whole. */
  readonly flows?: number;
}
