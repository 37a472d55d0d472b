import { defineConfig } from 'vitest/config';

/** Tests that need no root: npm run test:unit. */
export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/golden/**/*.test.ts'],
    globalSetup: './test/helpers/state-home.ts',
    reporters: ['dot', './scripts/skip-reporter.ts'],
    // For what hangs: on a machine that is busy otherwise the slowest take many times as long.
    testTimeout: 60_000,
    // No test changes what another one sees: a process for each file would take half as long again.
    isolate: false,
    // One CPU is not left idle, as it would be by default: on a machine of two that is half of them.
    maxWorkers: '100%',
  },
});
