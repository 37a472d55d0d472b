/** A recording through all stages, in chunks of any size. */

import { canonicalJourney } from '../../src/cli/render/canonical.ts';
import { Pipeline } from '../../src/engine/pipeline.ts';
import type { Journey } from '../../src/model/journey.ts';
import { Decoder, type Frame } from '../../src/wire/decode.ts';
import { chunks } from '../helpers/frames.ts';

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
  const decoded = (function* () {
    for (const chunk of chunks(bytes, size)) yield* decoder.push(chunk);
  })();
  return { ...replayFrames(decoded), decoder };
}

/** The same of frames that were read elsewhere. */
export function replayFrames(frames: Iterable<Frame>): Omit<Replay, 'decoder'> {
  const journeys: Journey[] = [];
  const texts: string[] = [];
  const pipeline: Pipeline = new Pipeline({
    onJourney: journey => {
      journeys.push(journey);
      const label = (cookie: string): string => pipeline.places.netns(Number(cookie), pipeline.nowNs).label;
      texts.push(canonicalJourney(journey, hop => label(hop.netns.cookie)));
    },
  });
  for (const frame of frames) pipeline.frame(frame);
  pipeline.finish();
  return { journeys, text: `${texts.join('\n')}\n`, pipeline };
}
