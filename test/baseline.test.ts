import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { parseBaseline, printBaseline } from '../src/baseline.js';
import { DEFAULT_CONFIG } from '../src/config.js';
import type { BaselineEntry, Report } from '../src/model/index.js';
import { rules } from '../src/rules/index.js';
import { drainlint, FAULTY, project, type Run } from './run-cli.js';

const made: string[] = [];
const fresh = (files: Readonly<Record<string, string>>): string => { const one = project(files); made.push(one); return one; };
afterAll(() => made.forEach(one => rmSync(one, { recursive: true, force: true })));

const FILE = 'known.jsonl';
let where: string;
const run = (...args: string[]): Run => drainlint(where, ['--preset', 'strict', '--fail-on', 'note', '--baseline', FILE, '--format', 'concise', ...args]);
const read = (): string => readFileSync(join(where, FILE), 'utf8');
const lines = (): readonly string[] => read().trimEnd().split('\n');
const entry = (line: string): BaselineEntry => JSON.parse(line) as BaselineEntry;
const put = (path: string, text: string): void => { mkdirSync(dirname(join(where, path)), { recursive: true }); writeFileSync(join(where, path), text); };

describe('--baseline', () => {
  beforeEach(() => { where = fresh(FAULTY); });

  test('is written sorted, read back, and written again byte for byte', () => {
    expect(run()).toEqual({ code: 2, out: '', err: `drainlint: ${FILE}: there is no such baseline; --update-baseline writes it\n` });
    expect(run('--update-baseline')).toMatchObject({ code: 0, out: '' });
    const [written, found] = [read(), lines().map(entry)];
    expect(found.length).toBeGreaterThan(4);
    expect(new Set(found.map(one => one.fingerprint)).size).toBe(found.length);
    expect(lines()).toEqual([...found].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : a.fingerprint < b.fingerprint ? -1 : 1)).map(one => JSON.stringify(one)));
    expect(run()).toEqual({ code: 0, out: '', err: '' });
    expect(run('--update-baseline').err).toBe(`${FILE}: ${found.length} known findings (0 added, 0 removed)\n`);
    expect(read()).toBe(written);
    expect(readdirSync(where).filter(name => name.endsWith('.tmp'))).toEqual([]);
    const { findings } = JSON.parse(run('--format', 'json').out) as { findings: readonly { suppressed: { kind: string; reason: string; at: { startLine: number } } }[] };
    expect(new Set(findings.map(({ suppressed }) => suppressed.kind))).toEqual(new Set(['baseline']));
    expect(findings.map(({ suppressed }) => suppressed.at.startLine).sort((a, b) => a - b)).toEqual(found.map((_, i) => i + 1));
    expect(run('--no-ignores').code).toBe(1);
  });

  test('keeps a reason, reports what became worse, names what is stale, and takes in what is new', () => {
    run('--update-baseline');
    const before = lines();
    const reasoned = { ...entry(before[1]!), reason: 'mended in May' };
    const [odd, lower] = [JSON.stringify(reasoned).replace(',', ', '), { ...entry(before[0]!), severity: 'note' }];
    const stale = { path: 'gone.py', rule: 'celery/early-ack', severity: 'error', fingerprint: '0'.repeat(32) };
    writeFileSync(join(where, FILE), [JSON.stringify(lower), odd, ...before.slice(2), JSON.stringify(stale)].map(line => `${line}\n`).join(''));
    const { code, out } = run();
    expect(code).toBe(1);
    expect(out.split('\n').filter(line => line !== '').map(line => line.split(' ').slice(1, 3).join(' '))).toEqual(expect.arrayContaining([`${entry(before[0]!).severity} ${lower.rule}`, 'note audit/stale-baseline-entry']));
    expect(out).toContain(`${FILE}:${before.length + 1}:1: note audit/stale-baseline-entry celery/early-ack is no longer reported in gone.py`);
    expect(run('--since', 'HEAD').code).toBe(2); // outside git
    put('app/more.py', "from app.celery import app\n\n\n@app.task(bind=True, max_retries=None)\ndef other(self):\n    try:\n        call()\n    except OSError as error:\n        raise self.retry(exc=error)\n");
    run('--update-baseline');
    expect(lines()).toEqual(expect.arrayContaining([before[0]!, odd, ...before.slice(2)]));
    expect(read()).not.toContain('gone.py');
    expect(read()).toContain('"rule":"tasks/retry-without-limit"');
  });

  test('an update that looks at a part keeps the entries of the rest', () => {
    run('--update-baseline');
    const all = read();
    const stale = { path: 'infra/worker.json', rule: 'celery/early-ack', severity: 'error', fingerprint: '0'.repeat(32) };
    writeFileSync(join(where, FILE), `${all}${JSON.stringify(stale)}\n`);
    for (const part of [['app'], ['app/celery.py'], ['git'], ['app'], ['--rule', 'container/shell-swallows-signal']]) {
      if (part[0] === 'git') { spawnSync('git', ['init', '-q'], { cwd: where }); continue; }
      run('--update-baseline', ...part);
      expect(lines().map(line => entry(line)).filter(one => all.includes(one.fingerprint)), part.join(' ')).toHaveLength(all.trimEnd().split('\n').length);
      expect(read(), part.join(' ')).toContain('0'.repeat(32));
    }
    run('--update-baseline', 'infra/worker.json');
    expect(read()).not.toContain('0'.repeat(32));
    run('--update-baseline');
    expect(read()).toBe(all);
  });

  test('is found by the configuration, relative to it', () => {
    put('drainlint.config.yaml', 'extends: strict\nbaseline: infra/known.jsonl\n');
    expect(drainlint(where, ['--update-baseline']).err).toMatch(/^infra\/known\.jsonl: \d+ known findings/);
    expect(existsSync(join(where, 'infra/known.jsonl'))).toBe(true);
    expect(drainlint(where, ['--fail-on', 'note'])).toMatchObject({ code: 0, err: '' });
    expect(drainlint(fresh({}), ['--update-baseline'])).toMatchObject({ code: 2, err: 'drainlint: --update-baseline does not know the file: add --baseline FILE, or `baseline: FILE` to drainlint.config.yaml\n' });
  });

  test.each([
    ['<<<<<<< HEAD', 'a merge conflict is not resolved here'], ['{"path":"a"', 'this line is no JSON object'], ['[]', 'this line is no JSON object'], ['{"path":"a"}', 'this entry lacks rule'],
    ['{"path":"a","rule":"r","severity":"error","fingerprint":"x"}', 'fingerprint is not 32'], ['{"reasn":"x"}', 'unknown key reasn, did you mean reason'],
    [`{"path":"a","rule":"r","severity":"fatal","fingerprint":"${'0'.repeat(32)}"}`, 'severity is "fatal"'],
  ])('%s is said with its line', (line, said) => {
    const good = JSON.stringify({ path: 'a', rule: 'r', severity: 'note', fingerprint: '1'.repeat(32) });
    put(FILE, `${good}\n${line}\n`);
    const { code, err } = run();
    expect(code).toBe(2);
    expect(err).toContain(`drainlint: ${FILE}:2: ${said}`);
    expect(err.split('\n')).toHaveLength(2);
  });
});

