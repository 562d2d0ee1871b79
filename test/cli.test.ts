import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_CONFIG } from '../src/config.js';
import { drainlint, FAULTY, project } from './run-cli.js';

let folder: string;
const made: string[] = [];
const fresh = (files: Readonly<Record<string, string>>): string => { const one = project(files); made.push(one); return one; };
beforeAll(() => { folder = fresh(FAULTY); });
afterAll(() => made.forEach(one => rmSync(one, { recursive: true, force: true })));

interface Json { readonly findings: readonly { readonly ruleId: string; readonly path: string; readonly severity: string; readonly fingerprint: string; readonly suppressed: unknown }[]; readonly summary: Readonly<Record<string, number>> }
const json = (where: string, ...args: string[]): Json => JSON.parse(drainlint(where, ['check', '--format', 'json', '--fail-on', 'never', ...args]).out) as Json;
const ids = (where: string, ...args: string[]): readonly string[] => json(where, ...args).findings.filter(finding => !finding.suppressed).map(finding => finding.ruleId);

describe('exit codes', () => {
  test.each([
    [1, []], [1, ['check']], [1, ['.']], [1, ['check', '.', '--fail-on', 'error']], [0, ['--fail-on', 'never']], [1, ['--fail-on', 'note', '--format', 'json']],
    [0, ['--version']], [0, ['--help']], [0, ['rules']], [0, ['explain', 'celery/early-ack']], [0, ['settings']],
    [2, ['nowhere']], [2, ['--nope']], [2, ['--format', 'xml']], [2, ['--fail-on', 'fatal']], [2, ['--rule', 'celery/early-ak']], [2, ['explain', 'nothing/here']], [2, ['explain']], [2, ['--config', 'absent.yaml']],
    [2, ['--format', 'json:/nowhere/at/all.json']],
  ])('%i: drainlint %j', (code, args) => {
    const run = drainlint(folder, args);
    expect(run.err).not.toMatch(/^\s+at /m);
    expect(run.code).toBe(code);
    if (code === 2) expect(run.err).not.toBe('');
  });
  test('an empty folder: 0 with a notice', () => {
    expect(drainlint(fresh({}), [])).toEqual({ code: 0, out: 'nothing to audit: there are no files here\n', err: '' });
  });
  test('the same for every format', () => {
    for (const format of ['text', 'concise', 'json', 'github', 'markdown', 'sarif', 'gitlab', 'junit', 'rdjson']) expect(drainlint(folder, ['--format', format]).code, format).toBe(1);
  });
});

describe('words that are nearly right', () => {
  test.each([
    [['explian'], 'explian does not exist, did you mean explain'], [['--format', 'jsn'], 'there is no format jsn, did you mean json'], [['--rule', 'early-ack2'], 'there is no rule early-ack2'],
    [['--rule', 'celery/early-ak'], 'there is no rule celery/early-ak, did you mean celery/early-ack'], [['--verbos'], '--verbose'],
  ])('drainlint %j', (args, message) => expect(drainlint(folder, args).err).toContain(message));
  test('explain takes the fault alone', () => expect(drainlint(folder, ['explain', 'early-ack']).out).toContain('celery/early-ack'));
});

