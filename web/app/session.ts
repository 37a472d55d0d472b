/** The page's way into the daemon: the token of the address, the cookie that it is worth, the first answers, then the live stream. */

import type { Stats } from '../../src/model/stats.ts';
import type { Topology } from '../../src/model/topology.ts';
import { ApiError, ask } from './api.ts';
import { connection, Feed, JOURNEYS_MAX } from './feed.ts';
import { Live, type LiveSocket } from './live.ts';
import { Older } from './older.ts';

export const feed = new Feed({
  nowMs: () => performance.now(),
  onFrame: draw => void requestAnimationFrame(draw),
});

/** A page that is drawn, and out of sight too: there nothing is ever idle. */
const REST_MS = 300;

const older = new Older(
  {
    ask: path => ask('GET', path),
    rest: () =>
      new Promise(resolve => {
        if ('requestIdleCallback' in window) requestIdleCallback(() => resolve(), { timeout: REST_MS });
        else setTimeout(resolve, REST_MS / 10);
      }),
  },
  feed,
  JOURNEYS_MAX,
);
/** Of the connection that there is. */
let session: string | undefined;

function connect(): LiveSocket {
  const socket = new WebSocket(`${location.protocol.replace('http', 'ws')}//${location.host}/api/live`);
  const live: LiveSocket = {
    onmessage: null,
    onclose: null,
    send: text => socket.send(text),
    close: () => socket.close(),
  };
  socket.onmessage = event => live.onmessage?.(event);
  socket.onclose = () => live.onclose?.();
  return live;
}

const live = new Live(
  {
    connect,
    wait: (ms, then) => void setTimeout(then, ms),
  },
  {
    onOpen: opened => {
      feed.onOpen(opened);
      session = opened;
      void older.fetch(opened);
    },
    onJourneys: items => feed.onJourneys(items),
    onFlows: items => feed.onFlows(items),
    onTopology: topology => feed.onTopology(topology),
    onStats: stats => feed.onStats(stats),
    onReset: () => {
      feed.onReset();
      older.forget();
      if (session !== undefined) void older.fetch(session);
    },
    onSkipped: skipped => feed.onSkipped(skipped),
    onMalformed: () => feed.onMalformed(),
    onLost: retryMs => {
      feed.onLost(retryMs);
      // A WebSocket does not say why it was refused.
      void look();
    },
  },
);

/** `#t=TOKEN` is taken out of the address, so that it is in no history and no copied link. */
export async function enter(): Promise<void> {
  const token = /^#t=([\w-]+)/.exec(location.hash)?.[1];
  if (token !== undefined) {
    history.replaceState(undefined, '', `${location.pathname}${location.search}`);
    await logIn(token);
  }
  if (await look()) live.start();
}

/** @returns whether the daemon lets the page in. */
export async function logIn(token: string): Promise<boolean> {
  try {
    await ask('POST', '/api/login', { token });
    return true;
  } catch {
    return false;
  }
}

/** With a token that somebody typed. */
export async function enterWith(token: string): Promise<boolean> {
  if (!(await logIn(token)) || !(await look())) return false;
  connection.value = { kind: 'connecting' };
  live.start();
  return true;
}

/** Asks for what is there at once. False: the page is not let in, and the stream is not tried again. */
async function look(): Promise<boolean> {
  try {
    const [stats, topology] = await Promise.all([
      ask<Stats>('GET', '/api/stats'),
      ask<Topology>('GET', '/api/topology'),
    ]);
    feed.onStats(stats);
    feed.onTopology(topology);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'TOKEN_WANTED') return true;
    live.stop();
    connection.value = { kind: 'refused' };
    return false;
  }
}
