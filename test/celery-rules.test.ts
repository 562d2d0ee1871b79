import { describe, expect, test } from 'vitest';
import type { CeleryApp, Effect, IneffectiveSetting, Loop, Problem, Publish, Rule, Setting, SourceLocation, TaskFunction, Worker } from '../src/model/index.js';
import { SETTINGS } from '../src/knowledge/celery-settings.js';
import { isAtLeast, spelled, toWrite } from '../src/rules/celery-shared.js';
import { longestBackoff } from '../src/rules/celery-delays.js';
import { floorOf, looksLikeMilliseconds, visibilityOf } from '../src/rules/celery-visibility.js';
import { countdownExceedsVisibilityTimeout } from '../src/rules/celery/countdown-exceeds-visibility-timeout.js';
import { earlyAck } from '../src/rules/celery/early-ack.js';
import { embeddedBeat } from '../src/rules/celery/embedded-beat.js';
import { endlessRedelivery } from '../src/rules/celery/endless-redelivery.js';
import { mixedSettingNames } from '../src/rules/celery/mixed-setting-names.js';
import { noSigtermRemap } from '../src/rules/celery/no-sigterm-remap.js';
import { noTimeLimit } from '../src/rules/celery/no-time-limit.js';
import { prefetchAboveOne } from '../src/rules/celery/prefetch-above-one.js';
import { settingIgnored } from '../src/rules/celery/setting-ignored.js';
import { sigtermRemapIneffective } from '../src/rules/celery/sigterm-remap-ineffective.js';
import { sigtermRemapLosesTasks } from '../src/rules/celery/sigterm-remap-loses-tasks.js';
import { softLimitNotBelowHard } from '../src/rules/celery/soft-limit-not-below-hard.js';
import { stringBoolean } from '../src/rules/celery/string-boolean.js';
import { timeLimitIgnored } from '../src/rules/celery/time-limit-ignored.js';
import { timeLimitTooLong } from '../src/rules/celery/time-limit-too-long.js';
import { unknownSetting } from '../src/rules/celery/unknown-setting.js';
import { visibilityTimeoutNotSeconds } from '../src/rules/celery/visibility-timeout-not-seconds.js';
import { visibilityTimeoutTooLong } from '../src/rules/celery/visibility-timeout-too-long.js';
import { visibilityTimeoutTooShort } from '../src/rules/celery/visibility-timeout-too-short.js';
import { workerLossAcknowledged } from '../src/rules/celery/worker-loss-acknowledged.js';
import { at, byDefault, container, model, service, set, slot, taskFunction, thresholds, unknown, unset, worker } from './model-builders.js';

const RULES: readonly Rule[] = [
  countdownExceedsVisibilityTimeout, earlyAck, embeddedBeat, endlessRedelivery, mixedSettingNames, noSigtermRemap, noTimeLimit, prefetchAboveOne, settingIgnored, sigtermRemapIneffective, sigtermRemapLosesTasks,
  softLimitNotBelowHard, stringBoolean, timeLimitIgnored, timeLimitTooLong, unknownSetting, visibilityTimeoutNotSeconds, visibilityTimeoutTooLong, visibilityTimeoutTooShort, workerLossAcknowledged,
];

type Values = Readonly<Record<string, unknown>>;
const HOME = 'shop/settings.py';
const written = <T>(value: T, line = 9): Setting<T> => set(value, { at: at(HOME, line), slots: [slot(HOME, line, { encoding: ['python'] })] });
const FALLBACK = { state: 'unset', at: at('shop/celery.py', 3), slots: [] } as const;

/** Every setting at Celery's default, and the given ones written in shop/settings.py. `null`: not known. */
function settings(values: Values): ReadonlyMap<string, Setting<unknown>> {
  const defaults = SETTINGS.map(([name, , , value]): [string, Setting<unknown>] => [name, value === null ? FALLBACK : byDefault(value, { at: at('shop/celery.py', 3) })]);
  const given = Object.entries(values).map(([name, value], i): [string, Setting<unknown>] => [name, value === null ? unknown : written(value, 10 + i)]);
  return new Map([...defaults, ...given]);
}

interface Given extends Partial<Omit<CeleryApp, 'settings' | 'workers' | 'functions'>> {
  readonly values?: Values;
  readonly functions?: readonly Partial<TaskFunction>[];
  readonly worker?: Partial<Worker>;
}

/** An app with one deployed worker (`worker`) and one task function unless others are given; function options follow the settings. */
function appOf({ values = {}, functions = [{}], worker: ownWorker, ...more }: Given = {}): CeleryApp {
  const all = settings(values);
  const inherited = {
    acksLate: all.get('task_acks_late') as Setting<boolean>, rejectOnWorkerLost: all.get('task_reject_on_worker_lost') as Setting<boolean>, acksOnFailureOrTimeout: all.get('task_acks_on_failure_or_timeout') as Setting<boolean>,
    timeLimit: all.get('task_time_limit') as Setting<number>, softTimeLimit: all.get('task_soft_time_limit') as Setting<number>,
  };
  const workers: Worker[] = [];
  const app: CeleryApp = {
    id: 'shop.celery:app', name: 'app', at: at('shop/celery.py', 3), configuredAt: at('shop/celery.py', 4), reach: 'written', settings: all, broker: 'redis', pool: 'prefork',
    functions: functions.map((fn, i) => taskFunction({ ...inherited, at: at('shop/tasks.py', 6 + 10 * i), ...fn })), workers, ineffective: [],
    versions: { celery: { version: '5.6.3', assumed: '5.6.3' }, billiard: { version: '4.2.4', assumed: '4.2.4' } }, ...more,
  };
  if (ownWorker) workers.push(worker({ app, settings: all, broker: app.broker, pool: app.pool, functions: app.functions, ...ownWorker }));
  return app;
}

