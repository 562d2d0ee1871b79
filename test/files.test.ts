import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnalyzerEntry, Facts } from '../src/model/index.js';
import { startOf } from '../src/model/index.js';
import { createFileStore, gitRoot, type FileStore } from '../src/sources/files.js';
import { openToEdit, replaceTogether, type Editable } from '../src/sources/edit-file.js';
import { analyzers } from '../src/analyzers/index.js';

let root: string;
let read: string[];
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'files-')); read = []; });
afterEach(() => rmSync(root, { recursive: true, force: true }));

const facts = (path: string, format: Facts['format']): Facts => ({ path, format, comments: [], problems: [] });
/** A stand-in for the real list: it notes what is read. */
const entry = (format: Facts['format'], name: RegExp, words?: RegExp): AnalyzerEntry => ({
  format, name, ...(words && { words }), onDemand: true,
  load: async () => ({ recognises: () => true, facts: (text, path) => { read.push(path); if (text.includes('BUG')) throw new TypeError('bug'); return facts(path, format); } }),
});
const python = entry('python', /\.py$/, /celery/i);

function put(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}
const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: root, encoding: 'utf8' });
const open = (more: Partial<Parameters<typeof createFileStore>[0]> = {}): Promise<FileStore> => createFileStore({ root, analyzers: [python], ...more });

describe('outside git', () => {
  test('walks, and leaves other people\'s code alone', async () => {
    put({ 'a.py': 'celery', 'b/c.py': '', 'node_modules/x/y.py': 'celery', '.git-not/z.py': '', 'venv/pyvenv.cfg': '', 'venv/lib/q.py': 'celery', '__pycache__/a.py': '' });
    const store = await open();
    expect(store.paths).toEqual(['.git-not/z.py', 'a.py', 'b/c.py']);
    expect(store.candidates).toEqual(['a.py']);
  });
  test('links are followed within the root only; pipes and lost links are no files', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    writeFileSync(join(outside, 'secret.py'), 'celery');
    put({ 'real.py': 'celery' });
    symlinkSync(join(outside, 'secret.py'), join(root, 'out.py'));
    symlinkSync('real.py', join(root, 'in.py'));
    symlinkSync('nowhere.py', join(root, 'lost.py'));
    symlinkSync(outside, join(root, 'folder'));
    symlinkSync('.', join(root, 'self'));
    execFileSync('mkfifo', [join(root, 'pipe.py')]);
    const store = await open();
    expect(store.candidates).toEqual(['in.py', 'real.py']);
    expect(store.facts('out.py')).toBeUndefined();
    expect(store.lines('out.py')).toEqual([]);
    expect(store.problems).toEqual([]);
    rmSync(outside, { recursive: true });
  });
});

describe('inside git', () => {
  beforeEach(() => { git('init', '-q'); });
  test('lists what is tracked or new, not what is ignored or deleted', async () => {
    put({ '.gitignore': 'ignored.py\n', 'kept.py': 'celery', 'gone.py': 'celery', 'ignored.py': 'celery', 'staged.py': 'celery', 'sub/ü b.py': 'celery' });
    git('add', 'kept.py', 'gone.py', 'staged.py');
    git('commit', '-qm', 'x');
    rmSync(join(root, 'gone.py'));
    expect((await open()).paths).toEqual(['.gitignore', 'kept.py', 'staged.py', 'sub/ü b.py']);
    expect(gitRoot(join(root, 'sub'))).toBe(root);
  });
  test('an ignored folder that is asked for is walked; a repository inside the repository is listed', async () => {
    put({ '.gitignore': 'build/\n', 'build/a.py': 'celery', 'inner/b.py': 'celery' });
    execFileSync('git', ['init', '-q'], { cwd: join(root, 'inner') });
    expect((await open({ folders: ['build'] })).paths).toEqual(['build/a.py']);
    expect((await open()).candidates).toEqual(['inner/b.py']);
  });
  test('a program the repository names is never run', async () => {
    put({ 'a.py': 'celery', 'evil.sh': `#!/bin/sh\ntouch ${join(root, 'pwned')}\n` });
    chmodSync(join(root, 'evil.sh'), 0o755);
    git('config', 'core.fsmonitor', join(root, 'evil.sh'));
    expect((await open()).paths).not.toContain('pwned');
    expect((await open()).paths).not.toContain('pwned');
  });
  test('a hook\'s variables do not lead astray', async () => {
    put({ 'sub/a.py': 'celery' });
    process.env.GIT_DIR = '.git';
    try {
      expect((await open({ root: join(root, 'sub') })).candidates).toEqual(['a.py']);
    } finally {
      delete process.env.GIT_DIR;
    }
  });
});

