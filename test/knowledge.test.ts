import { expect, test } from 'vitest';
import { BEAT_OPTIONS, GLOBAL_OPTIONS, optionExists, WORKER_OPTIONS, type CliOption } from '../src/knowledge/celery-cli.js';
import { BY_NAME, defaultOf, ENVIRONMENT_SETTINGS, NEW_NAME_OF, OPTION_SETTINGS, SETTINGS, settingExists, sinceOf, TASK_OPTIONS, VISIBILITY_TIMEOUT_DEFAULT, ZERO_IGNORED } from '../src/knowledge/celery-settings.js';
import { RELEASES } from '../src/knowledge/celery/releases.js';
import { FIRST_RELEASES } from '../src/knowledge/celery/first-releases.js';
import { BEAT_ROWS, GLOBAL_ROWS, MEASURED, SETTING_ROWS, TASK_OPTION_ROWS, WORKER_ROWS } from '../src/knowledge/celery/tables.js';
import { isFrom } from '../src/knowledge/celery/versions.js';

const measured = Object.keys(MEASURED);
const repeated = (names: readonly string[]): readonly string[] => names.filter((name, i) => names.indexOf(name) !== i);

test('five releases were asked, oldest first', () => {
  expect(measured).toEqual(['5.2.7', '5.4.0', '5.5.3', '5.6.3', '5.7.0']);
});

test('no table says anything twice', () => {
  expect(SETTING_ROWS.length).toBeGreaterThan(190);
  expect(repeated(SETTING_ROWS.map(([name]) => name))).toEqual([]);
  expect(repeated(TASK_OPTION_ROWS.map(([name]) => name))).toEqual([]);
});

test('every old name is of one setting, and none is a new name', () => {
  const old = SETTING_ROWS.map(([, oldName]) => oldName);
  expect(repeated(old)).toEqual([]);
  expect(old.filter(name => name !== name.toUpperCase() || BY_NAME.has(name))).toEqual([]);
  expect(NEW_NAME_OF.get('CELERYD_PREFETCH_MULTIPLIER')).toBe('worker_prefetch_multiplier');
  expect(NEW_NAME_OF.get('CELERY_TASK_RESULT_EXPIRES')).toBe('result_expires');
  expect(NEW_NAME_OF.has('BROKER_URL')).toBe(false);
});

test.each([['celery', GLOBAL_OPTIONS], ['celery worker', [...WORKER_OPTIONS]], ['celery beat', [...BEAT_OPTIONS]]] as const)('%s: every spelling is of one option', (_, options: readonly CliOption[]) => {
  const spellings = options.flatMap(option => [option.long, ...(option.short ?? []), ...(option.also ?? [])]);
  expect(repeated(spellings)).toEqual([]);
  expect(spellings.filter(spelling => !/^(--[a-z][a-z-]+|-[A-Za-z])$/.test(spelling))).toEqual([]);
});

/** What a table says is new, with the lowest measured release that has it. */
const additions: readonly (readonly [name: string, since: string])[] = [
  ...SETTING_ROWS.flatMap(([name, , , , differs]) => (differs?.since !== undefined ? [[name, differs.since] as const] : [])),
  ...TASK_OPTION_ROWS.flatMap(([name, , , more]) => (more?.since !== undefined ? [[name, more.since] as const] : [])),
  ...[...GLOBAL_ROWS, ...WORKER_ROWS, ...BEAT_ROWS].flatMap(row => [...(row.since !== undefined ? [[row.long, row.since] as const] : []), ...Object.entries(row.spelled ?? {})]),
];

/** A measured release that follows the one before it says so itself. */
const isNext = (since: string): boolean => RELEASES.celery[RELEASES.celery.indexOf(since) + 1] === measured[measured.indexOf(since) - 1];

test.each(additions.filter(([, since]) => !isNext(since)))('%s, seen first in %s, has an exact first release between the two measured', (name, since) => {
  const before = measured[measured.indexOf(since) - 1]!;
  const first = FIRST_RELEASES[name];
  expect(first, `${name} is missing in first-releases.ts`).toBeDefined();
  expect(isFrom(since, first!), `${since} has it, so it is no younger`).toBe(true);
  expect(isFrom(before, first!), `${before} lacks it, so it is younger`).toBe(false);
});

test('an exact first release is of something that exists, and agrees with the oldest measured one', () => {
  const names = new Set([...SETTING_ROWS.map(([name]) => name), ...TASK_OPTION_ROWS.map(([name]) => name), ...[...GLOBAL_ROWS, ...WORKER_ROWS, ...BEAT_ROWS].map(({ long }) => long)]);
  expect(Object.keys(FIRST_RELEASES).filter(name => !names.has(name))).toEqual([]);
  const added = new Set(additions.map(([name]) => name));
  expect(Object.entries(FIRST_RELEASES).filter(([name, first]) => !added.has(name) && !isFrom(measured[0]!, first))).toEqual([]);
});

