import { describe, expect, test } from 'vitest';
import type { Comment, Finding } from '../src/model/index.js';
import { readGlob, readComments, suppress, type IgnoreRule, type SuppressOptions } from '../src/suppress.js';

const comment = (text: string, line: number, ownLine = true, path = 'app/tasks.py'): Comment => ({ text, ownLine, at: { path, startLine: line, startColumn: 1, endLine: line, endColumn: 10 } });
const finding = (ruleId: string, line: number, more: Partial<Finding> = {}): Finding => ({
  ruleId, severity: 'error', confidence: 'high', message: 'm', suggestion: 's', order: 1, fingerprint: '', docsUrl: '', environments: [], workers: ['w: worker'],
  at: { path: 'app/tasks.py', startLine: line, startColumn: 5, endLine: line, endColumn: 9 }, ...more,
});
const known = ['celery/early-ack', 'celery/no-time-limit', 'ecs/no-log-configuration'];
const run = (findings: readonly Finding[], comments: readonly Comment[], more: Partial<SuppressOptions> = {}): ReturnType<typeof suppress> =>
  suppress(findings, { comments: readComments(comments), entries: [], today: '2026-06-01', known, silent: new Set(), isAppWide: one => !one.workers?.length, ...more });

describe('reading a comment', () => {
  test('rules, date and reason', () => {
    expect(readComments([comment('drainlint: ignore celery/early-ack, celery/no-time-limit until 2027-03-31 -- metrics only, one may go', 3)])[0])
      .toMatchObject({ rules: ['celery/early-ack', 'celery/no-time-limit'], until: '2027-03-31', reason: 'metrics only, one may go', lines: [4] });
  });
  test('a reason may hold dashes and the word until; a comment end is no part of it', () => {
    expect(readComments([comment('drainlint: ignore celery/early-ack -- wait until the re-write -- then not */', 3)])[0]).toMatchObject({ rules: ['celery/early-ack'], reason: 'wait until the re-write -- then not' });
  });
  test('other comments are none', () => {
    expect(readComments([comment('we ignore celery/early-ack', 1), comment('drainlint: later', 2)])).toEqual([]);
  });
  test('stacked comments speak of the line below them all', () => {
    expect(readComments([comment('drainlint: ignore celery/early-ack -- a', 3), comment('drainlint: ignore celery/no-time-limit -- b', 4)]).map(one => one.lines)).toEqual([[5], [5]]);
  });
});

describe('inline', () => {
  test('on the line above, and on the line itself', () => {
    const { findings, problems } = run([finding('celery/early-ack', 4), finding('celery/no-time-limit', 9)], [comment('drainlint: ignore celery/early-ack -- fine', 3), comment('drainlint: ignore celery/no-time-limit -- fine', 9, false)]);
    expect(findings.map(one => one.suppressed?.reason)).toEqual(['fine', 'fine']);
    expect(problems).toEqual([]);
  });
  test('not on another line, rule or file, and then it is unused', () => {
    const { findings, problems } = run(
      [finding('celery/early-ack', 5), finding('celery/no-time-limit', 4)],
      [comment('drainlint: ignore celery/early-ack -- fine', 3), comment('drainlint: ignore celery/early-ack -- fine', 4, true, 'other.py')]);
    expect(findings.every(one => !one.suppressed)).toBe(true);
    expect(problems.map(({ ruleId, problem }) => [ruleId, problem.at.path, problem.at.startLine])).toEqual([['audit/unused-suppression', 'app/tasks.py', 3], ['audit/unused-suppression', 'other.py', 4]]);
  });
  test('an app-wide finding may be ignored at a related place, one of a worker may not', () => {
    const related = [{ at: { path: 'settings.py', startLine: 8, startColumn: 1, endLine: 8, endColumn: 2 }, message: 'm' }];
    const ignore = [comment('drainlint: ignore celery/early-ack -- fine', 7, true, 'settings.py')];
    expect(run([finding('celery/early-ack', 4, { related, workers: [] })], ignore).findings[0]!.suppressed).toMatchObject({ kind: 'inline' });
    expect(run([finding('celery/early-ack', 4, { related })], ignore).findings[0]!.suppressed).toBeUndefined();
  });
});

describe('suppressions that are wrong themselves', () => {
  const faults = (text: string): readonly string[] => {
    const { findings, problems } = run([finding('celery/early-ack', 4)], [comment(text, 3)]);
    return [...problems.map(({ ruleId }) => ruleId), findings[0]!.suppressed ? 'suppressed' : 'reported'];
  };
  test('without a reason', () => expect(faults('drainlint: ignore celery/early-ack')).toEqual(['audit/suppression-without-reason', 'reported']));
  test('an empty reason', () => expect(faults('drainlint: ignore celery/early-ack --')).toEqual(['audit/suppression-without-reason', 'reported']));
  test('past its date', () => expect(faults('drainlint: ignore celery/early-ack until 2026-05-31 -- later')).toEqual(['audit/suppression-expired', 'reported']));
  test('on its last day it holds', () => expect(faults('drainlint: ignore celery/early-ack until 2026-06-01 -- later')).toEqual(['suppressed']));
  test('not a date', () => expect(faults('drainlint: ignore celery/early-ack until summer -- later')).toEqual(['audit/suppression-expired', 'reported']));
  test('no rule', () => expect(faults('drainlint: ignore -- later')).toEqual(['audit/unknown-rule', 'reported']));
  test('an unknown rule names the nearest one; the known one beside it holds', () => {
    const { findings, problems } = run([finding('celery/early-ack', 4)], [comment('drainlint: ignore celery/early-ak, celery/early-ack -- x', 3)]);
    expect(problems.map(({ ruleId, problem }) => `${ruleId} ${problem.suggestion}`)).toEqual(['audit/unknown-rule write celery/early-ack']);
    expect(findings[0]!.suppressed).toBeDefined();
  });
  test('a rule that did not run says nothing about its suppressions', () => {
    expect(run([], [comment('drainlint: ignore celery/early-ack -- x', 3)], { silent: new Set(['celery/early-ack']) }).problems).toEqual([]);
  });
});

describe('in the configuration', () => {
  const at = { path: 'drainlint.config.yaml', startLine: 2, startColumn: 1, endLine: 2, endColumn: 2 };
  const with_ = (entry: Partial<IgnoreRule>): ReturnType<typeof suppress> => run([finding('celery/early-ack', 4)], [], { entries: [{ rule: 'celery/early-ack', reason: 'r', at, ...entry }] });
  test('path and resource must both fit', () => {
    expect(with_({ path: 'app/**', resource: 'worker' }).findings[0]!.suppressed).toEqual({ kind: 'config', reason: 'r', at });
    expect(with_({ path: 'app/**', resource: 'other' }).problems[0]!.ruleId).toBe('audit/unused-suppression');
    expect(with_({ path: 'lib/**' }).problems[0]!.problem.at).toBe(at);
  });
});

test.each([
  ['scripts/**', 'scripts/a/b.py', true], ['scripts', 'scripts/a.py', true], ['*.py', 'a.py', true], ['*.py', 'a/b.py', false], ['**/*.py', 'a/b.py', true], ['**/*.py', 'b.py', true],
  ['a+b/(x).py', 'a+b/(x).py', true], ['script', 'scripts/a.py', false], ['./a.py', 'a.py', true],
])('glob %s on %s: %s', (glob, path, expected) => expect(readGlob(glob).test(path)).toBe(expected));
