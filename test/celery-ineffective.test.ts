import { describe, expect, test } from 'vitest';
import type { CeleryApp, NoEffect, Problem, Rule, Setting, Worker } from '../src/model/index.js';
import { brokerMayEvict } from '../src/rules/celery/broker-may-evict.js';
import { softShutdownIneffective } from '../src/rules/celery/soft-shutdown-ineffective.js';
import { visibilityTimeoutIneffective } from '../src/rules/celery/visibility-timeout-ineffective.js';
import { at, byDefault, model, set, taskFunction, thresholds, unknown, worker } from './model-builders.js';

type Values = Readonly<Record<string, Setting<unknown>>>;
const URL = 'redis://cache.abc.euc1.cache.amazonaws.com:6379/0';

function appOf(name: string, values: Values, workers: readonly Partial<Worker>[] = [{}], more: Partial<CeleryApp> = {}): CeleryApp {
  const settings = new Map(Object.entries({ broker_transport_options: byDefault<unknown>({}), ...values }));
  const own: Worker[] = [];
  const app: CeleryApp = {
    id: `${name}.celery:app`, name, at: at(`${name}/celery.py`, 3), reach: 'written', settings, broker: 'redis', pool: 'prefork', functions: [taskFunction({ acksLate: set(true) })], workers: own, ineffective: [],
    versions: { celery: { version: '5.6.3', assumed: '5.6.3' }, billiard: { version: '4.2.4', assumed: '4.2.4' } }, ...more,
  };
  own.push(...workers.map(each => worker({ id: `infra/${name}.json: worker`, app, settings, functions: app.functions, ...each })));
  return app;
}
const check = (rule: Rule, ...apps: readonly CeleryApp[]): readonly Problem[] => [...rule.check(model({ apps, workers: apps.flatMap(({ workers }) => workers) }), thresholds)];
const visibility = (seconds: number, line = 9): Values => ({ broker_url: set<unknown>(URL), 'broker_transport_options.visibility_timeout': set<unknown>(seconds, { at: at('settings.py', line) }) });

describe('celery/visibility-timeout-ineffective on one Redis database', () => {
  const found = (...apps: readonly CeleryApp[]): readonly string[] => check(visibilityTimeoutIneffective, ...apps).map(({ message }) => message.slice(0, message.indexOf(', but ')));

  test('the longer of two values is overruled', () => {
    expect(found(appOf('shop', visibility(7200, 5)), appOf('mail', visibility(300, 6)))).toEqual(['visibility_timeout is 2 h']);
  });
  test('the default of an app that sets none overrules too', () => {
    expect(found(appOf('shop', visibility(7200)), appOf('mail', { broker_url: set<unknown>(URL) }))).toEqual(['visibility_timeout is 2 h']);
  });
  test('a short value that stands beside the default is what holds', () => {
    expect(found(appOf('shop', visibility(600)), appOf('mail', { broker_url: set<unknown>(URL) }))).toEqual([]);
  });
  test.each([
    ['equal values', visibility(7200, 6)],
    ['another number', { ...visibility(300, 6), broker_url: set<unknown>(URL.replace('/0', '/1')) }],
    ['a URL that is not known', { ...visibility(300, 6), broker_url: unknown }],
    ['a URL that a variable may replace', { ...visibility(300, 6), broker_url: set<unknown>(URL, { certainty: 'unless-environment' }) }],
    ['a value that is not known', { broker_url: set<unknown>(URL), 'broker_transport_options.visibility_timeout': unknown }],
  ] as const)('%s: silent', (_name, other) => {
    expect(found(appOf('shop', visibility(7200, 5)), appOf('mail', other as Values))).toEqual([]);
  });
  test('a bare host name is another database in every file', () => {
    const local = (path: string): Values => ({ broker_url: set<unknown>('redis://redis:6379/0', { at: at(path) }) });
    expect(found(appOf('shop', { ...visibility(7200, 5), ...local('a/compose.yml') }), appOf('mail', { ...visibility(300, 6), ...local('b/compose.yml') }))).toEqual([]);
    expect(found(appOf('shop', { ...visibility(7200, 5), ...local('compose.yml') }), appOf('mail', { ...visibility(300, 6), ...local('compose.yml') }))).toEqual(['visibility_timeout is 2 h']);
  });
  test('the password of the URL is not said', () => {
    const secret = { broker_url: set<unknown>(URL.replace('//', '//:hunter2@')) };
    expect(JSON.stringify(check(visibilityTimeoutIneffective, appOf('shop', { ...visibility(7200, 5), ...secret }), appOf('mail', { ...visibility(300, 6), ...secret })).map(({ message, suggestion }) => [message, suggestion]))).not.toContain('hunter2');
  });
});

