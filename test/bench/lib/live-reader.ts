/**
 * A client of the live stream in a process of its own: node live-reader.ts URL TOKEN. Says "ready" once it hears; when its stdin closes it
 * prints {"journeys","skipped","latenciesMs"}. A journey's summary is the monotonic time at which it was put into the store.
 */
import { writeSync } from 'node:fs';
import { WebSocket } from 'ws';

export interface Heard {
  readonly journeys: number;
  readonly skipped: number;
  readonly latenciesMs: readonly number[];
}

interface Message {
  readonly type: string;
  readonly items?: readonly { readonly summary: string }[];
  readonly count?: number;
}

const [, , url = '', token = ''] = process.argv;
const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
const latenciesMs: number[] = [];
let journeys = 0;
let skipped = 0;

socket.on('open', () => socket.send('{"type":"subscribe","topics":["journeys"]}'));
socket.on('message', data => {
  const nowNs = process.hrtime.bigint();
  const { type, items = [], count = 0 } = JSON.parse(String(data)) as Message;
  if (type === 'hello') writeSync(1, 'ready\n');
  skipped += count;
  journeys += items.length;
  for (const { summary } of items) latenciesMs.push(Number(nowNs - BigInt(summary)) / 1e6);
});
process.stdin.resume().on('end', () => {
  writeSync(1, JSON.stringify({ journeys, skipped, latenciesMs } satisfies Heard));
  process.exit();
});