describe('reading', () => {
  test('helper files are read when asked for, each once; others never', async () => {
    put({ 'a.py': 'celery', 'helper.py': 'x = 1', 'other.py': '', 'image.png': '' });
    const store = await open();
    store.facts('helper.py');
    store.facts('helper.py');
    expect(store.facts('image.png')).toBeUndefined();
    expect(store.facts('absent.py')).toBeUndefined();
    expect(read).toEqual(['helper.py']);
    expect(store.read().map(one => one.path)).toEqual(['helper.py']);
  });
  test('no analyzer is loaded where nothing may matter', async () => {
    put({ 'a.py': '', 'b.txt': 'celery' });
    const store = await open({ analyzers: [{ ...python, load: () => { throw new Error('loaded'); } }] });
    expect(store.candidates).toEqual([]);
  });
  test('stops where none of the files asked for may matter', async () => {
    put({ 'a.py': 'celery', 'b.py': '' });
    expect((await open({ onlyIf: ['b.py'] })).candidates).toEqual([]);
    expect((await open({ onlyIf: ['a.py'] })).candidates).toEqual(['a.py']);
  });
  test('UTF-16 and a byte order mark are text, NUL bytes are not', async () => {
    put({ 'wide.py': Buffer.from('\ufeffcelery\nx', 'utf16le'), 'mark.py': '\ufeffcelery', 'binary.py': Buffer.from([0x63, 0, 1, ...Buffer.from('celery')]) });
    const store = await open();
    expect(store.candidates).toEqual(['mark.py', 'wide.py']);
    expect(store.lines('wide.py')).toEqual(['celery', 'x']);
    expect(store.lines('mark.py')).toEqual(['celery']);
    expect(store.problems).toEqual([{ message: 'the file is not text', at: startOf('binary.py') }]);
  });
  test('too large a file is named when its beginning may matter, else passed over', async () => {
    put({ 'large.py': `import celery\n${'#'.repeat(11 * 1024 * 1024)}`, 'data.py': '#'.repeat(11 * 1024 * 1024) });
    const store = await open();
    expect(store.candidates).toEqual([]);
    expect(store.problems).toEqual([{ message: '11 MB are more than the 10 MB that are read', at: startOf('large.py') }]);
  });
  test('a fault of an analyzer is said, and does not take other files with it', async () => {
    put({ 'a.py': 'celery BUG', 'b.py': 'celery' });
    const store = await open();
    expect(store.candidates.map(path => store.facts(path)?.path)).toEqual([undefined, 'b.py']);
    expect(store.problems[0]!.message).toMatch(/fault of drainlint \(bug\)/);
  });
  test('an overlay takes the place of the disk', async () => {
    put({ 'a.py': 'celery\nold' });
    expect((await open({ overlay: new Map([['a.py', 'celery\nnew']]) })).lines('a.py')).toEqual(['celery', 'new']);
  });
});

