import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { drainlint, FAULTY, project, type Run } from './run-cli.js';

const made: string[] = [];
afterEach(() => { for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true }); });
const keep = (path: string): string => { made.push(path); return path; };
const folder = (): string => keep(mkdtempSync(join(tmpdir(), 'hostile-')));
const faulty = (files: Readonly<Record<string, string | Buffer>> = {}): string => keep(project({ ...FAULTY, ...files }));
const git = (cwd: string, ...args: string[]): string => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const commit = (root: string): void => { git(root, 'init', '-q'); git(root, 'add', '-A'); git(root, 'commit', '-qm', 'x'); };
const put = (root: string, path: string, text: string): void => { mkdirSync(dirname(join(root, path)), { recursive: true }); writeFileSync(join(root, path), text); };

interface Finding { readonly ruleId: string; readonly path: string; readonly message: string }
const audit = (root: string, ...more: string[]): Run => drainlint(root, ['check', '--no-cache', '--preset', 'strict', ...more]);
function findingsOf(root: string, ...more: string[]): readonly Finding[] {
  const run = audit(root, '--format', 'json', ...more);
  expect(run.err).toBe('');
  return (JSON.parse(run.out) as { findings: Finding[] }).findings;
}
const said = (findings: readonly Finding[]): readonly string[] => findings.map(({ ruleId, path }) => `${ruleId} ${path}`).sort();
const usual = said(findingsOf(keep(project(FAULTY))));
/** Is a finding wherever it is read. */
const BROKEN = 'import celery\nx = (\n';
test('the project has findings by itself', () => expect(usual.length).toBeGreaterThan(3));

describe('what is no file of the repository is not read', () => {
  test('links out of the root, to nowhere, to a folder, in a circle', () => {
    const outside = folder();
    put(outside, 'secret.py', BROKEN);
    put(outside, 'folder/loud.py', BROKEN);
    const root = faulty();
    for (const [name, target] of [['secret.py', join(outside, 'secret.py')], ['gone.py', 'nothing.py'], ['linked', join(outside, 'folder')], ['circle.py', 'circle.py'], ['up', '..'], ['passwd.py', '/etc/passwd'], ['app/self', '.']] as const) symlinkSync(target, join(root, name));
    expect(said(findingsOf(root))).toEqual(usual);
    commit(root);
    expect(said(findingsOf(root))).toEqual(usual);
  });

  test.runIf(process.platform === 'linux')('pipes, sockets and devices do not hold it up', () => {
    const root = faulty();
    execFileSync('mkfifo', ['tasks.py', 'Dockerfile.worker', 'drainlint.py', 'infra/task.json'], { cwd: root });
    symlinkSync('/dev/zero', join(root, 'zero.py'));
    if (process.getuid?.() === 0) {
      try { execFileSync('mknod', ['full.py', 'c', '1', '7'], { cwd: root, stdio: 'ignore' }); } catch { /* a container without that right */ }
    }
    expect(said(findingsOf(root))).toEqual(usual);
  });

  test('a configuration, a baseline or CODEOWNERS that is a pipe is an error, not a wait', () => {
    for (const name of ['drainlint.config.yaml', 'known.jsonl', 'CODEOWNERS']) {
      const root = faulty(name === 'known.jsonl' ? { 'drainlint.config.yaml': 'baseline: known.jsonl\n' } : {});
      execFileSync('mkfifo', [name], { cwd: root });
      const run = audit(root);
      expect([name, run.code]).toEqual([name, name === 'CODEOWNERS' ? 1 : 2]);
    }
  });
});

