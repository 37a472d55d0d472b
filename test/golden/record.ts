/**
 * Records anew what replay.test.ts replays: `sudo node test/golden/record.ts [NAME…]`, after `npm run build`. Makes practice clusters
 * of its own, follows one request of each kind, and keeps of the frames what belongs to that cluster. Then
 * `npm run test:unit -- golden -u` writes the canonical texts: read the difference before you commit it.
 */
import { statSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Collector } from '../../src/collect/collector.ts';
import { hookPlaces } from '../../src/engine/hook-places.ts';
import { Pipeline } from '../../src/engine/pipeline.ts';
import { select } from '../../src/inventory/selectors.ts';
import type { Cni } from '../../src/lab/dataplane/plan.ts';
import { labDown } from '../../src/lab/down.ts';
import { findScenario, runScenarioTraffic } from '../../src/lab/scenarios/run.ts';
import { readLabSnapshots } from '../../src/lab/state.ts';
import { labUp } from '../../src/lab/up.ts';
import type { ClusterSnapshot, InventoryFrame } from '../../src/model/inventory.ts';
import { Decoder, type Frame } from '../../src/wire/decode.ts';
import { joined, jsonFrame } from '../helpers/frames.ts';
import { recordingFile } from './recordings.ts';
import { replay } from './replay.ts';

const LAB = 'golden';
const TRIES = 30;

interface Recording {
  readonly name: string;
  readonly cni: Cni;
  readonly scenario: string;
  /** What must be in its canonical text: a service picks its pod at random. */
  readonly shows: string;
  /** Netfilter links on the way, as `follow` has them. */
  readonly hooks?: true;
}

const wanted: readonly Recording[] = [
  { name: 'flannel-service-same-node', cni: 'flannel', scenario: 'service', shows: '> pod nginx-1:8080' },
  { name: 'flannel-service-cross-node', cni: 'flannel', scenario: 'service', shows: '> pod nginx-2:8080' },
  {
    name: 'flannel-service-hooks',
    cni: 'flannel',
    scenario: 'service',
    shows: '> pod nginx-2:8080',
    hooks: true,
  },
  { name: 'flannel-dns', cni: 'flannel', scenario: 'dns', shows: '"DNS A? nginx-service' },
  { name: 'flannel-closed-port', cni: 'flannel', scenario: 'closed-port', shows: 'RST' },
  { name: 'flannel-policy-drop', cni: 'flannel', scenario: 'policy-drop', shows: 'dropped' },
  { name: 'flannel-nodeport', cni: 'flannel', scenario: 'nodeport', shows: 'masquerade' },
  { name: 'kindnet-service-same-node', cni: 'kindnet', scenario: 'service', shows: '> pod nginx-1:8080' },
  { name: 'kindnet-service-cross-node', cni: 'kindnet', scenario: 'service', shows: '> pod nginx-2:8080' },
];

async function follow(recording: Recording, cluster: ClusterSnapshot): Promise<Uint8Array> {
  const raw: Uint8Array[] = [];
  const pipeline = new Pipeline({ clusters: [cluster], onJourney: () => {} });
  const { collector } = await Collector.start({
    onBytes: chunk => raw.push(Uint8Array.from(chunk)),
    onFrame: frame => pipeline.frame(frame),
    onDied: error => {
      throw error;
    },
  });
  try {
    const scenario = findScenario(recording.scenario);
    const scope = { cluster: cluster.name };
    const [from, to] = [scenario.follow.src, scenario.follow.dst].map(text =>
      text.replace('lab:default/', ''),
    );
    const src = select(from!, pipeline.names, scope);
    const target = { src, dst: select(to!, pipeline.names, scope), dnsIps: [] };
    const hooks = recording.hooks === true ? hookPlaces(target, pipeline.names) : [];
    const side = { ips: src.ips, netns: src.netnsCookies };
    await collector.watch([{ proto: 'any', a: side, b: { any: true } }], [8472, 4789], hooks);
    await runScenarioTraffic(LAB, scenario);
    await quiet(pipeline);
  } finally {
    await collector.stop();
  }
  return joined(...raw);
}

