import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_CONFIG, parseConfig } from '../src/config.js';
import { withHook, workflow } from '../src/commands/snippets.js';
import { drainlint, FAULTY, project } from './run-cli.js';

const made: string[] = [];
const fresh = (files: Readonly<Record<string, string>>): string => { const one = project(files); made.push(one); return one; };
afterAll(() => made.forEach(one => rmSync(one, { recursive: true, force: true })));

const CONFIG = 'drainlint.config.yaml', HOOKS = '.pre-commit-config.yaml', WORKFLOW = '.github/workflows/drainlint.yml';
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const FROM = ['--from', `git+https://token@git.example/tools/drainlint.git#${COMMIT}`];
const ORIGIN = { address: 'https://git.example/tools/drainlint.git', commit: COMMIT };

describe('the configuration', () => {
  test('holds the defaults, commented, and is not written over one that is there', async () => {
    const where = fresh({});
    expect(drainlint(where, ['init'])).toMatchObject({ code: 0, err: '', out: expect.stringContaining(`wrote ${CONFIG}\n`) });
    const text = readFileSync(join(where, CONFIG), 'utf8');
    expect(await parseConfig(text, 'c.yaml')).toEqual(DEFAULT_CONFIG);
    const uncommented = await parseConfig(text.replace(/^# ([a-z]\w*:|  )/gim, '$1'), 'c.yaml');
    expect(uncommented).toMatchObject({ thresholds: DEFAULT_CONFIG.thresholds, minConfidence: 'medium', workers: [{ service: 'billing-worker' }], baseline: 'known.jsonl' });
    writeFileSync(join(where, CONFIG), 'minConfidence: low\n');
    expect(drainlint(where, ['init'])).toMatchObject({ code: 0, out: expect.stringContaining(`left as it is: ${CONFIG} (--force writes it anew)`) });
    expect(readFileSync(join(where, CONFIG), 'utf8')).toBe('minConfidence: low\n');
    expect(drainlint(where, ['init', '--force']).code).toBe(0);
    expect(readFileSync(join(where, CONFIG), 'utf8')).toBe(text);
  });
  test('a broken one is said, and written anew with --force', () => {
    const where = fresh({ [CONFIG]: 'rule: {}\n' });
    expect(drainlint(where, ['init'])).toMatchObject({ code: 2, err: expect.stringContaining(`${CONFIG}:1: unknown key rule`) });
    expect(drainlint(where, ['init', '--force']).code).toBe(0);
  });
});

describe('what is found', () => {
  test('each worker with its place, command and app', () => {
    const { out } = drainlint(fresh(FAULTY), ['init']);
    expect(out).toMatch(/^found in 5 files:\n {2}worker Dockerfile:4 Dockerfile: celery -A app\.celery worker \(Dockerfile:4\), app app\.celery:app \(app\/celery\.py:3\)\n {2}worker infra\/worker\.json:8 worker: .* \(infra\/worker\.json:14\), .*\nwrote /);
  });
  test('nothing: where to read why', () => expect(drainlint(fresh({}), ['init']).out).toMatch(/^found no worker.*\nwhy a worker is not recognised: .*not-recognised\.md/));
});

describe('the hook and the workflow', () => {
  test('are printed, and written on request; what is there stays', () => {
    const where = fresh({});
    const { out } = drainlint(where, ['init', ...FROM]);
    for (const line of ['  - repo: https://git.example/tools/drainlint.git', `rev: ${COMMIT}`, '- id: drainlint', `npx --yes git+https://git.example/tools/drainlint.git#${COMMIT} --format github`]) expect(out).toContain(line);
    expect([HOOKS, WORKFLOW].some(path => existsSync(join(where, path)))).toBe(false);
    expect(drainlint(where, ['init', '--pre-commit', '--github', ...FROM]).out).toContain(`wrote ${HOOKS}\n`);
    expect(parse(readFileSync(join(where, HOOKS), 'utf8'))).toEqual({ repos: [{ repo: ORIGIN.address, rev: COMMIT, hooks: [{ id: 'drainlint' }] }] });
    expect(readFileSync(join(where, WORKFLOW), 'utf8')).toBe(workflow(ORIGIN, 'main'));
    writeFileSync(join(where, WORKFLOW), 'mine\n');
    const before = readFileSync(join(where, HOOKS), 'utf8');
    const again = drainlint(where, ['init', '--pre-commit', '--github', ...FROM]).out;
    expect(again).toContain(`left as it is: ${HOOKS} (the hook is there already)\n`);
    expect(again).toContain(`left as it is: ${WORKFLOW} (it is there already)\n`);
    expect([readFileSync(join(where, HOOKS), 'utf8'), readFileSync(join(where, WORKFLOW), 'utf8')]).toEqual([before, 'mine\n']);
  });
  test('from where npm fetched the package; the branch is the one the clone names', () => {
    const where = fresh({});
    execFileSync('git', ['init', '-q'], { cwd: where });
    execFileSync('git', ['symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk'], { cwd: where });
    const home = join(where, 'node_modules/drainlint');
    mkdirSync(home, { recursive: true });
    for (const part of ['dist', 'bin', 'package.json', 'node_modules']) execFileSync('cp', part === 'node_modules' ? ['-rs', join(import.meta.dirname, '..', part, 'yaml'), join(where, 'node_modules/yaml')] : ['-r', join(import.meta.dirname, '..', part), home]);
    writeFileSync(join(where, 'node_modules/.package-lock.json'), JSON.stringify({ packages: { 'node_modules/drainlint': { resolved: `git+ssh://git@github.com/tools/drainlint.git#${COMMIT}` } } }));
    const out = execFileSync(process.execPath, [join(home, 'bin/drainlint.js'), 'init', '--pre-commit', '--github'], { cwd: where, encoding: 'utf8' });
    expect(out).toContain(`wrote ${HOOKS}\n`);
    expect(readFileSync(join(where, HOOKS), 'utf8')).toContain('repo: https://github.com/tools/drainlint.git\n');
    const flow = parse(readFileSync(join(where, WORKFLOW), 'utf8')) as { readonly on: { readonly push: unknown }; readonly jobs: { readonly drainlint: { readonly steps: readonly { readonly uses?: string }[] } } };
    expect(flow.on.push).toEqual({ branches: ['trunk'] });
    expect(flow.jobs.drainlint.steps.at(-1)).toEqual({ uses: `tools/drainlint@${COMMIT}` });
  });
  test.each([['nowhere'], ['https://git.example/drainlint'], ['https://git.example/drainlint#main']])('--from %s is refused', from => {
    const where = fresh({});
    expect(drainlint(where, ['init', '--pre-commit', '--from', from])).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`--from ${from}`) });
    expect(existsSync(join(where, CONFIG))).toBe(false);
  });
});

