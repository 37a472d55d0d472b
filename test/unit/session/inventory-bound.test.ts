/** A file that is made up may tell of any number of namespaces: it is refused, and what real hosts have is not. */
import { expect, test } from 'vitest';
import type { NetnsSnapshot } from '../../../src/model/inventory.ts';
import { InventoryBound, ITEMS_MAX, NETNS_MAX } from '../../../src/session/inventory-bound.ts';

const SECOND = 1_000_000_000n;

const netns = (cookie: number, timeNs: bigint, routes = 0): NetnsSnapshot => ({
  ...{ timeNs: String(timeNs), cookie: String(cookie), inode: cookie, own: false, names: [], processes: [] },
  ...{ links: [], addresses: [], neighbours: [], fdb: [] },
  routes: Array.from({ length: routes }, () => ({ table: 254, dst: '10.0.0.0/8', type: 'unicast' })),
});

test('namespaces that are there at a time are bounded', () => {
  const bound = new InventoryBound('x.tracer');
  for (let n = 0; n < NETNS_MAX; n++) bound.take(netns(n, SECOND));
  expect(() => bound.take(netns(NETNS_MAX, SECOND))).toThrow(
    expect.objectContaining({
      code: 'SESSION_FORMAT',
      message: expect.stringMatching(/x\.tracer tells of more than/),
    }),
  );
});

test('those that came and went over an hour are not', () => {
  const bound = new InventoryBound('x.tracer');
  for (let n = 0; n < 3 * NETNS_MAX; n++) {
    const timeNs = BigInt(n) * (SECOND / 100n);
    bound.take(netns(n, timeNs));
    bound.take({ timeNs: String(timeNs), cookie: String(n), gone: true });
  }
});

test('but those that come and go without any time passing are', () => {
  const bound = new InventoryBound('x.tracer');
  expect(() => {
    for (let n = 0; n <= NETNS_MAX; n++) {
      bound.take(netns(n, SECOND));
      bound.take({ timeNs: String(SECOND), cookie: String(n), gone: true });
    }
  }).toThrow(/network namespaces/);
});

test('what one holds is bounded, in all its versions of the last minute', () => {
  const routes = 50_000;
  const versions = Math.ceil(ITEMS_MAX / routes);
  const crowded = new InventoryBound('x.tracer');
  expect(() => {
    for (let n = 0; n <= versions; n++) crowded.take(netns(1, SECOND, routes));
  }).toThrow(/devices, addresses and routes/);
  const calm = new InventoryBound('x.tracer');
  for (let n = 0; n <= versions; n++) calm.take(netns(1, BigInt(n) * 20n * SECOND, routes));
});
