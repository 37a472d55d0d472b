/** What the kernel and other programs keep in files: it may end, or be gone, while it is looked at, and not all of it is ours to read. */
import { readdirSync, readFileSync } from 'node:fs';

/** Empty where it is gone or may not be read. */
export function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined where it is gone or may not be read. */
export function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