const modelOf = (app: CeleryApp) => model({ apps: [app], workers: app.workers });
const check = (rule: Rule, given: Given): readonly Problem[] => [...rule.check(modelOf(appOf(given)), thresholds)];
const one = (rule: Rule, given: Given): Problem | undefined => {
  const problems = check(rule, given);
  expect(problems.length).toBeLessThan(2);
  return problems[0];
};
const verdict = (rule: Rule, given: Given): string | undefined => {
  const problem = one(rule, given);
  return problem && `${problem.severity ?? rule.severity} ${problem.confidence}`;
};
const body = (more: Partial<TaskFunction['body']>): TaskFunction['body'] => ({ ...taskFunction().body, ...more });
const effect = (kind: Effect['kind'], more: Partial<Effect> = {}): Effect => ({ kind, text: `${kind}(…)`, at: at('shop/tasks.py', 8), via: [], ...more });
const walk: Loop = { at: at('shop/tasks.py', 7), over: 'User.objects.all()', kind: 'for', source: 'queryset', bound: 'unbounded', via: [] };
const publish = (countdown: Setting<number>, more: Partial<Publish> = {}): Publish => ({ at: at('shop/tasks.py', 9), target: 'work', countdown, via: [], ...more });

const CLEAN: Values = {
  task_acks_late: true, task_reject_on_worker_lost: true, worker_prefetch_multiplier: 1, task_time_limit: 600, task_soft_time_limit: 570, 'broker_transport_options.visibility_timeout': 900,
};
const cap: SourceLocation = at('shop/deliveries.py', 9);

describe('a clean state exists', () => {
  const remapped = { sigtermRemap: set('SIGQUIT'), stopTime: set(120) };
  const { 'broker_transport_options.visibility_timeout': _, ...withoutVisibility } = CLEAN;
  test.each([
    ['redis', { values: CLEAN, redeliveryCap: cap, worker: remapped }],
    ['sqs', { values: CLEAN, broker: 'sqs', redeliveryCap: cap, worker: remapped }],
    ['rabbitmq', { values: { ...withoutVisibility, task_default_queue_type: 'quorum' }, broker: 'rabbitmq', worker: remapped }],
    ['tasks that fit the stop need no remap', { values: { ...CLEAN, task_time_limit: 100, task_soft_time_limit: 90 }, redeliveryCap: cap, worker: { stopTime: set(120) } }],
    ['celery above 5.6.3 with billiard 4.3', { values: CLEAN, redeliveryCap: cap, worker: remapped, versions: { celery: { version: '5.6.4', assumed: '5.6.4' }, billiard: { version: '4.3.0', assumed: '4.3.0' } } }],
    ['the longest limit there is', { values: { ...CLEAN, task_time_limit: 900, task_soft_time_limit: 870, 'broker_transport_options.visibility_timeout': 1023 }, redeliveryCap: cap, worker: remapped }],
  ] as const)('%s', (_name, given) => {
    const found = RULES.flatMap(rule => check(rule, given as Given).map(problem => `${rule.id}: ${problem.message}`));
    expect(found).toEqual([]);
  });
});

describe('what is not known is silence', () => {
  test('unknown settings', () => {
    const values = Object.fromEntries(SETTINGS.map(([name]) => [name, null]));
    expect(RULES.flatMap(rule => check(rule, { values, broker: 'unknown', pool: 'unknown', worker: { stopTime: unknown, drainNeed: { is: 'unknown' }, sigtermRemap: unknown } }).map(() => rule.id))).toEqual([]);
  });
  test('an unknown broker has no visibility timeout', () => {
    for (const rule of [visibilityTimeoutTooLong, visibilityTimeoutTooShort, countdownExceedsVisibilityTimeout])
      expect(check(rule, { values: { 'broker_transport_options.visibility_timeout': 60, task_acks_late: true, task_time_limit: 600 }, broker: 'unknown' })).toEqual([]);
  });
});

