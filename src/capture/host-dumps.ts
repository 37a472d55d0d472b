/**
 * The folder that --host names: which of its folders tells of which place. A pod may be called NS.NAME, NS_NAME or pod_NS.NAME, the machine host or
 * root. What is not read, and what is taken for what, is said: nobody would see it otherwise.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TracerError } from '../base/errors.ts';
import { systemWords } from '../base/system-words.ts';
import type { HostDump } from './host-facts.ts';

export interface HostDumps {
  readonly dumps: readonly { readonly id: number; readonly name: string; readonly dump: HostDump }[];
  readonly notes: readonly string[];
}

const LISTED_MAX = 4;

/** `ids`: of the captured places. @throws CAPTURE_FACTS. */
export function readHostDumps(dir: string, ids: ReadonlyMap<string, number>): HostDumps {
  const folders = foldersIn(dir);
  const told = folders.filter(name => existsSync(join(dir, name, 'link.json')));
  const places = new Map([...ids.keys()].map(name => [keyOf(name), name]));
  const taken = new Map<string, string>();
  const twice: string[] = [];
  // The one that is called as the place is tells of it.
  for (const folder of told.toSorted((a, b) => Number(ids.has(b)) - Number(ids.has(a)))) {
    const other = taken.get(keyOf(folder));
    if (other === undefined) taken.set(keyOf(folder), folder);
    else twice.push(`${folder} (${other} tells of the same place)`);
  }
  if (![...taken.keys()].some(key => places.has(key)))
    throw new TracerError(
      'CAPTURE_FACTS',
      `--host ${dir} has no PLACE/link.json for any of ${listed([...ids.keys()])}`,
    );
  let next = ids.size;
  const dumps = [...taken].map(([key, folder]) => {
    const name = places.get(key) ?? nameOf(folder);
    return { id: ids.get(name) ?? ++next, name, dump: dumpOf(join(dir, folder)) };
  });
  const renamed = dumps.flatMap(({ name }, n) => {
    const folder = [...taken.values()][n]!;
    return folder === name || !ids.has(name) ? [] : [`${folder} as ${name}`];
  });
  const silent = [...ids.keys()].filter(name => !taken.has(keyOf(name)));
  const unread = [
    ...folders.filter(name => !told.includes(name)).map(name => `${name} (no link.json)`),
    ...twice,
  ];
  return {
    dumps,
    notes: [
      ...(renamed.length === 0 ? [] : [`--host ${dir}: read ${listed(renamed)}`]),
      ...(unread.length === 0 ? [] : [`--host ${dir}: not read: ${listed(unread)}`]),
      ...(silent.length === 0
        ? []
        : [`--host ${dir}: nothing of ${listed(silent)}: no device there is told`]),
    ],
  };
}

/** What two names of one place have in common. */
function keyOf(name: string): string {
  return nameOf(name).replace('_', '.');
}

function nameOf(folder: string): string {
  const name = folder.replace(/^pod_/, '');
  return name === 'root' ? 'host' : name;
}

function foldersIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter(entry => !entry.isFile())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    throw new TracerError('CAPTURE_FACTS', `--host ${dir}: ${systemWords(error)}`, { cause: error });
  }
}

function dumpOf(dir: string): HostDump {
  const read = (name: string): unknown => {
    const path = join(dir, `${name}.json`);
    return existsSync(path) ? jsonOf(path) : undefined;
  };
  return {
    link: read('link'),
    addr: read('addr'),
    route: read('route'),
    fdb: read('fdb'),
    nsid: read('nsid'),
  };
}

/** @throws CAPTURE_FACTS. */
export function jsonOf(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new TracerError('CAPTURE_FACTS', `${path}: ${systemWords(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TracerError('CAPTURE_FACTS', `${path} is no JSON`, { cause: error });
  }
}

export function listed(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  return more > 0 ? `${names.slice(0, LISTED_MAX).join(', ')} and ${more} more` : names.join(', ');
}
