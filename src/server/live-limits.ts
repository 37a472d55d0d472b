/** How much a client of the live stream may cost. */
export interface LiveLimits {
  /** At most one batch of a topic in this time: 20 a second. */
  readonly tickMs: number;
  /** How often topology and stats are looked at. */
  readonly slowTickMs: number;
  /** What a client has not taken yet; with more than that it gets nothing new. */
  readonly bufferBytesMax: number;
  /** Of one batch: what is beyond comes with the next. */
  readonly batchCharsMax: number;
  /** A client that is further behind than so many changes is taken forward. */
  readonly lagMax: number;
  /** Journeys, and flows, of a snapshot; and how far behind the newest change a client is taken. */
  readonly snapshot: number;
  /** Who has not answered the last ping when the next is due is gone. */
  readonly pingMs: number;
  readonly clientsMax: number;
  /** Messages of a client in a second, on average of the last few. */
  readonly messagesPerSecond: number;
}

export const liveLimits: LiveLimits = {
  tickMs: 50,
  slowTickMs: 1000,
  bufferBytesMax: 1024 * 1024,
  batchCharsMax: 1024 * 1024,
  lagMax: 10_000,
  snapshot: 200,
  pingMs: 15_000,
  clientsMax: 64,
  messagesPerSecond: 10,
};
