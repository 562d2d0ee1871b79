import { beforeAll, describe, expect, test } from 'vitest';
import type { CeleryApp, Problem, Publish, Rule } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';
import { concurrencyUnset } from '../src/rules/celery/concurrency-unset.js';
import { countdownExceedsConsumerTimeout } from '../src/rules/celery/countdown-exceeds-consumer-timeout.js';
import { countdownExceedsVisibilityTimeout } from '../src/rules/celery/countdown-exceeds-visibility-timeout.js';
import { endlessRedelivery } from '../src/rules/celery/endless-redelivery.js';
import { resultsNeverExpire } from '../src/rules/celery/results-never-expire.js';
import { linked } from './linked.js';
import { container, model, scheduler, service, set, thresholds, unknown, worker } from './model-builders.js';

beforeAll(() => loadPython());

type Files = Readonly<Record<string, string>>;

const CELERY = 'from celery import Celery\napp = Celery("shop", broker="redis://cache/0", include=["shop.tasks"])\n';
const TASKS = 'from shop.celery import app\n\n@app.task(acks_late=True)\ndef release(sku):\n    print(sku)\n\n@app.task(name="orders.remind", acks_late=True)\ndef remind(order):\n    print(order)\n';

function apps(files: Files): readonly CeleryApp[] {
  return linked({ 'shop/__init__.py': '', 'shop/celery.py': CELERY, 'shop/tasks.py': TASKS, ...files }).apps;
}

/** What a view sends with these lines as its body: the function and the seconds. */
function sent(lines: string, above = ''): readonly (readonly [string, unknown])[] {
  const view = `from datetime import datetime, timedelta\nfrom functools import partial\nfrom celery import signature\nfrom django.utils import timezone\nfrom shop.celery import app\nfrom shop.tasks import release, remind\n${above}\n\ndef view(request, delay):\n${lines.split('\n').map(line => `    ${line}`).join('\n')}\n`;
  return said(apps({ 'shop/views.py': view })[0]!.sends ?? []);
}
const said = (sends: readonly Publish[]): readonly (readonly [string, unknown])[] => sends.map(({ target, countdown }) => [target, countdown.state === 'set' ? countdown.value : countdown.state]);

