import { defineConfig } from 'vitest/config';

/** The package as it is installed, the GitHub Action, lint-staged, husky, reviewdog and other versions of Node, each for real: `npm run integrations`. */
export default defineConfig({ test: { include: ['test/integrations/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 300_000, maxWorkers: '100%' } });