/** A small application whose findings stand in code, in a Dockerfile and in a task definition. */
const SHOP: Readonly<Record<string, string>> = {
  'svc/Dockerfile': 'FROM python:3.12-slim\nWORKDIR /srv\nCOPY shop shop\nCMD celery -A shop.celery worker\n',
  'svc/shop/__init__.py': '',
  'svc/shop/celery.py': "from celery import Celery\n\napp = Celery('shop', broker='redis://cache:6379/0', include=['shop.tasks'])\n",
  'svc/shop/tasks.py': [
    'from shop.celery import app', 'import requests', '',
    ...['one', 'two'].flatMap(name => ['', '@app.task(bind=True, max_retries=None)', `def ${name}(self, user):`, '    try:', "        requests.post('https://example.org', json={'user': user})", '    except OSError as error:', '        raise self.retry(exc=error, countdown=5)', '']), '',
  ].join('\n'),
  'svc/infra/worker.json': `${JSON.stringify({ family: 'worker', requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name: 'worker', image: 'svc', essential: true }] }, null, 2)}\n`,
};

/** What formatters and movers do to a file, by its name; none changes what the file says. */
const REWRITES: readonly (readonly [RegExp, (text: string) => string])[] = [
  [/\.py$/, text => `# moved down\n\n\n${text}`],
  [/\.py$/, text => text.replaceAll("'", '"')],
  [/\.py$/, text => text.replace(/^ +/gm, indent => indent + indent)],
  [/\.py$/, text => text.replace(/requests\.post\((.*), (json=\{[^\n]*\})\)/g, 'requests.post(\n                        $1,\n                        $2,\n                )')],
  [/\.py$/, text => text.replace(/\(bind=True, max_retries=None\)/g, '(\n    bind=True,\n    max_retries=None,\n)')],
  [/celery\.py$/, text => text.replace("include=['shop.tasks']", "include=['shop.tasks', 'shop.nothing']")],
  [/tasks\.py$/, text => text.replace('import requests', 'import requests\n\n\ndef helper(value):\n    return value + 1')],
  [/\.json$/, text => JSON.stringify(JSON.parse(text))],
  [/\.json$/, text => JSON.stringify(JSON.parse(text), null, '\t')],
  [/Dockerfile$/, text => text.replace('FROM', '# the worker\nFROM')],
  [/Dockerfile$/, text => text.replace('CMD celery -A', 'CMD celery \\\n  -A')],
];
/** Files and folders that are moved; what refers to them still holds. */
const MOVES: readonly (readonly [string, string])[] = [['svc/infra/worker.json', 'svc/infra/task-definition.json'], ['svc/infra', 'svc/deploy'], ['svc', 'services/shop']];

