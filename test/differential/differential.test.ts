import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { audit } from '../../src/audit.js';
import { DEFAULT_CONFIG } from '../../src/config.js';
import type { Setting, TaskFunction, Worker } from '../../src/model/index.js';
import { assemble, choices, DIMENSIONS } from './assemble.js';
import type { Forms, Project } from './draft.js';

/** The releases that are asked, each in its own process. */
const VERSIONS = ['5.2.7', '5.4.0', '5.5.3', '5.6.3', '5.7.0'] as const;
const PROJECTS = Number(process.env.DRAINLINT_PROJECTS ?? 700);
const repository = fileURLToPath(new URL('../../', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'drainlint-differential-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Answer { readonly id: string; readonly error?: string; readonly message?: string; readonly settings?: Record<string, unknown>; readonly fallbacks?: Record<string, unknown>; readonly worker?: Record<string, unknown>; readonly tasks?: Record<string, Record<string, unknown>> }

/** What one release of real Celery makes of the projects, by id. */
async function ask(version: string, jobs: readonly { id: string; dir: string; argv: readonly string[]; env: Readonly<Record<string, string>> }[]): Promise<{ readonly names: readonly string[]; readonly answers: ReadonlyMap<string, Answer> }> {
  const python = join(repository, '.venvs', `celery-${version}`, 'bin', 'python');
  if (!existsSync(python)) throw new Error(`${python} is missing: bash scripts/celery/venvs.sh makes it`);
  const child = spawn(python, [fileURLToPath(new URL('oracle.py', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(jobs.map(job => JSON.stringify(job)).join('\n') + '\n');
  const answers = new Map<string, Answer>();
  let names: readonly string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const answer = JSON.parse(line) as Answer & { names?: readonly string[] };
    if (answer.names) names = answer.names; else answers.set(answer.id, answer);
  }
  return { names, answers };
}

function write(project: Project): string {
  const folder = join(root, project.id);
  for (const [path, text] of Object.entries(project.files)) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), text); }
  return folder;
}

/** Projects that each row of the facts and each style of the corpus is in, at least. */
const LEAST = 20;
const STYLES = ['style-01', 'style-02', 'style-03', 'style-04', 'style-05', 'style-06', 'style-07', 'style-08', 'style-09', 'style-10'];

/** Two forms of different dimensions that stand in no project together. */
function missingPairs(all: readonly Forms[]): readonly string[] {
  const dimensions = Object.entries(DIMENSIONS);
  const seen = new Set(all.flatMap(each => dimensions.flatMap(([a]) => dimensions.map(([b]) => `${a}=${each[a]} ${b}=${each[b]}`))));
  return dimensions.flatMap(([a, forms], i) => dimensions.slice(i + 1).flatMap(([b, others]) => forms.flatMap(one => others.map(other => `${a}=${one} ${b}=${other}`)))).filter(pair => !seen.has(pair));
}

type Verdict = 'agrees' | 'unknown' | 'disagrees' | 'not comparable';
const isOpaque = (value: unknown): boolean => JSON.stringify(value ?? null).includes('⟨opaque⟩');
const seconds = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'seconds' in value ? (value as { seconds: unknown }).seconds : value);
const same = (a: unknown, b: unknown): boolean => JSON.stringify(seconds(a) ?? null) === JSON.stringify(seconds(b) ?? null);
const nothing = (value: unknown): boolean => value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0) || (typeof value === 'object' && Object.keys(value).length === 0);

function verdict(setting: Setting<unknown> | undefined, expected: unknown): Verdict {
  if (isOpaque(expected) || (typeof expected === 'object' && expected !== null && '⟨number⟩' in expected)) return 'not comparable';
  if (!setting || setting.state === 'unknown') return 'unknown';
  // a worker counts whole numbers
  if (setting.state === 'set' && typeof setting.value === 'number' && Number.isInteger(expected) && Math.trunc(setting.value) === expected) return 'agrees';
  // a limit of 0 is none
  if (setting.state === 'unset') return nothing(expected) || expected === 0 ? 'agrees' : 'disagrees';
  if (JSON.stringify(setting.value ?? null).includes('⟨')) return 'unknown';
  return same(setting.value, expected) ? 'agrees' : 'disagrees';
}

const TASK_OPTIONS: readonly (readonly [string, (fn: TaskFunction) => Setting<unknown>])[] = [
  ['acks_late', fn => fn.acksLate], ['reject_on_worker_lost', fn => fn.rejectOnWorkerLost], ['acks_on_failure_or_timeout', fn => fn.acksOnFailureOrTimeout], ['time_limit', fn => fn.timeLimit], ['soft_time_limit', fn => fn.softTimeLimit],
  ['max_retries', fn => fn.retry.maxRetries], ['default_retry_delay', fn => fn.retry.defaultRetryDelay],
];

interface Compared { readonly project: Project; readonly name: string; readonly verdict: Verdict; readonly found: string; readonly expected: unknown; readonly isWritten: boolean }

