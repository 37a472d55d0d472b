import { defineConfig } from 'vitest/config';

/** Tests on the running kernel, as root: npm run test:kernel. One file at a time: each measures what the kernel does. */
export default defineConfig({
  test: {
    include: ['test/kernel/**/*.test.ts'],
    globalSetup: './test/helpers/state-home.ts',
    reporters: ['verbose', './scripts/skip-reporter.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
