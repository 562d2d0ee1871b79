import { describe, expect, it } from 'vitest';
import { noEffectOf, stopSignalsOf, type NoEffectInput } from '../src/link/no-effect.js';
import type { Setting } from '../src/model/index.js';
import { byDefault, set, taskFunction, unknown, unset, worker } from './model-builders.js';

const pinned = (version?: string) => ({ celery: { ...(version !== undefined && { version }), assumed: '5.6.3' }, billiard: { assumed: '4.3.2' } });
function names(settings: Readonly<Record<string, Setting<unknown>>>, more: Partial<NoEffectInput> = {}): readonly string[] {
  const base = { pool: 'prefork', broker: 'redis', versions: pinned('5.6.3'), sigtermRemap: unset, functions: [taskFunction()], command: worker().command, stopSignals: [] } as const;
  return noEffectOf({ ...base, settings: new Map(Object.entries(settings)), ...more }).map(({ setting, kind }) => `${setting}: ${kind}`);
}
const soft = { worker_soft_shutdown_timeout: set<unknown>(30) };
const visibility = { 'broker_transport_options.visibility_timeout': set<unknown>(600) };

describe('settings that change nothing', () => {
  it('names a soft shutdown that SIGTERM never enters, and only then', () => {
    expect(names(soft)).toEqual(['worker_soft_shutdown_timeout: soft-shutdown']);
    expect(names(soft, { sigtermRemap: set('SIGQUIT') })).toEqual([]);
    expect(names(soft, { sigtermRemap: unknown })).toEqual([]);
    expect(names(soft, { stopSignals: ['SIGQUIT'] })).toEqual([]);
    expect(names(soft, { versions: pinned('5.4.0') })).toEqual(['worker_soft_shutdown_timeout: version']);
    expect(names({ worker_soft_shutdown_timeout: byDefault<unknown>(30) })).toEqual([]);
    expect(stopSignalsOf({ ...worker(), platform: 'unknown' })).toContain('unknown');
  });
  it('knows which brokers have a visibility timeout', () => {
    expect(names(visibility, { broker: 'rabbitmq' })).toEqual(['broker_transport_options.visibility_timeout: broker']);
    expect(names(visibility)).toEqual([]);
    expect(names(visibility, { broker: 'unknown' })).toEqual([]);
    const predefined = { ...visibility, 'broker_transport_options.predefined_queues': set<unknown>({ mail: { url: 'https://sqs.eu-central-1.amazonaws.com/1/mail' } }) };
    expect(names(predefined, { broker: 'sqs' })).toEqual(['broker_transport_options.visibility_timeout: broker']);
    expect(names(visibility, { broker: 'sqs' })).toEqual([]);
  });
  it('knows what only some brokers have', () => {
    const both = { worker_disable_prefetch: set<unknown>(true), broker_heartbeat: set<unknown>(60) };
    expect(names(both, { broker: 'redis' })).toEqual(['broker_heartbeat: broker']);
    expect(names(both, { broker: 'rabbitmq' })).toEqual(['worker_disable_prefetch: broker']);
    expect(names(both, { broker: 'sqs' })).toEqual(['worker_disable_prefetch: broker', 'broker_heartbeat: broker']);
    expect(names(both, { broker: 'unknown' })).toEqual([]);
  });
  it('knows that only prefork replaces its processes', () => {
    const recycled = { worker_max_tasks_per_child: set<unknown>(100), worker_max_memory_per_child: set<unknown>(200_000) };
    expect(names(recycled, { pool: 'threads' })).toEqual(['worker_max_tasks_per_child: pool', 'worker_max_memory_per_child: pool']);
    expect(names(recycled)).toEqual([]);
  });
  it('knows what needs late acknowledgement', () => {
    const lost = { task_reject_on_worker_lost: set<unknown>(true) };
    expect(names(lost)).toEqual(['task_reject_on_worker_lost: acknowledgement']);
    expect(names(lost, { functions: [taskFunction(), taskFunction({ acksLate: set(true) })] })).toEqual([]);
    expect(names(lost, { functions: [taskFunction({ acksLate: unknown })] })).toEqual([]);
    expect(names({ task_acks_on_failure_or_timeout: set<unknown>(false) })).toEqual(['task_acks_on_failure_or_timeout: acknowledgement']);
  });
  it('knows what each pool keeps', () => {
    const limits = { task_time_limit: set<unknown>(60), task_soft_time_limit: set<unknown>(50) };
    expect(names(limits, { pool: 'threads' })).toEqual(['task_time_limit: pool', 'task_soft_time_limit: pool']);
    expect(names(limits, { pool: 'gevent' })).toEqual(['task_soft_time_limit: pool']);
    expect(names(limits, { pool: 'unknown' })).toEqual([]);
  });
  it('reads zero options and an old REMAP_SIGTERM', () => {
    expect(names({}, { command: { ...worker().command, options: new Map([['--concurrency', '0']]) } })).toEqual(['--concurrency: zero']);
    expect(names({}, { sigtermRemap: set('SIGQUIT'), versions: pinned('4.4.6') })).toEqual(['REMAP_SIGTERM: version']);
    expect(names({}, { sigtermRemap: set('SIGQUIT'), versions: pinned() })).toEqual([]);
  });
});
