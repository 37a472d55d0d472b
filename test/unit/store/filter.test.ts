import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../../../src/model/journey.ts';
import { type Filter, isNamed } from '../../../src/store/filter.ts';
import { replayInto } from './stored.ts';

const pod: Endpoint = {
  kind: 'pod',
  cluster: 'lab:default',
  namespace: 'shop',
  name: 'pod-a',
  node: 'node-1',
  ip: '10.244.1.5',
  port: 37_144,
};
const v6: Endpoint = { kind: 'external', ip: 'fd00::1' };

describe('a name', () => {
  test.each([
    ['pod-a', true],
    ['shop/pod-a', true],
    ['pod/pod-a', true],
    ['pod/shop/pod-a', true],
    ['lab:default:shop/pod-a', true],
    ['lab:shop/pod-a', true],
    ['lab:pod-a', true],
    ['10.244.1.5', true],
    ['any', true],
    ['pod', false],
    ['pod-', false],
    ['svc/pod-a', false],
    ['default/pod-a', false],
    ['lab:other:pod-a', false],
    ['node-1', false],
    ['10.244.1.50', false],
  ])('%s: %s', (text, is) => {
    expect(isNamed(pod, text)).toBe(is);
  });

  test('an address in brackets or capitals is that address', () => {
    expect([isNamed(v6, '[fd00::1]'), isNamed(v6, 'FD00::1'), isNamed(v6, 'fd00::2')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('of recorded journeys', () => {
  const { store, journeys } = replayInto('flannel-service-cross-node');
  const dropped = replayInto('flannel-policy-drop');
  const dns = replayInto('flannel-dns');
  const found = (filter: Filter, from = store): string[] =>
    from
      .journeys(filter, { limit: 1000 })
      .all()
      .map(({ head }) => `${head.direction} ${head.from.name} ${head.to.name}`);
  const count = (wanted: (journey: (typeof journeys)[number]) => boolean): number =>
    journeys.filter(wanted).length;

  test('from and to are the ends of the packet; a service is where requests go to and replies come from', () => {
    const requests = found({ from: 'pod-a', to: 'nginx-service' });
    expect(requests).toHaveLength(
      count(({ direction, service }) => direction === 'request' && service !== undefined),
    );
    expect(new Set(requests)).toEqual(new Set(['request pod-a nginx-service']));
    expect(found({ from: 'nginx-service', to: 'pod-a' })).toEqual(found({ from: 'nginx-2', to: 'pod-a' }));
    expect(found({ from: 'nginx-service' }).length).toBeGreaterThan(2);
    expect(found({ to: 'nginx-2' })).toEqual(requests);
    expect(found({ from: 'nobody' })).toEqual([]);
  });

  test('text is looked for in names, addresses with ports, summaries, reasons and DNS, capitals or not', () => {
    expect(found({ q: 'NGINX-SERVICE' })).toHaveLength(count(({ service }) => service !== undefined));
    const { ip, port } = journeys.find(({ direction }) => direction === 'request')!.from;
    expect(found({ q: `${ip}:${port}` }).length).toBeGreaterThan(5);
    expect(found({ q: 'syn' })).toHaveLength(count(({ summary }) => summary.includes('SYN')));
    expect(found({ q: 'netfilter_drop' }, dropped.store).length).toBe(
      dropped.journeys.filter(
        ({ outcome }) => outcome.kind === 'dropped' && outcome.reason === 'NETFILTER_DROP',
      ).length,
    );
    expect(found({ q: 'svc.cluster.local' }, dns.store).length).toBeGreaterThan(1);
    expect(found({ q: 'no such text' })).toEqual([]);
  });

  test('all that is asked for has to fit', () => {
    const { flow } = journeys.find(({ direction }) => direction === 'request')!;
    expect(found({ flow: flow!, outcome: 'delivered', q: 'syn-ack' })).toEqual(['reply nginx-2 pod-a']);
    expect(found({ flow: flow!, outcome: 'dropped' })).toEqual([]);
    expect(found({ flow: '999' })).toEqual([]);
  });

  test('flows by their ends, state and text', () => {
    const flows = (filter: Filter, from = store): number => from.flows(filter, { limit: 10 }).all().length;
    expect(flows({ from: 'pod-a', to: 'nginx-service' })).toBe(1);
    expect(flows({ from: 'nginx-service' })).toBe(0);
    expect(flows({ state: 'closed' })).toBe(1);
    expect(flows({ state: 'dropped' })).toBe(0);
    expect(flows({ q: 'netfilter_drop' }, dropped.store)).toBe(1);
  });
});