describe('celery/early-ack', () => {
  const bounded = { is: 'bounded', seconds: 600, from: [], confidence: 'high' } as const;
  const long = { values: { task_time_limit: 600 }, worker: { stopTime: set(30), drainNeed: bounded } };

  test.each([
    ['by default, no worker', {}, 'warning medium'],
    ['written, no worker', { values: { task_acks_late: false } }, 'warning high'],
    ['outlasts the stop on ECS', { ...long, values: { ...long.values, task_acks_late: false } }, 'error high'],
    ['fits the stop', { values: { task_time_limit: 20, task_acks_late: false }, worker: { stopTime: set(30), drainNeed: { ...bounded, seconds: 20 } } }, 'warning high'],
    ['nothing bounds it', { worker: { stopTime: set(120), drainNeed: { is: 'unbounded', confidence: 'medium' } } }, 'error medium'],
    ['a copy for developers', { values: { task_acks_late: false }, worker: { ...long.worker, role: 'development' } }, 'warning medium'],
    ['Compose', { ...long, worker: { ...long.worker, platform: 'compose' } }, 'warning medium'],
    ['solo acknowledges after the task', { ...long, pool: 'solo' }, undefined],
    ['protected by the code', { ...long, taskProtection: at('shop/protect.py') }, 'warning medium'],
    ['late', { values: { task_acks_late: true } }, undefined],
    ['late for the app, early for one by choice', { values: { task_acks_late: true }, functions: [{}, { acksLate: set(false) }] }, undefined],
    ['late on every function', { functions: [{ acksLate: set(true) }] }, undefined],
    ['late on some', { functions: [{ acksLate: set(true) }, {}] }, 'warning medium'],
    ['late on all but a trivial one', { functions: [{ acksLate: set(true) }, { body: body({ trivial: true }) }] }, undefined],
    ['late on all but one that sends the others', { functions: [{ acksLate: set(true) }, { body: body({ publishes: [publish(unset)], effects: [effect('publish')] }) }] }, undefined],
    ['no function, an app nobody starts', { functions: [], reach: 'only-candidate' }, undefined],
  ] as const)('%s', (_, given, expected) => expect(verdict(earlyAck, given as Given)).toBe(expected));

  test('guards first, harmless now, the rest by name', () => {
    const problem = one(earlyAck, {
      functions: [
        { functionName: 'refresh', optionSlot: slot('shop/tasks.py', 5, { kind: 'insert', before: '(', after: ')' }) },
        { functionName: 'send', body: body({ effects: [effect('email')] }) },
        { functionName: 'store', body: body({ effects: [effect('insert', { guard: { kind: 'get_or_create', at: at('shop/tasks.py', 8) } })] }) },
        { functionName: 'riddle', body: body({ partial: true }) },
      ],
    })!;
    expect(problem.suggestion).toBe('add acks_late=True to refresh and store now; guard these first, then add it: send (email(…), shop/tasks.py:8); add acks_late=True to riddle once a second run does no harm');
    expect(problem.fix!.edits.map(({ text }) => text)).toEqual(['(acks_late=True)']);
  });
  test('says what happens, in the numbers of the user', () => {
    const problem = one(earlyAck, long)!;
    expect(problem.message).toBe('task_acks_late is False by default, so Celery acknowledges messages as the task starts, not after its end: ECS kills the worker 30 s after SIGTERM, and a task, which may run 10 min, is lost');
    expect(problem.fate).toBe('SIGTERM → the worker waits for running tasks → SIGKILL after 30 s → it was acknowledged when it started: the running task is lost');
  });
});

describe('celery/worker-loss-acknowledged and celery/endless-redelivery', () => {
  test.each([
    ['late without it', { values: { task_acks_late: true } }, 'warning high', undefined],
    ['late, written False', { values: { task_acks_late: true, task_reject_on_worker_lost: false } }, 'warning high', undefined],
    ['early', { values: { task_reject_on_worker_lost: false } }, undefined, undefined],
    ['late and rejecting, no cap', { values: { task_acks_late: true, task_reject_on_worker_lost: true } }, undefined, 'warning high'],
    ['late and rejecting, capped', { values: { task_acks_late: true, task_reject_on_worker_lost: true }, redeliveryCap: cap }, undefined, undefined],
    ['quorum queues count by themselves', { values: { task_acks_late: true, task_reject_on_worker_lost: true, task_default_queue_type: 'quorum' }, broker: 'rabbitmq' }, undefined, undefined],
    ['threads have no child to lose', { values: { task_acks_late: true }, pool: 'threads' }, undefined, undefined],
    ['per function', { functions: [{ acksLate: set(true), rejectOnWorkerLost: set(true) }] }, undefined, 'warning high'],
    ['settings alone', { values: { task_acks_late: true, task_reject_on_worker_lost: true }, functions: [], reach: 'implicit' }, undefined, 'warning medium'],
    ['failures not acknowledged, with a limit', { values: { ...CLEAN, task_reject_on_worker_lost: false, task_acks_on_failure_or_timeout: false } }, 'warning high', 'warning high'],
    ['the same before 5.5: dropped, no loop', { values: { ...CLEAN, task_reject_on_worker_lost: false, task_acks_on_failure_or_timeout: false }, versions: { celery: { assumed: '5.4.0' }, billiard: { assumed: '4.2.1' } } }, 'warning high', undefined],
  ] as const)('%s', (_, given, lost, endless) => {
    expect([verdict(workerLossAcknowledged, given as Given), verdict(endlessRedelivery, given as Given)]).toEqual([lost, endless]);
  });
  test('the fix waits for a cap', () => {
    const values = { task_acks_late: true, task_reject_on_worker_lost: false };
    expect(one(workerLossAcknowledged, { values })!.fix).toBeUndefined();
    expect(one(workerLossAcknowledged, { values, redeliveryCap: cap })!.fix!.edits[0]!.text).toBe('True');
  });
});

describe('celery/prefetch-above-one', () => {
  test.each([
    ['4 by default, late', { values: { task_acks_late: true } }, 'warning medium'],
    ['4 by default, early and short', { values: { task_time_limit: 30 } }, undefined],
    ['4 by default, early, 30 min', { values: { task_time_limit: 1800 } }, 'warning medium'],
    ['4 by default, early, walks a table', { functions: [{ body: body({ loops: [walk] }) }] }, 'warning medium'],
    ['8 on purpose, late, 30 s', { values: { worker_prefetch_multiplier: 8, task_acks_late: true, task_time_limit: 30 } }, undefined],
    ['8, late, no limit', { values: { worker_prefetch_multiplier: 8, task_acks_late: true } }, 'warning high'],
    ['0 takes the whole queue', { values: { worker_prefetch_multiplier: 0, task_acks_late: true, task_time_limit: 30 } }, 'warning high'],
    ['1', { values: { worker_prefetch_multiplier: 1, task_acks_late: true } }, undefined],
    ['1, early', { values: { worker_prefetch_multiplier: 1, task_time_limit: 1800 } }, undefined],
    ['not known', { values: { worker_prefetch_multiplier: null, task_acks_late: true } }, undefined],
    ['prefetch turned off on Redis', { values: { worker_disable_prefetch: true, task_acks_late: true } }, undefined],
    ['turned off where nothing reads it', { values: { worker_disable_prefetch: true, task_acks_late: true }, broker: 'rabbitmq' }, 'warning medium'],
    ['greenlets on purpose', { values: { worker_prefetch_multiplier: 2 }, pool: 'gevent', functions: [{ body: body({ loops: [walk] }) }] }, undefined],
  ] as const)('%s', (_, given, expected) => expect(verdict(prefetchAboveOne, given as Given)).toBe(expected));

  test('early: 1 still holds one message', () => {
    expect(one(prefetchAboveOne, { values: { task_time_limit: 1800 } })!.suggestion).toContain('worker_disable_prefetch = True');
    expect(one(prefetchAboveOne, { values: { worker_prefetch_multiplier: 8, worker_concurrency: 2, task_acks_late: true } })!.message).toContain('reserves 8 messages (16 messages for 2 processes)');
  });
});

