/**
 * Are hooks, rewrites and verdicts true? What `nft monitor trace` says of each packet at each hook of the nodes, and what the netfilter
 * hops and drops of the journeys say, must be the same, in both directions.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';
import type { Hop, Journey } from '../../src/model/journey.ts';
import { compareRules, nftFailures, nftLine } from '../helpers/fidelity-nft.ts';
import { runTraffic } from '../helpers/fidelity-run.ts';
import { testLabName } from '../helpers/lab.ts';
import { RuleTrace, type RuleTraces } from '../helpers/nft-trace.ts';
import { ruledTraffic } from '../helpers/traffic.ts';

/** The journeys with one hop put otherwise: the first that fits. */
function altered(
  journeys: readonly Journey[],
  fits: (hop: Hop) => boolean,
  into: (hop: Hop) => readonly Hop[],
): Journey[] {
  const at = journeys.findIndex(({ hops }) => hops.some(fits));
  expect(at, 'there is such a hop').toBeGreaterThanOrEqual(0);
  const hop = journeys[at]!.hops.find(fits)!;
  return journeys.map((journey, i) =>
    i === at
      ? { ...journey, hops: journey.hops.flatMap(each => (each === hop ? into(hop) : each)) }
      : journey,
  );
}

const translates = ({ hook, changes }: Hop): boolean =>
  hook === 'NF_INET_PRE_ROUTING' && changes.some(({ by }) => by === 'dnat');

describe.each(['flannel', 'kindnet'] as const)('with %s', cni => {
  const name = testLabName(`nft${cni.slice(0, 4)}`);
  const places = ['host', 'node-1', 'node-2'].map(place => `lab-${name}-${place}`);
  beforeAll(async () => {
    await labUp({ name, cni });
  });
  afterAll(async () => {
    await labDown({ name });
  });

  it('tells hooks, rewrites and drops as nft does, and a mistake is found out', async () => {
    let trace: RuleTrace | undefined;
    let truth: RuleTraces | undefined;
    const atRest = async () => {
      if (trace === undefined) trace = await RuleTrace.start(places);
      else truth = await trace.finish();
    };
    const options = { capture: false, hooksIn: places, atRest };
    const run = await runTraffic(name, [ruledTraffic], options).finally(() => trace?.abort());
    expect(truth!.lost, 'lost by nft: the comparison proves nothing').toEqual([]);

    const netns = new Map(places.map(place => [String(run.cookies.get(place)), place]));
    const compared = (journeys: readonly Journey[]) => compareRules(truth!, journeys, { netns });
    const journeys = run.all.map(({ journey }) => journey);
    const fidelity = compared(journeys);
    console.log(nftLine(cni, fidelity));
    expect(nftFailures(fidelity)).toEqual([]);

    const { missing, extra, contradictions } = fidelity;
    const swapped = ({ tuple, ...hop }: Hop) => [
      { ...hop, tuple: { ...tuple!, src: tuple!.dst, dst: tuple!.src } },
    ];
    const wrong = { contradictions: contradictions + 1, missing, extra };
    expect(compared(altered(journeys, translates, swapped))).toMatchObject(wrong);
    const untold = (hop: Hop) => [{ ...hop, changes: [] }];
    expect(compared(altered(journeys, translates, untold))).toMatchObject(wrong);
    const without = compared(altered(journeys, translates, () => []));
    expect(without).toMatchObject({ contradictions, missing: missing + 1, extra });
    const twice = compared(altered(journeys, translates, hop => [hop, hop]));
    expect(twice).toMatchObject({ contradictions, missing, extra: extra + 1 });
    const undropped = compared(
      altered(
        journeys,
        ({ verdict }) => verdict?.startsWith('NETFILTER_DROP') === true,
        () => [],
      ),
    );
    expect(undropped).toMatchObject({ contradictions, missing: missing + 1, extra });
  });
});
