import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { DEFAULT_CONFIG } from '../src/config.js';
import { rules } from '../src/rules/index.js';
import { readRevision } from '../src/sources/revision.js';
import { drainlint } from './run-cli.js';

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'since-')); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}
const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main', ...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
function commit(files: Readonly<Record<string, string | Buffer>>): void { put(files); git('add', '-A'); git('commit', '-qm', 'x'); }
const APP = "from celery import Celery\n\napp = Celery('shop', broker='redis://r')\n\n\n";
const work = (parameters: string, call: string, decorator = '@app.task'): string => `${APP}${decorator}\ndef work(${parameters}):\n    return 1\n\n\ndef view(request):\n    ${call}\n`;
/** What is said of the messages of `work`: in the commit, and in the files after it. */
async function said(before: string, after: string): Promise<readonly string[]> {
  git('init', '-q');
  commit({ 'tasks.py': before });
  put({ 'tasks.py': after });
  const report = await audit({ root, rules, config: { ...DEFAULT_CONFIG, minConfidence: 'low', only: ['tasks/message-incompatible'] }, earlier: readRevision(root, 'HEAD')! });
  return report.findings.map(({ severity, confidence, message }) => `${severity} ${confidence} ${message}`);
}

describe('the tree of a commit', () => {
  test('has the paths of the commit, and the texts that differ from the disk', () => {
    git('init', '-q');
    commit({ 'kept.py': 'a', 'changed.py': 'b', 'gone.py': 'c', 'dir/with space\nand line.py': 'd', 'binary.py': Buffer.from([0, 1, 2]), 'empty.py': '' });
    put({ 'changed.py': 'b2', 'new.py': 'n', 'dir/with space\nand line.py': 'd2', 'binary.py': Buffer.from([0, 1, 3]), 'empty.py': 'x' });
    rmSync(join(root, 'gone.py'));
    const tree = readRevision(root, 'HEAD')!;
    expect(tree.paths).toEqual(['binary.py', 'changed.py', 'dir/with space\nand line.py', 'empty.py', 'gone.py', 'kept.py']);
    expect(new Map(tree.texts)).toEqual(new Map([['changed.py', 'b'], ['dir/with space\nand line.py', 'd'], ['empty.py', ''], ['gone.py', 'c']]));
  });

  test('leaves out links, submodules and other people\'s code', () => {
    git('init', '-q');
    put({ 'a.py': 'a', 'node_modules/x/b.py': 'b' });
    symlinkSync('/etc/passwd', join(root, 'link.py'));
    git('add', '-Af');
    git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
    git('commit', '-qm', 'x');
    expect(readRevision(root, 'HEAD')!.paths).toEqual(['a.py']);
  });

  test.each(['nothing-like-it', '--help', '-o/tmp/x', 'HEAD:a.py', ''])('is none for %j', name => {
    git('init', '-q');
    commit({ 'a.py': 'a' });
    expect(readRevision(root, name)).toBeUndefined();
  });
});