describe('how long a message may stay unacknowledged', () => {
  const floor = (given: Given, visibility = 900) => floorOf(appOf(given), visibility, thresholds);
  const late = (limit: number, more: Partial<TaskFunction> = {}): Partial<TaskFunction> => ({ acksLate: set(true), timeLimit: set(limit), ...more });
  const stop = (seconds: number) => ({ stopTime: set(seconds) });

  test.each([
    ['limit + stop + 3', { functions: [late(600)], worker: stop(120) }, 723, 723],
    ['the longest limit of the late ones', { functions: [late(60), late(300), { timeLimit: set(1200) }], worker: stop(30) }, 333, 1233],
    ['no worker: no stop below, the longest stop above', { functions: [late(600)] }, 603, 723],
    ['with its own retry delay', { functions: [late(300, { retry: { ...taskFunction().retry, retries: true, calls: [{ at: at('shop/tasks.py', 9), countdown: set(200), grows: false, maxRetries: unset, via: [] }] } })], worker: stop(30) }, 533, 533],
    ['a delay above the visibility timeout is another rule', { functions: [late(300, { body: body({ publishes: [publish(set(7200))] }) })], worker: stop(30) }, 333, 7533],
    ['early alone', { functions: [{ timeLimit: set(600) }], worker: stop(30) }, 0, 633],
    ['settings alone', { values: { task_acks_late: true, task_time_limit: 600 }, functions: [] }, 603, 723],
  ] as const)('%s', (_, given, seconds, enough) => expect(floor(given as unknown as Given)).toMatchObject({ seconds, enough }));

  test('functions without a limit are named', () => {
    expect(floor({ functions: [late(300), { acksLate: set(true) }, { acksLate: set(true), body: body({ trivial: true }) }] }).unlimited).toHaveLength(1);
    expect(floor({ functions: [late(300)], pool: 'threads' }).unlimited).toHaveLength(1);
  });

  test.each([
    [true, 600, 3, 4], [true, 600, 12, 600], [5, 300, 10, 300], [10, 600, 5, 160], [false, 600, 5, undefined], [2, 600, null, 600], [3, 600, 0, 3],
  ] as const)('backoff %s up to %s with %s retries: %s', (backoff, maximum, retries, expected) => {
    expect(longestBackoff({ ...taskFunction().retry, backoff: set(backoff), backoffMax: set(maximum), maxRetries: set(retries) })).toBe(expected);
  });

  test.each([
    ['redis', {}, 3600], ['sqs', {}, 1800], ['rabbitmq', {}, undefined], ['unknown', {}, undefined], ['redis', { 'broker_transport_options.visibility_timeout': 60 }, 60],
    ['redis', { broker_transport_options: null }, undefined], ['sqs', { broker_transport_options: { predefined_queues: {} }, 'broker_transport_options.visibility_timeout': 60 }, undefined],
  ] as const)('effective on %s with %j: %s', (broker, values, seconds) => expect(visibilityOf(appOf({ broker, values }))?.seconds).toBe(seconds));

  test.each([[900, false], [3600, false], [43_200, false], [86_400, false], [172_800, false], [604_800, false], [300_000, true], [900_000, true], [3_600_000, true], [86_400_000, true]])('%d in milliseconds: %s', (value, expected) => {
    expect(looksLikeMilliseconds(value)).toBe(expected);
  });
});

