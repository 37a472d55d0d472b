/** What `tracer doctor --kube` says of clusters: who answers, what is allowed, which nodes and pods are on this kernel, how they are wired. */
import { TracerError } from '../base/errors.ts';
import type { ClusterHealth } from '../cluster/cluster-watch.ts';
import { Clusters, type KubeOptions } from '../cluster/clusters.ts';
import { cniOf, nodeContainers } from '../cluster/on-this-machine.ts';
import { Collector } from '../collect/collector.ts';
import { Pipeline } from '../engine/pipeline.ts';
import type { ClusterIndex } from '../inventory/cluster-index.ts';
import type { Names } from '../inventory/names.ts';
import type { ClusterFrame } from '../model/inventory.ts';
import { counted } from '../words/counts.ts';
import type { Finding } from './doctor/finding.ts';

/** `canCollect`: else what the namespaces of this machine are is left out. */
export async function clusterFindings(asked: KubeOptions, canCollect: boolean): Promise<Finding[]> {
  const frames: ClusterFrame[] = [];
  const findings = await access(asked, frame => frames.push(frame));
  if (canCollect && frames.length > 0) findings.push(...(await seenOf(frames)));
  return [...findings, ...containers()];
}

async function seenOf(frames: readonly ClusterFrame[]): Promise<Finding[]> {
  const pipeline = new Pipeline({ onJourney: () => {} });
  for (const cluster of frames) pipeline.frame({ kind: 'cluster', cluster });
  const { collector } = await Collector.start({
    onFrame: frame => pipeline.frame(frame),
    onDied: () => {},
  });
  const { names } = pipeline;
  await collector.stop();
  return names.clustersAt().flatMap(index => whatIsHere(index, names));
}

async function access(asked: KubeOptions, onFrame: (frame: ClusterFrame) => void): Promise<Finding[]> {
  const said: string[] = [];
  try {
    const clusters = await Clusters.start({
      ...asked,
      onFrame,
      note: text => said.push(text),
    });
    const { health } = clusters;
    await clusters.stop();
    if (health.length > 0) return health.flatMap(each => [answering(each, said), ...refused(each)]);
    return [{ what: 'cluster', state: 'no', detail: said.join('; ') || 'none is asked for names' }];
  } catch (error) {
    if (!(error instanceof TracerError)) throw error;
    return [{ what: 'cluster', state: 'no', detail: error.message, hint: error.hint }];
  }
}

function answering({ name, server, isKnown }: ClusterHealth, said: readonly string[]): Finding {
  const about = said
    .filter(text => text.includes(` ${name} `) && !text.includes('does not let us'))
    .join('; ');
  return { what: `cluster ${name}`, state: isKnown ? 'yes' : 'no', detail: `${server}: ${about}` };
}

function refused({ name, forbidden }: ClusterHealth): Finding[] {
  return forbidden.map(resource => ({
    what: `cluster ${name}`,
    state: 'no',
    detail: `${resource} may not be listed`,
    hint: 'packaging/rbac.yaml has all that is needed',
  }));
}

function whatIsHere({ name, snapshot }: ClusterIndex, names: Names): Finding[] {
  const { nodes, pods, services } = snapshot;
  const here = nodes.filter(({ onThisKernel }) => onThisKernel !== false);
  const hereNames = new Set(here.map(node => node.name));
  const ran = pods.filter(pod => hereNames.has(pod.node) && pod.hostNetwork !== true && pod.ips.length > 0);
  const places = names.inventory.all().map(({ cookie }) => names.placeOf(cookie));
  const found = new Set(places.flatMap(place => (place?.cluster === name ? (place.pod ?? []) : [])));
  const nodesFound = places.filter(place => place?.cluster === name && place.kind === 'node').length;
  const missing = ran.filter(pod => !found.has(pod)).map(pod => `${pod.namespace}/${pod.name}`);
  const what = `cluster ${name}`;
  const told = [
    counted(nodes.length, 'node'),
    counted(pods.length, 'pod'),
    counted(services.length, 'service'),
  ];
  const findings: Finding[] = [{ what, state: 'yes', detail: `it tells of ${told.join(', ')}` }];
  if (nodes.length > 0 && here.length === 0)
    return [
      ...findings,
      { what, state: 'no', detail: 'none of its nodes runs on this kernel: nothing is seen inside of them' },
    ];
  findings.push(share(what, 'node', nodesFound, here.length, 'on this kernel'));
  findings.push(share(what, 'pod', ran.length - missing.length, ran.length, 'on them', missing));
  return findings;
}

function share(
  what: string,
  noun: string,
  found: number,
  all: number,
  where: string,
  missing: readonly string[] = [],
): Finding {
  const which = missing.length === 0 ? '' : `; not of ${missing.slice(0, 5).join(', ')}`;
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
  return {
    what,
    state: found === all ? 'yes' : 'no',
    detail: `of ${counted(all, noun)} ${where} the namespace of ${found} is known${which}${more}`,
  };
}

/** Nodes that are containers here, also where no API tells of them. */
function containers(): Finding[] {
  return nodeContainers().map(({ pid, hostname }): Finding => {
    const cni = cniOf(`/proc/${pid}/root`);
    const wired = cni === undefined ? 'no network configuration' : `${cni.name} (${cni.plugins.join(', ')})`;
    return {
      what: `node ${hostname}`,
      state: 'yes',
      detail: `a container of this machine, wired by ${wired}`,
    };
  });
}
