import { defineConfig } from 'vitest/config';

/** The page in a real Chromium against the real server: npm run test:browser. One file at a time: there is one screen. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: './test/helpers/state-home.ts',
    reporters: ['verbose', './scripts/skip-reporter.ts'],
    fileParallelism: false,
    // For what hangs: conditions are waited for as long, however busy the machine is.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