describe('what is reported', () => {
  test('--rule and --ignore-rule', () => {
    expect(new Set(ids(folder, '--rule', 'celery/early-ack'))).toEqual(new Set(['celery/early-ack']));
    expect(ids(folder)).toContain('celery/early-ack');
    expect(ids(folder, '--ignore-rule', 'celery/early-ack')).not.toContain('celery/early-ack');
  });
  test('strict shows at least what recommended does', () => {
    const [some, all] = [ids(folder, '--preset', 'recommended'), ids(folder, '--preset', 'strict')];
    expect(all).toEqual(expect.arrayContaining([...some]));
    expect(json(folder).summary.hidden).toBe(all.length - some.length);
  });
  test('a file: the whole project is analysed, findings for it alone', () => {
    const there = json(folder, 'infra/worker.json').findings;
    expect(there.length).toBeGreaterThan(0);
    expect(there).toEqual(json(folder).findings.filter(finding => finding.path === 'infra/worker.json'));
  });
  test('a folder: only it is scanned', () => {
    expect(json(folder, 'infra').findings.every(finding => finding.path.endsWith('worker.json'))).toBe(true);
  });
  test('inside git, paths are relative to its top and a folder below is a part of it', () => {
    const top = fresh(Object.fromEntries(Object.entries(FAULTY).map(([path, text]) => [`services/billing/${path}`, text])));
    execFileSync('git', ['init', '-q'], { cwd: top });
    expect(json(join(top, 'services/billing')).findings[0]!.path).toMatch(/^services\/billing\//);
    expect(json(top).findings).toEqual(json(join(top, 'services')).findings);
  });
  test('fingerprints survive lines that move', () => {
    const moved = fresh({ ...FAULTY, 'app/celery.py': `# a\n# b\n\n${FAULTY['app/celery.py']!}` });
    const of = (where: string): readonly string[] => json(where).findings.map(finding => finding.fingerprint).sort();
    expect(of(moved)).toEqual(of(folder));
    expect(new Set(of(folder)).size).toBe(of(folder).length);
  });
});

test('options that several task functions share are mended where they stand, not in each decorator; hidden folders hold no program', () => {
  const where = fresh({
    'shop.py': 'from celery import Celery\nimport requests\n\napp = Celery("shop", broker="redis://r")\nSHARED = {"autoretry_for": (OSError,), "default_retry_delay": 6}\n\n\n@app.task(**SHARED)\ndef shared(url):\n    requests.post(url, timeout=5)\n\n\n@app.task(autoretry_for=(OSError,), default_retry_delay=6)\ndef own(url):\n    requests.post(url, timeout=5)\n',
    '.rules/faulty.py': 'from celery import Celery\n\napp = Celery("example", broker="redis://r")\n\n\n@app.task(autoretry_for=(OSError,), default_retry_delay=6)\ndef example(url):\n    pass\n',
  });
  const { findings } = json(where, '--preset', 'strict', '--rule', 'tasks/retry-without-backoff') as unknown as { readonly findings: readonly { readonly path: string; readonly suggestion: string; readonly fix?: object }[] };
  expect(findings.map(({ path, suggestion, fix }) => [path, /(?:beside|in the options of)[^;]*/.exec(suggestion)![0], fix !== undefined])).toEqual([
    ['shop.py', 'beside autoretry_for in shop.py:5', false], ['shop.py', 'in the options of own', true],
  ]);
});

test('a named file that the tree does not list is said to be left out', () => {
  const where = fresh({ ...FAULTY, '.gitignore': 'app/celery.py\n', 'node_modules/x/tasks.py': FAULTY['app/celery.py']!.toString(), 'notes.md': '' });
  execFileSync('git', ['init', '-q'], { cwd: where });
  expect(drainlint(where, ['app/celery.py', '--format', 'concise'])).toEqual({ code: 0, out: '', err: 'not audited: app/celery.py (ignored by git)\n' });
  expect(drainlint(where, ['node_modules/x/tasks.py']).err).toBe("not audited: node_modules/x/tasks.py (in a folder of other people's code)\n");
  execFileSync('git', ['add', '-f', 'app/celery.py'], { cwd: where });
  expect(drainlint(where, ['app/celery.py', 'notes.md'])).toMatchObject({ code: 1, err: '' });
});

describe('the configuration', () => {
  const config = 'drainlint.config.yaml';
  test('is found upwards, switches rules off and changes severities', () => {
    const where = fresh({ ...FAULTY, [config]: 'rules: { celery/early-ack: off, container/shell-swallows-signal: note }\n' });
    execFileSync('git', ['init', '-q'], { cwd: where });
    const { findings } = json(join(where, 'infra'), join(where, 'app/celery.py'), join(where, 'infra/worker.json'));
    expect(findings.map(finding => finding.ruleId)).not.toContain('celery/early-ack');
    expect(findings.filter(finding => finding.ruleId === 'container/shell-swallows-signal').map(finding => finding.severity)).toEqual(['note']);
  });
  test('ignores, with a reason; --no-ignores shows them', () => {
    const where = fresh({ ...FAULTY, [config]: 'ignore: [ { rule: celery/early-ack, path: app/**, reason: metrics only } ]\n' });
    expect(ids(where)).not.toContain('celery/early-ack');
    expect(json(where).summary.suppressed).toBe(1);
    expect(ids(where, '--no-ignores')).toContain('celery/early-ack');
  });
  test('an unknown key is exit 2 with its line; an unknown rule is a finding', () => {
    const where = fresh({ ...FAULTY, [config]: 'rule: {}\n' });
    expect(drainlint(where, [])).toEqual({ code: 2, out: '', err: `drainlint: ${config}:1: unknown key rule, did you mean rules\n` });
    writeFileSync(join(where, config), 'rules: { celery/early-ak: off }\n');
    expect(json(where).findings.find(finding => finding.ruleId === 'audit/unknown-rule')).toMatchObject({ path: config, severity: 'warning' });
  });
});

test('comments suppress where they stand', () => {
  const text = FAULTY['app/celery.py']!;
  const reported = json(folder, '--rule', 'celery/early-ack').findings[0]!;
  expect(reported.path).toBe('app/celery.py');
  const line = (reported as unknown as { startLine: number }).startLine;
  const with_ = (comment: string): string => text.split('\n').flatMap((row, i) => (i === line - 1 ? [comment, row] : [row])).join('\n');
  const where = fresh({ ...FAULTY, 'app/celery.py': with_('# drainlint: ignore celery/early-ack -- metrics only') });
  expect(ids(where)).not.toContain('celery/early-ack');
  writeFileSync(join(where, 'app/celery.py'), with_('# drainlint: ignore celery/early-ack'));
  expect(ids(where)).toEqual(expect.arrayContaining(['celery/early-ack', 'audit/suppression-without-reason']));
});

describe('output', () => {
  test('several formats in one run, into files and stdout', () => {
    const where = fresh(FAULTY);
    const run = drainlint(where, ['--format', 'concise', '--format', 'json:report.json']);
    const read = JSON.parse(readFileSync(join(where, 'report.json'), 'utf8')) as Json;
    expect(run.out.trim().split('\n')).toHaveLength(read.findings.length);
  });
  test('colours: off in a pipe, --color, NO_COLOR, FORCE_COLOR; a path after --color is a path', () => {
    const colored = (args: string[], env = {}): boolean => drainlint(folder, args, env).out.includes('\u001b[');
    expect([colored([]), colored(['--color', '.']), colored(['--color=always']), colored([], { FORCE_COLOR: '1' }), colored([], { FORCE_COLOR: '1', NO_COLOR: '1' }), colored(['--no-color'], { FORCE_COLOR: '1' })])
      .toEqual([false, true, true, true, false, false]);
  });
  test('github also writes the step summary', () => {
    const where = fresh(FAULTY);
    const run = drainlint(where, ['--format', 'github'], { GITHUB_STEP_SUMMARY: join(where, 'summary.md') });
    expect(run.out).toMatch(/^::error file=/);
    expect(readFileSync(join(where, 'summary.md'), 'utf8')).toMatch(/^## drainlint: \d+ errors?/);
  });
  test('--timings on stderr: stages, and inside them formats, parsers, steps of the join and rules', () => {
    const { err } = drainlint(folder, ['--timings', '--no-cache']);
    for (const line of [/ms {2}finding files$/m, /ms {2}reading files$/m, /ms {4}python\b/m, /ms {6}Python parser\b/m, /ms {2}joining$/m, /ms {2}judging$/m]) expect(err).toMatch(line);
  });
  test('settings names the origin', () => expect(drainlint(folder, ['settings']).out).toMatch(/task_time_limit +600 +.*app\/celery\.py:4/));
  test('a reader that leaves early is no fault', () => {
    const bin = JSON.stringify(new URL('../bin/drainlint.js', import.meta.url).pathname);
    expect(execFileSync('sh', ['-c', `node ${bin} check --format json | head -c 1; echo`], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })).toBe('{\n');
  });
});

describe('fixes', () => {
  const SHELL = ['--rule', 'container/shell-swallows-signal'];
  test('--diff prints a patch that git applies, and writes nothing', () => {
    const where = fresh(FAULTY);
    const before = readFileSync(join(where, 'infra/worker.json'), 'utf8');
    const { out, code } = drainlint(where, ['--diff', ...SHELL]);
    expect(code).toBe(1);
    expect(readFileSync(join(where, 'infra/worker.json'), 'utf8')).toBe(before);
    execFileSync('git', ['apply', '-'], { cwd: where, input: out, env: { ...process.env, GIT_CEILING_DIRECTORIES: join(where, '..') } });
    expect(ids(where, ...SHELL)).toEqual([]);
  });
  test('--fix writes them, and reports what is left', () => {
    const where = fresh(FAULTY);
    const run = drainlint(where, ['--fix', ...SHELL, '--format', 'concise']);
    expect(run).toMatchObject({ code: 0, out: '' });
    expect(run.err).toContain('infra/worker.json');
    expect(ids(where, ...SHELL)).toEqual([]);
  });
  test('a file that must not be written is named, the others are written, and what is left sets the exit code', () => {
    const files = { ...FAULTY, 'Dockerfile': `\ufeff${FAULTY.Dockerfile}`, 'infra/other task.json': FAULTY['infra/worker.json']!.replaceAll('\n', '\r\n').replace('"family": "worker"', '"family": "other"') };
    const where = fresh(files);
    chmodSync(join(where, 'infra/worker.json'), 0o444);
    const { out } = drainlint(where, ['--diff', ...SHELL]);
    const run = drainlint(where, ['--fix', ...SHELL, '--format', 'concise']);
    expect(run.err).toContain('left alone: infra/worker.json (read-only)\n');
    expect(run.err).toContain('mended Dockerfile, infra/other task.json\n');
    expect(run.code).toBe(1);
    expect(run.out).toMatch(/^infra\/worker\.json:/);
    const copy = fresh(files);
    execFileSync('git', ['apply', '-'], { cwd: copy, input: out, env: { ...process.env, GIT_CEILING_DIRECTORIES: join(copy, '..') } });
    for (const path of ['Dockerfile', 'infra/other task.json']) expect(readFileSync(join(copy, path), 'utf8')).toBe(readFileSync(join(where, path), 'utf8'));
    expect(readFileSync(join(copy, 'Dockerfile'), 'utf8')).toMatch(/^\ufeff.*\n.*\n.*\nCMD exec celery/);
    expect(readFileSync(join(copy, 'infra/other task.json'), 'utf8')).toMatch(/exec celery[^]*\r\n\}\r\n$/);
  });
  test('a path after --fix is a path; another level is refused', () => {
    const where = fresh(FAULTY);
    mkdirSync(join(where, 'empty'));
    expect(drainlint(where, ['--fix', 'empty'])).toMatchObject({ code: 0, err: '' });
    expect(drainlint(where, ['--fix=some', 'empty']).code).toBe(2);
  });
});

