import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTY, project } from '../run-cli.js';
import { actionCopy } from './action-copy.js';
import { annotationsOf, evaluate, fileCommands, play, readAction, type Job, type Outcome, type Used } from './runner.js';

interface Finding { readonly ruleId: string; readonly severity: string; readonly path: string; readonly startLine: number; readonly startColumn: number; readonly message: string; readonly suggestion: string; readonly order: number }
interface Report { readonly findings: readonly Finding[]; readonly summary: { readonly errors: number; readonly warnings: number; readonly notes: number } }

const UPLOAD = 'github/codeql-action/upload-sarif@';
const upload = ({ used }: Outcome): Used | undefined => used.find(({ uses }) => uses.startsWith(UPLOAD));
const reportOf = ({ outputs }: Outcome): Report => JSON.parse(readFileSync(outputs.report!, 'utf8')) as Report;
/** Code scanning is not to be had. */
const refusing = ({ uses }: Used): boolean => !uses.startsWith(UPLOAD);

let action: string, faulty: string, clean: string;
/** After the first run the action is built: on GitHub it is once for each job. */
const run = (workspace: string, inputs: Job['with'], more: Partial<Job> = {}): Outcome => play({ action, workspace, with: inputs, ...(existsSync(join(action, 'dist/start.cjs')) && { without: 'Build drainlint' }), ...more });

beforeAll(() => {
  action = actionCopy();
  faulty = project(FAULTY);
  clean = project({ 'Dockerfile': 'FROM python:3.12-slim\nCMD ["python", "-V"]\n' });
  // the first run installs and builds, as each one on GitHub does
  expect(existsSync(join(action, 'dist'))).toBe(false);
  const first = run(clean, {});
  expect(first.log.slice(-2000), first.log).toContain('no findings');
}, 300_000);
afterAll(() => [action, faulty, clean].forEach(path => rmSync(path, { recursive: true, force: true })));

describe('action.yml', () => {
  test('no script has an expression in its text, every input is used, every action is pinned', () => {
    const { inputs, runs: { using, steps } } = readAction(action);
    expect(using).toBe('composite');
    expect(steps.filter(({ run: script }) => script?.includes('${{'))).toEqual([]);
    const texts = JSON.stringify(steps);
    expect(Object.keys(inputs).filter(name => !texts.includes(`inputs.${name} `))).toEqual([]);
    expect(steps.flatMap(({ uses }) => uses ?? []).filter(uses => !/^[\w-]+\/[\w/-]+@[0-9a-f]{40}$/.test(uses))).toEqual([]);
  });
});

describe('a faulty project', () => {
  test('without code scanning: annotations are the report, outputs its counts, and the job fails', () => {
    const outcome = run(faulty, { sarif: 'never' });
    const { findings, summary } = reportOf(outcome);
    expect(outcome.code).toBe(1);
    expect(upload(outcome)).toBeUndefined();
    expect(summary.errors).toBeGreaterThan(1);
    const told = outcome.annotations.map(({ level, properties, message }) => [level === 'notice' ? 'note' : level, properties.title, properties.file, properties.line, properties.col, message].join('|')).sort();
    expect(told).toEqual(findings.map(({ severity, ruleId, path, startLine, startColumn, message, suggestion }) => [severity, ruleId, path, startLine, startColumn, `${message}\n${suggestion}`].join('|')).sort());
    expect(outcome.outputs).toMatchObject({ errors: String(summary.errors), warnings: String(summary.warnings), notes: String(summary.notes), findings: String(findings.length) });
    expect(existsSync(outcome.outputs['sarif-file']!)).toBe(true);
    for (const { ruleId } of findings) expect(outcome.summary).toContain(ruleId);
  });

  test('with code scanning: uploaded, no annotations, and the job fails', () => {
    const outcome = run(faulty, {});
    expect(outcome.code).toBe(1);
    expect(upload(outcome)!.with).toEqual({ sarif_file: outcome.outputs['sarif-file'], category: 'drainlint' });
    expect(() => { JSON.parse(readFileSync(outcome.outputs['sarif-file']!, 'utf8')); }).not.toThrow();
    expect(outcome.annotations).toEqual([]);
    expect(outcome.log).toContain('celery/early-ack');
  });

  test('where code scanning refuses: annotations and a notice instead', () => {
    const outcome = run(faulty, {}, { uses: refusing });
    expect(outcome.code).toBe(1);
    expect(outcome.annotations).toHaveLength(reportOf(outcome).findings.length + 1);
    expect(outcome.annotations.at(-1)).toMatchObject({ level: 'notice', message: expect.stringContaining('annotations instead') });
  });

  test('fail-on: never passes, and paths choose', () => {
    expect(run(faulty, { 'fail-on': 'never' }).passed).toBe(true);
    const { findings } = reportOf(run(faulty, { 'paths': 'Dockerfile\n  infra/worker.json  \n', 'fail-on': 'never' }));
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.filter(({ path }) => path.startsWith('app/'))).toEqual([]);
  });
});

