/** A recording: what the collector wrote while some packets crossed a practice cluster, and nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Pipeline } from '../../src/cli/pipeline.ts';
import { canonicalJourney } from '../../src/cli/render/canonical.ts';
import type { Journey } from '../../src/model/journey.ts';
import { Decoder } from '../../src/wire/decode.ts';
import { chunks } from '../helpers/frames.ts';

export const recordingsDir = fileURLToPath(new URL('../fixtures/frames/', import.meta.url));
const SUFFIX = '.frames.gz';

export function recordings(): string[] {
  return readdirSync(recordingsDir)
    .filter(file => file.endsWith(SUFFIX))
    .map(file => file.slice(0, -SUFFIX.length))
    .sort();
}

export function recordingFile(name: string): string {
  return `${recordingsDir}${name}${SUFFIX}`;
}

export function recordedBytes(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(recordingFile(name))));
}

export interface Replay {
  readonly journeys: readonly Journey[];
  /** Canonical text of each journey, in the order in which they closed. */
  readonly text: string;
  readonly pipeline: Pipeline;
  readonly decoder: Decoder;
}

/** What `follow` would have made of it, given in chunks of `size` bytes. */
export function replay(bytes: Uint8Array, size = bytes.length): Replay {
  const decoder = new Decoder();
  const journeys: Journey[] = [];
  const texts: string[] = [];
  const pipeline: Pipeline = new Pipeline({
    onJourney: journey => {
      journeys.push(journey);
      const label = (cookie: string): string => pipeline.places.netns(Number(cookie), pipeline.nowNs).label;
      texts.push(canonicalJourney(journey, hop => label(hop.netns.cookie)));
    },
  });
  for (const chunk of chunks(bytes, size)) for (const frame of decoder.push(chunk)) pipeline.frame(frame);
  pipeline.finish();
  return { journeys, text: `${texts.join('\n')}\n`, pipeline, decoder };
}
