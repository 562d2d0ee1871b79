import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mended } from './fixes/check.js';
import { variants } from './fixes/variants.js';

/** Some of what `npm run fixes` asks 300 of each format. */
test.each(Object.entries(variants))('%s: a fix ends its finding, keeps every other byte, and leaves a file that others can read', async (_name, variant) => {
  await fc.assert(fc.asyncProperty(variant, async one => { expect((await mended(one)).size).toBeGreaterThan(0); }), { numRuns: Number(process.env.RUNS ?? 12) });
});