function compare(project: Project, worker: Worker | undefined, answer: Answer, names: readonly string[]): readonly Compared[] {
  const show = (setting: Setting<unknown> | undefined): string => (setting?.state === 'set' ? JSON.stringify(setting.value) : setting?.state ?? 'absent');
  if (answer.error !== undefined) {
    const isMixed = answer.error === 'ImproperlyConfigured' && /Cannot mix/.test(answer.message ?? '');
    const said = worker?.app?.ineffective.some(({ reason }) => reason === 'mixed-names') ?? false;
    return [{ project, name: `(start) ${answer.error}`, verdict: isMixed ? (said ? 'agrees' : 'disagrees') : 'not comparable', found: said ? 'mixed names' : 'nothing', expected: answer.message, isWritten: true }];
  }
  const falseAlarm: Compared[] = worker?.app?.ineffective.some(({ reason }) => reason === 'mixed-names') ? [{ project, name: '(start)', verdict: 'disagrees', found: 'mixed names', expected: 'starts', isWritten: true }] : [];
  const cpus = answer.worker?.cpu_count;
  // Django's own default, given to Celery by its fixup: not in the files
  const isDjangos = (name: string): boolean => name === 'timezone' && project.forms.load!.startsWith('django');
  const settings = names.filter(name => !isDjangos(name)).map((name): Compared => {
    const setting = worker?.settings.get(name);
    const expected = answer.fallbacks && name in answer.fallbacks ? answer.fallbacks[name] : answer.worker && name in answer.worker ? answer.worker[name] : answer.settings![name];
    const isHost = name === 'worker_concurrency' && setting?.state === 'unset' && expected === cpus;
    return { project, name, verdict: isHost ? 'agrees' : verdict(setting, expected), found: show(setting), expected, isWritten: project.written.includes(name) };
  });
  const tasks = Object.entries(answer.tasks ?? {}).flatMap(([task, options]) => {
    const fn = worker?.functions.find(({ name }) => name === task);
    return TASK_OPTIONS.map(([option, of]): Compared => ({ project, name: `task.${option}`, verdict: verdict(fn && of(fn), options[option]), found: show(fn && of(fn)), expected: options[option], isWritten: true }));
  });
  return [...falseAlarm, ...settings, ...tasks];
}

test('drainlint reads settings as Celery does', { timeout: 600_000 }, async () => {
  const forms = choices(PROJECTS, 'drainlint 1');
  const all: Compared[] = [];
  const rows = new Map<string, number>();
  const refused = new Map<string, number>();
  for (const [v, version] of VERSIONS.entries()) {
    const projects = forms.map((each, i) => assemble(`v${v}-${i}`, version, each));
    const jobs = projects.map(project => ({ id: project.id, dir: write(project), argv: project.argv, env: project.env }));
    const { names, answers } = await ask(version, jobs);
    for (const [i, project] of projects.entries()) {
      const answer = answers.get(project.id)!;
      const { model } = await audit({ root: jobs[i]!.dir, paths: [jobs[i]!.dir], config: DEFAULT_CONFIG, rules: [] });
      const compared = compare(project, model.workers[0], answer, names);
      if (compared[0]?.verdict === 'not comparable' && compared.length === 1) refused.set(`${compared[0].name}: ${String(answer.message).slice(0, 60)}`, (refused.get(compared[0].name) ?? 0) + 1);
      else for (const row of project.rows) rows.set(row, (rows.get(row) ?? 0) + 1);
      all.push(...compared);
    }
  }
  const count = (which: Verdict, of = all): number => of.filter(one => one.verdict === which).length;
  const written = all.filter(one => one.isWritten);
  console.log(`projects ${forms.length}, values ${all.length}: ${count('agrees')} agree, ${count('unknown')} unknown, ${count('disagrees')} disagree, ${count('not comparable')} not comparable`);
  console.log(`of ${written.length} written values: ${count('agrees', written)} agree, ${count('unknown', written)} unknown, ${count('disagrees', written)} disagree`);
  console.log(`refused by Celery for other reasons: ${JSON.stringify([...refused])}`);
  console.log(`rows: ${[...rows].sort().map(([row, n]) => `${row} ${n}`).join(', ')}`);
  const kinds = new Map<string, Compared[]>();
  for (const one of all.filter(each => each.verdict === 'disagrees')) {
    const key = `load=${one.project.forms.load} names=${one.project.forms.names} value=${one.project.forms.value} extra=${one.project.forms.extra}`;
    kinds.set(key, [...(kinds.get(key) ?? []), one]);
  }
  const lines = [...kinds].map(([key, list]) => `${key}: ${list.length} (${list[0]!.name}: ${list[0]!.found} instead of ${JSON.stringify(list[0]!.expected)?.slice(0, 80)}; ${list[0]!.project.id})`);
  if (process.env.DRAINLINT_DUMP) writeFileSync(process.env.DRAINLINT_DUMP, JSON.stringify(all.filter(one => one.verdict === 'disagrees' || one.verdict === 'unknown').map(one => ({ ...one, project: { id: one.project.id, files: one.project.files, forms: one.project.forms, argv: one.project.argv, env: one.project.env } })), null, 1));
  console.log(lines.join('\n'));
  expect(rows.size).toBeGreaterThan(60);
  expect([...rows].filter(([, n]) => n < LEAST).map(([row, n]) => `${row}: ${n}`), 'rows and styles in too few projects').toEqual([]);
  // style 11 is about locks: no setting
  expect(STYLES.filter(style => (rows.get(style) ?? 0) < LEAST)).toEqual([]);
  expect(missingPairs(forms), 'pairs of forms that no project has').toEqual([]);
  expect(count('unknown') / all.length).toBeLessThan(0.05);
  expect(count('disagrees'), 'values that disagree').toBe(0);
});
