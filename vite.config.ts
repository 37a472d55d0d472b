import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Packed once, here: the daemon has better things to do. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle).filter(each => /\.(html|js|css|svg)$/.test(each))) {
        const text = readFileSync(`${dir}/${name}`);
        writeFileSync(`${dir}/${name}.gz`, gzipSync(text, { level: 9 }));
        writeFileSync(`${dir}/${name}.br`, brotliCompressSync(text));
      }
    },
  };
}

/** The page, into dist/web: served by the daemon, and by nobody else. */
export default defineConfig({
  root: fileURLToPath(new URL('web/', import.meta.url)),
  base: './',
  plugins: [packed()],
  cacheDir: fileURLToPath(new URL('build/vite', import.meta.url)),
  build: {
    outDir: fileURLToPath(new URL('dist/web', import.meta.url)),
    emptyOutDir: true,
    // The first that know light-dark().
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // The page's policy forbids data: addresses for all but images, and nothing is fetched twice from loopback.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
