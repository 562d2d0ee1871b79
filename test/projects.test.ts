import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { confidenceOf, DEFAULT_CONFIG } from '../src/config.js';
import type { Report } from '../src/model/index.js';
import { reporters } from '../src/reporters/index.js';
import { rules } from '../src/rules/index.js';

/** Whole repositories: those of fixtures/projects (in `tree/`, so that the expected reports beside it are not read) and the examples. */
const PROJECTS = fileURLToPath(new URL('../fixtures/projects', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url));
/** Formats and the end of their expected file's name. */
const FORMATS = {
  text: 'text.txt', concise: 'concise.txt', json: 'report.json', github: 'github.txt', markdown: 'markdown.txt', html: 'report.html', sarif: 'report.sarif', gitlab: 'gitlab.json', junit: 'junit.xml', rdjson: 'rdjson.json',
} as const;
/** A page says most of the other formats again: one of them is enough to be read. */
const isKept = (format: string, name: string): boolean => format !== 'html' || name === 'newsletter';

const clean = readdirSync(PROJECTS).filter(name => name.startsWith('clean-') && existsSync(`${PROJECTS}/${name}/tree`));
const trees = [
  ...clean.map(name => ({ name, root: `${PROJECTS}/${name}/tree` })),
  ...['newsletter', 'newsletter-fixed'].map(name => ({ name, root: `${EXAMPLES}/${name}` })),
];

/** Everything a strict run shows; the version aside, which is none of these reports' business. */
async function strict(root: string, overlay?: ReadonlyMap<string, string>): Promise<Report> {
  const report = await audit({ root, rules, ...(overlay && { overlay }), config: { ...DEFAULT_CONFIG, minConfidence: confidenceOf('strict') }, today: '2026-01-01' });
  return { ...report, tool: { ...report.tool, version: '0.0.0' } };
}

/** A JSON report without the 150 settings that nobody wrote. */
function withoutDefaults(json: string): string {
  const isDefault = (value: unknown): boolean => JSON.stringify(value)?.includes('"origin":[{"text":"default of celery ') ?? false;
  const own = (key: string, value: unknown): unknown => (key === 'settings' ? Object.fromEntries(Object.entries(value as object).filter(([, setting]) => !isDefault(setting))) : value);
  return `${JSON.stringify(JSON.parse(json, own), null, 2)}\n`;
}

const reports = new Map<string, Report>();
const reportOf = (name: string): Report => reports.get(name)!;
beforeAll(async () => { for (const { name, root } of trees) reports.set(name, await strict(root)); });

test('the three brokers have their clean project', () => {
  expect(clean).toEqual(expect.arrayContaining(['clean-rabbitmq', 'clean-redis', 'clean-sqs']));
});

test('every format has its expected file', () => {
  expect(Object.keys(FORMATS).sort()).toEqual(Object.keys(reporters).sort());
});

describe.each(trees)('$name', ({ name }) => {
  test.each(Object.entries(FORMATS).filter(([format]) => isKept(format, name)))('reads as expected: %s', async (format, file) => {
    const reporter = await reporters[format]!();
    const output = reporter(reportOf(name), { color: false, verbose: true });
    await expect(format === 'json' ? withoutDefaults(output) : output).toMatchFileSnapshot(`${PROJECTS}/${name}/expected/${file}`);
  });
});

describe.each([...clean, 'newsletter-fixed'])('%s', name => {
  test('has no finding', () => {
    expect(reportOf(name).findings.map(({ ruleId, at, message }) => `${at.path}:${at.startLine} ${ruleId} ${message}`)).toEqual([]);
    expect(reportOf(name).hidden).toBe(0);
  });
  // A project whose parts were not joined has no finding either.
  test('is understood: one worker on its app, with a broker, a stop time, a bounded drain and tasks acknowledged late', () => {
    const { workers, apps, unresolved } = reportOf(name).model;
    // A secret has no value here.
    expect(unresolved.filter(({ reason }) => !reason.includes('BROKER_PASSWORD'))).toEqual([]);
    expect(workers).toHaveLength(1);
    expect(apps).toHaveLength(1);
    const [worker, app] = [workers[0]!, apps[0]!];
    expect(worker).toMatchObject({ platform: 'fargate', pool: 'prefork', stopTime: { state: 'set', value: 120 }, drainNeed: { is: 'bounded' } });
    expect(app.broker).toBe(name.startsWith('clean-') ? name.slice('clean-'.length) : 'redis');
    expect(app.redeliveryCap).toBeDefined();
    expect(app.functions.length).toBeGreaterThanOrEqual(2);
    for (const fn of app.functions) expect(fn.acksLate, fn.functionName).toMatchObject({ state: 'set', value: true });
  });
});