describe('celery/visibility-timeout-*', () => {
  const vt = (seconds: unknown, more: Values = {}) => ({ 'broker_transport_options.visibility_timeout': seconds, task_acks_late: true, ...more });
  const stop = { stopTime: set(120) };
  test.each([
    ['below the limit', { values: vt(300, { task_time_limit: 600 }), worker: stop }, 'error high', undefined],
    ['between limit and floor', { values: vt(700, { task_time_limit: 600 }), worker: stop }, 'warning high', undefined],
    ['at the floor', { values: vt(723, { task_time_limit: 600 }), worker: stop }, undefined, undefined],
    ['15 minutes', { values: vt(900, { task_time_limit: 100 }), worker: stop }, undefined, undefined],
    ['above 15 minutes', { values: vt(901, { task_time_limit: 100 }), worker: stop }, undefined, 'warning high'],
    ['an hour by default, late', { values: { task_acks_late: true, task_time_limit: 100 }, worker: stop }, undefined, 'warning medium'],
    ['an hour by default, early', { values: { task_time_limit: 100 }, worker: stop }, undefined, undefined],
    ['a day, early: prefetched messages wait', { values: vt(86_400, { task_acks_late: false, task_time_limit: 100 }), worker: stop }, undefined, 'warning high'],
    ['needed by a long task', { values: vt(4000, { task_time_limit: 3800 }), worker: stop }, undefined, undefined],
    ['by default, no limit, late', { values: { task_acks_late: true } }, 'warning medium', undefined],
    ['by default, no limit, late, walks a table', { values: { task_acks_late: true }, functions: [{ body: body({ loops: [walk] }) }] }, 'error medium', undefined],
    ['written, no limit: no-time-limit speaks', { values: vt(900) }, undefined, undefined],
    ['a day, no limit', { values: vt(86_400) }, undefined, 'warning medium'],
    ['early, prefetched behind a longer task', { values: { task_time_limit: 5460 }, worker: stop }, 'warning medium', undefined],
    ['the same with prefetch 1', { values: { task_time_limit: 5460, worker_prefetch_multiplier: 1 }, worker: stop }, undefined, undefined],
    ['SQS', { broker: 'sqs', values: vt(300, { task_time_limit: 600 }), worker: stop }, 'error high', undefined],
    ['SQS: a long one is no fault of Redis', { broker: 'sqs', values: vt(21_600, { task_time_limit: 100 }), worker: stop }, undefined, undefined],
    ['milliseconds are another rule', { values: vt(900_000, { task_time_limit: 100 }), worker: stop }, undefined, undefined],
    ['RabbitMQ', { broker: 'rabbitmq', values: vt(30, { task_time_limit: 100 }), worker: stop }, undefined, undefined],
  ] as const)('%s', (_, given, short, long) => {
    expect([verdict(visibilityTimeoutTooShort, given as Given), verdict(visibilityTimeoutTooLong, given as Given)]).toEqual([short, long]);
  });

  test('each writes a value that neither complains of', () => {
    for (const seconds of [60, 300, 700, 5000, 86_400]) {
      for (const limit of [30, 600, 900, 3600]) {
        const values = vt(seconds, { task_time_limit: limit });
        const fix = (one(visibilityTimeoutTooShort, { values, worker: stop }) ?? one(visibilityTimeoutTooLong, { values, worker: stop }))?.fix;
        if (!fix) continue;
        const mended = { values: vt(Number(fix.edits[0]!.text), { task_time_limit: limit }), worker: stop };
        expect([verdict(visibilityTimeoutTooShort, mended), verdict(visibilityTimeoutTooLong, mended)]).toEqual([undefined, undefined]);
      }
    }
  });

  test.each([
    ['timedelta', { seconds: 900 }, 'redis', 'error high', '900'], ['text', '900', 'redis', 'error high', '900'], ['text on SQS is sent as text', '900', 'sqs', undefined, undefined],
    ['milliseconds', 900_000, 'redis', 'error medium', '900'], ['seconds', 900, 'redis', undefined, undefined], ['RabbitMQ has none', { seconds: 900 }, 'rabbitmq', undefined, undefined],
  ] as const)('not seconds: %s', (_, value, broker, expected, text) => {
    const given = { values: { 'broker_transport_options.visibility_timeout': value }, broker };
    expect(verdict(visibilityTimeoutNotSeconds, given)).toBe(expected);
    expect(one(visibilityTimeoutNotSeconds, given)?.fix?.edits[0]!.text).toBe(text);
  });
});

describe('celery/countdown-exceeds-visibility-timeout', () => {
  const values = { 'broker_transport_options.visibility_timeout': 310 };
  const delayed = (countdown: Setting<number>, more: Partial<Publish> = {}) => [{ body: body({ publishes: [publish(countdown, more)] }) }];
  const retry = (more: Partial<TaskFunction['retry']>) => [{ retry: { ...taskFunction().retry, retries: true, ...more } }];
  const call = (countdown: Setting<number>, grows = false) => ({ at: at('shop/tasks.py', 9), countdown, grows, maxRetries: unset, via: [] });
  const steps: Setting<number> = { state: 'unknown', at: at('shop/tasks.py', 9), expression: '300 * i', candidates: [0, 300, 600, 2700] };

  test.each([
    ['a longer countdown', delayed(set(3600)), 1], ['an equal one', delayed(set(310)), 1], ['a shorter one', delayed(set(309)), 0], ['none', delayed(unset), 0], ['not known', delayed(unknown), 0],
    ['every value of a loop is sent', delayed(steps, { insideLoop: 0 }), 1], ['outside a loop one of several', delayed(steps), 0],
    ['a retry', retry({ calls: [call(set(1800))] }), 1], ['a growing retry', retry({ calls: [call(steps, true)] }), 1], ['a retry after the default delay', retry({ calls: [call(unset)], defaultRetryDelay: set(600) }), 1],
    ['the delay of a function that never retries', [{ retry: { ...taskFunction().retry, defaultRetryDelay: set(3600) } }], 0],
    ['a backoff that gets there', retry({ autoretryFor: ['IOError'], backoff: set(true), backoffMax: byDefault(600), maxRetries: set(10) }), 1],
    ['one that does not', retry({ autoretryFor: ['IOError'], backoff: set(true), backoffMax: byDefault(600), maxRetries: byDefault(3) }), 0],
    ['a backoff without autoretry_for', retry({ calls: [call(set(5))], backoff: set(true), maxRetries: set(10), backoffMax: byDefault(600) }), 0],
  ] as const)('%s', (_, functions, count) => {
    const given = { values, functions: functions as Given['functions'] & object };
    expect(check(countdownExceedsVisibilityTimeout, given)).toHaveLength(count);
    expect(check(countdownExceedsVisibilityTimeout, { ...given, broker: 'sqs' })).toHaveLength(count);
    expect(check(countdownExceedsVisibilityTimeout, { ...given, broker: 'rabbitmq' })).toEqual([]);
  });

  test('the default of an hour counts, at medium', () => expect(verdict(countdownExceedsVisibilityTimeout, { functions: delayed(set(7200)) })).toBe('error medium'));
  test('predefined queues of SQS have a timeout of their own', () => {
    expect(check(countdownExceedsVisibilityTimeout, { broker: 'sqs', values: { ...values, broker_transport_options: { predefined_queues: {} } }, functions: delayed(set(3600)) })).toEqual([]);
  });
  test('raising it far enough', () => {
    const { suggestion } = one(countdownExceedsVisibilityTimeout, { values: { ...values, task_time_limit: 60 }, functions: delayed(set(3600)), worker: { stopTime: set(30) } })!;
    expect(suggestion).toBe('keep the countdown below 310 s, or set broker_transport_options = {"visibility_timeout": 3693} in shop/settings.py');
  });
});

