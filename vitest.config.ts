import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests of what users run: they need the build. */
const built = ['test/cli.test.ts', 'test/help.test.ts', 'test/guides.test.ts', 'test/bad-input.test.ts', 'test/live.test.ts', 'test/staged.test.ts', 'test/baseline.test.ts', 'test/cache.test.ts', 'test/ecosystem.test.ts', 'test/init.test.ts', 'test/hostile.test.ts', 'test/compiled.test.ts'];
/** Tests that need Python, a browser or other programs: each has a script of its own, which CI runs. */
const apart = ['differential', 'synthesis', 'live', 'fixes', 'browser', 'integrations', 'bounds', 'experiments'].map(name => `test/${name}/**`);

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: '100%',
    env: { DRAINLINT_CACHE_DIR: process.env.DRAINLINT_CACHE_DIR ?? join(tmpdir(), `drainlint-cache-${process.pid}`) },
    projects: [
      { extends: true, test: { name: 'source', include: ['test/**/*.test.ts'], exclude: [...built, ...apart] } },
      { extends: true, test: { name: 'built', include: built, globalSetup: ['test/build.ts'] } },
    ],
  },
});
