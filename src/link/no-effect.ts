import type { BrokerKind, ConsumerCommand, EffectiveSettings, NoEffect, NoEffectKind, PoolKind, Setting, TaskFunction, Versions, Worker } from '../model/index.js';
import { compareVersions } from '../model/index.js';
import { ZERO_IGNORED, settingExists, sinceOf } from '../knowledge/celery-settings.js';

/** What decides whether a written setting changes anything. `stopSignals`: signals other than SIGTERM that may end the process are in it. */
export interface NoEffectInput {
  readonly settings: EffectiveSettings;
  readonly pool: PoolKind;
  readonly broker: BrokerKind;
  readonly versions: Versions;
  readonly sigtermRemap: Setting<string>;
  readonly functions: readonly TaskFunction[];
  readonly command: ConsumerCommand;
  readonly stopSignals: readonly (string | undefined)[];
}

type Written = Extract<Setting<unknown>, { state: 'set' }>;
const LATE_ONLY = ['task_reject_on_worker_lost', 'task_acks_on_failure_or_timeout', 'worker_cancel_long_running_tasks_on_connection_loss'];
const PREFORK_ONLY = ['worker_max_tasks_per_child', 'worker_max_memory_per_child'];

/**
 * Settings, variables and options that somebody wrote and that change nothing for this worker, one row for each cause.
 * An unknown pool, broker, variable or version gives no row. Measured on celery 5.6.3, and its code for the rest.
 */
export function noEffectOf(input: NoEffectInput): readonly NoEffect[] {
  return [...tooNew(input), ...softShutdown(input), ...brokerRows(input), ...acknowledgement(input), ...poolRows(input), ...zeroOptions(input.command), ...remap(input)];
}

function written(settings: EffectiveSettings, name: string): Written | undefined {
  const setting = settings.get(name);
  return setting?.state === 'set' && setting.certainty === 'written' && !isOff(name, setting.value) ? setting : undefined;
}

/** Off is what most of them are anyway: only acknowledgement on failure is on unless it is turned off. */
function isOff(name: string, value: unknown): boolean {
  return value === (name === 'task_acks_on_failure_or_timeout') || value === null || value === 0;
}

function row({ settings }: NoEffectInput, name: string, kind: NoEffectKind, text: string): readonly NoEffect[] {
  const setting = written(settings, name);
  return setting ? [{ setting: name, at: setting.at, kind, text }] : [];
}

/** Whether a pinned version is at least the other; undefined where it is not pinned. */
function pinnedFrom(version: string | undefined, least: string): boolean | undefined {
  return version === undefined || !/^\d+\.\d+/.test(version) ? undefined : compareVersions(version, least) >= 0;
}

function tooNew(input: NoEffectInput): readonly NoEffect[] {
  const version = input.versions.celery.version;
  if (version === undefined || pinnedFrom(version, '0') === undefined) return [];
  return [...input.settings.keys()].filter(name => sinceOf(name) !== undefined && !settingExists(name, version))
    .flatMap(name => row(input, name, 'version', `celery ${version} does not know ${name}`));
}

function softShutdown(input: NoEffectInput): readonly NoEffect[] {
  const { settings, sigtermRemap: remapped, stopSignals, versions } = input;
  if (pinnedFrom(versions.celery.version, '5.5') === false) return [];
  const timeout = settings.get('worker_soft_shutdown_timeout');
  const seconds = timeout?.state === 'set' ? timeout.value : timeout?.state === 'unset' ? 0 : undefined;
  const idle = 'worker_enable_soft_shutdown_on_idle';
  if (seconds === 0) return row(input, idle, 'soft-shutdown', 'worker_soft_shutdown_timeout is 0, so there is no soft shutdown');
  const onlySigterm = stopSignals.every(signal => signal === undefined || /^(SIG)?TERM$/.test(signal));
  if (typeof seconds !== 'number' || !onlySigterm || remapped.state !== 'unset') return [];
  const text = 'SIGTERM starts a warm shutdown, never a soft one, without REMAP_SIGTERM=SIGQUIT in the environment';
  return ['worker_soft_shutdown_timeout', idle].flatMap(name => row(input, name, 'soft-shutdown', text));
}

function brokerRows(input: NoEffectInput): readonly NoEffect[] {
  const { broker, settings } = input;
  const visibility = 'broker_transport_options.visibility_timeout';
  const predefined = written(settings, 'broker_transport_options.predefined_queues');
  return [
    ...(broker === 'rabbitmq' ? row(input, visibility, 'broker', 'RabbitMQ has no visibility timeout') : []),
    ...(broker === 'sqs' && predefined ? row(input, visibility, 'broker', 'with predefined_queues the visibility timeout of the SQS queue itself counts') : []),
    ...(broker === 'sqs' || broker === 'rabbitmq' ? row(input, 'worker_disable_prefetch', 'broker', 'only the Redis broker can do without prefetching') : []),
    ...(broker === 'redis' || broker === 'sqs' ? row(input, 'broker_heartbeat', 'broker', 'only AMQP brokers have heartbeats') : []),
  ];
}

function acknowledgement(input: NoEffectInput): readonly NoEffect[] {
  const early = (setting: Setting<unknown> | undefined): boolean => setting?.state === 'unset' || (setting?.state === 'set' && setting.value === false);
  if (input.functions.length === 0 || !input.functions.every(fn => early(fn.acksLate))) return [];
  const app = input.settings.get('task_acks_late');
  return app && !early(app) ? [] : LATE_ONLY.flatMap(name => row(input, name, 'acknowledgement', 'no task function is acknowledged late'));
}

function poolRows(input: NoEffectInput): readonly NoEffect[] {
  const { pool } = input;
  if (pool === 'unknown' || pool === 'other' || pool === 'prefork') return [];
  const limits = pool === 'gevent' ? ['task_soft_time_limit'] : ['task_time_limit', 'task_soft_time_limit'];
  return [
    ...limits.flatMap(name => row(input, name, 'pool', `the ${pool} pool does not keep it`)),
    ...PREFORK_ONLY.flatMap(name => row(input, name, 'pool', `only the prefork pool replaces its processes, not ${pool}`)),
  ];
}

function zeroOptions(command: ConsumerCommand): readonly NoEffect[] {
  return [...ZERO_IGNORED].filter(name => command.options.get(name) === '0').map(name => ({ setting: name, at: command.at, kind: 'zero' as const, text: `celery takes ${name} 0 for not given` }));
}

function remap({ sigtermRemap: setting, versions }: NoEffectInput): readonly NoEffect[] {
  if (setting.state !== 'set' || setting.certainty !== 'written' || pinnedFrom(versions.celery.version, '4.4.7') !== false) return [];
  return [{ setting: 'REMAP_SIGTERM', at: setting.at, kind: 'version', text: `celery ${versions.celery.version} does not read it (4.4.7 does)` }];
}

/** The signals by which a worker may be stopped, where a container or a process manager says so; 'unknown' where not all of its start was read. */
export function stopSignalsOf({ container, start, platform }: Pick<Worker, 'container' | 'start' | 'platform'>): readonly (string | undefined)[] {
  const own = container?.stopSignal;
  return [own?.state === 'set' ? own.value : own?.state === 'unknown' ? 'unknown' : undefined, ...(start.complete && platform !== 'unknown' ? [] : ['unknown']), ...start.links.map(link => (link.kind === 'process-manager' ? link.stopSignal : undefined))];
}
