import { defineConfig } from 'vitest/config';

/** Tests that need no root: npm run test:unit. */
export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/golden/**/*.test.ts'],
    reporters: ['dot', './scripts/skip-reporter.ts'],
    testTimeout: 10_000,
    // No test changes what another one sees: a process for each file would take half as long again.
    isolate: false,
  },
});
