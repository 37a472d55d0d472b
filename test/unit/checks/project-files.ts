/** The files of the checkout as the checks see them: everything that is not installed, built or git's own. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

const ignored = new Set(['.git', 'node_modules', 'dist', 'build', '.toolchain']);

/** Paths relative to the checkout, sorted. */
export function projectFiles(folder = ''): string[] {
  return readdirSync(`${root}${folder}`, { withFileTypes: true })
    .filter(entry => !ignored.has(entry.name))
    .flatMap(entry =>
      entry.isDirectory() ? projectFiles(`${folder}${entry.name}/`) : [`${folder}${entry.name}`],
    )
    .sort();
}

export function textOf(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8');
}

/** Those below `folder` that end in one of `endings`. */
export function filesIn(folder: string, endings: readonly string[]): string[] {
  return projectFiles().filter(
    path => path.startsWith(folder) && endings.some(ending => path.endsWith(ending)),
  );
}