test('--print-config: what holds at a path, and where it comes from', () => {
  const where = fresh({ ...FAULTY, 'team.yaml': 'thresholds: { maxTaskSeconds: 300 }\n', 'drainlint.config.yaml': 'extends: ./team.yaml\nrules: { celery/early-ack: note }\noverrides: [ { paths: [app/**], rules: { celery/early-ack: error } } ]\n' });
  const all = drainlint(where, ['check', '--print-config', '--ignore-rule', 'ecs/log-loss']).out;
  for (const line of ['"maxTaskSeconds": 300 # team.yaml:1', '"celery/early-ack": "note" # drainlint.config.yaml:2', '"ecs/log-loss": "off" # --ignore-rule', '"prefetchMultiplier": 1 # default']) expect(all).toContain(line);
  expect(drainlint(where, ['check', '--print-config', 'app/celery.py']).out).toContain('"celery/early-ack": "error" # drainlint.config.yaml:3');
  expect((parse(all) as { readonly thresholds: unknown }).thresholds).toEqual({ ...DEFAULT_CONFIG.thresholds, maxTaskSeconds: 300 });
  const asJson = JSON.parse(drainlint(where, ['check', '--print-config', '--format', 'json', 'app/celery.py']).out) as Record<string, unknown>;
  expect(asJson).toMatchObject({ ...(parse(drainlint(where, ['check', '--print-config', 'app/celery.py']).out) as object), rules: { 'celery/early-ack': 'error' }, origins: { 'rules.celery/early-ack': 'drainlint.config.yaml:3', 'thresholds.maxTaskSeconds': 'team.yaml:1' } });
  expect(drainlint(where, ['check', '--print-config', '--format', 'html'])).toMatchObject({ code: 2, err: expect.stringContaining('--format text or --format json') });
});
