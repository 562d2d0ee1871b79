import { defineConfig } from 'vitest/config';

/** Tests of what users run: they need the build. */
const built = ['test/cli.test.ts', 'test/bad-input.test.ts', 'test/live.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    projects: [
      { extends: true, test: { name: 'source', include: ['test/**/*.test.ts'], exclude: [...built, 'test/differential/**', 'test/synthesis/**', 'test/live/**', 'test/fixes/**', 'test/browser/**'] } },
      { extends: true, test: { name: 'built', include: built, globalSetup: ['test/build.ts'] } },
    ],
  },
});
