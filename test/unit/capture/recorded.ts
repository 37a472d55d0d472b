/** The captures of a real cluster in test/fixtures/captures, through all stages. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { captureFacts, type FactOptions } from '../../../src/capture/facts.ts';
import { CaptureFiles, fileChunks, type ReadStats } from '../../../src/capture/read-files.ts';
import { canonicalJourney } from '../../../src/cli/render/canonical.ts';
import { Pipeline } from '../../../src/engine/pipeline.ts';
import type { Journey } from '../../../src/model/journey.ts';

export const recordedDir = fileURLToPath(new URL('../../fixtures/captures/', import.meta.url));

export interface Imported {
  readonly journeys: readonly Journey[];
  readonly text: string;
  readonly stats: ReadStats;
  readonly pipeline: Pipeline;
}

export function filesOf(name: string): string[] {
  const dir = `${recordedDir}${name}`;
  return readdirSync(dir)
    .sort()
    .map(file => `${dir}/${file}`);
}

export function told(cni: string): FactOptions {
  const kube = cni === 'flannel' ? [`${recordedDir}flannel/kube.json`] : [];
  return { place: [], host: `${recordedDir}${cni}/host`, kube };
}

export async function imported(files: readonly string[], options: FactOptions): Promise<Imported> {
  const captures = new CaptureFiles(
    () => files.map((path, capture) => ({ capture, chunks: fileChunks(path) })),
    captureFacts(files, options),
  );
  const journeys: Journey[] = [];
  const texts: string[] = [];
  const pipeline: Pipeline = new Pipeline({
    onJourney: journey => {
      journeys.push(journey);
      const label = (cookie: string): string => pipeline.places.netns(Number(cookie), pipeline.nowNs).label;
      texts.push(canonicalJourney(journey, hop => label(hop.netns.cookie)));
    },
  });
  for await (const frames of captures.frames()) for (const frame of frames) pipeline.frame(frame);
  pipeline.finish();
  return { journeys, text: `${texts.join('\n')}\n`, stats: captures.stats, pipeline };
}
