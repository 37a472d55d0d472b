/**
 * The server with its store in a process of its own, as the page's daemon: node page-server.ts FOLDER RECORDING. Prints its address;
 * each line on stdin is `COUNT RATE`: so many recorded journeys more, at so many a second. A journey's summary is the time at
 * which it was put there, in ms since 1970. Says `put` when it is done.
 */
import { createInterface } from 'node:readline';
import type { Journey } from '../../../src/model/journey.ts';
import { daemon, TOKEN } from '../../unit/server/daemon.ts';

const EVERY_MS = 10;

const [, , page = '', recording = ''] = process.argv;
const { store, server, recorded } = daemon({ page }, recording);
const { journeys } = recorded;
const bornNs = BigInt(journeys[0]!.startNs);
const startedMs = Date.now();
let count = 0;

/** One after the other, each time with a conversation of their own; born when they are put. */
function put(): void {
  const like = journeys[count % journeys.length]!;
  const round = Math.floor(count / journeys.length);
  const nowMs = Date.now();
  const journey: Journey = {
    ...like,
    id: String(1000 + count++),
    summary: String(nowMs),
    startNs: String(bornNs + BigInt((nowMs - startedMs) * 1_000_000)),
    links: [],
    ...(like.flow === undefined ? {} : { flow: String(1000 + round) }),
  };
  store.put(journey);
}

async function putAll(wanted: number, rate: number): Promise<void> {
  const fromMs = performance.now();
  for (let done = 0; done < wanted; ) {
    const due = Math.min(wanted, Math.floor(((performance.now() - fromMs) * rate) / 1000));
    for (; done < due; done++) put();
    await new Promise(resolve => setTimeout(resolve, EVERY_MS));
  }
}

const port = await server.listenTcp('127.0.0.1', 0);
process.stdout.write(`http://127.0.0.1:${port}/#t=${TOKEN}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const [wanted = 0, rate = 1] = line.split(' ').map(Number);
  await putAll(wanted, rate);
  process.stdout.write('put\n');
}
process.exit();
