import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Config } from '../src/config.js';
import { selectEdits, untilFixed } from '../src/fix.js';
import { applyEdits } from '../src/model/index.js';
import type { Finding, Report } from '../src/model/index.js';
import { concise } from '../src/reporters/concise.js';
import { text } from '../src/reporters/text.js';
import { rules } from '../src/rules/index.js';
import { alone, auditFixture, FIXTURES, isAboutAudit, STRICT } from './rule-fixtures.js';

/** What every rule is asked. */
const SOURCES = new URL('../src/rules/', import.meta.url).pathname;
const PLAIN = { color: false, verbose: false } as const;

const folders = (path: string): readonly string[] => (existsSync(path) ? readdirSync(path, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name) : []);
const known = new Set(rules.map(rule => rule.id));

describe('the list of rules', () => {
  test('holds every rule file under its own name, and no other', () => {
    const files = folders(SOURCES).flatMap(family => readdirSync(join(SOURCES, family)).map(file => `${family}/${file.replace(/\.ts$/, '')}`));
    expect([...known].sort()).toEqual(files.sort());
    expect(rules).toHaveLength(known.size);
  });

  test('has no fixture without a rule', () => {
    expect(folders(FIXTURES).flatMap(family => folders(join(FIXTURES, family)).map(fault => `${family}/${fault}`)).filter(id => !known.has(id))).toEqual([]);
  });

  test.each(rules)('$id says what it rests on', rule => {
    for (const line of [rule.title, rule.rationale, rule.remedy]) expect(line.trim()).not.toBe('');
    expect(rule.title).not.toMatch(/[.\n]$/);
    if (rule.severity === 'error') expect(rule.provenBy?.length || rule.documentedBy).toBeTruthy();
    if (!isAboutAudit(rule)) expect(rule.references.length).toBeGreaterThan(0);
    for (const reference of rule.references) expect(reference).toMatch(/^https:\/\//);
    expect((rule.leadsTo ?? []).filter(id => !known.has(id))).toEqual([]);
  });
});

describe.each(rules)('$id', rule => {
  const folder = join(FIXTURES, rule.id);
  const bad = join(folder, 'bad');
  const on = (tree: 'bad' | 'good', config: Config, overlay?: ReadonlyMap<string, string>): Promise<Report> => auditFixture(rule, tree, config, overlay);
  const only = alone(rule);

  test('is shown by its fixture: reported on bad, silent on good, where no error is left', async () => {
    const [found, repaired] = [await on('bad', only), await on('good', STRICT)];
    expect(found.findings.map(finding => finding.ruleId)).toContain(rule.id);
    expect(repaired.findings.filter(finding => finding.ruleId === rule.id || finding.severity === 'error').map(({ ruleId, message }) => `${ruleId} ${message}`)).toEqual([]);
    await expect(`${text(found, PLAIN)}\n--- good ---\n${concise(repaired)}`).toMatchFileSnapshot(join(folder, 'expected.txt'));
  });

  test('speaks as the others do', async () => {
    for (const finding of (await on('bad', only)).findings) wellSaid(finding);
  });

  test('is mended by its fixes, which lead to nothing it does not name', async () => {
    const before = await on('bad', STRICT);
    const own = before.findings.filter(finding => finding.ruleId === rule.id);
    if (own.every(finding => !finding.fix)) return;
    const after = await on('bad', STRICT, spliced(bad, own));
    const left = after.findings.filter(finding => finding.ruleId === rule.id);
    expect(left).toHaveLength(own.filter(finding => !finding.fix).length);
    const old = new Set(before.findings.map(finding => finding.ruleId));
    expect([...new Set(after.findings.map(finding => finding.ruleId))].filter(id => !old.has(id) && !rule.leadsTo?.includes(id))).toEqual([]);
  });

  test('all fixes together come to rest', async () => {
    const { report, changed } = await untilFixed(overlay => on('bad', STRICT, overlay), 'all', path => readFileSync(join(bad, path), 'utf8'));
    const open = [...selectEdits(report.findings, 'all')].filter(([path, edits]) => {
      const now = changed.get(path) ?? readFileSync(join(bad, path), 'utf8');
      return applyEdits(now, edits) !== now;
    });
    expect(open).toEqual([]);
  });
});

/** The texts after the fixes of these findings. */
function spliced(root: string, findings: readonly Finding[]): ReadonlyMap<string, string> {
  return new Map([...selectEdits(findings, 'all')].map(([path, edits]) => [path, applyEdits(readFileSync(join(root, path), 'utf8'), edits)]));
}

/** One sentence, no full stop, nothing vague. */
function wellSaid({ message, suggestion, label, order }: Finding): void {
  for (const said of [message, suggestion, label ?? '']) {
    expect(said).not.toMatch(/\b(should|consider|please|might want)\b/i);
    expect(said).not.toMatch(/[^.]\.$|\n|undefined|null|NaN|\[object/);
  }
  expect(message).not.toBe('');
  expect(suggestion).not.toBe('');
  expect(order).toBeGreaterThanOrEqual(1);
  expect(order).toBeLessThanOrEqual(9);
}
