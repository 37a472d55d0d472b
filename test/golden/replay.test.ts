/**
 * Recorded frames → canonical text, compared with the file beside the recording. A change of the text is a change of what users see:
 * read the difference, then `npm run test:unit -- golden -u`. How the recordings were made: record.ts.
 */
import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/model/flow.ts';
import { FlowBook } from '../../src/store/flow-book.ts';
import { expectValidFlow, expectValidJourney } from '../helpers/journeys.ts';
import { framesOf, opened, recorded } from '../helpers/sessions.ts';
import { recordedBytes, recordingFile, recordings, recordingsDir } from './recordings.ts';
import { replay, replayFrames } from './replay.ts';

const MAX_BYTES = 60_000;

function flowLine({ state, blame, from, to, backend, packets }: Flow): string {
  const ends = [from, to, ...(backend === undefined ? [] : [backend])]
    .map(end => end.name ?? end.ip)
    .join(' > ');
  return `flow ${ends}: ${state}, ${packets.request} out, ${packets.reply} back${blame === undefined ? '' : `, ${blame.text}`}`;
}

test('there are recordings', () => {
  expect(recordings().length).toBeGreaterThan(5);
});

describe.each(recordings())('%s', name => {
  const bytes = recordedBytes(name);
  const whole = replay(bytes);
  const book = new FlowBook();
  for (const journey of whole.journeys) book.add(journey);

  test('gives the text beside it', async () => {
    const text = `${whole.text}\n${book.all().map(flowLine).join('\n')}\n`;
    await expect(text).toMatchFileSnapshot(`${recordingsDir}${name}.txt`);
  });

  test.each([1, 7, 4096])('in chunks of %i bytes too', size => {
    expect(replay(bytes, size).text).toBe(whole.text);
  });

  test.each([1000, 1_000_000])('from a session file in blocks of %i bytes too', async blockBytes => {
    const session = await opened(await recorded(bytes, { blockBytes }));
    expect(replayFrames(await framesOf(session)).text).toBe(whole.text);
    expect(session).toMatchObject({ isWhole: true, damage: { bytes: 0, blocks: 0, cutBytes: 0 } });
  });

  test('gives journeys and flows that everybody can read', () => {
    for (const journey of whole.journeys) expectValidJourney(journey);
    for (const flow of book.all()) expectValidFlow(flow);
  });

  test('has no wrong join, nothing lost, late or malformed', () => {
    expect(whole.pipeline.correlator.stats).toMatchObject({ suspectJoins: 0, lateEvents: 0, lost: 0 });
    expect(whole.decoder).toMatchObject({ malformedBytes: 0, malformedFrames: 0, heldBytes: 0 });
  });

  test('every packet of a conversation is complete', () => {
    const incomplete = whole.journeys.filter(journey => journey.direction !== 'none' && !journey.complete);
    expect(incomplete.map(({ summary, gaps }) => [summary, gaps])).toEqual([]);
  });

  test('is small, and tells of the practice cluster alone', () => {
    expect(statSync(recordingFile(name)).size).toBeLessThan(MAX_BYTES);
    const text = Buffer.from(bytes).toString('latin1');
    for (const word of [hostname(), '/home', '/root', 'docker://', 'containerd']) {
      if (word.length > 3) expect(text).not.toContain(word);
    }
    const netnses = whole.pipeline.inventory.all();
    expect(netnses.length).toBeGreaterThan(8);
    for (const { snapshot } of netnses) expect(snapshot.names[0]).toMatch(/^lab-golden-/);
  });
});
