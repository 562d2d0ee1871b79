import { defineConfig } from 'vitest/config';

/** Inputs made to take long or to fill the memory, and what a scan asks the system for: `npm run bounds`. */
export default defineConfig({ test: { include: ['test/bounds/**/*.test.ts'], testTimeout: 300_000, maxWorkers: 1, globalSetup: ['test/build.ts'] } });
