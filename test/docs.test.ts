import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.js';
import { ruleIndex, rulePage, type RulePage } from '../src/reporters/rule-page.js';
import { rules } from '../src/rules/index.js';
import { readComments, suppress } from '../src/suppress.js';
import { DOCS } from '../src/version.js';
import { blocksOf } from './markdown-blocks.js';
import { FIXTURES, pageOf } from './rule-fixtures.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGES = join(ROOT, 'docs/rules');
const markdownIn = (folder: string): readonly string[] => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.md')).map(path => join(folder, path)).sort();

describe('the pages of the rules', async () => {
  const pages: RulePage[] = [];
  for (const rule of rules) pages.push(await pageOf(rule));

  test.each(pages)('$rule.id.md is what its rule and its fixture say', async page => {
    await expect(rulePage(page)).toMatchFileSnapshot(join(PAGES, `${page.rule.id}.md`));
  });
  test('README.md lists them', async () => {
    await expect(ruleIndex(pages)).toMatchFileSnapshot(join(PAGES, 'README.md'));
    expect([...ruleIndex(pages).matchAll(/\]\((\S+)\.md\)/g)].map(([, id]) => id).sort()).toEqual(rules.map(({ id }) => id).sort());
  });
  test('none says "none" of a rule that mends other forms than its example', () => {
    const unseen = pages.filter(({ rule, example: { findings } }) => findings.every(({ fix }) => !fix) && /\bfix && \{ fix \}/.test(readFileSync(join(ROOT, 'src/rules', `${rule.id}.ts`), 'utf8')));
    expect(unseen.map(({ rule }) => rule.id).sort()).toEqual(rules.filter(rule => rule.mends).map(({ id }) => id).sort());
    for (const page of unseen) expect(rulePage(page)).toContain(`fix: ${page.rule.mends}, not for the example`);
  });
  test('there is no other', () => {
    expect(markdownIn('docs/rules').map(path => relative(PAGES, join(ROOT, path)))).toEqual([...rules.map(({ id }) => `${id}.md`), 'README.md'].sort());
  });
  test('findings name them', () => {
    for (const { example: { findings } } of pages) for (const { docsUrl } of findings) expect(existsSync(join(ROOT, docsUrl.slice(docsUrl.indexOf('docs/rules')))), docsUrl).toBe(true);
    expect(DOCS).toMatch(/docs\/rules$/);
  });

  test.each(pages)('$rule.id: its examples stand in the fixture', page => {
    const { rule } = page;
    const examples = blocksOf(rulePage(page)).filter(({ heading }) => ['Before', 'Bad', 'Good'].includes(heading));
    expect(examples.map(({ heading }) => heading)).toEqual(expect.arrayContaining(['Bad']));
    for (const { heading, lead, text } of examples) {
      const path = /`([^`]+)`/.exec(lead)![1]!;
      expect(readFileSync(join(FIXTURES, rule.id, heading.toLowerCase(), path), 'utf8'), `${heading} ${path}`).toContain(text);
    }
  });
  test.each(pages)('$rule.id: what it says of the configuration holds', async page => {
    const { rule, example: { findings } } = page;
    const blocks = blocksOf(rulePage(page)).filter(({ heading }) => heading === 'Configuration');
    const config = await parseConfig(blocks[0]!.text, 'drainlint.config.yaml');
    expect(config.rules).toEqual({ [rule.id]: rule.severity });
    const by = (options: Pick<Parameters<typeof suppress>[1], 'comments' | 'entries'>): ReturnType<typeof suppress> => suppress(findings, { ...options, today: '2026-01-01', known: rules.map(({ id }) => id), silent: new Set(), isAppWide: () => false });
    expect(by({ comments: [], entries: config.ignore })).toMatchObject({ findings: [{ suppressed: { kind: 'config' } }, ...findings.slice(1).map(() => ({}))], problems: [] });
    for (const { text } of blocks.slice(1)) {
      const { path, startLine } = findings[0]!.at;
      const comments = readComments([{ text, ownLine: true, at: { path, startLine: startLine - 1, startColumn: 1, endLine: startLine - 1, endColumn: text.length + 1 } }]);
      expect(by({ comments, entries: [] }).findings[0]!.suppressed).toMatchObject({ kind: 'inline' });
    }
  });
});
