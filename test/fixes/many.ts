import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { mended } from './check.js';
import { variants } from './variants.js';

/** How often each format is asked. */
const RUNS = 300;
/** What Python or a shell of its own reads; TypeScript and Dockerfiles are read in check.ts. */
const BY_OTHERS = /\.(?:py|json|tf|ya?ml|sh|conf|service)$/;

/** Asks variants of these formats, and then lets the parsers of .venvs/fixes read every file that changed, all in one process. */
export function askMany(formats: readonly string[]): void {
  const texts: { path: string; text: string }[] = [];
  test.each(formats)(`%s: ${RUNS} variants`, async format => {
    let asked = 0;
    await fc.assert(fc.asyncProperty(variants[format]!, async variant => {
      asked++;
      for (const [path, text] of await mended(variant)) if (BY_OTHERS.test(path)) texts.push({ path, text });
    }), { numRuns: RUNS });
    expect(asked).toBe(RUNS);
  });
  test('what changed is read by those who run it', () => {
    expect(texts.length).toBeGreaterThan(RUNS);
    const run = spawnSync('.venvs/fixes/bin/python', ['test/fixes/parse.py'], { input: JSON.stringify(texts), encoding: 'utf8', maxBuffer: 1 << 28 });
    expect(run.stderr).toBe('');
    const failures = JSON.parse(run.stdout) as { readonly index: number; readonly error: string }[];
    expect(failures.map(({ index, error }) => `${error}\n${texts[index]!.path}:\n${texts[index]!.text}`)).toEqual([]);
  });
  afterAll(() => { texts.length = 0; });
}