describe('messages that no longer fit', () => {
  test.each<readonly [string, string, string, readonly string[]]>([
    ['a parameter without a default is new', work('a', 'work.delay(1)'), work('a, b', 'work.delay(1, 2)'), [
      'error medium queued messages of tasks.work no longer fit work: `work.delay(1)` (tasks.py:12 in HEAD): b is not given; they end as a TypeError, and their work is lost',
      'warning medium a worker that still runs HEAD cannot run `work.delay(1, 2)`: 2 arguments where 1 at most can be given there; until the deployment has replaced it, such messages end as a TypeError']],
    ['with a default, sent as before', work('a', 'work.delay(1)'), work('a, b=None', 'work.delay(1)'), []],
    ['with a default, and sent at once', work('a', 'work.delay(1)'), work('a, b=None', 'work.delay(1, b=2)'), [
      'warning medium a worker that still runs HEAD cannot run `work.delay(1, b=2)`: there is no parameter b there; until the deployment has replaced it, such messages end as a TypeError']],
    ['a parameter is renamed, and given by position', work('a', 'work.delay(1)'), work('b', 'work.delay(1)'), []],
    ['a parameter is renamed, and given by name', work('a', 'work.apply_async(kwargs={"a": 1})'), work('b', 'work.apply_async(kwargs={"b": 1})'), [
      'error medium queued messages of tasks.work no longer fit work: `work.apply_async(kwargs={"a": 1})` (tasks.py:12 in HEAD): there is no parameter a; they end as a TypeError, and their work is lost',
      'warning medium a worker that still runs HEAD cannot run `work.apply_async(kwargs={"b": 1})`: there is no parameter b there; until the deployment has replaced it, such messages end as a TypeError']],
    ['what is given is not known, and more must be given', work('a', 'work.delay(*request)'), work('a, b', 'work.delay(*request)'), [
      'error medium queued messages of tasks.work no longer fit work: it needs b now, which HEAD did not know; they end as a TypeError, and their work is lost']],
    ['it takes anything', work('*args, **kwargs', 'work.delay(1, 2)'), work('*args, **kwargs', 'work.delay(1, 2, 3)'), []],
    ['nothing was seen to send it', work('a', 'pass'), work('a, b', 'pass'), []],
    ['it is removed, and nothing was seen to send it', work('a', 'pass'), APP, []],
    ['it is bound now', work('a', 'work.delay(1)'), work('self, a', 'work.delay(1)', '@app.task(bind=True)'), []],
    ['a keyword-only parameter is new', work('a', 'work.delay(1)'), work('a, *, b', 'work.delay(1, b=2)').replace('work.delay(1, b=2)', 'work.delay(1)'), [
      'error medium queued messages of tasks.work no longer fit work: `work.delay(1)` (tasks.py:12 in HEAD): b is not given; they end as a TypeError, and their work is lost']],
    ['a name is written that is the old one', work('a', 'work.delay(1)'), work('a', 'work.delay(1)', "@app.task(name='tasks.work')"), []],
    ['a step of a chain is given a result too', work('a', 'chain(first.s(), work.s()).delay()'), work('a, b=1', 'chain(first.s(), work.s()).delay()'), []],
    ['a task function is new', APP, work('a', 'work.delay(1)'), ['note low tasks.work is new: a worker that still runs HEAD when `work.delay(1)` is sent discards it as unregistered']],
  ])('%s', async (_, before, after, expected) => {
    // an app without task functions is judged too, as long as it is the only one
    expect(await said(before, after)).toEqual(expected);
  });

  test('are found by the name they are sent by, and where the function is moved to another module', async () => {
    git('init', '-q');
    commit({ 'celery_app.py': APP, 'jobs.py': 'from celery_app import app\n\n\n@app.task\ndef work(a):\n    return a\n', 'views.py': "from celery_app import app\n\n\ndef view():\n    app.send_task('jobs.work', [1])\n" });
    git('mv', 'jobs.py', 'tasks.py');
    const report = await audit({ root, rules, config: { ...DEFAULT_CONFIG, only: ['tasks/message-incompatible'] }, earlier: readRevision(root, 'HEAD')! });
    expect(report.findings.map(({ at, message }) => `${at.path}:${at.startLine} ${message}`)).toEqual(['tasks.py:4 messages named jobs.work have no task any more: work is registered as tasks.work now, and HEAD sends it (views.py:5); a worker with this code discards the queued ones as unregistered, and their work is lost']);
  });
});

describe('--since', () => {
  test('reports what is new or worse, and nothing that was there before', () => {
    git('init', '-q');
    commit({ 'tasks.py': work('a', 'pass', "@app.task(acks_late='False')"), 'README.md': 'x' });
    expect(drainlint(root, ['check', '--format', 'concise', '--since', 'HEAD']).out).toBe('');
    put({ 'tasks.py': `# moved down\n${work('a', 'pass', "@app.task(acks_late='False')")}\n\n@app.task(bind=True, max_retries=None)\ndef other(self):\n    try:\n        call()\n    except OSError as error:\n        raise self.retry(exc=error)\n` });
    const { out } = drainlint(root, ['check', '--format', 'concise', '--preset', 'strict', '--since', 'HEAD']);
    expect(out).toContain('tasks/retry-without-limit');
    expect(out).not.toContain('celery/string-boolean');
  });

  test('says so where git knows no such commit', () => {
    git('init', '-q');
    const { code, err } = drainlint(root, ['check', '--since', 'origin/none']);
    expect([code, err]).toEqual([2, `drainlint: --since origin/none: git finds no such commit in ${root}\n`]);
  });
});
