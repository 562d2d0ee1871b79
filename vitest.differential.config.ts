import { defineConfig } from 'vitest/config';

/** The differential test against real Celery: `npm run differential`. */
export default defineConfig({ test: { include: ['test/differential/**/*.test.ts'], hookTimeout: 120_000 } });