test('a clean project passes; with sarif: always only where code scanning takes the report', () => {
  expect(run(clean, {})).toMatchObject({ code: 0, annotations: [], outputs: { errors: '0', findings: '0' } });
  expect(run(clean, {}, { uses: refusing })).toMatchObject({ code: 0, annotations: [{ level: 'notice' }] });
  expect(run(clean, { sarif: 'always' })).toMatchObject({ code: 0, annotations: [] });
  expect(run(clean, { sarif: 'always' }, { uses: refusing })).toMatchObject({ code: 1, annotations: [{ level: 'error', message: expect.stringContaining('security-events: write') }] });
});

test.each([
  [{ 'fail-on': 'sometimes' }, 'sometimes'], [{ preset: 'harsh' }, 'harsh'], [{ sarif: 'maybe' }, 'maybe'], [{ paths: 'no/such/path' }, 'no/such/path'],
  [{ 'working-directory': 'nowhere' }, 'nowhere'], [{ config: 'none.yaml' }, 'none.yaml'], [{ since: 'no-such-branch' }, 'no-such-branch'],
])('%o ends with 2 and says so', (inputs, word) => {
  const outcome = run(faulty, inputs);
  expect(outcome.code).toBe(2);
  expect(outcome.annotations).toMatchObject([{ level: 'error', message: expect.stringContaining(word) }]);
  expect(upload(outcome)).toBeUndefined();
});

describe('inputs that would be more than values', () => {
  const HOSTILE = ['; touch pwned', '$(touch pwned)', '`touch pwned`', '"; touch pwned; "', 'x\nexit-code=0\nerrors=0', '--fix', '${{ github.token }}', 'x\n::error::pwned'];
  const inputs = ['paths', 'preset', 'fail-on', 'baseline', 'config', 'since', 'sarif', 'working-directory'];
  test.each(HOSTILE.flatMap(value => inputs.map(name => [name, value])))('%s: %j runs nothing', (name, value) => {
    const before = readFileSync(join(faulty, 'app/celery.py'), 'utf8');
    const outcome = run(faulty, { [name!]: value! });
    expect(outcome.code).toBe(2);
    expect(outcome.outputs.errors).toBe('');
    expect(outcome.annotations).toHaveLength(1);
    expect(existsSync(join(faulty, 'pwned'))).toBe(false);
    expect(readFileSync(join(faulty, 'app/celery.py'), 'utf8')).toBe(before);
  });

  test('lines of the repository are no commands', () => {
    const files = { ...FAULTY, 'app/celery.py': FAULTY['app/celery.py'].toString().replace('@app.task', "@app.task(name='##[error]pwned')").replace('def export(user):', 'def export(user):  # ##[error]pwned ::error::pwned') };
    const workspace = project(files);
    const outcome = run(workspace, {});
    expect(outcome.log).toContain('error]pwned');
    expect(outcome.log).not.toContain('##[error]');
    expect(outcome.annotations).toEqual([]);
    rmSync(workspace, { recursive: true });
  });
});

