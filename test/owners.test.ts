import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { parseConfig } from '../src/config.js';
import { ownerPattern, readCodeowners } from '../src/owners.js';
import { rules } from '../src/rules/index.js';
import { FAULTY, project } from './run-cli.js';

const made: string[] = [];
afterAll(() => made.forEach(one => rmSync(one, { recursive: true, force: true })));

describe('CODEOWNERS', () => {
  test.each([
    ['* @a\n/app/ @b\n', 'app/x.py', '@b'], ['* @a\n/app/ @b\n', 'lib/app/x.py', '@a'], ['app/ @b', 'lib/app/x.py', '@b'], ['* @a\n/app/x.py\n', 'app/x.py', undefined],
    ['*.py @a @c # both\n', 'x/y.py', '@a @c'], ['# * @a\n', 'x', undefined], ['/a\\ b.py @a', 'a b.py', '@a'], ['\\#x @a', '#x', '@a'], ['docs/* @a', 'docs/a.md', '@a'], ['docs/* @a', 'docs/x/a.md', undefined],
    ['**/logs @a', 'a/b/logs/x', '@a'], ['/a/**/b @a', 'a/x/y/b', '@a'], ['/a/**/b @a', 'a/b', '@a'], ['* dev@example.org', 'x', 'dev@example.org'], ['!x @a', 'x', undefined],
    ['[Python] @py\n*.py\n*.md @docs\n', 'a.py', '@py'], ['[Python] @py\n*.py\n*.md @docs\n', 'a.md', '@docs'], ['* @all\n\n^[Two][2] @two\napp/\n', 'app/x', '@all @two'],
  ])('%j on %s: %s', (text, path, owner) => expect(readCodeowners(text)(path)).toBe(owner));

  const folder = mkdtempSync(join(tmpdir(), 'drainlint-'));
  made.push(folder);
  execFileSync('git', ['init', '-q', folder]);
  const ignored = (pattern: string, paths: readonly string[]): ReadonlySet<string> => {
    writeFileSync(join(folder, '.gitignore'), `${pattern}\n`);
    try {
      return new Set(execFileSync('git', ['check-ignore', '--no-index', '--stdin'], { cwd: folder, input: paths.join('\n'), encoding: 'utf8' }).split('\n'));
    } catch (error) {
      if ((error as { status?: number }).status === 1) return new Set();
      throw error;
    }
  };
  test('patterns mean what git takes them for', () => {
    const name = fc.constantFrom('a', 'b', 'ab', 'a.b', 'a+b');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'));
    const part = fc.constantFrom('a', 'b', 'ab', 'a*', '*b', '?', 'a?b', '**', 'a.b', 'a+b');
    const pattern = fc.tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 3 }), fc.boolean()).map(([start, parts, end]) => `${start ? '/' : ''}${parts.join('/')}${end ? '/' : ''}`);
    fc.assert(fc.property(pattern, fc.uniqueArray(path, { minLength: 1, maxLength: 12 }), (glob, paths) => {
      const git = ignored(glob, paths);
      const own = ownerPattern(glob);
      expect(paths.filter(each => own.test(each)), glob).toEqual(paths.filter(each => git.has(each)));
    }), { numRuns: 150 });
  }, 60_000);
});

test('a finding names the owner of its path, the configuration before CODEOWNERS', async () => {
  const root = project({ ...FAULTY, '.github/CODEOWNERS': '* @all\n/app/ @app\n', 'CODEOWNERS': '* @other\n' });
  made.push(root);
  const owners = async (config: string): Promise<Record<string, string | undefined>> => Object.fromEntries((await audit({ root, rules, config: await parseConfig(config, 'c.yaml') })).findings.map(({ at, owner }) => [at.path, owner]));
  expect(await owners('')).toMatchObject({ 'app/celery.py': '@app', 'infra/worker.json': '@all' });
  expect(await owners('owners: { "infra/**": "@platform" }')).toMatchObject({ 'app/celery.py': '@app', 'infra/worker.json': '@platform' });
});