describe('fingerprints', () => {
  let root: string;
  beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'prints-')); });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const files = (): readonly string[] => readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(path => /\.\w+$|file$/.test(path));
  const config = { ...DEFAULT_CONFIG, minConfidence: 'low' as const };
  const auditWith = (baseline: string, update = false): Promise<Report> => audit({ root, rules, config, baseline: { ...parseBaseline(baseline, FILE), update } });

  test('and thus the baseline survive what formatters and movers do; twice updated is the same', async () => {
    await fc.assert(fc.asyncProperty(fc.subarray(REWRITES.map((_, i) => i)), fc.subarray(MOVES.map((_, i) => i)), async (rewrites, moves) => {
      rmSync(root, { recursive: true, force: true });
      for (const [path, text] of Object.entries(SHOP)) { mkdirSync(dirname(join(root, path)), { recursive: true }); writeFileSync(join(root, path), text); }
      const written = printBaseline((await auditWith('', true)).baseline!);
      expect(written.split('\n').length).toBeGreaterThan(8);

      for (const [name, rewrite] of rewrites.map(i => REWRITES[i]!)) for (const path of files().filter(path => name.test(path))) writeFileSync(join(root, path), rewrite(readFileSync(join(root, path), 'utf8')));
      for (const [from, to] of moves.map(i => MOVES[i]!).filter(([from]) => existsSync(join(root, from)))) { mkdirSync(dirname(join(root, to)), { recursive: true }); renameSync(join(root, from), join(root, to)); }

      const after = await auditWith(written);
      expect(after.findings.filter(finding => !finding.suppressed).map(({ ruleId, at, message }) => `${ruleId} ${at.path}:${at.startLine} ${message}`)).toEqual([]);
      expect(new Set(after.findings.map(finding => finding.fingerprint)).size).toBe(after.findings.length);
      const next = printBaseline((await auditWith(written, true)).baseline!);
      expect(next.split('\n')).toHaveLength(written.split('\n').length);
      expect(printBaseline((await auditWith(next, true)).baseline!)).toBe(next);
    }), { numRuns: 30 });
  }, 120_000);

  test('a copy in another file and a second one in the same function are new', async () => {
    for (const [path, text] of Object.entries(SHOP)) { mkdirSync(dirname(join(root, path)), { recursive: true }); writeFileSync(join(root, path), text); }
    const written = printBaseline((await auditWith('', true)).baseline!);
    const tasks = readFileSync(join(root, 'svc/shop/tasks.py'), 'utf8');
    const post = "        requests.post('https://example.org', json={'user': user})\n";
    writeFileSync(join(root, 'svc/shop/tasks.py'), tasks.replace(post, post + post));
    writeFileSync(join(root, 'svc/shop/celery.py'), SHOP['svc/shop/celery.py']!.replace("['shop.tasks']", "['shop.tasks', 'shop.copy']"));
    writeFileSync(join(root, 'svc/shop/copy.py'), tasks);
    const open = (await auditWith(written)).findings.filter(finding => !finding.suppressed && finding.ruleId === 'tasks/no-network-timeout').map(({ at }) => at.path).sort();
    expect(open).toEqual(['svc/shop/copy.py', 'svc/shop/copy.py', 'svc/shop/tasks.py']);
  });

  describe('a value that is touched', () => {
    const TASKS = 'svc/shop/tasks.py', WORKER = 'svc/infra/worker.json';
    const POST = "        requests.post('https://example.org', json={'user': user})\n";
    const short = (seconds: number): string => SHOP[WORKER]!.replace('"image"', `"stopTimeout": ${seconds},\n      "image"`);
    /** What is open after a change, by rule and line, once the first state is known. `reasons`: one for each entry. */
    async function openAfter(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>, reasons = false): Promise<readonly string[]> {
      for (const [path, text] of Object.entries({ ...SHOP, ...before })) { mkdirSync(dirname(join(root, path)), { recursive: true }); writeFileSync(join(root, path), text); }
      const written = printBaseline((await auditWith('', true)).baseline!.map((entry, i) => ({ ...entry, ...(reasons && { reason: `reason ${i}` }) })));
      for (const path of Object.keys(before)) rmSync(join(root, path));
      for (const [path, text] of Object.entries(after)) writeFileSync(join(root, path), text);
      const report = await auditWith(written);
      expect(report.findings.filter(({ ruleId }) => ruleId === 'audit/stale-baseline-entry')).toHaveLength(report.findings.filter(finding => !finding.suppressed && finding.ruleId !== 'audit/stale-baseline-entry').length);
      return report.findings.filter(finding => !finding.suppressed && finding.ruleId !== 'audit/stale-baseline-entry').map(({ ruleId, at }) => `${ruleId} ${at.startLine}`);
    }
    const tasks = SHOP[TASKS]!;

    test.each([
      ['a number in a task definition', { [WORKER]: short(20) }, { [WORKER]: short(45) }],
      ['a number of a call', { [TASKS]: tasks }, { [TASKS]: tasks.replaceAll('countdown=5', 'countdown=7') }],
      ['another argument', { [TASKS]: tasks }, { [TASKS]: tasks.replaceAll("{'user': user}", "{'user': user, **MORE}").replaceAll('exc=error', 'exc=error, queue=SLOW') }],
      ['in a file that was renamed', { [WORKER]: short(20) }, { 'svc/infra/task.json': short(45) }],
      ['one of two that are alike', { [TASKS]: tasks.replace(POST, POST + POST) }, { [TASKS]: tasks.replace(POST, POST + POST.replace('user})', 'user, **MORE})')) }],
    ])('is the same finding: %s', async (_what, before, after) => {
      expect(await openAfter(before, after)).toEqual([]);
    });

    test.each([
      ['another text', { [TASKS]: tasks }, { [TASKS]: tasks.replace("'https://example.org'", "'https://example.com'") }],
      ['another call', { [TASKS]: tasks }, { [TASKS]: tasks.replace('requests.post', 'requests.put') }],
      ['another container', { [WORKER]: SHOP[WORKER]! }, { [WORKER]: SHOP[WORKER]!.replace('"worker",\n      "image"', '"worker-2",\n      "image"') }],
    ])('is another finding: %s', async (_what, before, after) => {
      expect((await openAfter(before, after)).length).toBeGreaterThan(0);
    });

    test('two take no entry of each other: with reasons that differ both are new', async () => {
      const twice = tasks.replace(POST, POST + POST);
      const touched = tasks.replace(POST, POST.replace('user})', 'user, **A})') + POST.replace('user})', 'user, **B})'));
      expect(await openAfter({ [TASKS]: twice }, { [TASKS]: touched })).toEqual([]);
      expect((await openAfter({ [TASKS]: twice }, { [TASKS]: touched }, true)).length).toBeGreaterThanOrEqual(2);
    });
  });
});