describe('the hook in a .pre-commit-config.yaml', () => {
  const added = (indent: string, end = '\n'): string => [`- repo: ${ORIGIN.address}`, `  rev: ${COMMIT}`, '  hooks:', '    - id: drainlint'].map(line => indent + line).join(end);
  test.each([
    ['in its own columns', 'repos:\n- repo: local\n  hooks:\n  - id: x # the last\n', `repos:\n- repo: local\n  hooks:\n  - id: x # the last\n${added('')}\n`],
    ['before what follows', '# ours\nrepos:\n    -   repo: local\n        hooks:\n        -   id: x\n            args: [a,\n                   b]\n\n# end\nci: {}\n', `# ours\nrepos:\n    -   repo: local\n        hooks:\n        -   id: x\n            args: [a,\n                   b]\n${added('    ')}\n\n# end\nci: {}\n`],
    ['with the line breaks there', 'repos:\r\n  - repo: meta\r\n    hooks: [ { id: x } ]', `repos:\r\n  - repo: meta\r\n    hooks: [ { id: x } ]\r\n${added('  ', '\r\n')}`],
    ['into one with comments only', '# nothing yet\n', `# nothing yet\nrepos:\n${added('  ')}\n`],
  ])('%s', (_name, before, after) => {
    const spliced = withHook(before, ORIGIN);
    expect(spliced).toEqual({ text: after });
    const [old, now] = [before, after].map(text => (parse(text) as { readonly repos?: readonly unknown[] } | null)?.repos ?? []);
    expect(now).toEqual([...old!, { repo: ORIGIN.address, rev: COMMIT, hooks: [{ id: 'drainlint' }] }]);
  });
  test.each([
    ['repos: []\n', 'its `repos` is no list'], ['repos: [ { repo: local } ]\n', 'its `repos` is no list'], ['repos:\n', 'its `repos` is no list'], ['ci: {}\n', 'its `repos` is no list'],
    ['repos:\n  - repo: [\n', 'its YAML could not be read'], ['a: &x [ { repo: l } ]\nrepos: *x\n', 'its `repos` is no list'],
    ['repos:\n- repo: x\n  hooks:\n  - id: drainlint-staged\n', 'the hook is there already'],
  ])('left as it is: %j', (text, reason) => expect(withHook(text, ORIGIN)).toEqual({ reason: expect.stringContaining(reason) }));
});
