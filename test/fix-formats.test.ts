import fc from 'fast-check';
import { expect, test } from 'vitest';
import { facts } from '../src/analyzers/compose.js';
import { mended } from './fixes/check.js';
import { variants } from './fixes/variants.js';

/** Some of what `npm run fixes` asks 300 of each format. */
test.each(Object.entries(variants))('%s: a fix ends its finding, keeps every other byte, and leaves a file that others can read', async (_name, variant) => {
  await fc.assert(fc.asyncProperty(variant, async one => { expect((await mended(one)).size).toBeGreaterThan(0); }), { numRuns: Number(process.env.RUNS ?? 12) });
});

test('a value behind an alias is not changed for all who use it', () => {
  const text = 'x-grace: &grace 10s\nservices:\n  web:\n    image: a\n    stop_grace_period: *grace\n';
  expect(JSON.stringify(facts(text, 'compose.yml'))).toContain('"stopTimeout":{"value":{"is":"literal","value":10');
  expect(JSON.stringify(facts(text, 'compose.yml'))).not.toMatch(/"stopTimeout":\{[^]*?"slots":\[\{[^]*"startLine":1/);
});