describe('time limits', () => {
  test.each([
    ['none', {}, 'warning medium'], ['trivial work', { functions: [{ body: body({ trivial: true }) }] }, 'note medium'], ['a limit', { values: { task_time_limit: 60 } }, undefined], ['not known', { values: { task_time_limit: null } }, undefined],
    ['on every function', { functions: [{ timeLimit: set(60) }] }, undefined], ['on every function that can hang', { functions: [{ timeLimit: set(60) }, { body: body({ trivial: true }) }] }, undefined],
    ['a soft limit alone', { values: { task_soft_time_limit: 60 } }, 'warning medium'], ['a timeout decorator of its own', { functions: [{ ownTimeout: { seconds: 60, at: at('shop/tasks.py', 4) } }] }, undefined],
    ['limits that threads ignore are another rule', { values: { task_time_limit: 60 }, pool: 'threads' }, undefined], ['threads without limits', { pool: 'threads' }, 'warning medium'], ['no function', { functions: [] }, undefined],
  ] as const)('celery/no-time-limit: %s', (_, given, expected) => expect(verdict(noTimeLimit, given as Given)).toBe(expected));

  test('a limit that leaves room below the visibility timeout', () => {
    expect(one(noTimeLimit, { values: { task_acks_late: true, 'broker_transport_options.visibility_timeout': 900 }, worker: { stopTime: set(120) } })!.suggestion).toContain('set task_time_limit = 770 and task_soft_time_limit = 740 in shop/settings.py');
    expect(one(noTimeLimit, { broker: 'rabbitmq', values: { task_acks_late: true } })!.suggestion).toContain('task_time_limit = 900');
  });

  test.each([[900, 0], [901, 1], [1800, 1]])('celery/time-limit-too-long: %d s', (limit, count) => expect(check(timeLimitTooLong, { values: { task_time_limit: limit } })).toHaveLength(count));
  test('each long limit once, where it stands', () => {
    const limit = set(5460, { at: at('shop/tasks.py', 15) });
    const found = check(timeLimitTooLong, { values: { task_time_limit: 3660 }, functions: [{}, {}, { timeLimit: limit }, { timeLimit: set(60) }] });
    expect(found.map(problem => `${problem.at.path}:${problem.at.startLine}`)).toEqual([`${HOME}:10`, 'shop/tasks.py:15']);
    expect(check(timeLimitTooLong, { values: { task_time_limit: 3660 }, functions: [{ timeLimit: set(60) }] })).toEqual([]);
  });

  test.each([['threads', { task_time_limit: 60 }, 'error'], ['solo', { task_time_limit: 60 }, 'error'], ['eventlet', { task_time_limit: 60 }, 'error'], ['gevent', { task_time_limit: 60 }, undefined], ['gevent', { task_time_limit: 60, task_soft_time_limit: 50 }, 'warning'], ['prefork', { task_time_limit: 60 }, undefined], ['threads', {}, undefined]] as const)(
    'celery/time-limit-ignored: %s with %j', (pool, values, severity) => expect(one(timeLimitIgnored, { pool, values })?.severity).toBe(severity));

  test.each([[90, 100, undefined], [100, 100, '90'], [700, 600, '570'], [30, 20, '18']])('celery/soft-limit-not-below-hard: %d of %d', (soft, hard, text) => {
    expect(one(softLimitNotBelowHard, { values: { task_soft_time_limit: soft, task_time_limit: hard } })?.fix?.edits[0]!.text).toBe(text);
    expect(check(softLimitNotBelowHard, { values: { task_soft_time_limit: soft, task_time_limit: hard }, pool: 'threads' })).toEqual([]);
  });
});