describe('messages with a delay outside of task functions', () => {
  test.each([
    ['release.apply_async((1,), countdown=86400)', 'shop.tasks.release', 86_400],
    ['release.apply_async((1,), countdown=2 * 60 * 60)', 'shop.tasks.release', 7200],
    ['release.apply_async((1,), countdown=delay)', 'shop.tasks.release', 'unknown'],
    ['release.apply_async((1,), eta=timezone.now() + timedelta(days=2))', 'shop.tasks.release', 172_800],
    ['later = datetime.utcnow() + timedelta(hours=1) + timedelta(minutes=5)\nremind.apply_async(eta=later)', 'orders.remind', 3900],
    ['release.apply_async(eta=request.start + timedelta(days=2))', 'shop.tasks.release', 'unknown'],
    ['app.send_task("orders.remind", countdown=600)', 'orders.remind', 600],
    ['app.send_task("elsewhere.work", countdown=600)', 'elsewhere.work', 600],
    ['signature("orders.remind", args=(1,)).apply_async(countdown=601)', 'orders.remind', 601],
    ['signature("orders.remind", countdown=602).delay()', 'orders.remind', 602],
    ['release.s(1).set(countdown=603).delay()', 'shop.tasks.release', 603],
    ['transaction.on_commit(lambda: release.apply_async(countdown=604))', 'shop.tasks.release', 604],
    ['transaction.on_commit(partial(release.apply_async, (1,), countdown=605))', 'shop.tasks.release', 605],
    ['options = {"countdown": 606}\nrelease.apply_async((1,), **options)', 'shop.tasks.release', 606],
  ])('%s', (lines, target, seconds) => {
    expect(sent(lines)).toEqual([[target, seconds]]);
  });

  test.each([
    'release.delay(1)', 'release.apply_async((1,))', 'release.apply_async((1,), countdown=None)', 'cache.set("key", 1, countdown=5)', 'pool.apply_async(work, callback=done)', 'release.apply_async((1,), **request.options)',
  ])('%s says nothing', line => {
    expect(sent(line)).toEqual([]);
  });

  test.each([
    ['release.apply_async((1,), time_limit=900)', 900],
    ['release.s(1).set(time_limit=900).delay()', 900],
    ['options = {"time_limit": 900}\nrelease.apply_async((1,), **options)', 900],
    ['release.apply_async((1,), time_limit=60)', 300],
    ['release.apply_async((1,), time_limit=None)', 300],
    ['release.apply_async((1,), time_limit=delay)', 'unknown'],
    ['remind.apply_async((1,), time_limit=900)', 300],
  ])('a limit of one call: %s', (line, seconds) => {
    const view = `from shop.tasks import release, remind\n\ndef view(request, delay):\n${line.split('\n').map(each => `    ${each}`).join('\n')}\n`;
    const [app] = apps({ 'shop/views.py': view, 'shop/celery.py': `${CELERY}app.conf.task_time_limit = 300\n` });
    const { timeLimit } = app!.functions.find(fn => fn.functionName === 'release')!;
    expect(timeLimit.state === 'set' ? timeLimit.value : timeLimit.state).toBe(seconds);
  });

  test('a module constant of another file counts, tests do not', () => {
    const call = 'from shop.tasks import release\nfrom shop.times import HOLD\n\ndef hold():\n    release.apply_async((1,), countdown=HOLD.total_seconds())\n';
    const times = 'from datetime import timedelta\nHOLD = timedelta(hours=2)\n';
    expect(said(apps({ 'shop/times.py': times, 'shop/models.py': call, 'tests/test_models.py': call })[0]!.sends!)).toEqual([['shop.tasks.release', 7200]]);
  });

  test('what a task function sends, itself or through a helper, is not there twice', () => {
    const helper = 'from shop.tasks import release\n\ndef later(sku):\n    release.apply_async((sku,), countdown=7200)\n';
    const tasks = `${TASKS}\n@app.task\ndef hold(sku):\n    from shop.helper import later\n    later(sku)\n    release.apply_async((sku,), countdown=60)\n`;
    const [app] = apps({ 'shop/helper.py': helper, 'shop/tasks.py': tasks });
    const own = app!.functions.flatMap(fn => fn.body.publishes).map(({ countdown }) => countdown.state === 'set' && countdown.value);
    expect([own.sort(), app!.sends]).toEqual([[60, 7200], undefined]);
  });

  test('a message goes to the app whose function it names', () => {
    const second = 'from celery import Celery\nmail = Celery("mail", broker="redis://cache/1")\n\n@mail.task\ndef send(to):\n    print(to)\n';
    const view = 'from mail.worker import send\nfrom shop.tasks import release\n\ndef view():\n    send.apply_async(countdown=10)\n    release.apply_async(countdown=20)\n    unknown.apply_async(countdown=30)\n';
    const found = apps({ 'mail/__init__.py': '', 'mail/worker.py': second, 'web.py': view });
    expect(found.map(app => [app.name, said(app.sends ?? [])])).toEqual([['mail', [['mail.worker.send', 10]]], ['app', [['shop.tasks.release', 20]]]]);
  });
});

