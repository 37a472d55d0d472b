import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnyJourney, Gap } from '../../../../src/model/journey.ts';
import { type Chapter, chaptersOf, type Entry } from '../../../../web/panels/story/chapters.ts';
import { colourByCookie } from '../../../../web/panels/story/kinds.ts';
import { journeyOf, networks, recordedPage } from '../recorded-page.ts';

const page = recordedPage('flannel');
const kinds = colourByCookie(page.topology);
const acrossNodes = journeyOf(page, ({ summary, flow }) => summary === 'SYN' && flow === '2');
const chapters = (journey: AnyJourney): Chapter[] => chaptersOf(journey, cookie => kinds.get(cookie));
const stepsOf = (entry: Entry) =>
  entry.kind === 'hop' ? [entry] : entry.kind === 'repeats' ? entry.steps : [];
const allSteps = (journey: AnyJourney) =>
  chapters(journey).flatMap(({ entries }) => entries.flatMap(stepsOf));

const gap = (after: number): Gap => ({ after, kind: 'lost', reason: 'events were lost' });

describe('the story of a journey', () => {
  test('has a chapter for each visit of a namespace, by its name, with the colour of its kind', () => {
    expect(chapters(acrossNodes).map(({ label, colour }) => [label, colour])).toEqual([
      ['pod-a', 'pod'],
      ['node-1', 'node'],
      ['host', 'host'],
      ['node-2', 'node'],
      ['nginx-2', 'pod'],
    ]);
    expect(chapters(acrossNodes)[1]!.netns).toBe('lab-node-1');
  });

  test('without an inventory the colours are those that the hops make likely', () => {
    const guessed = chaptersOf(acrossNodes, () => undefined);
    expect(guessed.map(({ colour }) => colour)).toEqual(['pod', 'node', 'host', 'node', 'pod']);
  });

  test.each(networks)(
    'of every recorded packet (%s) holds each hop once, in order, with the time since the last',
    network => {
      for (const journey of recordedPage(network).journeys) {
        const steps = allSteps(journey);
        expect(steps.map(({ hop }) => hop.index)).toEqual(journey.hops.map((_, i) => i));
        expect(steps[0]!.sinceNs).toBeUndefined();
        expect(steps.reduce((sum, { sinceNs = 0 }) => sum + sinceNs, 0)).toBe(journey.durationNs);
      }
    },
  );

  test('marks the longest step, and only that', () => {
    const marked = allSteps(acrossNodes).filter(({ isSlowest }) => isSlowest);
    const longest = Math.max(...allSteps(acrossNodes).map(({ sinceNs = 0 }) => sinceNs));
    expect(marked.map(({ sinceNs }) => sinceNs)).toEqual([longest]);
  });

  test('folds two repeats or more, never what changed or ended', () => {
    const folded = chapters(acrossNodes).flatMap(({ entries }) =>
      entries.filter(({ kind }) => kind === 'repeats'),
    );
    expect(folded.length).toBeGreaterThan(2);
    for (const entry of folded) {
      expect(stepsOf(entry).length).toBeGreaterThanOrEqual(2);
      expect(
        stepsOf(entry).every(
          ({ hop }) => hop.repeats === true && hop.changes.every(({ field }) => field !== 'dst'),
        ),
      ).toBe(true);
    }
  });

  test('shows every gap once, behind the hop after which it is', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -1, max: acrossNodes.hops.length - 1 })), places => {
        const gaps = places.map(gap);
        const entries = chapters({ ...acrossNodes, gaps }).flatMap(chapter => chapter.entries);
        const found = entries.flatMap((entry, i) =>
          entry.kind === 'gap'
            ? [[entry.gap.after, entries.slice(0, i).flatMap(stepsOf).at(-1)?.hop.index ?? -1]]
            : [],
        );
        expect(found.map(([after]) => after)).toEqual([...places].sort((a, b) => a - b));
        for (const [after, before] of found) expect(before).toBe(after);
      }),
    );
  });

  test('blames the rule of a drop where it dropped', () => {
    const dropped = journeyOf(page, ({ outcome }) => outcome.kind === 'dropped');
    const rule = { table: 'filter', chain: 'FORWARD', text: '-j DROP' };
    const outcome = { ...dropped.outcome, rule } as AnyJourney['outcome'];
    const blamed = allSteps({ ...dropped, outcome }).filter(step => step.rule === rule);
    expect(blamed.map(({ hop }) => hop.index)).toEqual([dropped.outcome.at]);
  });
});
