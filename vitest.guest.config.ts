import { defineConfig } from 'vitest/config';

/**
 * Tests in an emulated kernel, from where they have been compiled to (build/guest): npm run test:guest. Everything takes ten to twenty
 * times as long there, so nothing is translated on the way, and there is patience.
 */
export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ['test/guest/inside/**/*.test.js'],
    globalSetup: './test/helpers/state-home.js',
    reporters: ['verbose', './scripts/skip-reporter.js', ['json', { outputFile: '/guest/result.json' }]],
    fileParallelism: false,
    // A process for each file would take as long as ten tests.
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    experimental: { viteModuleRunner: false },
  },
});
