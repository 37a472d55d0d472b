/**
 * Rules of 5,000 services with three endpoints each, as kube-proxy writes them in both of its modes: how long they take to be parsed, and
 * how long to find the way of a packet to its backend, as median and 99th percentile over all services.
 */
import { performance } from 'node:perf_hooks';
import { writeKubeProxyRules } from '../../src/lab/dataplane/kube-proxy.ts';
import { Rules } from '../../src/lab/dataplane/rules.ts';
import type { ClusterService } from '../../src/model/inventory.ts';
import { readIptablesSave } from '../../src/rules/iptables-save.ts';
import { readNftJson } from '../../src/rules/nft-json.ts';
import type { AddressType } from '../../src/rules/packet.ts';
import type { Ruleset } from '../../src/rules/ruleset.ts';
import { walk } from '../../src/rules/walk.ts';
import { quantile, remark, remarkLoad, report } from './lib/report.ts';

const SERVICES = 5000;
const RUNS = 3;
const ENDPOINTS = [0, 1, 2] as const;

const clusterIp = (n: number): string => `10.96.${n >> 8}.${n & 255}`;
const podIp = (n: number, e: number): string => `10.${244 + e}.${n >> 8}.${n & 255}`;

function services(): ClusterService[] {
  return Array.from({ length: SERVICES }, (_, n) => ({
    namespace: 'default',
    name: `service-${n}`,
    type: 'ClusterIP',
    clusterIps: [clusterIp(n)],
    externalIps: [],
    loadBalancerIps: [],
    ports: [{ name: 'http', protocol: 'tcp', port: 80, endpoints: endpoints(n) }],
  }));
}

const endpoints = (n: number) => ENDPOINTS.map(e => ({ ip: podIp(n, e), port: 8080 }));

function savedText(): string {
  const rules = new Rules(4);
  writeKubeProxyRules(rules, services());
  return rules.text();
}

/** The form that nft lists; kube-proxy gives a service one chain that chooses and translates. */
function listedText(): string {
  const where = { family: 'ip', table: 'kube-proxy' };
  const chain = (n: number): string => `service-AAAAAAAA-default/service-${n}/tcp/http`;
  const all = Array.from({ length: SERVICES }, (_, n) => n);
  const elem = all.map(n => [{ concat: [clusterIp(n), 'tcp', 80] }, { goto: { target: chain(n) } }]);
  const key = [
    { payload: { protocol: 'ip', field: 'daddr' } },
    { meta: { key: 'l4proto' } },
    { payload: { protocol: 'th', field: 'dport' } },
  ];
  const base = { type: 'nat', hook: 'prerouting', prio: -100, policy: 'accept' };
  const map = { family: 'ip', name: 'service-ips', table: 'kube-proxy', map: 'verdict', elem };
  return JSON.stringify({
    nftables: [
      { table: { family: 'ip', name: 'kube-proxy', handle: 1 } },
      { map },
      { chain: { ...where, name: 'nat-prerouting', ...base } },
      ...all.map(n => ({ chain: { ...where, name: chain(n) } })),
      {
        rule: {
          ...where,
          chain: 'nat-prerouting',
          expr: [{ vmap: { key: { concat: key }, data: '@service-ips' } }],
        },
      },
      ...all.map(n => ({ rule: { ...where, chain: chain(n), expr: [tcp, dnatTo(n)] } })),
    ],
  });
}

const tcp = { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'tcp' } };

function dnatTo(n: number): unknown {
  const set = ENDPOINTS.map(e => [e, { concat: [podIp(n, e), 8080] }]);
  const numgen = { mode: 'random', mod: ENDPOINTS.length, offset: 0 };
  return { dnat: { family: 'ip', addr: { map: { key: { numgen }, data: { set } } } } };
}

function lookupMs(ruleset: Ruleset, n: number): number {
  const packet = {
    family: 4,
    proto: 'tcp',
    src: '10.244.0.3',
    sport: 41000,
    dst: clusterIp(n),
    dport: 80,
    iif: 'cni0',
    mark: 0,
    ctState: 'new',
    typeOf: (): AddressType => 'unicast',
  } as const;
  const known = { kind: 'dnat', to: { ip: podIp(n, n % 3), port: 8080 } } as const;
  const startedMs = performance.now();
  const { ways } = walk({ ruleset, hook: 'prerouting', packet, known, asksNat: true });
  const tookMs = performance.now() - startedMs;
  if (ways.length !== 1 || ways[0]!.decidedBy === undefined) throw new Error(`no way to service ${n}`);
  return tookMs;
}

function measure(mode: string, text: string, parse: (text: string) => Ruleset): void {
  remark(`${mode}: ${Math.round(text.length / 1024)} kB of text`);
  let best = Number.POSITIVE_INFINITY;
  let ruleset: Ruleset = { tables: [] };
  for (let run = 0; run < RUNS; run++) {
    const startedMs = performance.now();
    ruleset = parse(text);
    best = Math.min(best, performance.now() - startedMs);
  }
  report(`rules.${mode}.parse`, best, 'ms');
  const times = Array.from({ length: SERVICES }, (_, n) => lookupMs(ruleset, n));
  report(`rules.${mode}.lookup.p50`, quantile(times, 0.5), 'ms');
  report(`rules.${mode}.lookup.p99`, quantile(times, 0.99), 'ms');
}

remarkLoad('before');
measure('iptables', savedText(), text => ({ tables: readIptablesSave(text, 'ip', 'iptables-nft').tables }));
measure('nftables', listedText(), text => ({ tables: readNftJson(JSON.parse(text)).tables }));
remarkLoad('after');
