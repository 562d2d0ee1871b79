import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readStaged } from '../src/sources/revision.js';
import { drainlint } from './run-cli.js';

const bin = fileURLToPath(new URL('../bin/drainlint.js', import.meta.url));
let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'staged-')); git('init', '-q'); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string | Buffer>>, at = root): void {
  for (const [path, content] of Object.entries(files)) { mkdirSync(dirname(join(at, path)), { recursive: true }); writeFileSync(join(at, path), content); }
}
const ME = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main'];
const git = (...args: string[]): string => execFileSync('git', [...ME, ...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const commit = (files: Readonly<Record<string, string | Buffer>>): void => { put(files); git('add', '-A'); git('commit', '-qm', 'x'); };

const APP = "from celery import Celery\n\napp = Celery('shop', broker='redis://r')\n";
/** A task function with a fault (`faulty`) or without one. */
const task = (name: string, faulty = true): string => `\n\n@app.task(bind=True${faulty ? ', max_retries=None' : ''})\ndef ${name}(self):\n    try:\n        call()\n    except OSError as error:\n        raise self.retry(exc=error)\n`;
const RULE = ['--rule', 'tasks/retry-without-limit', '--format', 'concise', '--preset', 'strict', '--fail-on', 'note'];
/** Where the fault is reported, as `path:line`, by the command line in a folder of the repository. */
const places = (where = root, ...more: string[]): readonly string[] => {
  const { code, out, err } = drainlint(where, ['--staged', ...RULE, ...more]);
  expect(err).toBe('');
  expect(code).toBe(out === '' ? 0 : 1);
  return out.split('\n').filter(line => line !== '').map(line => /^[^:]+:\d+/.exec(line)![0]);
};

describe('the tree in the index', () => {
  test('has what is staged, and nothing else', () => {
    commit({ 'kept.py': 'a', 'staged.py': 'b', 'partly.py': 'c', 'gone.py': 'd', 'dropped.py': 'e', 'binary.py': 'text' });
    put({ 'staged.py': 'b2', 'partly.py': 'c2', 'new.py': 'n', 'binary.py': Buffer.from([0, 1]) });
    git('rm', '-q', 'gone.py');
    git('rm', '-q', '--cached', 'dropped.py');
    git('add', 'staged.py', 'partly.py', 'new.py', 'binary.py');
    put({ 'partly.py': 'c3', 'untracked.py': 'u', 'kept.py': 'a2', 'binary.py': 'text again' });
    const { paths, texts, changed, before, unmerged } = readStaged(root)!;
    expect(paths).toEqual(['kept.py', 'new.py', 'partly.py', 'staged.py']);
    expect(new Map(texts)).toEqual(new Map([['kept.py', 'a'], ['partly.py', 'c2']]));
    expect(changed).toEqual(['new.py', 'partly.py', 'staged.py']);
    expect(unmerged).toEqual([]);
    expect(before!.paths).toEqual(['binary.py', 'dropped.py', 'gone.py', 'kept.py', 'partly.py', 'staged.py']);
    expect(new Map(before!.texts)).toEqual(new Map([['binary.py', 'text'], ['dropped.py', 'e'], ['gone.py', 'd'], ['partly.py', 'c'], ['staged.py', 'b']]));
  });

  test('of a first commit follows none; of a sparse work tree holds what is not on disk', () => {
    put({ 'a.py': 'a' });
    git('add', 'a.py');
    expect(readStaged(root)).toEqual({ paths: ['a.py'], texts: new Map(), changed: ['a.py'], unmerged: [] });
    git('commit', '-qm', 'x');
    git('update-index', '--skip-worktree', 'a.py');
    rmSync(join(root, 'a.py'));
    expect(readStaged(root)).toMatchObject({ paths: ['a.py'], texts: new Map([['a.py', 'a']]), changed: [] });
  });
});

describe('--staged', () => {
  test('reads partly staged files from the index, and sees neither unstaged edits nor untracked files', () => {
    commit({ 'tasks.py': APP + task('old') });
    expect(places()).toEqual([]);
    put({ 'tasks.py': `${APP}${task('old')}${task('fresh')}` });
    expect(places()).toEqual([]);
    git('add', 'tasks.py');
    put({ 'tasks.py': `# a\n# b\n${APP}${task('old')}${task('fresh', false)}${task('unstaged')}`, 'more.py': `from tasks import app\n${task('untracked')}` });
    expect(places()).toEqual(['tasks.py:14']);
    git('add', '-A');
    expect(places()).toEqual(['more.py:4', 'tasks.py:24']);
  });

  test('works in a first commit, in a folder below, and in another work tree', () => {
    put({ 'jobs/tasks.py': APP + task('first'), 'web/views.py': '' });
    git('add', '-A');
    expect(places()).toEqual(['jobs/tasks.py:6']);
    expect(places(join(root, 'web'))).toEqual(['jobs/tasks.py:6']);
    expect(places(join(root, 'web'), '.')).toEqual([]);
    git('commit', '-qm', 'x');
    git('worktree', 'add', '-q', 'beside', '-b', 'beside');
    const beside = join(root, 'beside');
    put({ 'jobs/tasks.py': APP + task('first') + task('second') }, beside);
    execFileSync('git', ['add', '-A'], { cwd: beside });
    expect(places(beside)).toEqual(['jobs/tasks.py:14']);
    expect(places()).toEqual([]);
  });

  test('renamed and moved files introduce nothing, deleted ones are gone', () => {
    commit({ 'a/tasks.py': APP + task('one') + task('two'), 'other.py': `from a.tasks import app\n${task('three')}`, 'a/__init__.py': '', 'b/__init__.py': '' });
    git('mv', 'a/tasks.py', 'b/jobs.py');
    git('rm', '-q', 'other.py');
    expect(places()).toEqual([]);
  });

  test('in a merge, a conflict that is open is said, and its resolution is read', () => {
    commit({ 'tasks.py': APP });
    git('checkout', '-qb', 'theirs');
    commit({ 'tasks.py': APP + task('theirs') });
    git('checkout', '-q', '-');
    commit({ 'tasks.py': APP + task('ours') });
    spawnSync('git', [...ME, 'merge', '-q', 'theirs'], { cwd: root });
    expect(drainlint(root, ['--staged'])).toEqual({ code: 2, out: '', err: 'drainlint: --staged: tasks.py has a conflict that is not resolved, so it is not known what will be committed; resolve it, then git add tasks.py\n' });
    put({ 'tasks.py': APP + task('ours') + task('theirs') });
    git('add', 'tasks.py');
    expect(places()).toEqual(['tasks.py:14']);
  });

  test('analyses nothing where no staged file speaks of anything, and all where one did before', () => {
    commit({ 'tasks.py': APP + task('old'), 'README.md': 'x' });
    put({ 'README.md': 'y' });
    git('add', '-A');
    const read = (): unknown => (JSON.parse(drainlint(root, ['--staged', '--format', 'json']).out) as { summary: { readFiles: number } }).summary.readFiles;
    expect(read()).toBe(0);
    git('rm', '-qf', 'README.md');
    expect(read()).toBe(0);
    commit({ 'other.py': 'import celery\n' });
    put({ 'other.py': '' });
    git('add', '-A');
    expect(read()).toBe(1);
  });

  test('a start script and a module matter without a word of Celery in them', () => {
    commit({
      'Dockerfile': 'FROM python:3.12\nCOPY . .\nENTRYPOINT ["./start.sh"]\nCMD ["celery", "-A", "shop", "worker"]\n', 'start.sh': '#!/bin/sh\nexec "$@"\n',
      'shop.py': `${APP}from clock import rest\n\n\n@app.task(acks_late=True)\ndef wait():\n    rest()\n`, 'clock.py': 'import time\n\n\ndef rest():\n    time.sleep(1)\n', 'notes.md': 'a',
    });
    const rules = (): readonly string[] => drainlint(root, ['--staged', '--format', 'concise', '--preset', 'strict']).out.split('\n').filter(Boolean).map(line => line.split(' ')[2]!);
    put({ 'start.sh': '#!/bin/sh\n"$@"\n' });
    expect(rules()).toEqual([]);
    git('add', 'start.sh');
    expect(rules()).toContain('container/entrypoint-without-exec');
    expect(drainlint(root, ['start.sh', '--format', 'concise']).out).toContain('container/entrypoint-without-exec');
    commit({ 'start.sh': '#!/bin/sh\nexec "$@"\n', 'clock.py': 'import time\n\n\ndef rest():\n    time.sleep(7200)\n' });
    git('reset', '-q', '--soft', 'HEAD~1');
    expect(rules()).toContain('tasks/long-sleep');
  });

  test('is refused where it would say nothing or too much', () => {
    for (const [flags, said] of [[['--fix'], 'run --fix alone, then git add'], [['--diff'], 'run --fix alone'], [['--since', 'HEAD'], 'leave one of them out'], [['--update-baseline'], 'run --update-baseline alone']] as const) {
      const { code, err } = drainlint(root, ['--staged', ...flags]);
      expect([code, err.includes(said)], flags.join(' ')).toEqual([2, true]);
    }
    rmSync(join(root, '.git'), { recursive: true });
    expect(drainlint(root, ['--staged'])).toMatchObject({ code: 2, err: `drainlint: --staged: git finds no index in ${root}\n` });
  });
});

describe('a real hook', () => {
  const said = (): string => { try { return readFileSync(join(root, '.git/said'), 'utf8'); } catch { return 'no hook ran'; } };
  beforeEach(() => {
    commit({ 'tasks.py': APP, 'more.py': 'from tasks import app\n' });
    const hook = join(root, '.git/hooks/pre-commit');
    mkdirSync(dirname(hook), { recursive: true });
    writeFileSync(hook, `#!/bin/sh\n"${process.execPath}" "${bin}" --staged ${RULE.join(' ')} > "$(git rev-parse --absolute-git-dir)/said" 2>&1\n`);
    chmodSync(hook, 0o755);
  });
  const commits = (...args: string[]): number | null => spawnSync('git', [...ME, 'commit', '-qm', 'x', ...args], { cwd: root }).status;

  test('of git commit -a sees what -a takes in', () => {
    put({ 'tasks.py': APP + task('added') });
    expect(commits('-a')).toBe(1);
    expect(said()).toMatch(/^tasks\.py:6:/);
    put({ 'tasks.py': APP + task('added', false) });
    expect(commits('-a')).toBe(0);
    expect(said()).toBe('');
  });

  test('of git commit FILE sees that file, and not what is staged besides', () => {
    put({ 'tasks.py': APP + task('named', false), 'more.py': `from tasks import app\n${task('staged')}` });
    git('add', 'more.py');
    expect(commits('tasks.py')).toBe(0);
    expect(said()).toBe('');
    put({ 'tasks.py': APP + task('named') });
    expect(commits('tasks.py')).toBe(1);
    expect(said()).toMatch(/^tasks\.py:6:[^\n]*\n$/);
    expect(commits()).toBe(1);
    expect(said()).toMatch(/^more\.py:4:[^\n]*\n$/);
  });

  test('in another work tree, and with an index of another repository in its variables', () => {
    git('worktree', 'add', '-q', 'beside', '-b', 'beside');
    const beside = join(root, 'beside');
    put({ 'tasks.py': APP + task('there') }, beside);
    expect(spawnSync('git', [...ME, 'commit', '-qam', 'x'], { cwd: beside }).status).toBe(1);
    expect(readFileSync(join(root, '.git/worktrees/beside/said'), 'utf8')).toMatch(/^tasks\.py:6:/);
    put({ 'tasks.py': APP + task('here') });
    git('add', 'tasks.py');
    expect(drainlint(root, ['--staged', ...RULE], { GIT_INDEX_FILE: join(beside, '.git/elsewhere') }).out).toMatch(/^tasks\.py:6:/);
  });
});