describe('git', () => {
  test('.git as a file: a work tree of its own, a submodule, a file that leads nowhere', () => {
    const root = faulty();
    commit(root);
    const beside = join(folder(), 'tree');
    git(root, 'worktree', 'add', '-q', beside);
    expect(said(findingsOf(beside))).toEqual(usual);
    const other = keep(project({ 'x.txt': '' }));
    commit(other);
    git(other, 'submodule', 'add', '-q', root, 'inner');
    expect(said(findingsOf(other))).toEqual([]); // another repository, with a run of its own
    expect(said(findingsOf(join(other, 'inner')))).toEqual(usual);
    const broken = faulty({ '.git': 'gitdir: /nowhere/at/all\n' });
    expect(said(findingsOf(broken))).toEqual(usual);
    rmSync(join(broken, '.git'));
    execFileSync('mkfifo', ['.git'], { cwd: broken });
    expect(said(findingsOf(broken))).toEqual(usual);
  });

  test('a sparse checkout is what is there', () => {
    const root = faulty({ 'hidden/broken.py': BROKEN, 'app/x.txt': '' });
    commit(root);
    expect(said(findingsOf(root)).some(one => one.includes('hidden/'))).toBe(true);
    git(root, 'sparse-checkout', 'set', 'app', 'infra');
    expect(existsSync(join(root, 'hidden'))).toBe(false);
    expect(said(findingsOf(root))).toEqual(usual);
  });

  /** Every setting of git that names a program, and every way it is asked here. */
  const TRAPS = (program: string): readonly (readonly [string, string])[] => [
    ['core.fsmonitor', program], ['core.hooksPath', dirname(program)], ['core.pager', program], ['core.editor', program], ['core.sshCommand', program], ['core.gitProxy', program], ['core.askPass', program], ['core.alternateRefsCommand', program],
    ['diff.external', program], ['diff.evil.command', program], ['diff.evil.textconv', program], ['diff.evil.binary', 'true'], ['filter.evil.clean', program], ['filter.evil.smudge', program], ['filter.evil.process', program], ['filter.evil.required', 'true'],
    ['filter.a=b.clean', program], ['merge.evil.driver', program], ['credential.helper', `!${program}`], ['gpg.program', program], ['uploadpack.packObjectsHook', program], ['sequence.editor', program], ['interactive.diffFilter', program], ['pager.diff', program],
    ['remote.origin.url', `ext::${program}`], ['remote.origin.uploadpack', program], ['remote.origin.promisor', 'true'], ['remote.origin.partialclonefilter', 'blob:none'], ['extensions.partialClone', 'origin'], ['protocol.ext.allow', 'always'],
    ...['ls-files', 'diff', 'rev-parse', 'cat-file', 'ls-tree', 'config', 'status'].map(name => [`alias.${name}`, `!${program}`] as const),
  ];
  const trap = (): { readonly program: string; sprung(): boolean } => {
    const at = folder();
    const [program, sign] = [join(at, 'pre-commit'), join(at, 'sprung')];
    writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> '${sign}'\ncat\n`, { mode: 0o755 });
    for (const hook of ['post-index-change', 'post-checkout', 'reference-transaction', 'fsmonitor-watchman']) writeFileSync(join(at, hook), readFileSync(program), { mode: 0o755 });
    return { program, sprung: () => existsSync(sign) };
  };

  test.runIf(process.platform === 'linux')('starts nothing that .git/config, .gitattributes or a hook names', () => {
    const root = faulty({ '.gitattributes': '* filter=evil diff=evil merge=evil\n*.json filter=a=b\n' });
    commit(root);
    const { program, sprung } = trap();
    for (const [key, value] of TRAPS(program)) git(root, 'config', key, value);
    mkdirSync(join(root, '.git/hooks'), { recursive: true });
    for (const hook of readdirSync(dirname(program))) writeFileSync(join(root, '.git/hooks', hook), readFileSync(program), { mode: 0o755 });
    put(root, 'app/celery.py', `${FAULTY['app/celery.py']!}# changed\n`); // its time and size differ: git looks into it
    put(root, 'infra/worker.json', `${FAULTY['infra/worker.json']!}\n`);
    for (const flags of [[], ['--since', 'HEAD'], ['--staged'], ['app/celery.py']]) {
      const run = audit(root, ...flags);
      expect([flags, run.code === 0 || run.code === 1, run.err, sprung()]).toEqual([flags, true, '', false]);
    }
    // the trap is one: git itself, asked the same without care, springs it
    try { git(root, 'diff', '--no-ext-diff', 'HEAD'); } catch { /* the filter's answer is no text */ }
    expect(sprung()).toBe(true);
  });

  test.runIf(process.platform === 'linux')('a folder that looks like a bare repository is none', () => {
    const root = faulty();
    commit(root);
    const { program, sprung } = trap();
    const bare = join(root, 'data');
    git(root, 'init', '-q', '--bare', 'data');
    for (const [key, value] of [...TRAPS(program), ['core.bare', 'false'], ['core.worktree', bare]] as const) execFileSync('git', ['config', '-f', join(bare, 'config'), key, value]);
    put(bare, 'loud.py', BROKEN);
    put(bare, '.gitattributes', '* filter=evil diff=evil\n');
    for (const paths of [[], ['data'], ['data/loud.py']]) expect([0, 1]).toContain(audit(root, ...paths).code);
    expect([0, 1]).toContain(drainlint(bare, ['check', '--no-cache']).code);
    expect(sprung()).toBe(false);
  });

  test('a work tree that lies elsewhere is not followed', () => {
    const outside = folder();
    put(outside, 'secret.py', BROKEN);
    const root = faulty();
    commit(root);
    git(root, 'config', 'core.worktree', outside);
    expect(findingsOf(root).filter(({ path }) => path.includes('secret') || path.startsWith('..'))).toEqual([]);
  });
});

