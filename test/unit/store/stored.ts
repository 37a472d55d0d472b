/** A recording, as the daemon puts it into a store: with the records and ways of the pipeline. */
import { Pipeline } from '../../../src/engine/pipeline.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { FlowBook } from '../../../src/store/flow-book.ts';
import { JourneyStore } from '../../../src/store/journey-store.ts';
import { Decoder } from '../../../src/wire/decode.ts';
import { recordedBytes } from '../../golden/recordings.ts';

export interface Stored {
  readonly store: JourneyStore;
  readonly journeys: readonly Journey[];
  readonly book: FlowBook;
}

export function replayInto(recording: string): Stored {
  const journeys: Journey[] = [];
  const book = new FlowBook();
  const pipeline = new Pipeline({
    onJourney: (journey, record, way) => {
      store.put(journey, record, way);
      book.add(journey);
      journeys.push(journey);
    },
  });
  const store = new JourneyStore({ session: pipeline.session });
  for (const frame of new Decoder().push(recordedBytes(recording))) pipeline.frame(frame);
  pipeline.finish();
  return { store, journeys, book };
}
