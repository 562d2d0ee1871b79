import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, ecosystem } from '../scripts/ecosystem.js';
import { FAULTY, project } from './run-cli.js';

/** `npm run ecosystem`: the trees are not ours to hold; what it does with them is shown on one of our own. */
const LIST = fileURLToPath(new URL('ecosystem', import.meta.url));

describe('the list', () => {
  const rows = readFileSync(join(LIST, 'repositories.tsv'), 'utf8').trim().split('\n').slice(1);
  test('pins each repository to a commit and its content', () => {
    for (const row of rows) expect(row).toMatch(/^[\w.-]+\/[\w.-]+\t[0-9a-f]{40}\t[0-9a-f]{64}$/);
    expect(new Set(rows.map(row => row.split('\t')[0])).size).toBe(rows.length);
  });
  test('has the findings of each, and no others', () => {
    expect(readdirSync(join(LIST, 'findings')).sort()).toEqual(rows.map(row => `${row.split('\t')[0]!.replace('/', '+')}.txt`).sort());
  });
});

describe('a run', () => {
  const work = mkdtempSync(join(tmpdir(), 'drainlint-ecosystem-'));
  const [trees, list] = [join(work, 'trees'), join(work, 'list')];
  const findings = join(list, 'findings/acme+shop.txt');
  const run = async (update = false): Promise<{ readonly same: boolean; readonly lines: readonly string[] }> => {
    const lines: string[] = [];
    return { same: await ecosystem({ trees, list, update, say: line => { lines.push(...line.split('\n')); } }), lines };
  };
  beforeAll(() => {
    const faulty = project(FAULTY);
    cpSync(faulty, join(trees, 'acme+shop'), { recursive: true });
    rmSync(faulty, { recursive: true });
    mkdirSync(list);
    const pin = (repository: string, content: string): string => `${repository}\t${'0'.repeat(40)}\t${content}\n`;
    writeFileSync(join(list, 'repositories.tsv'), `repository\tcommit\tcontent\n${pin('acme/shop', contentOf(join(trees, 'acme+shop')))}`);
  });
  afterAll(() => rmSync(work, { recursive: true }));

  test('writes what it found only where it was told to, and is then as before', async () => {
    const first = await run();
    expect(first.same).toBe(false);
    expect(readdirSync(join(list, 'findings'))).toEqual([]);
    expect((await run(true)).same).toBe(true);
    const written = readFileSync(findings, 'utf8');
    const found = written.trimEnd().split('\n');
    expect(first.lines).toEqual([`acme/shop: ${found.length} new, 0 gone`, ...found.map(line => `  + ${line}`), '1 repositories: 0 as before, 1 changed, 0 not compared']);
    expect(written).toMatch(/^Dockerfile:4 container\/shell-swallows-signal error .+$/m);
    expect(await run()).toEqual({ same: true, lines: ['1 repositories: 1 as before, 0 changed, 0 not compared'] });
  });

  test('shows what is new and what is gone', async () => {
    const [first, ...others] = readFileSync(findings, 'utf8').split('\n');
    writeFileSync(findings, ['app/gone.py:1 tasks/gone error gone', ...others].join('\n'));
    expect(await run()).toEqual({ same: false, lines: ['acme/shop: 1 new, 1 gone', '  - app/gone.py:1 tasks/gone error gone', `  + ${first}`, '1 repositories: 0 as before, 1 changed, 0 not compared'] });
    expect((await run(true)).same).toBe(true);
  });

  test('a tree that is not there, or another one, is named and is never as before', async () => {
    const row = readFileSync(join(list, 'repositories.tsv'), 'utf8');
    const before = readFileSync(findings, 'utf8');
    writeFileSync(join(trees, 'acme+shop/app/__init__.py'), '# another commit\n');
    writeFileSync(join(list, 'repositories.tsv'), `${row}acme/missing\t${'1'.repeat(40)}\t${'1'.repeat(64)}\n`);
    for (const update of [false, true]) {
      const { same, lines } = await run(update);
      expect(same).toBe(false);
      expect([...lines].sort()).toEqual([
        expect.stringMatching(/^2 repositories: 0 as before, 0 (?:changed|written), 2 not compared$/),
        expect.stringMatching(/^acme\/missing: not compared, there is no /),
        expect.stringMatching(/^acme\/shop: not compared, .* is not 0{40}: its content is [0-9a-f]{64}, pinned is [0-9a-f]{64}$/),
      ]);
    }
    expect(readFileSync(findings, 'utf8')).toBe(before);
  });
});
