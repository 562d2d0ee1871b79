import { defineConfig } from 'vitest/config';

/** HTML reports in a real browser: `npm run browser`. */
export default defineConfig({ test: { include: ['test/browser/**/*.test.ts'], globalSetup: ['test/build.ts'], testTimeout: 60_000, hookTimeout: 120_000 } });
