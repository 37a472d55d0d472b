/** A process is named only where a socket proved it. */
import { describe, expect, test } from 'vitest';
import { ProcessTable } from '../../../src/correlate/processes.ts';
import { tap } from '../../../src/model/layout.generated.ts';
import { MS, Rig, Walk } from '../../helpers/journeys.ts';
import { sameNodeRequest } from '../../helpers/journeys-ways.ts';

const curl = { sk: 0x5c, netns: 11, pid: 9559, comm: 'curl', timeNs: 0 };

describe('a sighting', () => {
  test('names the process of a socket from its time on', () => {
    const table = new ProcessTable();
    table.add({ ...curl, timeNs: 100 * MS });
    expect(table.find(0x5c, 11, 200 * MS)?.comm).toBe('curl');
    expect(table.find(0x5c, 11, 99 * MS)?.comm).toBe('curl'); // a server reads right after the first packets
    expect(table.find(0x5c, 11, 50 * MS)).toBeUndefined();
  });

  test('the newest before the packet counts: addresses of sockets are recycled', () => {
    const table = new ProcessTable();
    table.add(curl);
    table.add({ ...curl, pid: 1, comm: 'nginx', timeNs: 100 * MS });
    expect(table.find(0x5c, 11, 50 * MS)?.comm).toBe('curl');
    expect(table.find(0x5c, 11, 150 * MS)?.comm).toBe('nginx');
  });

  test('a packet right before the next owner of the address is still the last one’s', () => {
    const table = new ProcessTable();
    table.add(curl);
    table.add({ ...curl, pid: 1, comm: 'nginx', timeNs: 100 * MS });
    expect(table.find(0x5c, 11, 99 * MS)?.comm).toBe('curl');
  });

  test('without a process ends what was known: another socket is at the address', () => {
    const table = new ProcessTable();
    table.add(curl);
    table.add({ ...curl, pid: 0, comm: '', timeNs: 100 * MS });
    expect(table.find(0x5c, 11, 99 * MS)?.comm).toBe('curl');
    expect(table.find(0x5c, 11, 101 * MS)).toBeUndefined();
  });

  test('does not name another socket, or one of another namespace', () => {
    const table = new ProcessTable();
    table.add(curl);
    expect(table.find(0x5d, 11, 1)).toBeUndefined();
    expect(table.find(0x5c, 12, 1)).toBeUndefined();
  });

  test('of many sockets the oldest are forgotten', () => {
    const table = new ProcessTable();
    for (let sk = 1; sk <= 50_010; sk++) table.add({ ...curl, sk });
    table.forget(0);
    expect(table.find(10, 11, 1)).toBeUndefined();
    expect(table.find(50_010, 11, 1)?.pid).toBe(9559);
  });
});

test('the journey says it at its hop and of its sender, not of the stranger that ran the softirq', () => {
  const walk = sameNodeRequest();
  const own = new Walk(walk.packet);
  own.events.push(
    ...walk.events.map((event, n) => ({ ...event, packet: own.id, ...(n === 0 ? { sk: 0x5c } : {}) })),
  );
  const journey = new Rig().process(curl).walk(own).finish().of(own);
  expect(journey.from.process).toEqual({ pid: 9559, comm: 'curl' });
  expect(journey.hops.map(hop => hop.process?.comm)).toEqual([
    'curl',
    ...Array.from({ length: 7 }, () => undefined),
  ]);
});

test('who reads the data is named without any socket', () => {
  const walk = sameNodeRequest();
  const own = new Walk(walk.packet);
  own.events.push(...walk.events.map(event => ({ ...event, packet: own.id })));
  const { timeNs } = own.events.at(-1)!;
  own.events.push({ timeNs: timeNs + 1, tap: tap.copyDatagram, packet: own.id, reason: 77, dev: 'nginx' });
  const journey = new Rig().walk(own).finish().of(own);
  expect(journey.hops.at(-1)!.process).toEqual({ pid: 77, comm: 'nginx' });
  expect(journey.hops.at(-1)!.dev).toBeUndefined();
});

test('a socket whose process was never seen has none', () => {
  const walk = sameNodeRequest();
  const own = new Walk(walk.packet);
  own.events.push(...walk.events.map(event => ({ ...event, packet: own.id, sk: 0x5c })));
  const journey = new Rig().walk(own).finish().of(own);
  expect(journey.from.process).toBeUndefined();
});