describe('remapping SIGTERM', () => {
  const versions = (celery: string, billiard: string, pinned = true) => ({ versions: { celery: { assumed: celery, ...(pinned && { version: celery }) }, billiard: { assumed: billiard, ...(pinned && { version: billiard }) } } });
  const late = { values: { ...CLEAN, task_time_limit: 600 }, worker: { stopTime: set(120), sigtermRemap: set('SIGQUIT') } };
  const early = { ...late, values: { task_time_limit: 600 } };

  test.each([
    ['late, prefork, billiard 4.2', late, undefined], ['early', early, 'error medium'], ['early, written', { ...early, values: { ...early.values, task_acks_late: false } }, 'error high'],
    ['early, ends within the soft shutdown', { ...early, values: { task_time_limit: 20, worker_soft_shutdown_timeout: 30 } }, undefined],
    ['late, billiard 4.3', { ...late, ...versions('5.6.3', '4.3.0') }, 'error high'], ['late, billiard 4.3 by the next install', { ...late, ...versions('5.6.3', '4.3.2', false) }, 'warning high'],
    ['late, billiard 4.3, fixed celery', { ...late, ...versions('5.6.4', '4.3.2') }, undefined], ['late, billiard below 4.3', { ...late, ...versions('5.6.3', '4.2.4', false) }, undefined],
    ['solo', { ...late, pool: 'solo' }, 'error high'], ['gevent', { ...late, pool: 'gevent' }, 'error high'], ['threads', { ...late, pool: 'threads' }, 'warning high'], ['solo in 5.2', { ...late, pool: 'solo', ...versions('5.2.6', '4.1.0') }, undefined],
    ['not set', { ...early, worker: { stopTime: set(120) } }, undefined], ['without a platform', { ...early, worker: { ...early.worker, platform: 'unknown' } }, 'warning medium'],
  ] as const)('celery/sigterm-remap-loses-tasks: %s', (_, given, expected) => expect(verdict(sigtermRemapLosesTasks, given as Given)).toBe(expected));

  const bare = { ...late, worker: { stopTime: set(120) } };
  test.each([
    ['late and longer than the stop', bare, 'warning high'], ['set', late, undefined], ['not known', { ...bare, worker: { stopTime: set(120), sigtermRemap: unknown } }, undefined],
    ['fits the stop', { ...bare, values: { ...CLEAN, task_time_limit: 117 } }, undefined], ['3 s of exit margin count', { ...bare, values: { ...CLEAN, task_time_limit: 118 } }, 'warning high'],
    ['early', { ...bare, values: { task_time_limit: 600 } }, undefined], ['RabbitMQ', { ...bare, broker: 'rabbitmq' }, 'warning high'], ['solo', { ...bare, pool: 'solo' }, undefined],
    ['billiard 4.3 would lose', { ...bare, ...versions('5.6.3', '4.3.0') }, undefined], ['too old to read it', { ...bare, ...versions('4.4.6', '3.6.3') }, undefined], ['misspelt: another rule', { ...bare, worker: { stopTime: set(120), strayVariables: [{ name: 'BILLIARD_REMAP_SIGTERM', value: 'SIGQUIT', at: at('infra/worker.json', 8) }] } }, undefined],
    ['protected by the code', { ...bare, taskProtection: at('shop/protect.py') }, undefined], ['SIGQUIT by the image', { ...bare, worker: { stopTime: set(120), container: container({ stopSignal: set('SIGQUIT') }) } }, undefined],
    ['SIGTERM by the image', { ...bare, worker: { stopTime: set(120), container: container({ stopSignal: set('SIGTERM') }) } }, 'warning high'],
  ] as const)('celery/no-sigterm-remap: %s', (_, given, expected) => expect(verdict(noSigtermRemap, given as Given)).toBe(expected));
  test('some are early: they come first', () => {
    const problem = one(noSigtermRemap, { ...bare, functions: [{}, { functionName: 'send', acksLate: set(false) }] })!;
    expect(problem.suggestion).toMatch(/^acknowledge send late first, then add REMAP_SIGTERM=SIGQUIT/);
    expect(problem.blockedBy).toEqual(['celery/early-ack']);
  });

  const stray = { name: 'BILLIARD_REMAP_SIGTERM', value: 'SIGQUIT', at: at('infra/worker.json', 8) };
  test.each([
    ['another name', { ...late, worker: { strayVariables: [stray] } }, 'error', 'rename BILLIARD_REMAP_SIGTERM to REMAP_SIGTERM, with the value SIGQUIT'],
    ['another name under early acknowledgement', { ...early, worker: { strayVariables: [stray] } }, 'error', 'remove BILLIARD_REMAP_SIGTERM: an effective remap would lose running tasks under early acknowledgement'],
    ['both names', { ...late, worker: { strayVariables: [stray], sigtermRemap: set('SIGQUIT') } }, 'warning', 'remove BILLIARD_REMAP_SIGTERM: REMAP_SIGTERM is set as well'],
    ['another signal', { ...late, worker: { sigtermRemap: set('SIGINT') } }, 'error', 'set REMAP_SIGTERM to SIGQUIT'], ['no signal', { ...late, worker: { sigtermRemap: set('true') } }, 'error', 'set REMAP_SIGTERM to SIGQUIT'],
    ['empty is unset', { ...late, worker: { sigtermRemap: set('') } }, undefined, undefined], ['too old', { ...late, ...versions('4.4.6', '3.6.3') }, 'warning', 'install celery 4.4.7 or later, or remove REMAP_SIGTERM'],
  ] as const)('celery/sigterm-remap-ineffective: %s', (_, given, severity, suggestion) => {
    const problem = one(sigtermRemapIneffective, given as Given);
    expect([problem?.severity, problem?.suggestion]).toEqual([severity, suggestion]);
  });
});

