/** The page as it is served, and after each picture of the diagram it tells what was drawn: what a benchmark measures by. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = new URL('../../../', import.meta.url);

/** The end of web/timeline/draw/picture.ts: `performance.now()` before and after, and the newest journeys that are drawn. */
const told = `
export function drawPicture(context, scene) {
  const beforeMs = performance.now();
  drawn(context, scene);
  globalThis.afterPicture?.(beforeMs, performance.now(), scene.columns.tracks);
}`;

/** @returns the folder, in /tmp; the caller removes it */
export async function buildMeasuredPage(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'tracer-bench-page-'));
  await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('web/', root)),
    base: './',
    plugins: [
      {
        name: 'measured',
        enforce: 'pre',
        transform: (code, id) =>
          id.endsWith('timeline/draw/picture.ts')
            ? `${code.replace('export function drawPicture(', 'function drawn(')}${told}`
            : undefined,
      },
    ],
    build: { outDir, emptyOutDir: true, target: ['chrome123'], assetsInlineLimit: 0 },
  });
  return outDir;
}