describe('what caps redeliveries', () => {
  const capped = (files: Files): readonly unknown[] => { const [app] = apps(files); return [app!.redeliveryCap?.path, ...app!.functions.map(fn => fn.redeliveryCap?.path)]; };
  const COUNTED = 'from celery import Task\n\nclass Counted(Task):\n    def before_start(self, task_id, args, kwargs):\n        self.count(task_id)\n    def count(self, task_id):\n        delivery_count = redis.incr(task_id)\n        if delivery_count > 5:\n            raise Reject()\n';
  const HELPER = 'from celery import current_app\n\ndef guard(task_id):\n    delivery_count = redis.incr(task_id)\n    return delivery_count > 5\n';
  const using = (body: string, decorator = '@app.task(acks_late=True)'): string => `from shop.celery import app\nfrom shop.count import *\n\n${decorator}\ndef release(sku):\n    ${body}\n\n@app.task(acks_late=True)\ndef remind(order):\n    print(order)\n`;

  test('a counter that nothing uses is none', () => {
    expect(capped({ 'shop/count.py': HELPER })).toEqual([undefined, undefined, undefined]);
    expect(capped({ 'shop/count.py': COUNTED })).toEqual([undefined, undefined, undefined]);
  });

  test.each([
    ['that it calls', HELPER, using('guard(sku)')],
    ['of its base class', COUNTED, using('print(sku)', '@app.task(acks_late=True, base=Counted)')],
    ['in its body', '', using('return self.request.delivery_info["redelivered"]')],
  ])('a counter %s caps that function alone', (_, count, tasks) => {
    const [app, release, remind] = capped({ 'shop/count.py': count, 'shop/tasks.py': tasks });
    expect([app, release !== undefined, remind]).toEqual([undefined, true, undefined]);
  });

  test.each([
    ['task_cls=Counted', `from shop.count import Counted\n${CELERY.replace('"shop",', '"shop", task_cls=Counted,')}`, COUNTED],
    ['task_cls by its name', CELERY.replace('"shop",', '"shop", task_cls="shop.count:Counted",'), COUNTED],
    ['a signal before every task', CELERY, `${HELPER}\nfrom celery.signals import task_prerun\n\n@task_prerun.connect\ndef before(task_id, **kwargs):\n    guard(task_id)\n`],
  ])('%s caps the app', (_, celery, count) => {
    expect(capped({ 'shop/celery.py': celery, 'shop/count.py': count })).toEqual(['shop/count.py', 'shop/count.py', 'shop/count.py']);
  });

  test('a limit of the queue caps the app, without a counter', () => {
    expect(capped({ 'shop/queues.py': 'from kombu import Queue\nQUEUE = Queue("a", queue_arguments={"x-queue-type": "quorum", "x-delivery-limit": 5, "x-consumer-timeout": 7_200_000})\n' })).toEqual(['shop/queues.py', undefined, undefined]);
  });

  test('queue arguments say what kind of queue it is, and its consumer timeout in seconds', () => {
    const [app] = apps({ 'shop/queues.py': 'from kombu import Queue\nQUEUE = Queue("a", queue_arguments={"x-queue-type": "quorum", "x-consumer-timeout": 7_200_000})\n' });
    expect([app!.quorumQueue?.startLine, app!.consumerTimeout]).toMatchObject([2, { state: 'set', value: 7200 }]);
  });
});

