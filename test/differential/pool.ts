import names from './names.json' with { type: 'json' };
import type { Random } from './random.js';

export interface Known { readonly setting: string; readonly old: string; readonly type: string }

/** The settings of celery 5.6.3 with their old names, printed from celery.app.defaults; not from drainlint's own table. */
const ALL: readonly Known[] = (names as [string, string, string][]).map(([setting, old, type]) => ({ setting, old, type }));
export const KNOWN: ReadonlyMap<string, Known> = new Map(ALL.map(known => [known.setting, known]));

/** Values of these must name what exists, or decide whether a worker can be built at all; forms of their own write them. */
const SPECIAL = new Set([
  'imports', 'include', 'beat_scheduler', 'broker_url', 'broker_read_url', 'broker_write_url', 'broker_transport', 'broker_failover_strategy', 'broker_host', 'broker_port', 'broker_user',
  'broker_password', 'broker_vhost', 'broker_use_ssl', 'broker_login_method', 'cache_backend', 'control_queue_exclusive', 'control_queue_durable', 'event_queue_exclusive', 'event_queue_durable', 'result_backend',
  'security_key_password', 'task_annotations', 'task_queues', 'task_routes', 'worker_agent', 'worker_autoscaler', 'worker_consumer', 'worker_pool', 'worker_timer', 'timezone', 'task_protocol',
  'worker_redirect_stdouts_level', 'beat_schedule', 'worker_log_format', 'worker_task_log_format', 'worker_direct', 'accept_content', 'result_accept_content', 'event_serializer', 'task_serializer', 'result_serializer',
  'task_default_queue_type', 'broker_native_delayed_delivery_queue_type', 'task_create_missing_queue_type', 'task_create_missing_queue_exchange_type', 'task_default_exchange_type', 'result_exchange_type',
  'worker_concurrency', 'worker_state_db', 'database_url', 'worker_enable_remote_control', 'broker_transport_options', 'enable_utc',
]);

/** Written more often than the others: what findings rest on. */
const TELLING = [
  'task_acks_late', 'task_reject_on_worker_lost', 'task_acks_on_failure_or_timeout', 'task_track_started', 'task_ignore_result', 'worker_cancel_long_running_tasks_on_connection_loss', 'worker_prefetch_multiplier',
  'worker_max_tasks_per_child', 'worker_max_memory_per_child', 'broker_pool_limit', 'task_time_limit', 'task_soft_time_limit', 'worker_lost_wait', 'worker_proc_alive_timeout', 'result_expires', 'task_default_queue',
  'worker_send_task_events', 'task_publish_retry', 'worker_soft_shutdown_timeout', 'beat_schedule_filename',
];

const ORDINARY = ALL.filter(({ setting, type }) => !SPECIAL.has(setting) && ['bool', 'int', 'float', 'string', 'str', 'dict', 'list'].includes(type));
const kinds: Readonly<Record<string, readonly string[]>> = { bool: ['bool'], number: ['int', 'float'], text: ['string', 'str'], mapping: ['dict'] };

/** Settings of a kind that `fits`, telling ones first in half of the cases. */
export function choose(random: Random, kind: keyof typeof kinds, count: number, fits: (known: Known) => boolean = () => true): Known[] {
  const all = ORDINARY.filter(known => kinds[kind]!.includes(known.type) && fits(known));
  const telling = all.filter(({ setting }) => TELLING.includes(setting));
  const first = random.sample(telling, telling.length === 0 ? 0 : Math.min(count, random.below(count + 1)));
  return [...first, ...random.sample(all.filter(known => !first.includes(known)), count - first.length)];
}

/** A Python literal that fits the type and is not the default of most settings. */
export function literalFor(random: Random, { setting, type }: Known): string {
  switch (type) {
    case 'bool': return random.pick(['True', 'False']);
    case 'int': return String(setting === 'worker_prefetch_multiplier' ? random.pick([0, 1, 2, 8, 16]) : 1 + random.below(500));
    case 'float': return random.pick([String(1 + random.below(5000)), `${1 + random.below(90)}.5`]);
    case 'dict': return random.pick(["{'max_retries': 5, 'interval_start': 0.5}", "{'visibility_timeout': 7200}", "{'a': [1, 2], 'b': {'c': True}}", '{}']);
    case 'list': return "['json']";
    default: return `'${random.pick(['alpha', 'bravo', 'charlie-1', 'delta.x', ''])}'`;
  }
}

export const equalsPrefixed = ({ setting, old }: Known): boolean => old === `CELERY_${setting.toUpperCase()}`;
export const equalsUpper = ({ setting, old }: Known): boolean => old === setting.toUpperCase();
