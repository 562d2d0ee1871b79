import { beforeAll, describe, expect, test } from 'vitest';
import { facts } from '../src/analyzers/python.js';
import { link } from '../src/link/index.js';
import type { CeleryApp, FactStore, Publish } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';

beforeAll(() => loadPython());

type Files = Readonly<Record<string, string>>;

const CELERY = 'from celery import Celery\napp = Celery("shop", broker="redis://cache/0", include=["shop.tasks"])\n';
const TASKS = 'from shop.celery import app\n\n@app.task(acks_late=True)\ndef release(sku):\n    print(sku)\n\n@app.task(name="orders.remind", acks_late=True)\ndef remind(order):\n    print(order)\n';

function apps(files: Files): readonly CeleryApp[] {
  const read = new Map(Object.entries({ 'shop/__init__.py': '', 'shop/celery.py': CELERY, 'shop/tasks.py': TASKS, ...files }).map(([path, text]) => [path, facts(text, path)]));
  const paths = [...read.keys()].sort();
  const store: FactStore = { paths, candidates: paths, has: path => read.has(path), facts: path => read.get(path) };
  return link(store, { workers: [], assume: {}, durations: {}, exitMarginSeconds: 3 }).apps;
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
