/** What is told about captures, by the names of the files and by files beside them → what reading them needs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { TracerError } from '../base/errors.ts';
import { clusterOfLists } from '../cluster/lists.ts';
import type { CaptureFacts } from './events.ts';
import { type HostDump, placeFacts } from './host-facts.ts';
import { type CapturePlace, type CapturePoint, type Device, pointOfFileName, pointOfText } from './places.ts';

export interface FactOptions {
  /** FILE=PLACE/DEV each. */
  readonly place: readonly string[];
  /** A directory with PLACE/link.json and so on. */
  readonly host?: string;
  /** Files with what kubectl listed. */
  readonly kube: readonly string[];
}

/** @throws USAGE where something does not fit together, or cannot be read. */
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
  const { places, devices } = hostFacts(ids, options.host, points);
  const cluster = clusterFacts(options.kube, ids);
  return { places, points, devices, ...(cluster === undefined ? {} : { cluster }) };
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
): Pick<CaptureFacts, 'places' | 'devices'> {
  const places: CapturePlace[] = [...ids].map(([name, id]) => ({ id, name }));
  const devices = new Map<number, ReadonlyMap<string, Device>>();
  if (dir === undefined) return { places, devices };
  // Others than captured ones too: they hold the other ends of captured devices.
  const others = namesIn(dir).filter(name => !ids.has(name));
  const all = [...places, ...others.map((name, n) => ({ id: ids.size + 1 + n, name }))];
  const dumped = all.flatMap(place => {
    const dump = dumpOf(join(dir, place.name));
    return dump === undefined ? [] : [{ ...place, dump }];
  });
  if (!dumped.some(place => ids.has(place.name)))
    throw new TracerError(
      'USAGE',
      `--host ${dir} has no PLACE/link.json for any of ${[...ids.keys()].join(', ')}`,
    );
  const isCaptured = (place: number, dev: string): boolean =>
    points.some(point => point.place === place && (point.dev ?? dev) === dev);
  const facts = placeFacts(dumped, 0n, isCaptured);
  for (const [id, { devices: known }] of facts) devices.set(id, known);
  return {
    places: all.map(place => {
      const snapshot = facts.get(place.id)?.snapshot;
      return snapshot === undefined ? place : { ...place, snapshot };
    }),
    devices,
  };
}

function namesIn(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir).sort() : [];
}

function dumpOf(dir: string): HostDump | undefined {
  const read = (name: string): unknown => {
    const path = join(dir, `${name}.json`);
    return existsSync(path) ? jsonOf(path) : undefined;
  };
  if (!existsSync(join(dir, 'link.json'))) return undefined;
  return {
    link: read('link'),
    addr: read('addr'),
    route: read('route'),
    fdb: read('fdb'),
    nsid: read('nsid'),
  };
}

function clusterFacts(files: readonly string[], ids: ReadonlyMap<string, number>): CaptureFacts['cluster'] {
  if (files.length === 0) return undefined;
  return clusterOfLists(files.map(jsonOf), 'import', new Set(ids.keys()));
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new TracerError('USAGE', `${path} cannot be read as JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