/** The last journey has been silent for as long as it takes to close. */
async function quiet(pipeline: Pipeline): Promise<void> {
  const from = pipeline.nowNs;
  while (pipeline.nowNs - from < 250e6) await new Promise(resolve => setTimeout(resolve, 20));
}

/** The frames that tell of this cluster alone; nothing of the machine that it was recorded on. */
function reduced(bytes: Uint8Array, cluster: ClusterSnapshot): Uint8Array {
  const frames = split(bytes);
  const inLab = new Set<string>();
  for (const { frame } of frames)
    if (frame.kind === 'inventory' && isOfLab(frame.inventory)) inLab.add(frame.inventory.cookie);
  const cookies = new Set([...inLab].map(Number));
  const packets = new Set<number>();
  for (const { frame } of frames)
    if (frame.kind === 'event' && cookies.has(frame.event.netns)) packets.add(frame.event.packet);
  return joined(
    ...frames.flatMap(({ frame, raw }) => {
      if (frame.kind === 'hello')
        return [jsonFrame('hello', { ...frame.hello, kernel: '6.18.0' }), jsonFrame('cluster', cluster)];
      if (frame.kind === 'inventory')
        return inLab.has(frame.inventory.cookie)
          ? [jsonFrame('inventory', withoutContainers(frame.inventory))]
          : [];
      if (frame.kind === 'event') return packets.has(frame.event.packet) ? [raw] : [];
      if (frame.kind === 'process') return cookies.has(frame.process.netns) ? [raw] : [];
      return frame.kind === 'stats' || frame.kind === 'reply' ? [] : [raw];
    }),
  );
}

function split(bytes: Uint8Array): { frame: Frame; raw: Uint8Array }[] {
  const decoder = new Decoder();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const found: { frame: Frame; raw: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const raw = bytes.slice(at, at + view.getUint32(at, true));
    found.push(...decoder.push(raw).map(frame => ({ frame, raw })));
    at += raw.length;
  }
  if (decoder.malformedBytes > 0) throw new Error('the collector wrote something that is no frame');
  return found;
}

function isOfLab(inventory: InventoryFrame): boolean {
  return 'names' in inventory && inventory.names.some(name => name.startsWith(`lab-${LAB}-`));
}

function withoutContainers(inventory: InventoryFrame): InventoryFrame {
  if (!('processes' in inventory)) return inventory;
  return { ...inventory, processes: inventory.processes.map(({ pid, comm }) => ({ pid, comm })) };
}

async function record(recording: Recording): Promise<void> {
  const cluster = readLabSnapshots().find(each => each.name === `lab:${LAB}`);
  if (cluster === undefined) throw new Error(`the lab ${LAB} is not there`);
  for (let n = 0; n < TRIES; n++) {
    const bytes = reduced(await follow(recording, cluster), cluster);
    const { text, pipeline } = replay(bytes);
    const { suspectJoins, lost } = pipeline.correlator.stats;
    if (!text.includes(recording.shows) || lost > 0) continue;
    writeFileSync(recordingFile(recording.name), gzipSync(bytes, { level: 9 }));
    const size = statSync(recordingFile(recording.name)).size;
    console.error(`${recording.name}: ${bytes.length} B, ${size} B packed, ${suspectJoins} wrong joins`);
    return;
  }
  throw new Error(`${recording.name}: "${recording.shows}" was never seen`);
}

const names = process.argv.slice(2);
for (const cni of ['flannel', 'kindnet'] as const) {
  const due = wanted.filter(each => each.cni === cni && (names.length === 0 || names.includes(each.name)));
  if (due.length === 0) continue;
  await labDown({ name: LAB });
  await labUp({ name: LAB, cni });
  try {
    for (const recording of due) await record(recording);
  } finally {
    await labDown({ name: LAB });
  }
}