describe('writing', () => {
  const opened = (path: string): Editable => openToEdit(root, path) as Editable;
  const bytesOf = (path: string): string => readFileSync(join(root, path), 'latin1');
  /** Nothing of ours is left beside the files. */
  const names = (): readonly string[] => readdirSync(root).sort();

  test('keeps the mark, the mode, and every other byte', () => {
    put({ 'mark.py': '\ufeffa\r\n', 'run.sh': 'a' });
    chmodSync(join(root, 'run.sh'), 0o4750);
    expect(opened('mark.py')).toMatchObject({ text: 'a\r\n', mark: '\ufeff' });
    expect(replaceTogether([{ file: opened('mark.py'), text: 'b\r\n' }, { file: opened('run.sh'), text: 'ü' }])).toBeUndefined();
    expect([bytesOf('mark.py'), bytesOf('run.sh')]).toEqual(['\xef\xbb\xbfb\r\n', '\xc3\xbc']);
    expect(statSync(join(root, 'run.sh')).mode & 0o7777).toBe(0o4750);
    expect(names()).toEqual(['mark.py', 'run.sh']);
  });
  test('says why a file is left alone', () => {
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    writeFileSync(join(outside, 'a.py'), 'a');
    put({ 'latin.py': Buffer.from([0xe9]), 'wide.py': Buffer.from('\ufeffa', 'utf16le'), 'locked.py': 'a', 'a.py': 'a' });
    chmodSync(join(root, 'locked.py'), 0o444);
    symlinkSync(join(outside, 'a.py'), join(root, 'out.py'));
    symlinkSync(outside, join(root, 'folder'));
    const reasons = ['latin.py', 'wide.py', 'locked.py', 'out.py', 'folder/a.py', 'absent.py'].map(path => openToEdit(root, path));
    expect(reasons.map(one => 'reason' in one && one.reason)).toEqual(['not UTF-8', 'not UTF-8', 'read-only', 'no file in this folder', 'a link out of this folder', 'no file in this folder']);
    expect(openToEdit(root, 'a.py', statSync(join(root, 'a.py')).ctimeMs - 1)).toEqual({ reason: 'changed in the meantime' });
    rmSync(outside, { recursive: true });
  });
  test('goes through a link to the file inside', () => {
    put({ 'real/a.py': 'a' });
    symlinkSync('real/a.py', join(root, 'a.py'));
    expect(opened('a.py').path).toBe('real/a.py');
    expect(replaceTogether([{ file: opened('a.py'), text: 'b' }])).toBeUndefined();
    expect([bytesOf('real/a.py'), lstatSync(join(root, 'a.py')).isSymbolicLink()]).toEqual(['b', true]);
  });
  test('of files that belong together all are written or none', () => {
    put({ 'a.py': 'a', 'b.py': 'b', 'c.py': 'c' });
    const files = ['a.py', 'b.py', 'c.py'].map(path => ({ file: opened(path), text: 'new' }));
    put({ 'b.py': 'other' });
    expect(replaceTogether(files)).toEqual({ path: 'b.py', reason: 'changed in the meantime' });
    expect(['a.py', 'b.py', 'c.py'].map(bytesOf)).toEqual(['a', 'other', 'c']);
    rmSync(join(root, 'b.py'));
    expect(replaceTogether(files)).toEqual({ path: 'b.py', reason: 'cannot be written: ENOENT' });
    expect(['a.py', 'c.py'].map(bytesOf)).toEqual(['a', 'c']);
    expect(names()).toEqual(['a.py', 'c.py']);
  });
});

describe('the list of analyzers', () => {
  const byName = (path: string): readonly string[] => analyzers.filter(one => one.name.test(path)).map(one => one.format);
  test.each([
    ['Dockerfile', 'dockerfile'], ['docker/worker.Dockerfile', 'dockerfile'], ['compose/production/django/Dockerfile.worker', 'dockerfile'], ['docker-compose.yml', 'compose'],
    ['copilot/worker/manifest.yml', 'copilot'], ['infra/task-definition.json', 'ecs-json'], ['compose/celery/worker/start', 'entry-script'], ['scripts/run.sh', 'entry-script'],
    ['etc/supervisord.conf', 'process-manager'], ['Procfile', 'process-manager'], ['Procfile.dev', 'process-manager'], ['requirements/prod.txt', 'lockfile'], ['requirements-dev.txt', 'lockfile'], ['poetry.lock', 'lockfile'], ['a/b.py', 'python'],
  ])('%s may be %s', (path, format) => expect(byName(path)).toContain(format));
  test.each(['Dockerfile.dockerignore', 'docker/worker.dockerfile.tmpl', 'Dockerfile.j2', 'Dockerfile.worker.template', 'my-dockerfiles/a.txt'])('%s is no Dockerfile', path => expect(byName(path)).not.toContain('dockerfile'));
  test('options count without the package: they often stand in files that never import it', () => {
    const words = analyzers.find(one => one.format === 'python')!.words!;
    for (const text of ['@task(acks_late=True)', 'broker_transport_options = {"visibility_timeout": 60}', 'worker_prefetch_multiplier = 4', 'CELERY_TASK_ACKS_LATE = 1', 'send.delay(1)', 'task_time_limit = 60']) expect(words.test(text), text).toBe(true);
    for (const text of ['print("hello")', 'delay = 5', 'import requests']) expect(words.test(text), text).toBe(false);
  });
});
