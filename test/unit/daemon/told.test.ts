import { expect, test } from 'vitest';
import { Told } from '../../../src/daemon/told.ts';

/** Has it resolved, after whatever was to be done at once? */
async function isDone(promise: Promise<void>): Promise<boolean> {
  return Promise.race([promise.then(() => true), new Promise<boolean>(r => setImmediate(r, false))]);
}

test('who waits for a time is told by the first heartbeat from then on', async () => {
  const told = new Told();
  const early = told.until(100n);
  const late = told.until(200n);
  told.beat(99n);
  expect([await isDone(early), await isDone(late)]).toEqual([false, false]);
  told.beat(120n);
  expect([await isDone(early), await isDone(late)]).toEqual([true, false]);
  told.beat(200n);
  expect(await isDone(late)).toBe(true);
});

test('nobody waits without end for a collector that is stuck or gone', async () => {
  const told = new Told();
  await told.until(100n, 1);
  const waiting = told.until(100n);
  told.end();
  await waiting;
});
