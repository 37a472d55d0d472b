/** What `tracer explain` and `tracer diff` print, from recordings. */
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { diffLines } from '../../../src/cli/render/diff.ts';
import { explainLines } from '../../../src/cli/render/explain.ts';
import { styleFor } from '../../../src/cli/render/style.ts';
import { journeyDiff } from '../../../src/explain/diff/journey-diff.ts';
import { FlowBook } from '../../../src/store/flow-book.ts';
import { recordedBytes, recordings } from '../../golden/recordings.ts';
import { replay } from '../../golden/replay.ts';

const plain = styleFor('never', false);
const all = new Map(
  recordings().map(name => {
    const { journeys } = replay(recordedBytes(name));
    const book = new FlowBook();
    for (const journey of journeys) book.add(journey);
    return [name, { journeys, book }];
  }),
);

/** Lines that a shell would take as one. */
const unbroken = (lines: readonly string[]): string[] =>
  lines
    .join('\n')
    .replace(/ \\\n\s+/g, ' ')
    .split('\n');

describe.each([...all])('explain of %s', (_, { journeys, book }) => {
  test.each([60, 80, 160])('fits into %i columns', width => {
    // A word that is longer than the line stands alone.
    for (const journey of journeys)
      for (const line of explainLines(journey, book.get(journey.flow ?? ''), { style: plain, width }))
        if (line.trim().includes(' ')) expect([stringWidth(line) <= width, line]).toEqual([true, line]);
  });

  test('has every hop in its words, and every command as a shell takes it', () => {
    for (const journey of journeys) {
      const lines = unbroken(explainLines(journey, undefined, { style: plain, width: 100 }));
      const wrapped = lines.map(line => line.trim()).join(' ');
      for (const { text, command } of journey.hops) {
        expect(wrapped).toContain(text);
        if (command !== undefined) expect(lines.map(line => line.trim())).toContain(`$ ${command}`);
      }
    }
  });

  test('is coloured if asked, and says the same', () => {
    const painted = styleFor('always', true);
    for (const journey of journeys) {
      const lines = explainLines(journey, undefined, { style: painted, width: 100 });
      expect(lines.join('')).toContain('\u001b[');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken off
      const bare = lines.map(line => line.replace(/\u001b\[\d+m/g, ''));
      expect(bare).toEqual(explainLines(journey, undefined, { style: plain, width: 100 }));
    }
  });
});

test('explain of a drop', async () => {
  const { journeys, book } = all.get('flannel-policy-drop')!;
  const drop = journeys.find(({ outcome }) => outcome.kind === 'dropped')!;
  const text = explainLines(drop, book.get(drop.flow!), { style: plain, width: 100 }).join('\n');
  await expect(`${text}\n`).toMatchFileSnapshot('snapshots/explain-drop.txt');
});

test('diff of two pods of one service', async () => {
  const [a, b] = ['flannel-service-same-node', 'flannel-service-cross-node'].map(
    name =>
      all.get(name)!.journeys.find(({ summary, direction }) => summary === 'SYN' && direction === 'request')!,
  );
  const text = diffLines(journeyDiff(a!, b!), a!, b!, { style: plain, width: 100 }).join('\n');
  await expect(`${text}\n`).toMatchFileSnapshot('snapshots/diff-pods.txt');
});

describe('diff', () => {
  const { journeys } = all.get('flannel-service-cross-node')!;
  const [first] = journeys;

  test('of a packet with itself says so, and no more', () => {
    const lines = diffLines(journeyDiff(first!, first!), first!, first!, { style: plain, width: 100 });
    expect(lines.at(-1)).toBe('Both went the same way, with the same rewrites, to the same end.');
    expect(lines.filter(line => line.startsWith('≠'))).toEqual([]);
    expect(lines.join('\n')).not.toContain('time:');
  });

  test.each([60, 80, 160])('fits into %i columns', width => {
    for (const other of journeys)
      for (const line of diffLines(journeyDiff(first!, other), first!, other, { style: plain, width }))
        if (line.trim().includes(' ')) expect([stringWidth(line) <= width, line]).toEqual([true, line]);
  });
});
