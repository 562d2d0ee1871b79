import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { audit } from '../../src/audit.js';
import { DEFAULT_CONFIG } from '../../src/config.js';
import { diff, selectEdits, untilFixed } from '../../src/fix.js';
import type { Report } from '../../src/model/index.js';
import { rules } from '../../src/rules/index.js';
import { openToEdit } from '../../src/sources/edit-file.js';
import { keepsTheRest, madeToSpeak } from './check.js';

/**
 * All fixes of whole repositories, made in memory: DRAINLINT_TREES names a folder with one folder per repository, which are read and never written.
 * DRAINLINT_TREE picks one; DRAINLINT_DIFFS=1 prints what changed.
 */
const TREES = process.env['DRAINLINT_TREES'];
const names = TREES === undefined ? [] : readdirSync(TREES).filter(name => (process.env['DRAINLINT_TREE'] ?? name) === name).sort();
/** What parse.py reads; Helm charts and other templates are no YAML before they are rendered. */
const BY_OTHERS = /\.(?:py|json|tf|ya?ml|sh|conf|service)$/;

test.runIf(TREES !== undefined)('there are trees', () => {
  expect(names.length).toBeGreaterThan(0);
});

const mendedTrees = new Map<string, number>();

test.each(names)('%s: mended as a whole', async name => {
  const root = join(TREES!, name);
  const read = (path: string): string | undefined => {
    const file = openToEdit(root, path);
    return 'reason' in file ? undefined : file.text;
  };
  const made = new Set<string>();
  const run = async (overlay: ReadonlyMap<string, string>): Promise<Report> => {
    const report = await audit({ root, rules, config: DEFAULT_CONFIG, overlay });
    for (const { fix, ruleId } of report.findings) if (fix) made.add(ruleId);
    return report;
  };
  const { before, report, changed } = await untilFixed(run, 'all', read);
  if (changed.size > 0) mendedTrees.set(name, changed.size);
  if (process.env['DRAINLINT_DIFFS']) for (const [path, text] of changed) process.stdout.write(diff(path, read(path)!, text));
  const again = [...selectEdits(report.findings, 'all').keys()].filter(path => read(path) !== undefined);
  expect.soft(again, 'a second run changes nothing').toEqual([]);
  const old = new Set([...before.findings.map(({ ruleId }) => ruleId), ...madeToSpeak([...made])]);
  expect.soft(report.findings.filter(({ ruleId }) => !old.has(ruleId)).map(({ ruleId, at, message }) => `${ruleId} ${at.path}:${at.startLine} ${message}`), 'nothing new').toEqual([]);
  for (const [path, text] of changed) keepsTheRest(read(path)!, text);
  const texts = [...changed].filter(([path]) => BY_OTHERS.test(path)).flatMap(([path, text]) => [{ path, text: read(path)! }, { path, text }]);
  const parsed = spawnSync('.venvs/fixes/bin/python', ['test/fixes/parse.py'], { input: JSON.stringify(texts), encoding: 'utf8', maxBuffer: 1 << 28 });
  expect(parsed.stderr).toBe('');
  const failures = new Map((JSON.parse(parsed.stdout) as { readonly index: number; readonly error: string }[]).map(({ index, error }) => [index, error]));
  // what cannot be read as its owner wrote it says nothing about the fix
  expect.soft(texts.flatMap(({ path }, i) => (i % 2 === 1 && failures.has(i) && !failures.has(i - 1) ? [`${path}: ${failures.get(i)}`] : [])), 'still read by those who run it').toEqual([]);
});

test.runIf(TREES !== undefined)('some were changed', () => {
  process.stdout.write(`${mendedTrees.size} of ${names.length} trees get a fix: ${[...mendedTrees].map(([name, files]) => `${name} (${files})`).join(', ')}\n`);
  expect(mendedTrees.size).toBeGreaterThan(0);
});