describe('names and texts that are commands elsewhere', () => {
  const EVIL = ['::error file=x::gone', '::set-env name=PATH::x', '##vso[task.setvariable variable=PATH]x', '##[error]x', 'a\u001b[31mred\u001b[2J', 'a\r\n::error::x', '<img src=x onerror=alert(1)>', '[me](https://evil.example)', '`${x}`', '</script><script>x', '@team | x', 'a\u202eb', "a'\"b;$(x)", '-rf', ' a '];
  const FORMATS = ['text', 'concise', 'github', 'markdown', 'html', 'json', 'sarif', 'gitlab', 'junit', 'rdjson'];
  const shown = (name: string): string => name.replaceAll('/', '|');

  /** No terminal sequence, no workflow command, no tag or link that is not ours. */
  function harmless(format: string, out: string): void {
    const where = (found: RegExpMatchArray | null): string | undefined => found?.[0];
    // JSON for programs holds paths as they are, in JSON's own escapes
    expect([format, where((['json', 'gitlab', 'rdjson'].includes(format) ? /[\u0000-\u0008\u000b-\u001f\u007f]/ : /[\u0000-\u0008\u000b-\u001f\u007f\u202e]/).exec(out))]).toEqual([format, undefined]);
    if (format === 'github') for (const line of out.split('\n').filter(Boolean)) expect(line).toMatch(/^::(?:error|warning|notice) (?:file=[^:]*,)?[\w=,/-]*title=[\w/-]+::/);
    else expect([format, where(/^[ \t]*::[a-z]/m.exec(out))]).toEqual([format, undefined]);
    if (['text', 'concise', 'github', 'markdown'].includes(format)) expect([format, where(/##\[|##vso\[/.exec(out))]).toEqual([format, undefined]);
    if (format === 'html' || format === 'junit') expect([format, where(/<img|<script>x|onerror=alert\(1\)>/.exec(out))]).toEqual([format, undefined]);
    if (format === 'markdown') for (const line of out.split('\n')) expect([line, where(/(?<!\\)<(?!\/?(?:details|summary)>)[a-z!/]|(?<!\\)\]\(/i.exec(line.replace(/`[^`]*`/g, '')))]).toEqual([line, undefined]);
  }
  const checkAll = (root: string, ...more: string[]): void => { for (const format of FORMATS) { const run = audit(root, '--format', format, '--verbose', ...more); expect([0, 1]).toContain(run.code); harmless(format, run.out); } };

  test.runIf(process.platform === 'linux')('in the names of files', () => {
    const root = faulty(Object.fromEntries(EVIL.flatMap((name, i) => [[`${shown(name)}/tasks${i}.py`, BROKEN], [`${shown(name)}.py`, BROKEN]])));
    expect(said(findingsOf(root)).filter(one => one.includes('tasks')).length).toBeGreaterThan(EVIL.length);
    checkAll(root);
    commit(root);
    checkAll(root);
  });

  test('in the source beside a finding, in names of resources, and in messages', () => {
    const texts = EVIL.map(text => JSON.stringify(text));
    const containers = EVIL.map(name => ({ name, image: name, essential: true, command: ['celery', '-A', name, 'worker', '-n', name] }));
    checkAll(faulty({
      'infra/names.json': JSON.stringify({ family: EVIL[0], requiresCompatibilities: ['FARGATE'], containerDefinitions: containers }, null, 1),
      'app/tasks.py': `from app.celery import app\n${texts.map((text, i) => `@app.task(name=${text})\ndef f${i}(x):\n    x.save() # ${EVIL[i]!.replace(/[\r\n]/g, '\u001b')}\n`).join('')}`,
      'compose.yml': `services:\n${texts.map(text => `  ${text}:\n    image: x\n    command: [celery, -A, app.celery, worker, -n, ${text}]\n`).join('')}`,
      'drainlint.config.yaml': `ignore:\n${texts.map(text => `  - { rule: celery/early-ack, path: ${text}, reason: ${text} }\n`).join('')}`,
      'CODEOWNERS': `* @${EVIL[2]!.replaceAll(' ', '')}\n`,
    }));
  });
});

describe('a configuration reads nothing outside', () => {
  test.each([['a file above', '../outside.yaml'], ['an absolute path', '/etc/passwd'], ['a package', 'nobody-has-this-package'], ['a package that leads outside', 'evil'], ['an address', 'https://example.org/x.yaml'], ['a link outside', './link.yaml']])('%s', (_, word) => {
    const above = folder();
    put(above, 'outside.yaml', 'rules:\n  celery/early-ack: off\n');
    const root = join(above, 'root');
    for (const [path, text] of Object.entries(FAULTY)) put(root, path, text);
    put(root, 'drainlint.config.yaml', `extends: ${JSON.stringify(word)}\n`);
    symlinkSync(join(above, 'outside.yaml'), join(root, 'link.yaml'));
    mkdirSync(join(root, 'node_modules/evil'), { recursive: true });
    symlinkSync(join(above, 'outside.yaml'), join(root, 'node_modules/evil/drainlint.config.yaml'));
    git(root, 'init', '-q');
    const run = audit(root);
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/^drainlint: drainlint\.config\.yaml:1: extends .*\n$/);
  });
  test('a baseline outside', () => {
    const above = folder();
    put(above, 'known.jsonl', '');
    const root = join(above, 'root');
    for (const [path, text] of Object.entries({ ...FAULTY, 'drainlint.config.yaml': 'baseline: ../known.jsonl\n' })) put(root, path, text);
    git(root, 'init', '-q');
    const before = readFileSync(join(above, 'known.jsonl'), 'utf8');
    audit(root, '--update-baseline');
    expect(readFileSync(join(above, 'known.jsonl'), 'utf8')).toBe(before);
  });
});

describe('what earlier runs found out', () => {
  test('is nothing that a repository can hold, lead to or change', () => {
    const root = faulty();
    const [store, other] = [folder(), folder()];
    const env = { DRAINLINT_CACHE_DIR: join(store, 'cache') };
    const run = (at: string): Run => drainlint(at, ['check', '--preset', 'strict', '--format', 'json'], env);
    const plain = run(root).out;
    // a copy of another tree's cache beside the code is no cache, wherever a cache might be looked for
    for (const name of ['.cache/drainlint', '.drainlint', 'cache', 'node_modules/.cache/drainlint']) for (const file of readdirSync(env.DRAINLINT_CACHE_DIR)) put(root, `${name}/${file}`, 'drainlint cache 1\nnonsense');
    const findings = (out: string): unknown => (JSON.parse(out) as { findings: unknown }).findings;
    expect(findings(run(root).out)).toEqual(findings(plain));
    // what another tree left is not this one's, though its files are the same
    for (const [path, text] of Object.entries(FAULTY)) put(other, path, text.replace('= 600', '= 60'));
    const there = run(other).out;
    expect(findings(run(root).out)).toEqual(findings(plain));
    expect(run(other).out).toBe(there);
  });
  test('a link in the place of the directory is not followed', () => {
    const root = faulty();
    const [target, store] = [folder(), folder()];
    symlinkSync(target, join(store, 'cache'));
    const run = drainlint(root, ['check', '--preset', 'strict', '--format', 'json'], { DRAINLINT_CACHE_DIR: join(store, 'cache') });
    expect(run.code).toBe(1);
    expect(readdirSync(target)).toEqual([]);
  });
});