describe('celery/soft-shutdown-ineffective', () => {
  const timeout: NoEffect = { setting: 'worker_soft_shutdown_timeout', at: at('settings.py', 4), kind: 'soft-shutdown', text: 'SIGTERM starts a warm shutdown' };
  const values: Values = { worker_soft_shutdown_timeout: set<unknown>(30, { at: timeout.at }) };
  const suggestions = (workers: readonly Partial<Worker>[], more: Partial<CeleryApp> = {}): readonly string[] => check(softShutdownIneffective, appOf('shop', values, workers, more)).map(({ suggestion }) => suggestion);

  test('asks for the remap where it gives tasks back', () => {
    expect(suggestions([{ noEffect: [timeout] }])).toEqual(['set REMAP_SIGTERM=SIGQUIT in the environment of worker']);
  });
  test.each([
    ['threads', [{ noEffect: [timeout], pool: 'threads' }], {}],
    ['early acknowledgement', [{ noEffect: [timeout] }], { functions: [taskFunction({ acksLate: set(false) })] }],
    ['billiard 4.3 with celery 5.6.3', [{ noEffect: [timeout] }], { versions: { celery: { version: '5.6.3', assumed: '5.6.3' }, billiard: { version: '4.3.0', assumed: '4.3.0' } } }],
  ] as const)('%s: never asks for the remap that would lose tasks', (_name, workers, more) => {
    expect(suggestions(workers, more as Partial<CeleryApp>)[0]).toMatch(/^remove worker_soft_shutdown_timeout: .* would be lost here$/);
  });
  test('a release without it: install a newer one', () => {
    expect(suggestions([{ noEffect: [{ ...timeout, kind: 'version', text: 'celery 5.4.0 does not know it' }] }])).toEqual(['install celery 5.5 or later, or remove worker_soft_shutdown_timeout']);
  });
  test('one worker that uses it: silent', () => {
    expect(suggestions([{ noEffect: [timeout] }, { noEffect: [] }])).toEqual([]);
  });
  test('what belongs to the timeout is not named beside it', () => {
    expect(suggestions([{ noEffect: [timeout, { ...timeout, setting: 'worker_enable_soft_shutdown_on_idle', at: at('settings.py', 5) }] }])).toHaveLength(1);
  });
});

describe('celery/broker-may-evict', () => {
  const judged = (policy: string, host: string | undefined, url: string): readonly string[] => {
    const app = appOf('shop', { broker_url: set<unknown>(url) });
    return [...brokerMayEvict.check(model({ apps: [app], workers: app.workers, caches: [{ name: 'cache', policy: set(policy), ...(host !== undefined && { host }) }] }), thresholds)].map(({ severity, confidence }) => `${severity} ${confidence}`);
  };
  test.each([
    ['allkeys-lru', 'redis', 'redis://redis:6379/0', ['error high']], ['allkeys-lfu', 'redis', 'redis://:secret@redis:6379/0', ['error high']], ['noeviction', 'redis', 'redis://redis:6379/0', []], ['volatile-lru', 'redis', 'redis://redis:6379/0', []],
    ['allkeys-lru', 'cache', 'redis://redis:6379/0', []], ['allkeys-lru', undefined, 'redis://redis:6379/0', []], ['allkeys-lru', undefined, 'redis://main.abc.cache.amazonaws.com:6379/0', ['warning medium']],
  ] as const)('%s of %s, broker %s', (policy, host, url, expected) => expect(judged(policy, host, url)).toEqual(expected));
});
