/**
 * The rule that is told at a hop against what the kernel itself tells of its rules (`nft monitor trace`), in the practice cluster with
 * both CNIs, scenario by scenario: chains and verdicts up to the rule that decided, for the same packet at the same hook.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRuleset } from '../../src/collect/rulesets.ts';
import { parsed } from '../../src/engine/rule-book.ts';
import type { Cni } from '../../src/lab/dataplane/plan.ts';
import { labDown } from '../../src/lab/down.ts';
import { labNamespaces } from '../../src/lab/namespaces.ts';
import { findScenario, scenarios } from '../../src/lab/scenarios/run.ts';
import { labUp } from '../../src/lab/up.ts';
import { splitEnd } from '../../src/model/address-port.ts';
import type { Hop, Tuple } from '../../src/model/journey.ts';
import type { HookName, Ruleset } from '../../src/rules/ruleset.ts';
import { Following } from '../helpers/following.ts';
import { testLabName } from '../helpers/lab.ts';
import { RuleTrace } from '../helpers/nft-trace.ts';
import { type HookVisit, ruleVisits } from '../helpers/rule-visits.ts';
import { show } from '../helpers/scenario-run.ts';

/** Of the marking itself. */
const own = new Set(['tracer_truth']);

describe.each(['flannel', 'kindnet'] as const)('with %s', (cni: Cni) => {
  const lab = testLabName(`rule${cni}`);
  const places = ['node-1', 'node-2', 'host'].map(place => `lab-${lab}-${place}`);
  const rulesets = new Map<string, Ruleset>();
  let following: Following | undefined;
  let trace: RuleTrace | undefined;
  let told = 0;

  beforeAll(async () => {
    await labUp({ name: lab, cni });
    following = await Following.start();
    await following.knows(labNamespaces(lab));
    trace = await RuleTrace.start(places);
    for (const { snapshot } of following.names.inventory.all()) {
      const name = places.find(each => snapshot.names.includes(each));
      if (name === undefined) continue;
      const rules = await readRuleset(snapshot);
      expect(rules.failed).toBeUndefined();
      rulesets.set(name, parsed(rules));
      following.note({ kind: 'rules', rules });
    }
    expect([...rulesets.keys()].sort()).toEqual([...places].sort());
  });
  afterAll(async () => {
    await trace?.abort();
    await following?.stop();
    await labDown({ name: lab });
  });

  it.each(scenarios.map(({ name }) => name))('scenario %s', async name => {
    const { journeys } = await show(following!, lab, findScenario(name));
    for (const journey of journeys)
      for (const hop of journey.hops) {
        if (!places.includes(hop.netns.name ?? '')) continue;
        const isDecided = isDrop(hop) || (isTranslated(hop) && hop.ct?.state === 'new');
        if (isDecided) expect(hop.rule, hop.text).toBeDefined();
        if (isRedirect(hop.tuple)) expect(hop.rule).toBeUndefined();
        if (hop.rule === undefined) continue;
        told++;
        expect(hop.rule.basis).toBe('computed');
        const visits = await seen(hop);
        const ways = visits.map(visit => metIn(visit, hop.rule!.table));
        expect(ways, `${hop.text} in ${hop.netns.name}`).toContainEqual(toldPath(hop));
      }
  });

  it('told enough to prove something', () => {
    expect(told).toBeGreaterThan(8);
  });

  /** What nft told of this packet at this hook: it may come a little later than the packet. */
  async function seen(hop: Hop): Promise<HookVisit[]> {
    const tuple = before(hop);
    const rules = rulesets.get(hop.netns.name!)!;
    const find = (): HookVisit[] =>
      ruleVisits(
        trace!.texts.get(hop.netns.name!)!,
        (table, chain) => hookOf(rules, table, chain),
        own,
      ).filter(
        ({ packet, hook, met }) =>
          (hop.stage === 'drop' || hook === hop.stage) &&
          packet.src === tuple.src &&
          packet.dst === tuple.dst &&
          packet.sport === tuple.sport &&
          packet.dport === tuple.dport &&
          met.some(
            ({ table, verdict }) => table.endsWith(` ${hop.rule!.table}`) && /^(accept|drop)$/.test(verdict),
          ),
      );
    const deadline = performance.now() + 10_000;
    for (;;) {
      const found = find();
      if (found.length > 0 || performance.now() > deadline) return found;
      await new Promise(resolve => setImmediate(resolve));
    }
  }
});

/** NAT itself drops redirects (nf_nat_icmp_reply_translation()), and no rule is told of it. */
const isDrop = ({ layer, verdict, tuple }: Hop): boolean =>
  layer === 'drop' && verdict?.startsWith('NETFILTER_DROP') === true && !isRedirect(tuple);
const isRedirect = (tuple: Tuple | undefined): boolean => tuple?.proto === 'icmp' && tuple.type === 5;
const isTranslated = ({ layer, changes }: Hop): boolean =>
  layer === 'netfilter' && changes.some(({ by }) => by === 'dnat' || by === 'masquerade' || by === 'snat');

function hookOf({ tables }: Ruleset, table: string, chain: string): HookName | undefined {
  const found = tables.find(({ family, name }) => `${family} ${name}` === table);
  return found?.chains.get(chain)?.hook?.hook;
}

function before({ tuple, changes }: Hop): Tuple {
  let was = tuple!;
  for (const { field, from } of changes) {
    if (from === undefined || (field !== 'src' && field !== 'dst')) continue;
    const { ip, port } = splitEnd(from);
    const ports = port === undefined ? {} : { [field === 'src' ? 'sport' : 'dport']: port };
    was = { ...was, [field]: ip, ...ports };
  }
  return was;
}

/** Up to the verdict that ends it. */
function metIn({ met }: HookVisit, table: string): string[] {
  const own = met.filter(each => each.table.endsWith(` ${table}`));
  const end = own.findIndex(({ verdict }) => verdict === 'accept' || verdict === 'drop');
  return own.slice(0, end + 1).map(({ chain, verdict }) => `${chain} ${verdict}`);
}

const asTraced: Readonly<Record<string, string>> = {
  dnat: 'accept',
  masquerade: 'accept',
  snat: 'accept',
  reject: 'drop',
};

const toldPath = ({ rule }: Hop): string[] =>
  rule!.path.map(({ chain, verdict }) => `${chain} ${asTraced[verdict] ?? verdict}`);
