/**
 * A client of a daemon's live stream in a process of its own: node closing-reader.ts SOCKET TOKEN FILTER. Says "ready" once it hears; when
 * its stdin closes it prints {"beyondMs","skipped"}: how long after the time at which it was over each closed journey arrived.
 */
import { writeSync } from 'node:fs';
import { WebSocket } from 'ws';
import type { JourneyVersion } from '../../../src/model/journey.ts';
import { closingNs } from './closing-rule.ts';

export interface Arrivals {
  readonly beyondMs: readonly number[];
  readonly skipped: number;
}

interface Message {
  readonly type: string;
  readonly items?: readonly JourneyVersion[];
  readonly count?: number;
}

const [, , path = '', token = '', filter = '{}'] = process.argv;
const socket = new WebSocket(`ws+unix:${path}:/api/live`, { headers: { authorization: `Bearer ${token}` } });
const beyondMs: number[] = [];
const known = new Set<string>();
let skipped = 0;

socket.on('open', () =>
  socket.send(`{"type":"subscribe","topics":["journeys"],"filter":${filter}}`, () => writeSync(1, 'ready\n')),
);
socket.on('message', data => {
  const nowNs = process.hrtime.bigint();
  const { items = [], count = 0 } = JSON.parse(String(data)) as Message;
  skipped += count;
  for (const { id, closedBy, ...journey } of items) {
    if (closedBy === undefined || known.has(id)) continue;
    known.add(id);
    beyondMs.push(Number(nowNs - closingNs({ ...journey, closedBy })) / 1e6);
  }
});
process.stdin.resume().on('end', () => {
  writeSync(1, JSON.stringify({ beyondMs, skipped } satisfies Arrivals));
  process.exit();
});
