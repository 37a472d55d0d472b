/** What is told about captures, by the names of the files and by files beside them → what reading them needs. */
import { basename } from 'node:path';
import { TracerError } from '../base/errors.ts';
import { clusterOfLists } from '../cluster/lists.ts';
import type { CaptureFacts } from './events.ts';
import { jsonOf, listed, readHostDumps } from './host-dumps.ts';
import { placeFacts } from './host-facts.ts';
import { type CapturePlace, type CapturePoint, type Device, pointOfFileName, pointOfText } from './places.ts';

export interface FactOptions {
  /** FILE=PLACE/DEV each. */
  readonly place: readonly string[];
  /** A directory with PLACE/link.json and so on. */
  readonly host?: string;
  /** Files with what kubectl listed. */
  readonly kube: readonly string[];
}

/** @throws USAGE, CAPTURE_FACTS where something does not fit together, or cannot be read. */
export function captureFacts(files: readonly string[], options: FactOptions): CaptureFacts {
  const told = toldPlaces(options.place, files);
  const ids = new Map<string, number>();
  const idOf = (name: string): number => {
    const id = ids.get(name) ?? ids.size + 1;
    ids.set(name, id);
    return id;
  };
  const points = files.map(path => {
    const point = told.get(path) ?? pointOfFileName(path);
    if (point === undefined)
      throw new TracerError('USAGE', `where was ${path} captured? Its name does not tell`, {
        hint: `name it PLACE_DEV.pcap, or say --place ${basename(path)}=PLACE/DEV`,
      });
    return { place: idOf(point.place), ...(point.dev === undefined ? {} : { dev: point.dev }) };
  });
  const { places, devices, notes } = hostFacts(ids, options.host, points);
  const cluster = clusterFacts(options.kube, ids);
  const shown = places.map(place => ({ ...place, captures: capturesOf(place.id, points, files) }));
  return { places: shown, points, devices, notes, ...(cluster === undefined ? {} : { cluster }) };
}

/** For who has the files and not the host. */
function capturesOf(
  id: number,
  points: readonly CapturePoint[],
  files: readonly string[],
): NonNullable<CapturePlace['captures']> {
  return points.flatMap(({ place, dev }, capture) =>
    place === id ? [{ file: files[capture]!, ...(dev === undefined ? {} : { dev }) }] : [],
  );
}

function toldPlaces(
  texts: readonly string[],
  files: readonly string[],
): Map<string, ReturnType<typeof pointOfText>> {
  const told = new Map<string, ReturnType<typeof pointOfText>>();
  for (const text of texts) {
    const at = text.lastIndexOf('=');
    const file = files.find(path => path === text.slice(0, at) || basename(path) === text.slice(0, at));
    const point = pointOfText(text.slice(at + 1));
    if (at < 0 || file === undefined || point === undefined)
      throw new TracerError('USAGE', `--place ${text} is not FILE=PLACE/DEV of one of the files`);
    told.set(file, point);
  }
  return told;
}

function hostFacts(
  ids: ReadonlyMap<string, number>,
  dir: string | undefined,
  points: readonly CapturePoint[],
): Pick<CaptureFacts, 'places' | 'devices'> & { readonly notes: readonly string[] } {
  const captured: CapturePlace[] = [...ids].map(([name, id]) => ({ id, name }));
  const devices = new Map<number, ReadonlyMap<string, Device>>();
  if (dir === undefined) return { places: captured, devices, notes: [] };
  // Others than captured ones too: they hold the other ends of captured devices.
  const { dumps, notes } = readHostDumps(dir, ids);
  const isCaptured = (place: number, dev: string): boolean =>
    points.some(point => point.place === place && (point.dev ?? dev) === dev);
  const facts = placeFacts(dumps, 0n, isCaptured);
  for (const [id, { devices: known }] of facts) devices.set(id, known);
  const others = dumps.filter(({ name }) => !ids.has(name)).map(({ id, name }) => ({ id, name }));
  const places = [...captured, ...others].map(place => {
    const snapshot = facts.get(place.id)?.snapshot;
    return snapshot === undefined ? place : { ...place, snapshot };
  });
  return { places, devices, notes };
}

function clusterFacts(files: readonly string[], ids: ReadonlyMap<string, number>): CaptureFacts['cluster'] {
  if (files.length === 0) return undefined;
  const cluster = clusterOfLists(files.map(jsonOf), new Set(ids.keys()));
  if (cluster.nodes.length + cluster.pods.length + cluster.services.length === 0)
    throw new TracerError('CAPTURE_FACTS', `--kube: ${listed(files)} lists no nodes, pods or services`);
  return cluster;
}
