import { defineConfig } from 'vitest/config';
import unit from './vitest.config.ts';

/** The command as a process, with recordings or small programs in the collector's place; no root: npm run test:command. */
export default defineConfig({ test: { ...unit.test, include: ['test/command/**/*.test.ts'] } });