describe('names and values', () => {
  const ignored = (more: Partial<IneffectiveSetting>): IneffectiveSetting => ({ name: 'CELERY_ACKS_LATE', at: at(HOME, 20), reason: 'old-name-under-namespace', wanted: 'CELERY_TASK_ACKS_LATE', value: 'True', ...more });
  const django = { namespace: 'CELERY' };

  test('an old name under a namespace', () => {
    const problem = one(settingIgnored, { ...django, ineffective: [ignored({})] })!;
    expect(problem.message).toBe('CELERY_ACKS_LATE = True is a name from before Celery 4, which is not read under namespace CELERY, so CELERY_TASK_ACKS_LATE keeps its default False');
    expect([problem.severity, problem.order, problem.suggestion]).toEqual(['error', 5, 'rename CELERY_ACKS_LATE to CELERY_TASK_ACKS_LATE in shop/settings.py']);
  });
  test('harmless where the new name is set too, and where it decides nothing', () => {
    expect(one(settingIgnored, { ...django, values: { task_acks_late: true }, ineffective: [ignored({})] })).toMatchObject({ severity: 'warning', suggestion: 'delete CELERY_ACKS_LATE in shop/settings.py' });
    expect(one(settingIgnored, { ...django, ineffective: [ignored({ name: 'CELERY_SEND_TASK_SENT_EVENT', wanted: 'CELERY_TASK_SEND_SENT_EVENT' })] })!.severity).toBe('warning');
  });
  test('a variable of the module', () => {
    const variable = ignored({ name: 'task_acks_late', wanted: 'task_acks_late', reason: 'module-variable' });
    expect(one(settingIgnored, { ineffective: [variable] })!.suggestion).toBe('write app.conf.task_acks_late = True');
    expect(one(settingIgnored, { ...django, ineffective: [variable] })!.suggestion).toContain('or CELERY_TASK_ACKS_LATE = True in the settings it loads');
  });
  test('each reason belongs to one rule', () => {
    const of = (reason: IneffectiveSetting['reason']) => [settingIgnored, unknownSetting, mixedSettingNames].filter(rule => check(rule, { ineffective: [ignored({ reason })] }).length > 0).map(({ id }) => id);
    expect(of('unknown-name')).toEqual(['celery/unknown-setting']);
    expect(of('mixed-names')).toEqual(['celery/mixed-setting-names']);
    for (const reason of ['old-name-under-namespace', 'prefixed-without-namespace', 'wrong-case', 'module-variable', 'replaced-by-second-config', 'unprefixed-under-namespace'] as const) expect(of(reason)).toEqual(['celery/setting-ignored']);
  });
  test('a mistyped task option', () => {
    expect(one(unknownSetting, { functions: [{ unknownOptions: [{ name: 'ack_late', wanted: 'acks_late', at: at('shop/tasks.py', 5) }] }] })!.suggestion).toBe('rename ack_late to acks_late on work, or delete it');
  });
  test('mixed names are one finding', () => {
    const mixed = ['BROKER_URL', 'CELERY_ACKS_LATE'].map((name, i) => ignored({ name, wanted: name.toLowerCase(), reason: 'mixed-names', at: at(HOME, 20 + i) }));
    expect(check(mixedSettingNames, { ineffective: mixed })).toHaveLength(1);
  });

  test.each([['False', 1], ['false', 1], ['0', 1], ['no', 1], ['', 0], ['True', 0], ['1', 0], [false, 0]] as const)('celery/string-boolean: %j', (value, count) => {
    expect(check(stringBoolean, { values: { task_always_eager: value } })).toHaveLength(count);
    expect(check(stringBoolean, { values: { task_default_queue: value } })).toEqual([]);
  });
  test('an inherited text is one finding', () => expect(check(stringBoolean, { values: { task_acks_late: 'False' }, functions: [{}, {}] })).toHaveLength(1));
});

test('celery/embedded-beat: one replica; more are ecs/scheduler-replicas', () => {
  const command = { ...worker().command, options: new Map<string, string | true>([['--beat', true]]) };
  expect(check(embeddedBeat, { worker: { command } })).toHaveLength(1);
  expect(check(embeddedBeat, { worker: { command, service: service({ maximumCount: set(1) }) } })).toHaveLength(1);
  expect(check(embeddedBeat, { worker: { command, service: service({ maximumCount: set(2) }) } })).toEqual([]);
  expect(check(embeddedBeat, { worker: {} })).toEqual([]);
});

describe('the words of the user', () => {
  const named = (writtenAs: string, value: unknown = 4) => new Map([...settings({ task_acks_late: true }), ['worker_prefetch_multiplier', set(value, { at: at(HOME, 12), writtenAs })]]);
  test.each([
    ['no namespace', appOf({ values: { task_acks_late: true } }), 'set worker_prefetch_multiplier = 1 in shop/settings.py'],
    ['namespace CELERY', appOf({ namespace: 'CELERY', values: { task_acks_late: true } }), 'set CELERY_WORKER_PREFETCH_MULTIPLIER = 1 in shop/settings.py'],
    ['namespace celery', appOf({ namespace: 'celery', values: { task_acks_late: true } }), 'set celery_worker_prefetch_multiplier = 1 in shop/settings.py'],
    ['nothing written yet', appOf({ namespace: 'CELERY' }), 'set CELERY_WORKER_PREFETCH_MULTIPLIER = 1 in the settings loaded at shop/celery.py:4'],
    ['old names', { ...appOf(), settings: named('CELERYD_PREFETCH_MULTIPLIER') }, 'set CELERYD_PREFETCH_MULTIPLIER = 1 in shop/settings.py'],
    ['on the command line', { ...appOf(), settings: named('--prefetch-multiplier') }, 'write --prefetch-multiplier 1 in shop/settings.py'],
  ] as const)('%s', (_, app, expected) => expect(toWrite(app, ['worker_prefetch_multiplier', 1])).toBe(expected));

  test('other settings follow old names', () => expect(spelled({ ...appOf(), settings: named('CELERYD_PREFETCH_MULTIPLIER') }, 'task_acks_late')).toBe('CELERY_ACKS_LATE'));
  test('an option beside others', () => {
    expect(toWrite(appOf({ values: { broker_transport_options: { region: 'eu' } } }), ['broker_transport_options.visibility_timeout', 900])).toBe('set "visibility_timeout": 900 in broker_transport_options in shop/settings.py');
  });
});

test.each([['5.6.3', '5.6.4', false], ['5.6.4', '5.6.4', true], ['5.10.0', '5.6.4', true]])('%s is at least %s: %s', (assumed, minimum, expected) => {
  expect(isAtLeast({ assumed }, minimum)).toBe(expected);
});
