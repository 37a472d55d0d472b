/** Made-up captures of made-up devices, through all stages. */
import type { CaptureFacts } from '../../../src/capture/events.ts';
import type { Device } from '../../../src/capture/places.ts';
import { CaptureFiles, type ReadStats } from '../../../src/capture/read-files.ts';
import { Pipeline } from '../../../src/engine/pipeline.ts';
import type { Flow } from '../../../src/model/flow.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { FlowBook } from '../../../src/store/flow-book.ts';
import { pcapFile } from './pcap-files.ts';
import { type SegmentSpec, tcpFrame } from './walk.ts';

export interface Seen {
  readonly atMs: number;
  readonly packet: SegmentSpec;
}

export interface File {
  readonly place: string;
  readonly dev?: string;
  readonly seen: readonly Seen[];
}

export interface Shown {
  readonly flows: readonly Flow[];
  readonly journeys: readonly Journey[];
  readonly stats: ReadStats;
}

export const at = (atMs: number, packet: SegmentSpec): Seen => ({ atMs, packet });

/** An end of a pair; `mac`: the last byte. */
export const veth = (name: string, mac: number, more: Partial<Device> = {}): Device => ({
  ...{ name, ifindex: mac, kind: 'veth', mac: 0x020000000000 + mac },
  ...more,
});

/** `devices`: by place, in the order in which the files name them first. */
export async function shown(
  files: readonly File[],
  devices: readonly (readonly Device[])[] = [],
): Promise<Shown> {
  const ids = new Map([...new Set(files.map(({ place }) => place))].map((name, n) => [name, n + 1]));
  const facts: CaptureFacts = {
    places: [...ids].map(([name, id]) => ({ id, name })),
    points: files.map(({ place, dev }) => ({
      place: ids.get(place)!,
      ...(dev === undefined ? {} : { dev }),
    })),
    devices: new Map(devices.map((own, n) => [n + 1, new Map(own.map(device => [device.name, device]))])),
  };
  const bytes = files.map(({ seen }) =>
    pcapFile(
      seen.map(({ atMs, packet }) => ({
        seconds: 1000 + Math.floor(atMs / 1000),
        fraction: Math.round((atMs % 1000) * 1000),
        bytes: tcpFrame(packet),
      })),
    ),
  );
  async function* whole(file: Uint8Array): AsyncGenerator<Uint8Array> {
    yield file;
  }
  const captures = new CaptureFiles(
    () => bytes.map((file, capture) => ({ capture, chunks: whole(file) })),
    facts,
  );
  const book = new FlowBook();
  const journeys: Journey[] = [];
  const pipeline = new Pipeline({
    onJourney: journey => {
      journeys.push(journey);
      book.add(journey);
    },
  });
  for await (const frames of captures.frames()) {
    book.witness ??= captures.coverage;
    for (const frame of frames) pipeline.frame(frame);
  }
  pipeline.finish();
  const flows = book.all(BigInt(pipeline.hello!.clock.monotonicNs) + BigInt(pipeline.nowNs));
  return { flows, journeys, stats: captures.stats };
}
