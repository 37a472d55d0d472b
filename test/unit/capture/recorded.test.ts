/**
 * Captures of a real cluster (flannel and kindnet, one file a device) → canonical text, compared with the file beside them; who answered is
 * what the server said of itself when it was recorded. A change of the text is a change of what users see: read the difference, then `-u`.
 */
import { describe, expect, test } from 'vitest';
import type { Journey } from '../../../src/model/journey.ts';
import { FlowBook } from '../../../src/store/flow-book.ts';
import { expectValidFlow, expectValidJourney } from '../../helpers/journeys.ts';
import { filesOf, imported, recordedDir, told } from './recorded.ts';

interface Case {
  readonly name: string;
  /** Sender and receiver of the request; what the server printed that it saw as its client. */
  readonly client: string;
  readonly server: string;
  readonly clientSeen: string;
  readonly packets: number;
}

const cases: readonly Case[] = [
  {
    name: 'flannel/clusterip-remote-backend',
    client: 'pod-a',
    server: 'nginx-2',
    clientSeen: '10.244.0.3',
    packets: 10,
  },
  {
    name: 'flannel/clusterip-local-backend',
    client: 'pod-a',
    server: 'nginx-1',
    clientSeen: '10.244.0.3',
    packets: 10,
  },
  { name: 'flannel/hairpin', client: 'nginx-1', server: 'nginx-1', clientSeen: '10.244.0.1', packets: 10 },
  {
    name: 'flannel/nodeport-cp-to-remote',
    client: 'host',
    server: 'nginx-3',
    clientSeen: '10.244.0.0',
    packets: 10,
  },
  {
    name: 'flannel/dualstack-v6-remote',
    client: 'pod-a',
    server: 'nginx-3',
    clientSeen: 'fd00:10:244::3',
    packets: 10,
  },
  { name: 'flannel/egress-external', client: 'pod-a', server: 'host', clientSeen: '172.18.0.2', packets: 13 },
  {
    name: 'kindnet/clusterip-remote-backend',
    client: 'default.pod-a',
    server: 'default.nginx-3',
    clientSeen: '10.244.0.3',
    packets: 10,
  },
  {
    name: 'kindnet/hairpin',
    client: 'default.nginx-1',
    server: 'default.nginx-1',
    clientSeen: '10.244.0.1',
    packets: 10,
  },
  {
    name: 'kindnet/nodeport-cp-to-remote',
    client: 'host',
    server: 'default.nginx-3',
    clientSeen: '172.18.0.2',
    packets: 10,
  },
];
const unanswered = ['flannel/no-endpoints', 'flannel/policy-drop'];
const cniOf = (name: string): string => name.slice(0, name.indexOf('/'));

describe.each([...cases.map(({ name }) => name), ...unanswered])('%s', name => {
  test('gives the text beside it, and nothing that is not valid', async () => {
    const { text, journeys, stats, pipeline } = await imported(filesOf(name), told(cniOf(name)));
    await expect(text).toMatchFileSnapshot(`${recordedDir}${name}.txt`);
    const book = new FlowBook();
    for (const journey of journeys) book.add(journey);
    for (const journey of journeys) expectValidJourney(journey);
    for (const flow of book.all()) expectValidFlow(flow);
    expect(book.all()).toHaveLength(1);
    expect(pipeline.correlator.stats).toMatchObject({ suspectJoins: 0, lateEvents: 0 });
    expect(stats.matcher).toMatchObject({ ambiguous: 0, duplicates: 0, evicted: 0 });
    // Every record is a hop, but for a bridge's copies of what passes it.
    const seen = journeys.reduce(
      (sum, { hops }) => sum + hops.filter(hop => hop.inferred !== true).length,
      0,
    );
    expect(seen).toBe(stats.packets - stats.passing);
    expect(stats).toMatchObject({ unread: 0, undirected: new Map(), problems: new Map() });
  });
});

