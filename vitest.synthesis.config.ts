import { defineConfig } from 'vitest/config';

/** Sources of the CDK against what the real CDK makes of them: `npm run synthesis`. */
export default defineConfig({ test: { include: ['test/synthesis/**/*.test.ts'] } });
