/**
 * Which folder of src, and web, may import which: the direction of the pipe (see ARCHITECTURE.md). A folder knows itself, what is
 * listed here, and nothing else; what it lists, all but itself, ends in folders that list nothing: no cycle is possible.
 */
import { dirname, join } from 'node:path/posix';

interface FolderRule {
  readonly imports: readonly string[];
  /** By `import type` alone. */
  readonly typesOf?: readonly string[];
  /** May it start processes? Privileged calls are to stay where they can be found. */
  readonly processes?: true;
  /** Runs in a browser too: no `node:` module. */
  readonly portable?: true;
}

const nouns = ['model', 'base'] as const;

export const folderRules: Readonly<Record<string, FolderRule>> = {
  base: { imports: [], portable: true },
  model: { imports: ['base'], portable: true },
  words: { imports: nouns, portable: true },
  wire: { imports: nouns },
  inventory: { imports: nouns },
  pcap: { imports: [...nouns, 'words'] },
  resolve: { imports: [...nouns, 'inventory'] },
  correlate: { imports: nouns, typesOf: ['inventory'] },
  rules: { imports: nouns },
  explain: { imports: [...nouns, 'words', 'inventory'] },
  store: { imports: [...nouns, 'words'] },
  web: { imports: [...nouns, 'words'], portable: true },
  collect: { imports: [...nouns, 'wire'], processes: true },
  session: { imports: [...nouns, 'wire', 'host'] },
  host: { imports: ['base'] },
  cluster: { imports: [...nouns, 'host'] },
  capture: { imports: [...nouns, 'wire', 'cluster'], processes: true },
  server: { imports: [...nouns, 'store'], typesOf: ['inventory'] },
  lab: { imports: nouns, processes: true },
  engine: {
    imports: [...nouns, 'wire', 'inventory', 'resolve', 'correlate', 'explain', 'store', 'rules', 'words'],
    typesOf: ['collect'],
  },
  daemon: {
    imports: [
      ...nouns,
      ...['wire', 'inventory', 'resolve', 'correlate', 'explain', 'store', 'session', 'capture', 'collect'],
      ...['server', 'lab', 'engine', 'cluster', 'host', 'pcap'],
    ],
  },
  cli: {
    imports: [
      ...nouns,
      ...['wire', 'inventory', 'resolve', 'correlate', 'explain', 'store', 'session', 'capture', 'collect'],
      ...['server', 'lab', 'engine', 'daemon', 'words', 'pcap', 'cluster', 'host'],
    ],
    processes: true,
  },
};

export interface ImportStatement {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const withoutComments = (source: string): string =>
  source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');

/** Static imports and re-exports, side-effect imports and `import()` of a literal; Biome keeps them in this shape. */
export function importsOf(source: string): ImportStatement[] {
  const code = withoutComments(source);
  const fromClauses = [...code.matchAll(/^(?:import|export)\s+(type\s+)?[^;'"]*?from\s+['"]([^'"]+)['"]/gm)];
  const bare = [
    ...code.matchAll(/^import\s+['"]([^'"]+)['"]/gm),
    ...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g),
  ];
  return [
    ...fromClauses.map(match => ({ specifier: match[2]!, typeOnly: match[1] !== undefined })),
    ...bare.map(match => ({ specifier: match[1]!, typeOnly: false })),
  ];
}

/** `src/wire/decode.ts` → wire, `web/app.ts` → web. */
const folderOf = (path: string): string => path.replace(/^src\//, '').split('/')[0]!;

const processModules = new Set(['execa', 'node:child_process', 'child_process', 'node:cluster']);

/** What is wrong with one import of one file, in words; undefined = nothing. */
export function importViolation(file: string, statement: ImportStatement): string | undefined {
  const { specifier, typeOnly } = statement;
  const folder = folderOf(file);
  const rule = folderRules[folder];
  if (rule === undefined) return `${file}: folder ${folder} has no import rule`;
  if (!specifier.startsWith('.')) return packageViolation(file, rule, specifier);
  if (!/\.(tsx?|json|css)$/.test(specifier))
    return `${file}: ${specifier} does not name the file with its ending`;
  const target = folderOf(join(dirname(file), specifier));
  if (target === folder || rule.imports.includes(target)) return undefined;
  if (rule.typesOf?.includes(target)) {
    return typeOnly ? undefined : `${file}: ${folder} may import ${target} by import type alone`;
  }
  return `${file}: ${folder} may not import ${target} (${specifier})`;
}

function packageViolation(file: string, rule: FolderRule, specifier: string): string | undefined {
  if (rule.portable && specifier.startsWith('node:'))
    return `${file}: ${specifier} does not exist in a browser`;
  if (!rule.processes && processModules.has(specifier)) return `${file}: ${specifier} starts processes`;
  return undefined;
}

/** The first cycle among files, as a list of paths; `sources` maps paths to their text. */
export function importCycle(sources: ReadonlyMap<string, string>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    for (const { specifier, typeOnly } of importsOf(sources.get(file) ?? '')) {
      if (typeOnly || !specifier.startsWith('.')) continue;
      const cycle = visit(join(dirname(file), specifier), [...way, file]);
      if (cycle !== undefined) return cycle;
    }
    return undefined;
  };
  for (const file of sources.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