test.each([
  ['worker_soft_shutdown_timeout', '5.4.0', false], ['worker_soft_shutdown_timeout', '5.5.3', true], ['worker_soft_shutdown_timeout', '5.5.0', true],
  ['worker_soft_shutdown_timeout', '5.5', true],
  ['worker_soft_shutdown_timeout', '5.10.0', true], ['worker_soft_shutdown_timeout', '5.5.0rc1', true],
  ['worker_eta_task_limit', '5.5.3', false], ['worker_eta_task_limit', '5.6.0', true],
  ['worker_deduplicate_successful_tasks', '5.0.5', false], ['worker_deduplicate_successful_tasks', '5.1.0', true],
  ['broker_connection_retry_on_startup', '5.2.7', false], ['broker_connection_retry_on_startup', '5.3.0', true],
  ['worker_enable_prefetch_count_reduction', '5.3.6', false], ['worker_enable_prefetch_count_reduction', '5.4.0', true],
  ['task_acks_late', '4.1.0', true], ['task_acks_late', '6.0.0', true], ['task_ack_late', '5.6.3', false], ['CELERY_ACKS_LATE', '5.6.3', false],
])('setting %s in %s: %s', (name, version, expected) => {
  expect(settingExists(name, version)).toBe(expected);
});

test('first releases of settings', () => {
  expect(sinceOf('worker_soft_shutdown_timeout')).toBe('5.5.0');
  expect(sinceOf('worker_disable_prefetch')).toBe('5.6.0');
  expect(sinceOf('task_acks_late')).toBeUndefined();
  expect(sinceOf('no_such_setting')).toBeUndefined();
});

test('defaults of settings, by release', () => {
  expect(defaultOf('worker_prefetch_multiplier', '5.2.7')).toBe(4);
  expect(defaultOf('task_reject_on_worker_lost', '5.6.3')).toBeNull();
  expect(defaultOf('result_expires', '5.4.0')).toEqual({ seconds: 86_400 });
  expect(defaultOf('result_backend_max_retries', '5.4.0')).toBe(Infinity);
  expect(defaultOf('database_engine_options', '5.1.0')).toBeNull();
  expect(defaultOf('database_engine_options', '5.6.2')).toBeNull();
  expect(defaultOf('database_engine_options', '5.6.3')).toEqual({ pool_pre_ping: true, pool_recycle: 3600 });
  expect(defaultOf('worker_soft_shutdown_timeout', '5.5.3')).toBe(0);
  expect(defaultOf('worker_soft_shutdown_timeout', '5.4.0')).toBeUndefined();
  expect(defaultOf('no_such_setting', '5.6.3')).toBeUndefined();
});

test('the default of a row is that of the newest release', () => {
  expect(SETTINGS.filter(([name, , , fallback]) => JSON.stringify(defaultOf(name, measured.at(-1)!)) !== JSON.stringify(fallback)).map(([name]) => name)).toEqual([]);
});

test.each([
  ['--disable-prefetch', '5.5.3', false], ['--disable-prefetch', '5.6.0', true], ['--optimization', '5.3.0', false], ['--optimization', '5.4.0', true],
  ['--skip-checks', '5.2.7', false], ['--skip-checks', '5.3.0', true], ['--concurrency', '4.4.7', true], ['--events', '5.2.7', true], ['--max-interval', '5.6.3', true],
  ['--maxtasksperchild', '4.4.7', true], ['--maxtasksperchild', '5.2.7', false], ['--no-such-option', '5.6.3', false],
])('option %s in %s: %s', (name, version, expected) => {
  expect(optionExists(name, version)).toBe(expected);
});

test('a command line may hold names that 5.0 dropped', () => {
  const option = (options: readonly CliOption[], long: string): CliOption | undefined => options.find(candidate => candidate.long === long);
  expect(option(WORKER_OPTIONS, '--max-tasks-per-child')).toEqual({ long: '--max-tasks-per-child', also: ['--maxtasksperchild'], value: true });
  expect(option(GLOBAL_OPTIONS, '--help')).toEqual({ long: '--help', short: ['-h'], value: false });
  expect(option(WORKER_OPTIONS, '--optimization')).toEqual({ long: '--optimization', short: ['-O'], value: true });
});

test('the tables written by hand name settings and options that exist', () => {
  const longs = new Set([...GLOBAL_ROWS, ...WORKER_ROWS].map(({ long }) => long));
  expect(Object.entries(OPTION_SETTINGS).filter(([option, setting]) => !longs.has(option) || !BY_NAME.has(setting))).toEqual([]);
  expect(Object.values(ENVIRONMENT_SETTINGS).filter(setting => !BY_NAME.has(setting))).toEqual([]);
  expect([...ZERO_IGNORED].filter(option => !(option in OPTION_SETTINGS))).toEqual([]);
});

test('task options and the settings that fill them', () => {
  const filled = TASK_OPTION_ROWS.flatMap(([name, , , more]) => (more?.setting !== undefined ? [[name, more.setting] as const] : []));
  expect(Object.fromEntries(filled)).toMatchObject({ acks_late: 'task_acks_late', rate_limit: 'task_default_rate_limit', priority: 'task_default_priority' });
  expect(filled.filter(([, setting]) => !BY_NAME.has(setting))).toEqual([]);
  expect(['acks_late', 'bind', 'autoretry_for', 'dont_autoretry_for', 'queue', 'pydantic', 'shadow_name', 'store_eager_result'].filter(name => !TASK_OPTIONS.has(name))).toEqual([]);
  expect(['ack_late', 'request_stack', 'run', 'bound'].filter(name => TASK_OPTIONS.has(name))).toEqual([]);
});

test("kombu's visibility timeouts", () => {
  expect(VISIBILITY_TIMEOUT_DEFAULT).toEqual({ redis: 3600, sqs: 1800 });
});
