import { expect, test } from 'vitest';
import type { BrokerKind, CeleryApp, Effect, PoolKind, Setting, TaskFunction, Worker } from '../src/model/index.js';
import { EVENTS, fatesOfFunction, isHarm, type Event } from '../src/fate/index.js';
import { SETTINGS } from '../src/knowledge/celery-settings.js';
import { rules } from '../src/rules/index.js';
import { at, byDefault, container, model, service, set, taskFunction, thresholds, unset, worker } from './model-builders.js';

/** One point of the lattice: what decides the fate of a message, each in every value that makes a difference. */
interface Point { readonly late: boolean; readonly lost: boolean; readonly failures: boolean; readonly pool: PoolKind; readonly broker: BrokerKind; readonly versions: readonly [celery: string, billiard: string]; readonly remap: boolean; readonly soft: number; readonly limits: readonly [hard: number, soft: number]; readonly stop: number; readonly visibility: number; readonly cancels: boolean; readonly capped: boolean }

const AXES: { readonly [K in keyof Point]: readonly Point[K][] } = {
  late: [false, true], lost: [false, true], failures: [true, false], pool: ['prefork', 'solo', 'threads', 'gevent', 'eventlet'], broker: ['redis', 'sqs', 'rabbitmq'],
  versions: [['5.2.6', '3.6.4.0'], ['5.4.0', '4.2.1'], ['5.6.3', '4.2.4'], ['5.6.3', '4.3.2']], remap: [false, true], soft: [0, 25, 200],
  limits: [[0, 0], [20, 10], [100, 0], [600, 570], [2400, 2300]], stop: [30, 120], visibility: [60, 900], cancels: [false, true], capped: [false, true],
};

/** Every point in turn, from 0 to SIZE - 1. */
const SIZE = Object.values(AXES).reduce((size, values) => size * values.length, 1);
function pointAt(index: number): Point {
  let rest = index;
  return Object.fromEntries(Object.entries(AXES).map(([key, values]) => { const value = values[rest % values.length]; rest = Math.floor(rest / values.length); return [key, value]; })) as unknown as Point;
}

/** Prime to every axis, so that each value meets each other one. DRAINLINT_LATTICE=whole walks all points (2 minutes). */
const STRIDE = process.env.DRAINLINT_LATTICE === 'whole' ? 1 : 307;

/** Something a second run does again. */
const MAIL: Effect = { kind: 'email', text: 'send_mail(…)', at: at('shop/tasks.py', 7), via: [] };

function workerAt(point: Point): Worker {
  const written = <T>(value: T): Setting<T> => set(value, { at: at('shop/settings.py', 9) });
  const values: Readonly<Record<string, unknown>> = {
    task_acks_late: point.late, task_reject_on_worker_lost: point.lost, task_acks_on_failure_or_timeout: point.failures, worker_pool: point.pool, worker_soft_shutdown_timeout: point.soft,
    worker_cancel_long_running_tasks_on_connection_loss: point.cancels, worker_prefetch_multiplier: 1, ...(point.limits[0] > 0 && { task_time_limit: point.limits[0] }), ...(point.limits[1] > 0 && { task_soft_time_limit: point.limits[1] }),
    ...(point.broker !== 'rabbitmq' && { broker_transport_options: { visibility_timeout: point.visibility }, 'broker_transport_options.visibility_timeout': point.visibility }),
  };
  const settings = new Map<string, Setting<unknown>>(SETTINGS.map(([name, , , value]) => [name, value === null ? unset : byDefault(value, { at: at('shop/celery.py', 3) })]));
  for (const [name, value] of Object.entries(values)) settings.set(name, written(value));
  const of = <T>(name: string): Setting<T> => settings.get(name) as Setting<T>;
  const fn: TaskFunction = taskFunction({
    acksLate: of('task_acks_late'), rejectOnWorkerLost: of('task_reject_on_worker_lost'), acksOnFailureOrTimeout: of('task_acks_on_failure_or_timeout'), timeLimit: of('task_time_limit'), softTimeLimit: of('task_soft_time_limit'),
    body: { ...taskFunction().body, effects: [MAIL] },
  });
  const [celery, billiard] = point.versions;
  const workers: Worker[] = [];
  const app: CeleryApp = {
    id: 'shop.celery:app', name: 'app', at: at('shop/celery.py', 3), configuredAt: at('shop/celery.py', 4), reach: 'written', settings, broker: point.broker, pool: point.pool, functions: [fn], workers, ineffective: [], ...(point.capped && { redeliveryCap: at('shop/deliveries.py', 5) }),
    versions: { celery: { version: celery, assumed: celery }, billiard: { version: billiard, assumed: billiard } },
  };
  const ignores = point.pool !== 'prefork' && point.pool !== 'gevent';
  const own = worker({
    app, settings, broker: point.broker, pool: point.pool, functions: [fn], stopTime: set(point.stop), container: container({ stopTimeout: set(point.stop) }), service: service(), sigtermRemap: point.remap ? set('SIGQUIT') : unset,
    drainNeed: point.limits[0] > 0 && !ignores ? { is: 'bounded', seconds: point.limits[0], from: [at('shop/settings.py', 9)], confidence: 'high' } : { is: 'unbounded', confidence: 'medium' },
  });
  workers.push(own);
  return own;
}

