import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { DEFAULT_CONFIG, loadConfig } from '../src/config.js';
import type { Analyzer, AnalyzerEntry, Report } from '../src/model/index.js';
import { ACROSS, FOLDERS, globOf, ONE, signs, WITHIN } from '../src/model/index.js';
import { ownerPattern } from '../src/owners.js';
import { rules } from '../src/rules/index.js';
import { text } from '../src/reporters/text.js';
import { createFileStore } from '../src/sources/files.js';
import { HEAVIEST_FILE, HEAVIEST_TREE, hasRoom, thousands, weightOf } from '../src/sources/weight.js';
import { readGlob } from '../src/suppress.js';
import { FAULTY } from './run-cli.js';

const top = mkdtempSync(join(tmpdir(), 'limits-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));
let n = 0;
function tree(files: Readonly<Record<string, string>>): string {
  const root = join(top, String(n++));
  for (const [path, text] of Object.entries(files)) { mkdirSync(dirname(join(root, path)), { recursive: true }); writeFileSync(join(root, path), text); }
  return root;
}
const on = (files: Readonly<Record<string, string>>): Promise<Report> => audit({ root: tree({ ...FAULTY, ...files }), rules, config: { ...DEFAULT_CONFIG, minConfidence: 'low' } });
const unread = ({ findings }: Report): readonly string[] => findings.filter(({ ruleId }) => ruleId === 'audit/unreadable-input').map(({ at, message }) => `${at.path}:${at.startLine} ${message}`);
const unaudited = ({ model }: Report): readonly string[] => model.unaudited.map(({ at, kind, text: what }) => `${at.path}:${at.startLine} ${kind}: ${what}`);
const rest = ({ findings }: Report): readonly string[] => findings.filter(({ ruleId, at }) => at.path in FAULTY && ruleId !== 'audit/unreadable-input').map(({ ruleId, at }) => `${ruleId} ${at.path}:${at.startLine}`).sort();
const usual = rest(await on({}));

test('the project has findings by itself', () => expect(usual.length).toBeGreaterThan(3));

describe('a limit is named with its place, and nothing else is lost', () => {
  const repeat = (text: string, times: number): string => text.repeat(times);
  const template = (value: string): string => `Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - { Name: w, Image: other, Command: [celery, -A, a, worker] }\n      Family: ${value}\n`;
  let nested = 'x';
  for (let i = 0; i < 40; i++) nested = `!Sub ["\${A}\${A}", { A: ${nested} }]`;

  test.each<[string, Record<string, string>, RegExp]>([
    ['a large file of Python', { 'big/a.py': `import celery\nx = [${repeat('1,', 160_000)}]\n` }, /^big\/a\.py:1 320,00\d words and signs are more than the 300,000 that are read of one file$/],
    ['a large script', { 'big/run.sh': `#!/bin/sh\n${repeat('celery worker &\n', 30_000)}` }, /^big\/run\.sh:1 120,00\d words and signs are more than the 75,000 that are read of one file$/],
    ['a Dockerfile of many stages', { 'big/Dockerfile': `${Array.from({ length: 300 }, (_, i) => `FROM ${i === 0 ? 'python' : `s${i - 1}`} AS s${i}\n`).join('')}CMD celery -A a worker\n` }, /^big\/Dockerfile:201 more than 200 stages: what stands from here on was not read$/],
    ['a template that doubles', { 'big/t.yml': template(nested) }, /^big\/t\.yml:7 more than 100,000 values are computed in this template: this one and those behind it are not known$/],
  ])('%s', async (_, files, message) => {
    const report = await on(files);
    expect(unread(report)).toEqual([expect.stringMatching(message)]);
    expect(rest(report)).toEqual(usual);
  });

  test('scripts that call each other without end', async () => {
    const scripts = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`start/s${i}.sh`, `. ./s${i + 1}.sh\n. ./s${i + 1}.sh\nsh s${i + 1}.sh &\nsh s${i + 1}.sh\ncelery -A app worker\n`]));
    const report = await on({ 'start/Dockerfile': 'FROM python\nWORKDIR /srv\nCOPY . .\nCMD ["sh", "run.sh"]\n', 'start/run.sh': '. ./s0.sh\ncelery -A app worker\n', ...scripts });
    expect(unaudited(report)).toContainEqual(expect.stringMatching(/^start\/s\d+\.sh:[12] commands: what is started from here on is not known: more than 50,000 commands of one container, or 200,000 of all$/));
    expect(rest(report)).toEqual(usual);
  });

  test('a configuration', async () => {
    const root = tree({ 'drainlint.config.yaml': `# ${repeat('x', 1_000_001)}\n` });
    await expect(loadConfig(join(root, 'drainlint.config.yaml'), 'drainlint.config.yaml')).rejects.toThrow('drainlint.config.yaml is larger than the 1 MB that are read of a configuration');
  });
});

