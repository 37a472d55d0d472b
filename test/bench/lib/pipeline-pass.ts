/**
 * One pass over a recorded stream of the collector, in a process of its own so that time and memory are of this pass alone:
 *   node pipeline-pass.ts decode|correlate|resolve|print FILE
 * Prints {"events","journeys","cpuSeconds","peakMiB"}.
 */
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { rendererFor } from '../../../src/cli/render/renderer.ts';
import { styleFor } from '../../../src/cli/render/style.ts';
import { Pipeline } from '../../../src/engine/pipeline.ts';
import { FlowBook } from '../../../src/store/flow-book.ts';
import { Decoder } from '../../../src/wire/decode.ts';

/** What a pipe hands over at a time. */
const CHUNK_BYTES = 65_536;

export type Pass = 'decode' | 'correlate' | 'resolve' | 'print';

export interface PassResult {
  readonly events: number;
  readonly journeys: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

function* chunksOf(file: string): Generator<Uint8Array> {
  const fd = openSync(file, 'r');
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const bytes = readSync(fd, chunk);
    if (bytes === 0) break;
    yield chunk.subarray(0, bytes);
  }
  closeSync(fd);
}

function run(pass: Pass, file: string): PassResult {
  const startedAt = process.cpuUsage();
  const decoder = new Decoder();
  const stage = stageOf(pass);
  let events = 0;
  for (const chunk of chunksOf(file)) {
    for (const frame of decoder.push(chunk)) {
      if (frame.kind === 'event') events++;
      stage.pipeline?.frame(frame);
    }
  }
  const journeys = stage.finish();
  const { user, system } = process.cpuUsage(startedAt);
  const peakKiB = Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  return { events, journeys, cpuSeconds: (user + system) / 1e6, peakMiB: peakKiB / 1024 };
}

interface Stage {
  readonly pipeline?: Pipeline;
  /** @returns how many journeys there were. */
  readonly finish: () => number;
}

function stageOf(pass: Pass): Stage {
  if (pass === 'decode') return { finish: () => 0 };
  if (pass === 'print') return printing();
  const pipeline: Pipeline = new Pipeline({ wants: () => pass === 'resolve', onJourney: () => {} });
  return {
    pipeline,
    finish: () => {
      pipeline.finish();
      return pipeline.correlator.stats.journeys;
    },
  };
}

/** As `follow` does it: book, compact form, lines written. */
function printing(): Stage {
  const out = openSync('/dev/null', 'w');
  const book = new FlowBook();
  const pipeline: Pipeline = new Pipeline({
    onJourney: (journey, _record, way) => {
      book.add(journey);
      renderer.journey(journey, way);
    },
  });
  const renderer = rendererFor('compact', {
    style: styleFor('never', false),
    width: 100,
    write: line => writeSync(out, `${line}\n`),
    label: hop => pipeline.places.netns(Number(hop.netns.cookie), pipeline.nowNs).label,
  });
  return {
    pipeline,
    finish: () => {
      pipeline.finish();
      renderer.finish();
      return pipeline.correlator.stats.journeys;
    },
  };
}

const [pass, file] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(run(pass as Pass, file!))}\n`);