/** The rules that explain a harmful fate at an event. Any of them, where a worker has one, says what will happen and what to write instead. */
const EXPLAINS: Readonly<Partial<Record<Event, RegExp>>> = {
  stop: /early-ack|sigterm-remap-loses-tasks|soft-shutdown-exceeds-stop-timeout|redelivery-never-happens|stop-timeout-too-short|acknowledgement-never-sent/,
  'second-stop': /early-ack|sigterm-remap-loses-tasks|soft-shutdown-exceeds-stop-timeout|redelivery-never-happens|stop-timeout-too-short|acknowledgement-never-sent/,
  'container-killed': /early-ack|redelivery-never-happens/, 'host-lost': /early-ack|redelivery-never-happens/,
  'child-killed': /early-ack|worker-loss-acknowledged|endless-redelivery|redelivery-never-happens/, 'connection-lost': /connection-loss-duplicates|early-ack/,
  'hard-limit': /early-ack|time-limit-drops-task|endless-redelivery|time-limit-ignored|soft-limit-not-below-hard|redelivery-never-happens/, exception: /endless-redelivery/,
  'visibility-timeout': /visibility-timeout-too-short|no-time-limit|time-limit-ignored/, 'consumer-timeout': /countdown-exceeds-consumer-timeout|no-time-limit|time-limit-ignored/,
};

function unexplained(point: Point): readonly string[] {
  const own = workerAt(point);
  const subject = model({ apps: [own.app!], workers: [own], services: [own.service!] });
  let found: readonly string[] | undefined;
  const findings = (): readonly string[] => (found ??= rules.filter(rule => [...rule.check(subject, thresholds)].length > 0).map(({ id }) => id));
  return EVENTS.flatMap(event => {
    const harms = fatesOfFunction({ worker: own, fn: own.functions[0]! }, event, thresholds.exitMarginSeconds).filter(({ outcome }) => isHarm(outcome));
    return harms.length > 0 && !findings().some(id => EXPLAINS[event]?.test(id)) ? [`${event}: ${harms.map(({ outcome }) => outcome.is).join(' or ')}`] : [];
  });
}

test('every harmful fate is explained by a finding, all over the lattice', { timeout: 600_000 }, () => {
  const gaps = new Map<string, { count: number; example: Point }>();
  for (let index = 0; index < SIZE; index += STRIDE) {
    const point = pointAt(index);
    for (const gap of unexplained(point)) gaps.set(gap, { count: (gaps.get(gap)?.count ?? 0) + 1, example: gaps.get(gap)?.example ?? point });
  }
  expect([...gaps].map(([gap, { count, example }]) => `${gap} × ${count}, e.g. ${JSON.stringify(example)}`)).toEqual([]);
});

/** What the rules ask for, on each broker. */
const CLEAN: readonly Point[] = (['redis', 'sqs', 'rabbitmq'] as const).map(broker => ({
  late: true, lost: true, failures: true, pool: 'prefork', broker, versions: ['5.6.3', '4.2.4'], remap: false, soft: 0, limits: [20, 10], stop: 120, visibility: 900, cancels: true, capped: true,
}));

test('a worker without findings meets no harm, and on every broker there is one', () => {
  // the mail of the task itself is the matter of tasks/non-idempotent-write: it would hide every hole that the settings leave
  const findings = (own: Worker): readonly string[] => rules.filter(({ id }) => id !== 'tasks/non-idempotent-write').filter(rule => [...rule.check(model({ apps: [own.app!], workers: [own], services: [own.service!] }), thresholds)].length > 0).map(({ id }) => id);
  for (const point of CLEAN) expect(findings(workerAt(point)), JSON.stringify(point)).toEqual([]);
  const sampled = Array.from({ length: Math.ceil(SIZE / STRIDE) }, (_, i) => pointAt(i * STRIDE));
  for (const point of [...CLEAN, ...sampled]) {
    const own = workerAt(point);
    const harms = EVENTS.filter(event => fatesOfFunction({ worker: own, fn: own.functions[0]! }, event, thresholds.exitMarginSeconds).some(({ outcome }) => isHarm(outcome)));
    if (harms.length > 0) expect(findings(own), `${harms.join(', ')} of ${JSON.stringify(point)}`).not.toEqual([]);
  }
});