// Clean because it was judged, not because nothing was seen: each of these lines alone makes the difference.
describe('a line undone is the fault it mended', () => {
  test.each([
    ['clean-redis', 'deploy/task-definition.json', '"stopTimeout": 120', '"stopTimeout": 30', 'ecs/stop-timeout-too-short', 'celery/no-sigterm-remap'],
    ['clean-redis', 'docker-entrypoint.sh', 'exec "$@"', '"$@"', 'container/entrypoint-without-exec'],
    ['clean-redis', 'shop/settings.py', 'CELERY_TASK_ACKS_LATE = True', 'CELERY_TASK_ACKS_LATE = False', 'celery/early-ack'],
    ['clean-redis', 'shop/settings.py', '15 * 60', '60 * 60', 'celery/visibility-timeout-too-long'],
    ['clean-redis', 'orders/tasks.py', 'retry_backoff=5, retry_backoff_max=300, max_retries=8', 'default_retry_delay=5, max_retries=8', 'tasks/retry-without-backoff'],
    ['clean-rabbitmq', 'copilot/worker/manifest.yml', 'value: 120', 'value: 30', 'ecs/stop-timeout-too-short', 'celery/no-sigterm-remap'],
    ['clean-rabbitmq', 'backend/Dockerfile', '["celery", "-A", "billing", "worker", "-l", "info", "-c", "2", "-Q", "billing"]', 'celery -A billing worker', 'container/shell-swallows-signal'],
    ['clean-rabbitmq', 'backend/billing/celeryconfig.py', ', "x-delivery-limit": 5', '', 'celery/endless-redelivery'],
    ['clean-rabbitmq', 'backend/billing/celeryconfig.py', 'task_time_limit = 90\n', '', 'celery/no-time-limit', 'celery/no-sigterm-remap'],
    ['clean-sqs', 'ecs/worker.service.json', '"minimumHealthyPercent": 75', '"minimumHealthyPercent": 0', 'ecs/minimum-healthy-percent'],
    ['clean-sqs', 'thumbnails/queues.py', 'VISIBILITY_TIMEOUT = 600', 'VISIBILITY_TIMEOUT = 60', 'celery/visibility-timeout-too-short', 'celery/countdown-exceeds-visibility-timeout'],
    ['clean-sqs', 'thumbnails/queues.py', '"maxReceiveCount": 5', '', 'celery/endless-redelivery'],
    ['clean-sqs', 'thumbnails/worker.py', '"task_reject_on_worker_lost": True,', '', 'celery/worker-loss-acknowledged'],
    ['clean-sqs', 'thumbnails/worker.py', '"worker_prefetch_multiplier": 1,', '', 'celery/prefetch-above-one'],
  ])('%s, %s: %s', async (name, path, before, after, ...expected) => {
    const root = `${PROJECTS}/${name}/tree`;
    const text = readFileSync(`${root}/${path}`, 'utf8');
    expect(text).toContain(before);
    const { findings } = await strict(root, new Map([[path, text.replaceAll(before, after)]]));
    expect(new Set(findings.map(finding => finding.ruleId))).toEqual(new Set(expected));
  });
});

describe('newsletter', () => {
  const idsOf = ({ findings }: Report): readonly string[] => [...new Set(findings.map(finding => finding.ruleId))].sort();

  test('shows its faults, each once, and no other', () => {
    const faults = [
      'celery/early-ack', 'celery/no-time-limit', 'celery/prefetch-above-one', 'celery/sigterm-remap-ineffective',
      'container/shell-swallows-signal', 'ecs/no-deployment-rollback', 'ecs/stop-timeout-too-short',
      'tasks/lock-without-expiry', 'tasks/retry-without-backoff', 'tasks/unbatched-loop',
    ];
    expect(reportOf('newsletter').findings.map(finding => finding.ruleId).sort()).toEqual(faults);
  });

  // The visibility timeout is cured after limits and late acknowledgement: under early acknowledgement the default delays prefetched messages alone.
  test('shows its default visibility timeout as soon as that decides when a task comes back', async () => {
    const path = 'newsletter/settings.py';
    const text = readFileSync(`${EXAMPLES}/newsletter/${path}`, 'utf8');
    const before = idsOf(reportOf('newsletter'));
    const added = async (lines: string): Promise<readonly string[]> => idsOf(await strict(`${EXAMPLES}/newsletter`, new Map([[path, text + lines]]))).filter(id => !before.includes(id));
    expect(await added('task_acks_late = True\n')).toContain('celery/visibility-timeout-too-short');
    const limited = await added('task_acks_late = True\ntask_time_limit = 100\ntask_soft_time_limit = 90\n');
    expect(limited).toContain('celery/visibility-timeout-too-long');
    expect(limited).not.toContain('celery/visibility-timeout-too-short');
  });

  test('is what the README shows, word for word', () => {
    const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
    const section = /^## A finding\n+((?:    .*\n|\n)+)/m.exec(readme);
    const shown = section![1]!.trimEnd().split('\n').map(line => line.slice(4)).join('\n');
    expect(shown).toMatch(/^error\[/);
    expect(readFileSync(`${PROJECTS}/newsletter/expected/text.txt`, 'utf8')).toContain(`\n${shown}\n\n`);
  });
});