describe('a pull request', () => {
  let origin: string, base: string;
  const git = (cwd: string, ...args: readonly string[]): string => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'protocol.file.allow=always', ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  const event = (sha: string): unknown => ({ pull_request: { base: { sha } } });

  beforeAll(() => {
    origin = project({ ...FAULTY, 'infra/worker.json': '{}\n' });
    git(origin, 'init', '--quiet', '--initial-branch=main');
    git(origin, 'add', '-A');
    git(origin, 'commit', '--quiet', '-m', 'Start');
    base = git(origin, 'rev-parse', 'HEAD');
    git(origin, 'checkout', '--quiet', '-b', 'topic');
    writeFileSync(join(origin, 'infra/worker.json'), FAULTY['infra/worker.json']);
    git(origin, 'commit', '--quiet', '-am', 'Add the container');
  });
  const shallow = (): string => {
    const workspace = join(project({}), 'checkout');
    git(origin, 'clone', '--quiet', '--depth=1', '--branch=topic', `file://${origin}`, workspace);
    return workspace;
  };

  test('reports what is new, and fetches the base where the checkout has one commit only', () => {
    const full = reportOf(run(origin, { since: 'none' })).findings;
    const workspace = shallow();
    expect(() => git(workspace, 'cat-file', '-e', base)).toThrow();
    const outcome = run(workspace, { sarif: 'never' }, { event: event(base) });
    const fresh = reportOf(outcome).findings;
    expect(fresh.length).toBeGreaterThan(0);
    expect(fresh.length).toBeLessThan(full.length);
    expect(outcome.annotations.map(({ properties }) => properties.title).sort()).toEqual(fresh.map(({ ruleId }) => ruleId).sort());
    expect(reportOf(run(workspace, { since: 'none' }, { event: event(base) })).findings).toHaveLength(full.length);
  });

  test('reports everything, and says why, where the base is not to be had', () => {
    const workspace = shallow();
    git(workspace, 'remote', 'set-url', 'origin', `file://${origin}-gone`);
    const outcome = run(workspace, {}, { event: event(base) });
    expect(outcome.annotations).toMatchObject([{ level: 'notice', message: expect.stringContaining('fetch-depth: 0') }]);
    expect(outcome.code).toBe(1);
  });
});

test('a runner without Node gets one, any other keeps its own', () => {
  const bare = project({}), tools = join(bare, 'tools'), node = join(bare, 'node');
  for (const folder of [tools, node]) mkdirSync(folder);
  for (const tool of ['bash', 'git']) symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(tools, tool));
  symlinkSync(process.execPath, join(node, 'node'));
  const outcome = run(clean, { sarif: 'never' }, { path: tools, uses: ({ uses }) => (uses.startsWith('actions/setup-node@') ? node : true) });
  expect(outcome).toMatchObject({ code: 0, used: [{ with: { 'package-manager-cache': 'false' } }] });
  expect(run(clean, { sarif: 'never' }).used).toEqual([]);
});

describe('the runner played here', () => {
  test('evaluates what the action writes', () => {
    const contexts = { inputs: { sarif: 'never' }, steps: { a: { outputs: { x: 'true' } } }, github: { event: { merge_group: { base_sha: 'b' } } } };
    const value = (source: string, ok = true): unknown => evaluate(source, contexts, ok);
    expect([value("inputs.sarif != 'never'"), value("steps.a.outputs.x == 'true' && always()", false), value('success() || !failure()', false), value('github.event.pull_request.base.sha || github.event.merge_group.base_sha')]).toEqual([false, true, false, 'b']);
    expect(() => value('nothing.here')).toThrow('no context');
    expect(() => value("hashFiles('x')")).toThrow();
  });
  test('reads files and lines as GitHub does', () => {
    expect(fileCommands('a=1\nb<<END\nx\ny=2\nEND\n')).toEqual({ a: '1', b: 'x\ny=2' });
    expect(annotationsOf('::error file=a%2Cb,line=3::x%0Ay%25\n::stop-commands::t\n::error::no\n::t::\n::notice::n')).toEqual([
      { level: 'error', properties: { file: 'a,b', line: '3' }, message: 'x\ny%' }, { level: 'notice', properties: {}, message: 'n' },
    ]);
  });
});
