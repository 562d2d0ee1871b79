import { defineConfig } from 'vitest/config';

/** Experiments on real workers and brokers: `npm run prove`. Several at once: nearly all of it is waiting. */
export default defineConfig({ test: { include: ['test/experiments/**/*.test.ts'], maxConcurrency: Number(process.env['PROVE_JOBS'] ?? 4), testTimeout: 1_800_000, hookTimeout: 120_000 } });
