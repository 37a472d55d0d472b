/** Recordings: what the collector wrote while some packets crossed a practice cluster, and nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

export const recordingsDir = fileURLToPath(new URL('../fixtures/frames/', import.meta.url));
const SUFFIX = '.frames.gz';

export function recordings(): string[] {
  return readdirSync(recordingsDir)
    .filter(file => file.endsWith(SUFFIX))
    .map(file => file.slice(0, -SUFFIX.length))
    .sort();
}

export function recordingFile(name: string): string {
  return `${recordingsDir}${name}${SUFFIX}`;
}

export function recordedBytes(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(recordingFile(name))));
}
