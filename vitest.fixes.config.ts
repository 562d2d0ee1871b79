import { defineConfig } from 'vitest/config';

/** 300 variants of every format, mended and read by the parsers of those who run them: `npm run fixes`. */
export default defineConfig({ test: { include: ['test/fixes/**/*.test.ts'], testTimeout: 600_000, maxWorkers: '100%' } });
