import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diff, selectEdits, untilFixed } from '../src/fix.js';
import { applyEdits } from '../src/model/index.js';
import type { Finding, Report, SourceLocation, TextEdit } from '../src/model/index.js';

const range = (startLine: number, startColumn: number, endLine: number, endColumn: number, path = 'a.py'): SourceLocation => ({ path, startLine, startColumn, endLine, endColumn });
const edit = (at: SourceLocation, text: string): TextEdit => ({ at, text });
const fixable = (edits: readonly TextEdit[], more: Partial<Finding> = {}): Finding => ({
  ruleId: 'celery/early-ack', severity: 'error', confidence: 'high', message: 'm', suggestion: 's', at: edits[0]!.at, order: 5, fingerprint: '', docsUrl: '', environments: [],
  fix: { title: 't', safety: 'safe', edits }, ...more,
});

describe('applyEdits', () => {
  test('replaces, inserts and removes at lines and columns, and leaves the rest byte for byte', () => {
    const text = 'one\r\n  two = 1\r\nthree';
    expect(applyEdits(text, [edit(range(2, 9, 2, 10), '20'), edit(range(1, 1, 1, 1), '# '), edit(range(3, 3, 3, 6), '')])).toBe('# one\r\n  two = 20\r\nth');
  });
  test('of two overlapping edits the first one counts', () => {
    expect(applyEdits('abcdef', [edit(range(1, 2, 1, 4), 'X'), edit(range(1, 3, 1, 5), 'Y')])).toBe('aXdef');
  });
  test('columns count UTF-16 units, as analyzers do', () => {
    expect(applyEdits('"😀": 1', [edit(range(1, 7, 1, 8), '2')])).toBe('"😀": 2');
  });
  test('two inserts at one point keep their order', () => {
    expect(applyEdits('()', [edit(range(1, 2, 1, 2), 'a'), edit(range(1, 2, 1, 2), 'b')])).toBe('(ab)');
  });
});

describe('selectEdits', () => {
  test('equal fixes are made once, overlapping ones wait, delivery ones need `all`', () => {
    const first = fixable([edit(range(1, 1, 1, 4), 'x')]);
    const same = fixable([edit(range(1, 1, 1, 4), 'x')], { ruleId: 'celery/other' });
    const overlapping = fixable([edit(range(1, 3, 1, 6), 'y'), edit(range(9, 1, 9, 1), 'z')], { order: 6 });
    const delivery = fixable([edit(range(5, 1, 5, 2), 'd')], { fix: { title: 't', safety: 'delivery', edits: [edit(range(5, 1, 5, 2), 'd')] } });
    const suppressed = fixable([edit(range(7, 1, 7, 2), 's')], { suppressed: { kind: 'inline', reason: 'r' } });
    const all = [overlapping, first, same, delivery, suppressed];
    expect(selectEdits(all, 'safe').get('a.py')).toEqual([edit(range(1, 1, 1, 4), 'x')]);
    expect(selectEdits(all, 'all').get('a.py')).toHaveLength(2);
  });
});

test('a fix waits for what must be mended first on the same worker', () => {
  const signal = fixable([edit(range(1, 1, 1, 4), 'exec')], { ruleId: 'container/shell-swallows-signal', order: 1, workers: ['mail'] });
  const longer = (worker: string): Finding => fixable([edit(range(5, 1, 5, 2), '120')], { ruleId: 'ecs/stop-timeout-too-short', order: 2, workers: [worker], blockedBy: ['container/shell-swallows-signal'] });
  const { fix: _none, ...byHand } = signal;
  expect(selectEdits([signal, longer('mail')], 'all').get('a.py')).toEqual(signal.fix!.edits);
  expect(selectEdits([byHand, longer('mail')], 'all').get('a.py')).toBeUndefined();
  expect(selectEdits([signal, longer('other')], 'all').get('a.py')).toHaveLength(2);
  expect(selectEdits([longer('mail')], 'all').get('a.py')).toHaveLength(1);
});

test('untilFixed goes on until nothing is left, and writes nothing', async () => {
  const run = async (overlay: ReadonlyMap<string, string>): Promise<Report> => {
    const text = overlay.get('a.py') ?? 'aa';
    const findings = text.includes('a') ? [fixable([edit(range(1, text.indexOf('a') + 1, 1, text.indexOf('a') + 2), 'b')])] : [];
    return { findings } as unknown as Report;
  };
  const { report, changed } = await untilFixed(run, 'safe', () => 'aa');
  expect(report.findings).toEqual([]);
  expect([...changed]).toEqual([['a.py', 'bb']]);
});

test('a fix is made whole or not at all, and what it changes in several files belongs together', async () => {
  const across = fixable([edit(range(1, 1, 1, 2, 'a.py'), 'x'), edit(range(1, 1, 1, 2, 'closed.py'), 'x')]);
  const both = fixable([edit(range(1, 1, 1, 2, 'b.py'), 'x'), edit(range(1, 1, 1, 2, 'c.py'), 'x')]);
  const run = async (overlay: ReadonlyMap<string, string>): Promise<Report> => ({ findings: overlay.size === 0 ? [across, both, fixable([edit(range(2, 1, 2, 1, 'a.py'), 'y')])] : [] }) as unknown as Report;
  const { changed, together } = await untilFixed(run, 'safe', path => (path === 'closed.py' ? undefined : 'ab\n'));
  expect([...changed]).toEqual([['b.py', 'xb\n'], ['c.py', 'xb\n'], ['a.py', 'ab\ny']]);
  expect(together).toEqual([['b.py', 'c.py'], ['a.py']]);
});

test('a fix that does not end its finding is made once', async () => {
  const run = async (): Promise<Report> => ({ findings: [fixable([edit(range(1, 1, 1, 1), 'x')])] }) as unknown as Report;
  expect([...(await untilFixed(run, 'safe', () => 'a')).changed]).toEqual([['a.py', 'xa']]);
});

test.each([['a.py', 'a/a.py'], ['a b.py', 'a/a b.py\t'], ['ü"\t.py', '"a/\\303\\274\\"\\t.py"']])('%j is named in a diff as git does', (path, name) => {
  expect(diff(path, 'a', 'b')).toContain(`--- ${name}\n`);
});

test('git applies the diffs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diff-'));
  const lines = fc.array(fc.constantFrom('a', 'b', 'c\r', '\r', ''), { maxLength: 25 }).map(list => list.join('\n'));
  const name = fc.constantFrom('x.txt', 'x y.txt', 'ü.txt', '"x\\y\t.txt', 'a b\nü.txt');
  try {
    fc.assert(fc.property(lines, lines, fc.constantFrom('', '\ufeff'), name, (first, second, mark, path) => {
      fc.pre(first !== '' && second !== '');
      const [before, after] = [mark + first, mark + second];
      writeFileSync(join(folder, path), before);
      const patch = diff(path, before, after);
      if (before === after) return patch === '';
      const run = spawnSync('git', ['apply', '--whitespace=nowarn', '-'], { cwd: folder, input: patch, encoding: 'utf8', env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() } });
      expect(run.stderr).toBe('');
      return readFileSync(join(folder, path), 'utf8') === after;
    }), { numRuns: 100 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
