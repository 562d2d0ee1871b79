import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyzers } from '../src/analyzers/index.js';
import type { Facts } from '../src/model/index.js';

/**
 * Every folder `fixtures/analyzers/<format>/<case>/` holds one input (in folders of its own where its path matters) and the
 * `facts.json` it must become. `vitest -u` writes them anew: read the difference before committing it.
 */
const root = fileURLToPath(new URL('../fixtures/analyzers/', import.meta.url));

/** The one file of a case that is no expectation, as a path from the case's folder. */
function inputOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    .map(entry => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1)).filter(path => path !== 'facts.json');
  if (files.length !== 1) throw new Error(`${folder} holds ${files.length} inputs instead of one`);
  return files[0]!;
}

/** JSON with every place on one line. */
function print(facts: Facts): string {
  return `${JSON.stringify(facts, null, 2).replace(/\{\n\s*"path": [^{}]*?\n\s*\}/g, place => (place.includes('"startLine"') ? place.replace(/\n\s*/g, ' ') : place))}\n`;
}

for (const format of readdirSync(root)) {
  describe(format, () => {
    const entry = analyzers.find(one => one.format === format)!;
    it.each(readdirSync(`${root}${format}`))('%s', async name => {
      const folder = `${root}${format}/${name}`;
      const path = inputOf(folder);
      const text = readFileSync(`${folder}/${path}`, 'utf8');
      const analyzer = await entry.load({ shortRun: false });

      expect(analyzer.recognises(path, text)).toBe(true);
      const facts = analyzer.facts(text, path);
      expect(structuredClone(facts)).toEqual(facts);
      expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
      expect(analyzer.facts(text, path)).toEqual(facts);
      await expect(print(facts)).toMatchFileSnapshot(`${folder}/facts.json`);
    });
  });
}