describe('what is judged', () => {
  /** The findings of a rule on one app on RabbitMQ, with these settings and this code beside it. */
  const judged = (rule: Rule, settings: string, files: Files = {}, broker = 'amqp://mq//'): readonly Problem[] => {
    const celery = `from celery import Celery\napp = Celery("shop", broker="${broker}", include=["shop.tasks"])\n${settings}\n`;
    return [...rule.check(model({ apps: apps({ 'shop/celery.py': celery, ...files }) }), thresholds)];
  };
  const SENDS = { 'shop/views.py': 'from shop.tasks import release\n\ndef view(request):\n    release.apply_async((1,), countdown=7200)\n' };
  const QUEUE = (more: string): Files => ({ ...SENDS, 'shop/queues.py': `from kombu import Queue\nQUEUES = [Queue("a", queue_arguments={${more}})]\n` });

  test('a delay above consumer_timeout, sent by a view', () => {
    const [found, ...others] = judged(countdownExceedsConsumerTimeout, '', SENDS);
    expect([others, found]).toMatchObject([[], { severity: 'warning', at: { path: 'shop/views.py', startLine: 4 }, message: expect.stringMatching(/^release is sent with a delay of 2 h but .* 30 min .*the worker ends with PreconditionFailed/), suggestion: expect.stringContaining('consumer_timeout = 10800000') }]);
  });

  test.each([
    ['another broker', '', SENDS, 'redis://cache/0'], ['a short delay', '', { 'shop/views.py': SENDS['shop/views.py'].replace('7200', '1800') }, undefined],
    ['a quorum queue declared in code', '', QUEUE('"x-queue-type": "quorum"'), undefined], ['quorum queues behind a topic exchange', 'app.conf.task_default_queue_type = "quorum"\napp.conf.task_default_exchange_type = "topic"', SENDS, undefined],
    ['a longer x-consumer-timeout', '', QUEUE('"x-consumer-timeout": 10_800_000'), undefined], ['an x-consumer-timeout that cannot be read', '', QUEUE('"x-consumer-timeout": timeout()'), undefined],
    ['a limit on threads, which ignore it', 'app.conf.worker_pool = "threads"\napp.conf.task_time_limit = 3600', {}, undefined], ['no limit', '', {}, undefined],
  ])('%s says nothing', (_, settings, files, broker) => {
    expect(judged(countdownExceedsConsumerTimeout, settings, files, broker)).toEqual([]);
  });

  test.each([
    ['quorum queues behind Celery\'s direct exchange', 'app.conf.task_default_queue_type = "quorum"', SENDS, 'warning', /PreconditionFailed/],
    ['a shorter x-consumer-timeout that was read', '', QUEUE('"x-consumer-timeout": 3_600_000'), 'error', /x-consumer-timeout is 1 h/],
    ['channel errors that are retried', 'app.conf.broker_channel_error_retry = True', SENDS, 'warning', /the channel is closed while it waits/],
    ['a limit of late-acknowledged functions', 'app.conf.task_time_limit = 3600', {}, 'warning', /^release and remind may run 1 h before they are acknowledged/],
  ])('%s', (_, settings, files, severity, message) => {
    const [found, ...others] = judged(countdownExceedsConsumerTimeout, settings, files);
    expect([others, found]).toMatchObject([[], { severity, message: expect.stringMatching(message) }]);
  });

  test('one visibility timeout cures the delays it can cure', () => {
    const later = { 'shop/views.py': `${SENDS['shop/views.py']}    release.apply_async((1,), countdown=9000)\n    release.apply_async((1,), countdown=86400)\n` };
    const found = judged(countdownExceedsVisibilityTimeout, '', later, 'redis://cache/0').map(({ suggestion }) => /"visibility_timeout": (\d+)/.exec(suggestion)?.[1] ?? suggestion);
    expect(found).toEqual(['9123', '9123', 'keep the delay below 3600 s, with beat and a table of due times for later ones']);
  });

  test.each([
    ['None', 'app.conf.result_expires = None', 'redis://cache/1', /^result_expires is None, so every result stays in Redis/],
    ['0', 'app.conf.result_expires = 0', 'django-db', /^result_expires is 0, so every result stays in the Django database/],
    ['a day, by default', '', 'redis://cache/1', undefined], ['None without a backend', 'app.conf.result_expires = None', '', undefined], ['None, and results are ignored', 'app.conf.result_expires = None\napp.conf.task_ignore_result = True', 'redis://cache/1', undefined],
    ['a database, but no worker was found that runs it', '', 'db+postgresql://db/results', undefined],
  ])('result_expires is %s', (_, settings, backend, message) => {
    const found = judged(resultsNeverExpire, `${settings}\n${backend === '' ? '' : `app.conf.result_backend = "${backend}"`}`);
    expect(found.map(problem => problem.message)).toEqual(message ? [expect.stringMatching(message)] : []);
  });

  test('results in a database are deleted by beat alone', () => {
    const celery = `${CELERY}app.conf.result_backend = "db+postgresql://db/results"\n`;
    const [app] = apps({ 'shop/celery.py': celery });
    const on = (more: Partial<Parameters<typeof model>[0]> = {}): readonly string[] => [...resultsNeverExpire.check(model({ apps: [{ ...app!, workers: [worker()] }], ...more }), thresholds)].map(({ message }) => message);
    expect(on()).toEqual([expect.stringContaining('no beat was found that sends celery.backend_cleanup')]);
    expect(on({ schedulers: [scheduler()] })).toEqual([]);
    const [scheduled] = apps({ 'shop/celery.py': `${celery}app.conf.beat_schedule = {"a": {"task": "orders.remind", "schedule": 60}}\n` });
    expect([...resultsNeverExpire.check(model({ apps: [{ ...scheduled!, workers: [worker()] }] }), thresholds)]).toEqual([]);
  });

  test.each([
    ['EC2', worker({ platform: 'ec2' }), /one process per CPU of the EC2 instance:/], ['EC2 with its memory', worker({ platform: 'ec2', container: container({ memoryMiB: 1024 }) }), /EC2 instance in 1024 MiB:/],
    ['a service of unknown launch type', worker({ platform: 'ecs', service: service({ platform: 'ecs' }) }), /of its host:/], ['Compose with a memory limit', worker({ platform: 'compose', container: container({ memoryMiB: 512 }) }), /of its host in 512 MiB/],
    ['Fargate', worker({ platform: 'fargate', container: container({ memoryMiB: 1024 }) }), undefined], ['a task definition alone', worker({ platform: 'ecs', container: container({ memoryMiB: 1024 }) }), undefined],
    ['Compose', worker({ platform: 'compose' }), undefined], ['a copy for developers', worker({ platform: 'ec2', role: 'development' }), undefined], ['gevent', worker({ platform: 'ec2', pool: 'gevent' }), undefined],
    ['worker_concurrency', worker({ platform: 'ec2', settings: new Map([['worker_concurrency', set(4)]]) }), undefined], ['worker_concurrency that cannot be read', worker({ platform: 'ec2', settings: new Map([['worker_concurrency', unknown]]) }), undefined],
    ['--autoscale', worker({ platform: 'ec2', command: { ...worker().command, options: new Map([['--autoscale', '10,3']]) } }), undefined],
    ['--concurrency that cannot be read', worker({ platform: 'ec2', command: { ...worker().command, unknownOptions: new Map([['--concurrency', '$N']]) } }), undefined],
  ])('concurrency on %s', (_, one, message) => {
    expect([...concurrencyUnset.check(model({ workers: [one] }), thresholds)].map(problem => problem.message)).toEqual(message ? [expect.stringMatching(message)] : []);
  });

  test('a task that kills its process comes back for ever only where it does not count', () => {
    const tasks = (base: string): Files => ({ 'shop/count.py': 'from celery import Task\n\nclass Counted(Task):\n    def before_start(self, task_id, args, kwargs):\n        delivery_count = redis.incr(task_id)\n        if delivery_count > 5:\n            raise Reject()\n', 'shop/tasks.py': `from shop.celery import app\nfrom shop.count import Counted\n\n@app.task(base=Counted)\ndef release(sku):\n    print(sku)\n\n@app.task(${base})\ndef remind(order):\n    print(order)\n` });
    const settings = 'app.conf.task_acks_late = True\napp.conf.task_reject_on_worker_lost = True';
    expect(judged(endlessRedelivery, settings, tasks('bind=False')).map(({ message }) => message)).toEqual([expect.stringContaining(' of remind and nothing counts deliveries')]);
    expect(judged(endlessRedelivery, settings, tasks('base=Counted'))).toEqual([]);
  });
});