test('updates on two branches whose entries stand apart merge without a conflict, in real git', () => {
  const folder = fresh({});
  const name = fc.stringMatching(/^[a-z]{1,6}$/);
  const hex = fc.stringMatching(/^[0-9a-f]{32}$/);
  const some = fc.uniqueArray(fc.record({ path: fc.tuple(name, name).map(parts => `${parts.join('/')}.py`), rule: name.map(id => `tasks/${id}`), severity: fc.constantFrom('error' as const, 'note' as const), fingerprint: hex }), { selector: one => one.fingerprint, minLength: 12, maxLength: 24 });
  fc.assert(fc.property(some, entries => {
    const sorted = printBaseline(entries).trimEnd().split('\n').map(line => JSON.parse(line) as BaselineEntry);
    const [ours, theirs] = [sorted[2]!, sorted[sorted.length - 3]!];
    const base = sorted.filter(one => one !== ours && one !== theirs);
    const text = { base: printBaseline(base), ours: printBaseline([...base, ours]), theirs: printBaseline([...base, theirs].slice(1)) };
    for (const [file, content] of Object.entries(text)) writeFileSync(join(folder, file), content);
    const merged = spawnSync('git', ['merge-file', '-p', 'ours', 'base', 'theirs'], { cwd: folder, encoding: 'utf8' });
    expect(merged.status).toBe(0);
    expect(merged.stdout).toBe(printBaseline(sorted.slice(1)));
  }), { numRuns: 25 });
});
