/** Programs that a part of tracer starts. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { TracerError } from '../../base/errors.ts';
import { requireTools, toolPath } from '../../lab/commands.ts';
import type { Finding } from './finding.ts';

/** docs/requirements.md has the packages of other systems. */
const tools: readonly { readonly name: string; readonly package: string; readonly use: string }[] = [
  { name: 'tcpdump', package: 'tcpdump', use: 'follow --filter, and captures where eBPF is not allowed' },
  { name: 'nsenter', package: 'util-linux', use: 'a command inside of SRC, and captures' },
  { name: 'setpriv', package: 'util-linux', use: 'captures' },
];

export function toolFindings(path: string = toolPath): Finding[] {
  const folders = path.split(':').filter(folder => folder !== '');
  const found = tools.map(({ name, package: pack, use }): Finding => {
    const what = `tool ${name}`;
    if (folders.some(folder => canRun(join(folder, name)))) return { what, state: 'yes', detail: use };
    return { what, state: 'no', detail: `not installed: ${use}`, hint: `Debian: apt-get install ${pack}` };
  });
  return [...found, labTools(path)];
}

function labTools(path: string): Finding {
  const what = 'tools of the practice cluster';
  try {
    requireTools(path);
    return { what, state: 'yes', detail: 'all are installed' };
  } catch (error) {
    if (!(error instanceof TracerError)) throw error;
    return { what, state: 'no', detail: error.message, hint: error.hint };
  }
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
