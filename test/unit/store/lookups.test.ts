/** Which questions are one lookup, and what came of it in words. */
import { describe, expect, test } from 'vitest';
import type { DnsSummary, Journey } from '../../../src/model/journey.ts';
import { Lookups } from '../../../src/store/lookups.ts';
import { isLookedUp, lookupText } from '../../../src/words/lookup-text.ts';
import { replayInto } from './stored.ts';

const client = { kind: 'pod', name: 'pod-a', ip: '10.244.1.5' } as const;
const server = { kind: 'service', name: 'kube-dns', ip: '10.96.0.10', port: 53 } as const;
const coredns = { kind: 'pod', name: 'coredns-1', ip: '10.244.2.2', port: 53 } as const;
const suffixes = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];

/** A resolver and its server, a microsecond apart. */
class Exchange {
  readonly lookups = new Lookups();
  #id = 0;
  #nowNs = 0n;

  /** @returns the id, for the answer. */
  ask(query: string, type = 'A', id = ++this.#id): number {
    const from = { ...client, port: 40_000 + id };
    this.#add({ direction: 'request', from, to: server, packet: { dns: { id, query, type } } });
    return id;
  }

  answer(id: number, query: string, answers: readonly string[] | undefined, more: Partial<DnsSummary> = {}) {
    const rcode = more.rcode ?? 'NOERROR';
    const dns = { id, query, type: 'A', rcode, ...(answers === undefined ? {} : { answers }), ...more };
    const to = { ...client, port: 40_000 + id };
    this.#add({ direction: 'reply', from: coredns, to, packet: { dns } });
  }

  nxdomain(query: string): void {
    this.answer(this.ask(query), query, [], { rcode: 'NXDOMAIN' });
  }

  get texts(): string[] {
    return this.lookups.all.map(lookupText);
  }

  #add(part: Pick<Journey, 'direction' | 'from' | 'to' | 'packet'>): void {
    this.#nowNs += 1000n;
    const outcome = { kind: 'delivered', to: 'stack', at: 0 } as const;
    const rest = {
      flow: String(this.#id),
      startNs: String(this.#nowNs),
      durationNs: 500,
      links: [],
      outcome,
    };
    this.lookups.add({ ...part, ...rest } as unknown as Journey);
  }
}

describe('a search list', () => {
  test('is one lookup, of the name that was found', () => {
    const run = new Exchange();
    for (const suffix of suffixes) run.nxdomain(`example.com.${suffix}`);
    run.answer(run.ask('example.com'), 'example.com', ['203.0.113.10']);
    expect(run.texts).toEqual([
      'pod-a asked kube-dns for example.com: A 203.0.113.10 in 1.5 µs, by coredns-1; before that NXDOMAIN for 3 names: ' +
        'example.com.default.svc.cluster.local, example.com.svc.cluster.local, example.com.cluster.local',
    ]);
    expect(run.lookups.all.every(isLookedUp)).toBe(true);
  });

  test('at whose end nothing is found', () => {
    const run = new Exchange();
    for (const name of [...suffixes.map(suffix => `web.${suffix}`), 'web']) run.nxdomain(name);
    expect(run.texts).toEqual([
      expect.stringMatching(
        /^pod-a asked kube-dns for web: A NXDOMAIN in .*before that NXDOMAIN for 3 names: web\.default/,
      ),
    ]);
    expect(run.lookups.all.some(isLookedUp)).toBe(false);
  });

  test('that begins with the name itself', () => {
    const run = new Exchange();
    for (const name of ['a.b', ...suffixes.map(suffix => `a.b.${suffix}`)]) run.nxdomain(name);
    expect(run.texts).toHaveLength(1);
  });
});

describe('A and AAAA', () => {
  test('at once belong together, whichever is answered first', () => {
    const run = new Exchange();
    const name = 'nginx.default.svc.cluster.local';
    const [a, aaaa] = [run.ask(name), run.ask(name, 'AAAA')];
    run.answer(aaaa, name, [], { type: 'AAAA' });
    run.answer(a, name, ['10.96.1.1']);
    expect(run.texts).toEqual([
      `pod-a asked kube-dns for ${name}: A 10.96.1.1 in 3.5 µs, no AAAA in 1.5 µs, by coredns-1`,
    ]);
  });

  test('one after the other, too', () => {
    const run = new Exchange();
    run.answer(run.ask('x.y'), 'x.y', ['10.96.1.1']);
    run.answer(run.ask('x.y', 'AAAA'), 'x.y', ['fd00::1'], { type: 'AAAA' });
    expect(run.texts).toEqual([expect.stringContaining('A 10.96.1.1 in 1.5 µs, AAAA fd00::1 in 1.5 µs')]);
  });
});

describe('what is another lookup', () => {
  test.each([
    ['the same name once more', 'x.y', 'x.y'],
    [
      'another name in the same domain',
      'www.google.com.svc.cluster.local',
      'www.github.com.svc.cluster.local',
    ],
    ['a name that begins with the same letters', 'web.default.svc.cluster.local', 'web2.svc.cluster.local'],
  ])('%s', (_, first, second) => {
    const run = new Exchange();
    for (const name of [first, second]) run.nxdomain(name);
    expect(run.texts).toHaveLength(2);
  });

  test('a part of the search list after a name was found', () => {
    const run = new Exchange();
    run.answer(run.ask('web.default.svc.cluster.local'), 'web.default.svc.cluster.local', ['10.96.1.1']);
    run.nxdomain('web.svc.cluster.local');
    expect(run.texts).toHaveLength(2);
  });
});

test('asked again with the same and another id, and never answered', () => {
  const run = new Exchange();
  run.ask('x.y', 'A', run.ask('x.y'));
  run.ask('x.y');
  expect(run.texts).toEqual(['pod-a asked kube-dns for x.y: A no answer, asked 3 times']);
  expect(run.lookups.all.some(isLookedUp)).toBe(false);
});

test('records that were not copied are no "none"', () => {
  const run = new Exchange();
  run.answer(run.ask('x.y'), 'x.y', undefined);
  expect(run.texts).toEqual(['pod-a asked kube-dns for x.y: A answered in 1.5 µs, by coredns-1']);
  expect(run.lookups.all.every(isLookedUp)).toBe(true);
});

test('an answer of which nobody asked is nothing', () => {
  const run = new Exchange();
  run.answer(7, 'x.y', ['10.0.0.1']);
  expect(run.lookups.all).toEqual([]);
});

test('recorded: which DNS pod answered', () => {
  const lookups = new Lookups();
  for (const journey of replayInto('flannel-dns').journeys) lookups.add(journey);
  expect(lookups.all.map(lookupText)).toEqual([
    expect.stringMatching(
      /^pod-a asked kube-dns for nginx-service\.default\.svc\.cluster\.local: A 10\.96\.45\.123 in [\d.]+ [µm]s, by coredns-668d6bf9bc-7kx2m$/,
    ),
  ]);
});
