import { FIRST_RELEASES } from './celery/first-releases.js';
import type { SettingRow } from './celery/rows.js';
import { SETTING_ROWS, TASK_OPTION_ROWS, VISIBILITY_TIMEOUTS } from './celery/tables.js';
import { isAliveIn, isFrom } from './celery/versions.js';

export type { SettingRow } from './celery/rows.js';

/** Every setting of the measured Celery releases (celery/tables.ts, generated), with its default in the newest of them. */
export const SETTINGS: readonly SettingRow[] = SETTING_ROWS;

export const BY_NAME: ReadonlyMap<string, SettingRow> = new Map(SETTINGS.map(row => [row[0], row]));
/** Old upper-case name → new name, only where the old one is not just the new one in capitals. */
export const NEW_NAME_OF: ReadonlyMap<string, string> = new Map(SETTINGS.filter(([name, old]) => old !== name.toUpperCase()).map(([name, old]) => [old, name]));

/**
 * Does this Celery release read the setting? `name` is the new one (`task_acks_late`); `version` is dotted. false for a name
 * that is no setting.
 */
export function settingExists(name: string, version: string): boolean {
  const row = BY_NAME.get(name);
  return row !== undefined && isAliveIn(version, name, row[4] ?? {});
}

/**
 * The setting's default in this Celery release: null for none, `{ seconds }` for a timedelta, Infinity for no limit; undefined where that
 * release has no such setting. Between two measured releases the older one's default counts.
 */
export function defaultOf(name: string, version: string): unknown {
  const row = BY_NAME.get(name);
  if (!row || !settingExists(name, version)) return undefined;
  const steps = Object.entries(row[4]?.defaults ?? {});
  const [oldest] = steps;
  if (!oldest) return row[3];
  return (steps.findLast(([from]) => isFrom(version, from)) ?? oldest)[1];
}

/** The first release with this setting, as exact as is known; undefined for one that is older than what was looked at, or no setting. */
export function sinceOf(name: string): string | undefined {
  const row = BY_NAME.get(name);
  return row && (FIRST_RELEASES[name] ?? row[4]?.since);
}

/** From this release on settings are looked up map by map, before it key by key (celery utils/collections.py); and the last release before it. */
export const BY_MAP = '5.7.0', BEFORE_BY_MAP = '5.6.3';

/** s. Kombu's own defaults of `broker_transport_options['visibility_timeout']` (kombu transport/redis.py, SQS.py; SQS uses it only to create the queue). */
export const VISIBILITY_TIMEOUT_DEFAULT = VISIBILITY_TIMEOUTS;

/** Environment variables that beat any written configuration (celery app/utils.py:84-112). */
export const ENVIRONMENT_SETTINGS: Readonly<Record<string, string>> = {
  CELERY_BROKER_URL: 'broker_url', CELERY_BROKER_READ_URL: 'broker_read_url', CELERY_BROKER_WRITE_URL: 'broker_write_url', CELERY_RESULT_BACKEND: 'result_backend',
};

/** `celery worker` options and the settings they override (celery bin/worker.py:136-304, worker/worker.py:372-410, 5.6.3). */
export const OPTION_SETTINGS: Readonly<Record<string, string>> = {
  '--prefetch-multiplier': 'worker_prefetch_multiplier', '--concurrency': 'worker_concurrency', '--pool': 'worker_pool',
  '--time-limit': 'task_time_limit', '--soft-time-limit': 'task_soft_time_limit', '--disable-prefetch': 'worker_disable_prefetch',
  '--max-tasks-per-child': 'worker_max_tasks_per_child', '--max-memory-per-child': 'worker_max_memory_per_child', '--task-events': 'worker_send_task_events',
  '--statedb': 'worker_state_db', '--include': 'include', '--broker': 'broker_url', '--result-backend': 'result_backend',
};
/** Options whose 0 is falsy and therefore ignored (facts: `--prefetch-multiplier 0`, `-c 0`). */
export const ZERO_IGNORED: ReadonlySet<string> = new Set(['--prefetch-multiplier', '--concurrency']);

/** What a task class may set too, although it is no data attribute of Task: a method, an app, what configuration fills (celery app/task.py:183-355, 5.6.3). */
const ALSO_SET = ['shadow_name', 'annotations', 'app', 'from_config'];

/** Task options (`@app.task(...)`, class attributes, annotations) of the measured Celery releases. */
export const TASK_OPTIONS: ReadonlySet<string> = new Set([...TASK_OPTION_ROWS.map(([name]) => name), ...ALSO_SET]);