describe.each(cases)('$name', ({ name, client, server, clientSeen, packets }) => {
  test('who asked, who answered, and as whom', async () => {
    const { journeys } = await imported(filesOf(name), told(cniOf(name)));
    expect(journeys).toHaveLength(packets);
    expect(journeys.filter(({ complete }) => !complete)).toEqual([]);
    const called = ({ name: known, kind }: { readonly name?: string; readonly kind: string }): string =>
      known ?? kind;
    for (const journey of journeys) {
      const isRequest = journey.direction === 'request';
      expect(called(journey.from)).toBe(isRequest ? client : server);
      expect(called(isRequest ? (journey.backend ?? journey.to) : journey.to)).toBe(
        isRequest ? server : client,
      );
      const last = journey.hops.at(-1)!;
      expect(isRequest ? last.tuple?.src : journey.hops[0]?.tuple?.dst).toBe(clientSeen);
    }
  });
});

/** A journey without what a capture of all devices cannot show or nobody was told. */
function ways(journeys: readonly Journey[]): string[] {
  return journeys.map(({ summary, direction, hops }) =>
    [
      direction,
      summary,
      ...hops
        .filter(hop => hop.inferred !== true)
        .map(({ stage, dev, tuple, inner, ttl }) =>
          [stage, dev, (inner ?? tuple)?.src, (inner ?? tuple)?.dst, ttl].join(' '),
        ),
    ].join('\n'),
  );
}

const remote = 'flannel/clusterip-remote-backend';

test('one capture of all devices of each node shows the same as one of each device', async () => {
  const each = await imported(filesOf(remote), told('flannel'));
  const any = await imported(filesOf('flannel/clusterip-remote-any'), told('flannel'));
  expect(ways(any.journeys)).toEqual(ways(each.journeys));
  expect(any.stats.passing).toBe(0);
});

test('nothing is said of the host of the captures that the reader may not have', async () => {
  const { journeys } = await imported(filesOf(remote), told('flannel'));
  const lines = journeys.map(journey => JSON.stringify(journey));
  for (const line of lines) expect(line).not.toMatch(/"cluster":|"inode":|netns exec|nsenter/);
  for (const { command } of journeys.flatMap(({ hops }) => hops))
    expect(command ?? 'tcpdump -nn -r').toMatch(/^tcpdump -nn -r/);
});

test('both kinds together show each packet once at a device', async () => {
  const nodes = filesOf('flannel/clusterip-remote-any').filter(file => file.includes('_any'));
  const both = await imported([...filesOf(remote), ...nodes], told('flannel'));
  const each = await imported(filesOf(remote), told('flannel'));
  expect(ways(both.journeys)).toEqual(ways(each.journeys));
  expect(both.stats.matcher?.duplicates).toBeGreaterThan(50);
});

test('also where nobody tells what the devices behind the numbers are called', async () => {
  const nodes = filesOf('flannel/clusterip-remote-any').filter(file => file.includes('_any'));
  const both = await imported([...filesOf(remote), ...nodes], { place: [], kube: [] });
  const each = await imported(filesOf(remote), { place: [], kube: [] });
  expect(ways(both.journeys)).toEqual(ways(each.journeys));
  expect(both.stats.doubled).toEqual(new Map());
  expect(both.journeys.flatMap(({ links }) => links)).toEqual([]);
});

test('a pod that reaches itself is shown once by a capture of all devices alone, and by all kinds together', async () => {
  const any = filesOf('flannel/hairpin-any');
  const alone = await imported(any, { place: [], kube: [] });
  expect(alone.journeys).toHaveLength(10);
  expect(alone.stats.passing).toBe(10);
  const both = await imported([...filesOf('flannel/hairpin'), ...any], told('flannel'));
  const each = await imported(filesOf('flannel/hairpin'), told('flannel'));
  expect(ways(both.journeys)).toEqual(ways(each.journeys));
});

test.each(cases.filter(({ name }) => name !== 'flannel/hairpin').map(({ name }) => name))(
  '%s: directions and own addresses are learned where nobody tells them, and nothing is called complete',
  async name => {
    const alone = await imported(filesOf(name), { place: [], kube: [] });
    const known = await imported(filesOf(name), told(cniOf(name)));
    expect(ways(alone.journeys)).toEqual(ways(known.journeys));
    expect(alone.journeys.filter(({ complete }) => complete)).toEqual([]);
    expect(alone.journeys.filter(({ outcome }) => outcome.kind !== 'delivered')).toEqual([]);
  },
);
