import { defineConfig } from 'vitest/config';

/** `drainlint live` against a fleet of 2,000 services and against moto: `npm run live`. */
export default defineConfig({ test: { include: ['test/live/**/*.test.ts'], globalSetup: ['test/build.ts'] } });
