/** `lab down`: ends every process of the lab, removes its namespaces and files. Works on a half-made lab as well. */
import { TracerError } from '../base/errors.ts';
import { isLabName } from './dataplane/plan.ts';
import { labNamespaces, removeNamespaces, removeNetnsDir } from './namespaces.ts';
import { killProcesses } from './processes.ts';
import { labNames, readLabState, removeLabState } from './state.ts';

/** @returns false where there was nothing to remove. */
export async function labDown({ name = 'default' }: { readonly name?: string } = {}): Promise<boolean> {
  if (!isLabName(name)) throw new TracerError('USAGE', `"${name}" cannot be a lab's name`);
  if (process.getuid?.() !== 0) throw new TracerError('NOT_ROOT', 'removing network namespaces needs root');
  const namespaces = labNamespaces(name);
  if (namespaces.length === 0 && !labNames().includes(name)) return false;
  await killProcesses(readLabState(name)?.processes ?? [], namespaces);
  await removeNamespaces(namespaces);
  await removeNetnsDir(name);
  removeLabState(name);
  return true;
}
