/** The way that the walk computes, against what the kernel of a real cluster told rule by rule (`nft monitor trace`). */
import { describe, expect, test } from 'vitest';
import type { RulePacket } from '../../../src/rules/packet.ts';
import type { HookName, Ruleset } from '../../../src/rules/ruleset.ts';
import { walk } from '../../../src/rules/walk.ts';
import type { Known, Passed } from '../../../src/rules/way.ts';
import { type Node, recordedRules, recordedTraces, typeAt } from '../../helpers/recorded-rules.ts';
import { type HookVisit, type Met, ruleVisits } from '../../helpers/rule-visits.ts';

const modes = ['iptables-nft', 'nftables', 'kindnet-iptables'];
const tracing = new Set(['k8s_trace']);

function visitsOf(rules: Ruleset, text: string): HookVisit[] {
  const hooks = new Map<string, HookName>();
  for (const table of rules.tables)
    for (const { name, hook } of table.chains.values())
      if (hook !== undefined) hooks.set(`${table.family} ${table.name} ${name}`, hook.hook);
  const visits = ruleVisits(text, (table, chain) => hooks.get(`${table} ${chain}`), tracing);
  return visits.map(visit => ({ ...visit, met: visit.met.filter(each => !isEmptyAt(rules, each)) }));
}

/** A chain without rules decides nothing, and the walk does not tell of it. */
function isEmptyAt(rules: Ruleset, { table, chain }: Met): boolean {
  const found = rules.tables.find(({ family, name }) => `${family} ${name}` === table);
  return found?.chains.get(chain)?.rules.length === 0;
}

/** What became of a packet at a hook, by how it looks when it is seen next. */
function knownOf(visit: HookVisit, visits: readonly HookVisit[]): Known | undefined {
  const { met, packet } = visit;
  const last = met.at(-1)?.verdict ?? '';
  if (last === 'drop' || last === 'policy drop' || last === 'queue') return { kind: 'dropped' };
  const isNat = (verdict: string, chain: string): boolean =>
    verdict === 'accept' && /KUBE-SEP|CNI-DN|^service-|^endpoint-/.test(chain);
  const isDnat = met.some(({ verdict, chain }) => isNat(verdict, chain));
  if (!isDnat) {
    const isMasquerade = met.some(
      ({ verdict, chain }) =>
        verdict === 'accept' &&
        /^(KUBE-POSTROUTING|FLANNEL-POSTRTG|KIND-MASQ-AGENT|masquerading)$/.test(chain),
    );
    // To whom it is translated is seen by nobody behind the last hook: the node itself.
    return isMasquerade ? undefined : { kind: 'passed' };
  }
  const later = visits.slice(visits.indexOf(visit) + 1).find(next => next.packet.key === packet.key);
  return later && { kind: 'dnat', to: { ip: later.packet.dst, port: later.packet.dport! } };
}

function packetOf({ packet, met }: HookVisit, node: Node, mark: number): RulePacket {
  const { isSyn, key: _, ...facts } = packet;
  // Another state jumps past the rules for new ones.
  const isNew = isSyn || packet.proto !== 'tcp' || met.some(({ table }) => / nat$/.test(table));
  return {
    ...facts,
    mark,
    ctState: isNew ? 'new' : 'established',
    ctNat: [],
    isForwarded: packet.iif !== undefined,
    typeOf: typeAt(node),
  };
}

const told = (passed: readonly Passed[]): Met[] =>
  passed.map(({ chain, rule, verdict }) => ({
    table: `${chain.table.family} ${chain.table.name}`,
    chain: chain.name,
    verdict: rule === undefined ? `policy ${verdict.kind}` : verdictText(verdict),
  }));

function verdictText(verdict: Passed['verdict']): string {
  switch (verdict.kind) {
    case 'jump':
    case 'goto':
      return `${verdict.kind} ${verdict.chain}`;
    case 'reject':
      return 'drop';
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
      return 'accept';
    default:
      return verdict.kind;
  }
}

/** A queue ends the trace: what its reader decided comes later. */
const untilQueue = (met: readonly Met[]): readonly Met[] => {
  const at = met.findIndex(({ verdict }) => verdict === 'queue');
  return at < 0 ? met : met.slice(0, at + 1);
};

describe.each(modes)('recorded with %s', mode => {
  const cases = recordedTraces(mode);

  test.each(cases.map(each => [`${each.name} on ${each.node}`, each] as const))(
    '%s',
    (_, { node, text, name }) => {
      const rules = recordedRules(mode, node);
      if (name.startsWith('policy') && node === 'k8s-w1') fillPolicySets(rules);
      const visits = visitsOf(rules, text);
      const marks = new Map<string, number>();
      expect(visits.length).toBeGreaterThan(0);
      for (const visit of visits) {
        const { hook, packet: traced } = visit;
        const packet = packetOf(visit, node, marks.get(traced.key) ?? 0);
        const known = knownOf(visit, visits) ?? { kind: 'snat', to: { ip: ownAddress(visit, node) } };
        const asksNat = visit.met.some(each => isNatChain(rules, each));
        const { ways, isCut } = walk({ ruleset: rules, hook, packet, known, asksNat });
        expect(isCut).toBe(false);
        const found = ways.map(way => untilQueue(told(way.passed)));
        expect(
          found,
          `${hook} ${traced.src} > ${traced.dst}:${traced.dport} ${JSON.stringify(known)}`,
        ).toContainEqual(untilQueue(visit.met));
        const [way] = ways;
        if (ways.every(({ unsure }) => unsure.length === 0))
          expect(found.length, JSON.stringify(found)).toBe(1);
        if (way?.mark !== undefined) marks.set(traced.key, way.mark);
      }
    },
  );
});

/** Which address a node puts in: of the device that the packet leaves by. */
function ownAddress({ packet }: HookVisit, node: Node): string {
  const number = node === 'k8s-cp' ? 0 : 1;
  if (packet.oif === 'cni0') return `10.244.${number}.1`;
  return packet.oif === 'flannel.1' ? `10.244.${number}.0` : node === 'k8s-cp' ? '172.18.0.2' : '172.18.0.3';
}

/** A SYN that is sent again finds its entry, and no rule of that type is asked. */
function isNatChain({ tables }: Ruleset, { table, chain }: Met): boolean {
  const found = tables.find(({ family, name }) => `${family} ${name}` === table);
  return found?.chains.get(chain)?.hook?.type === 'nat';
}

/** When the rules were read the policies had been taken away again. */
function fillPolicySets(rules: Ruleset): void {
  for (const table of rules.tables)
    if (table.name === 'kindnet-network-policies')
      for (const chain of table.chains.values())
        for (const { steps, text } of chain.rules)
          for (const step of steps)
            if (step.kind === 'test' && step.in.size === 0 && text.includes('-v4'))
              for (const ip of ['10.244.1.4']) step.in.add([{ kind: 'value', value: ip }]);
}