describe('the weight of a text', () => {
  test('its words and signs; a long one counts as several', () => {
    expect(['', ' \n\t ', 'a', 'ab_1', 'a b', 'f(x, 1)', 'é漢'].map(weightOf)).toEqual([0, 1, 1, 1, 2, 6, 1]);
    expect(weightOf('a'.repeat(1600))).toBe(200);
  });
  test('of a tree the files that fit are read, with room for small ones behind large ones; the others are one problem', async () => {
    const paths = Array.from({ length: 60 }, (_, i) => `l${String(i).padStart(2, '0')}.py`);
    const root = tree({ ...Object.fromEntries(paths.map(path => [path, 'a '.repeat(50_000)])), 'small.py': 'a '.repeat(9_000) });
    const analyzer: Analyzer = { recognises: () => true, facts: (_, path) => ({ path, format: 'python', comments: [], problems: [] }) };
    const entry: AnalyzerEntry = { format: 'python', name: /\.py$/, onDemand: false, load: () => Promise.resolve(analyzer) };
    const store = await createFileStore({ root, analyzers: [entry] });
    const read = store.candidates.filter(path => store.facts(path));
    const fit = Math.floor(HEAVIEST_TREE * 5 / 6 / 50_000);
    expect(read).toEqual([...paths.slice(0, fit), 'small.py']);
    expect(store.problems).toEqual([{ message: `${paths.length - fit} files, of which this is the first, were not read: more than the ${thousands(HEAVIEST_TREE)} words and signs that are read of one tree; --read-all reads all of it`, at: expect.objectContaining({ path: paths[fit], startLine: 1 }) }]);
    const whole = await createFileStore({ root, analyzers: [entry], readAll: true });
    expect([whole.candidates.filter(path => whole.facts(path)), whole.problems]).toEqual([[...paths, 'small.py'], []]);
  });
  test('room', () => expect([hasRoom(HEAVIEST_FILE, HEAVIEST_TREE * 5 / 6 - HEAVIEST_FILE), hasRoom(HEAVIEST_FILE, HEAVIEST_TREE * 5 / 6), hasRoom(10_000, HEAVIEST_TREE - 10_000), hasRoom(1, HEAVIEST_TREE)]).toEqual([true, false, true, false]));
});

describe('patterns of other people', () => {
  const part = fc.constantFrom('a', 'b', '/', '.', '*', '?', '**', '**/', 'ab');
  const path = fc.array(fc.constantFrom('a', 'b', 'ab', '.', 'c'), { minLength: 1, maxLength: 5 }).chain(names => fc.constantFrom(names.join('/'), names.join('')));
  /** What the pattern means, as an expression: right for short ones, endless for others. */
  const asExpression = (parts: readonly string[]): RegExp => new RegExp(`^${parts.map(one => (one === '**/' ? '(?:.*/)?' : one === '**' ? '.*' : one === '*' ? '[^/]*' : one === '?' ? '[^/]' : one.replace('.', '\\.'))).join('')}$`);
  test('mean what an expression would', () => {
    fc.assert(fc.property(fc.array(part, { maxLength: 6 }), path, (parts, text) => {
      const steps = parts.flatMap(one => (one === '**/' ? FOLDERS : one === '**' ? [ACROSS] : one === '*' ? [WITHIN] : one === '?' ? [ONE] : signs(one)));
      expect(globOf(steps).test(text)).toBe(asExpression(parts).test(text));
    }), { numRuns: 3000 });
  });
  test('are no expressions: these would not end', () => {
    const path = `${'a'.repeat(200)}/${'a/'.repeat(60)}b`;
    for (const glob of ['*a'.repeat(100), '**/'.repeat(100) + 'x', '**a'.repeat(100)]) expect([ownerPattern(`${glob}c`).test(path), readGlob(`${glob}c`).test(path)]).toEqual([false, false]);
  });
});

test('docs/limits.md names every limit there is a message for', () => {
  const page = readFileSync(fileURLToPath(new URL('../docs/limits.md', import.meta.url)), 'utf8');
  for (const number of [HEAVIEST_FILE, HEAVIEST_TREE]) expect(page).toContain(number.toLocaleString('en-US'));
});

test('more task functions than are audited', async () => {
  const report = await on({ 'big/a.py': "from celery import Celery\n\nbig = Celery('big')\n" + Array.from({ length: 5_100 }, (_, i) => `@big.task\ndef f${i}(): pass\n`).join(''), 'big/b.py': 'from big.a import big\n' + Array.from({ length: 5_000 }, (_, i) => `@big.task\ndef g${i}(): pass\n`).join('') });
  expect(unaudited(report)[0]).toMatch(/^big\/[ab]\.py:\d+ task function: this one and 1\d\d behind it: more than 10,000$/);
  expect(text(report, { color: false, verbose: false })).toContain('recognised, not audited:'); // said without --verbose
  expect(rest(report)).toEqual(usual);
});

test('modules that all import each other with a star: each is looked into once, and a name behind them is found', async () => {
  const all = Array.from({ length: 60 }, (_, i) => i);
  const stars = all.map(i => `from .m${i} import *\n`).join('');
  const modules = Object.fromEntries(all.map(i => [`app/m${i}.py`, `${stars}${i === 37 ? 'LIMIT = 7777\n' : `X${i} = Y${i}\n`}`]));
  const report = await on({ 'app/__init__.py': '', ...modules, 'app/celery.py': `from celery import Celery\n${stars}\napp = Celery("app", broker="redis://cache/0")\napp.conf.task_time_limit = LIMIT\napp.conf.task_soft_time_limit = NOWHERE\n` });
  const [app] = report.model.apps;
  expect([app!.settings.get('task_time_limit'), app!.settings.get('task_soft_time_limit')]).toMatchObject([{ state: 'set', value: 7777 }, { state: 'unknown' }]);
});
