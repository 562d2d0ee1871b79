import { beforeAll, describe, expect, test } from 'vitest';
import type { Problem } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';
import { linked, problemsOf, type Files } from './linked.js';

/** What a reader who had findings and trees, not the rules, called false or debatable: each cause once. */
beforeAll(() => loadPython());

const HEAD = "import httpx\nimport requests\nfrom celery import Celery\nfrom django.core.mail import send_mail\nfrom models import File, Order\n\napp = Celery('shop', broker='redis://r')\n";

/** What a rule says of one task function. `before`: settings. */
function found(id: string, options: string, body: string, { before = '', more = '' } = {}): readonly Problem[] {
  const text = `${HEAD}${before}\n\n@app.task${options}\ndef work(self=None, order_id=None):\n${body.split('\n').map(line => `    ${line}\n`).join('')}${more}`;
  return problemsOf(id, linked({ 'tasks.py': text, 'models.py': 'from django.db import models\n\n\nclass Order(models.Model):\n    pass\n\n\nclass File(models.Model):\n    pass\n' }));
}

describe('tasks/failure-acknowledged', () => {
  const told = (options: string, body: string, before = ''): readonly (readonly [string, string, string])[] => found('tasks/failure-acknowledged', options, body, { before }).map(({ message, suggestion, severity }) => [message, suggestion, severity ?? 'warning']);
  const LATE = '(acks_late=True)';

  test('what a handler before it catches is not what it ends', () => {
    const body = (type: string): string => `try:\n    check(order_id)\n    requests.post("https://x", timeout=5)\nexcept ${type}:\n    return notify(order_id)\nexcept Exception:\n    logger.error("x")`;
    expect(told(LATE, body('requests.RequestException')).map(([message]) => message.split(':')[0])).toEqual(['`except Exception` ends the error of check(order_id) with a log at most']);
    expect(told(LATE, body('requests.HTTPError')).map(([message]) => message.split(' with ')[0])).toEqual(['`except Exception` ends the error of requests.post("https://x", timeout=5)']);
  });

  test('what a session is given is not what fails', () => {
    expect(told(LATE, 'try:\n    session.add(Order(id=order_id))\n    requests.post("https://x", timeout=5)\nexcept Exception:\n    logger.error("x")')[0]![0]).toContain('ends the error of requests.post(');
  });

  test.each([
    ['any error is retried', '(autoretry_for=(Exception,))', 'Exception', 'so that the failure is seen and retried', 'warning'],
    ['those of the library are', '(autoretry_for=(requests.RequestException,))', 'Exception', 'so that the failure is seen and retried', 'warning'],
    ['others are', '(autoretry_for=(KeyError,))', 'Exception', 'so that the failure is seen; it is retried where autoretry_for names it (now KeyError)', 'note'],
    ['its own is not', '(autoretry_for=(KeyError,))', 'requests.RequestException', 'so that the failure is seen; it is retried where autoretry_for names it (now KeyError): add requests.RequestException', 'note'],
    ['nothing is', LATE, 'Exception', 'so that the failure is seen', 'warning'],
  ])('the way out says what a raise leads to: %s', (_, options, type, suggestion, severity) => {
    expect(told(options, `try:\n    requests.post("https://x", timeout=5)\nexcept ${type}:\n    logger.error("x")`).map(([, said, how]) => [said, how])).toEqual([[`end the handler with \`raise\`, ${suggestion}`, severity]]);
  });

  test('a handler for one error is not said to end all of them', () => {
    expect(told('(autoretry_for=(Exception,))', 'try:\n    httpx.get("https://x", timeout=5)\nexcept GraphAPIError:\n    logger.error("x")')[0]![0]).toBe('`except GraphAPIError` around httpx.get("https://x", timeout=5) ends that error with a log at most: work ends as a success, no retry sees it, and the work is lost');
  });

  test('what beat sends again is not lost', () => {
    const before = "app.conf.beat_schedule = {'x': {'task': 'tasks.work', 'schedule': 60}}\n";
    expect(told('(autoretry_for=(Exception,))', 'try:\n    requests.post("https://x", timeout=5)\nexcept Exception:\n    logger.error("x")', before)[0]![0]).toContain('and what it was sent for waits until beat sends the next one');
  });
});

describe('tasks/non-idempotent-write', () => {
  const told = (body: string): readonly (readonly unknown[])[] => found('tasks/non-idempotent-write', '(acks_late=True)', body, { more: '\n\ndef store(name):\n    return File.objects.create(name=name)\n' }).map(({ severity, confidence, message }) => [severity, confidence, /, and (.*)/.exec(message)![1]]);
  const AGAIN = 'nothing keeps a second run from File.objects.create(name="a"): it adds a second row';

  test.each([
    ['a field', 'order = Order.objects.get(pk=order_id)\norder.file = File.objects.create(name="a")\norder.save()\nrequests.get("https://x", timeout=5)'],
    ['by name', 'order = Order.objects.get(pk=order_id)\nsetattr(order, "file", File.objects.create(name="a"))\norder.save()\nrequests.get("https://x", timeout=5)'],
    ['in an update', 'Order.objects.filter(pk=order_id).update(file=File.objects.create(name="a"))\nrequests.get("https://x", timeout=5)'],
    ['through a function', 'order = Order.objects.get(pk=order_id)\norder.file = store("a")\norder.save()\nrequests.get("https://x", timeout=5)'],
  ])('a row that takes the place of the first is left over, no more: %s', (_, body) => {
    const said = told(body);
    expect(said).toHaveLength(1);
    expect([said[0]![0], said[0]![1]]).toEqual(['note', 'medium']);
    expect(said[0]![2]).toContain('adds a second row: the field points to that one, and the first stays behind');
  });

  test.each([
    ['a field of what is no row', 'context.file = File.objects.create(name="a")\nrequests.get("https://x", timeout=5)'],
    ['a row that is named', 'order = Order.objects.get(pk=order_id)\nfile = File.objects.create(name="a")\norder.save()\nrequests.get("https://x", timeout=5)'],
  ])('%s is not', (_, body) => { expect(told(body)).toEqual([['error', 'medium', AGAIN]]); });
});

describe('tasks/model-instance-argument', () => {
  const told = (body: string, options = ''): readonly string[] => found('tasks/model-instance-argument', options, 'pass', { more: `\n\ndef send():\n${body.split('\n').map(line => `    ${line}\n`).join('')}` }).map(({ suggestion }) => suggestion);
  test('a row that is stored is found by its key', () => {
    expect(told('order = Order(number=1)\norder.save()\nwork.delay(order)')).toEqual(['send order.pk, and read the row in work']);
  });
  test('one that is not stored yet is not, and arrives pickled as it was made', () => {
    expect(told('order = Order(number=1)\nwork.delay(order)')).toEqual(['send what order is made of, and make it in work']);
    expect(told('order = Order(number=1)\nwork.delay(order)', '(serializer="pickle")')).toEqual([]);
  });
});

describe('tasks/retry-without-backoff', () => {
  const told = (options: string, before = ''): readonly (readonly string[])[] => found('tasks/retry-without-backoff', options, 'requests.get("https://x", timeout=5)', { before, more: '\n\ndef send():\n    work.delay(1)\n' }).map(({ message, suggestion, severity }) => [message, suggestion, severity ?? 'warning']);
  test('says how long the tries last with jitter, which halves a delay on average', () => {
    expect(told('(autoretry_for=(OSError,), default_retry_delay=6, max_retries=2)')).toEqual([[
      'work is retried every 6 s, 2 times: an outage of 12 s uses its tries up, and until then all that wait come back together',
      'write retry_backoff=12, retry_backoff_max=600 in the options of work; with jitter 2 tries then last about 18 s, max_retries=6 about 378 s', 'warning',
    ]]);
  });
  test('an option of a backoff that is not there is named, however long the delay', () => {
    expect(told('(autoretry_for=(OSError,), retry_jitter=False)').map(([message]) => message)).toEqual(['work is retried every 3 min, 3 times: an outage of 9 min uses its tries up, and until then all that wait come back together; retry_jitter has no effect without retry_backoff']);
    expect([told('(autoretry_for=(OSError,))'), told('(autoretry_for=(OSError,), retry_jitter=False, retry_backoff=True)')]).toEqual([[], []]);
  });
  const calls = (type: string, more = ''): readonly string[] => found('tasks/retry-without-backoff', '(bind=True, default_retry_delay=5)', `try:\n    requests.get("https://x", timeout=5)\nexcept ${type}:\n    raise self.retry(${more})`).map(({ message }) => message);
  test('a retry that waits for a row answers no outage; a limit of its own counts', () => {
    expect([calls('Order.DoesNotExist'), calls('(KeyError, Order.DoesNotExist)')]).toEqual([[], []]);
    expect([calls('requests.Timeout')[0], calls('Exception', 'max_retries=7')[0], calls('Exception', 'max_retries=LIMIT')[0]]).toEqual(['work is retried every 5 s, 3 times: an outage of 15 s uses its tries up', 'work is retried every 5 s, 7 times: an outage of 35 s uses its tries up', 'work is retried every 5 s: while the other side is down, it is asked again and again']);
  });
  test('messages with a rate limit do not come back together; beat sends the next one', () => {
    expect(told('(autoretry_for=(OSError,), default_retry_delay=6, rate_limit="1/s")')[0]![0]).toBe('work is retried every 6 s, 3 times: an outage of 18 s uses its tries up');
    const [periodic] = told('(autoretry_for=(OSError,), default_retry_delay=6)', "app.conf.beat_schedule = {'x': {'task': 'tasks.work', 'schedule': 60}}\n");
    expect([periodic![0], periodic![2]]).toEqual(['work is retried every 6 s, 3 times: an outage of 18 s uses its tries up, and nothing more is tried until beat sends the next one', 'note']);
  });
});

describe('tasks/unbatched-loop', () => {
  const told = (body: string): readonly string[] => found('tasks/unbatched-loop', '', body).map(({ suggestion }) => suggestion);
  const AWAY = 'move the body of the loop into a task';
  test.each([
    ['a list', 'done = []\nfor order in Order.objects.all():\n    requests.get(order.url, timeout=5)\n    done.append(order.pk)\nfinish(done)', 'done'],
    ['the last one', 'last = None\nfor order in Order.objects.all():\n    requests.get(order.url, timeout=5)\n    last = order.pk\nreturn last', 'last'],
    ['a row around it', 'for order in Order.objects.all():\n    requests.get(order.url, timeout=5)\n    library.items += 1\nlibrary.save()', 'library'],
    ['of the object', 'for order in Order.objects.all():\n    requests.get(order.url, timeout=5)\n    self.total += 1\nfinish(self.total)', 'self.total'],
  ])('what is needed behind the loop keeps its items in it: %s', (_, body, name) => {
    expect(told(body)).toEqual([expect.stringContaining(`what is needed behind the loop (${name}), send one for each item as a chord (it needs a result_backend)`)]);
  });
  test.each([
    ['nothing is changed', 'for order in Order.objects.all():\n    requests.get(order.url, timeout=5)\nfinish()'],
    ['a client is used behind it', 'client = Client()\nfor order in Order.objects.all():\n    requests.get(order.url, timeout=5)\n    client.add(order.pk)\nclient.close()'],
    ['it is given another value first', 'for order in Order.objects.all():\n    count = 1\n    requests.get(order.url, timeout=count)\ncount = 2\nfinish(count)'],
    ['only the item is changed', 'for order in Order.objects.all():\n    requests.get(order.url, timeout=5)\n    order.sent = True\n    order.save()\nfor order in Order.objects.all():\n    order.touch()'],
  ])('else they are tasks of their own, and the rest is done when they are: %s', (_, body) => { expect(told(body)[0]).toContain(`${AWAY} work_for_order, \`work_for_order.s(order.id)\` for each item, send them as a chord (it needs a result_backend), and do what stands behind the loop in its callback (tasks.py:`); });

  test('with nothing behind the loop they are sent one by one', () => {
    for (const end of ['logger.info("done")', 'return count']) expect(told(`count = 0\nfor order in Order.objects.all():\n    requests.get(order.url, timeout=5)\n    count += 1\n${end}`)[0]).toContain('work_for_order and send it for each item, `work_for_order.delay(order.id)`');
  });
  test('a list made of rows holds no rows', () => {
    expect(told('names = [order.name.strip() for order in Order.objects.all()]\nfor name in names:\n    requests.get(name, timeout=5)')[0]).toContain('with a key by which it finds the name again');
    expect(told('rows = [order for order in Order.objects.all()]\nfor order in rows:\n    requests.get(order.url, timeout=5)')[0]).toContain('`work_for_order.delay(order.id)`');
  });

  test('a number for a log is not needed behind the loop', () => {
    expect(told('count = 0\nfor order in Order.objects.all():\n    requests.get(order.url, timeout=5)\n    count += 1\nlogger.info("%s", count)')[0]).toContain(AWAY);
  });

  const OWN = `from contextlib import contextmanager
from functools import wraps


def autocommit(func):
    @wraps(func)
    def inner(*args):
        result = func(*args)
        db.session.commit()
        return result
    return inner


@contextmanager
def scope():
    session = Session()
    yield session
    session.commit()


@contextmanager
def locked(cursor):
    cursor.execute("BEGIN")
    yield
    cursor.execute("COMMIT")


@contextmanager
def plain(cursor):
    cursor.execute("SET statement_timeout = 1")
    yield


@autocommit
def archive():
    for order in Order.query.all():
        db.session.add(order)


def archive_one_by_one():
    for order in Order.query.all():
        archive_one(order)


@autocommit
def archive_one(order):
    db.session.add(order)
`;
  test.each([
    ['a decorator that commits', 'archive()', 0],
    ['one that commits each row', 'archive_one_by_one()', 1],
    ['a session of its own', 'with scope() as session:\n    for order in session.query(Order).all():\n        session.add(order)', 0],
    ['a cursor that it is given', 'with locked(cursor):\n    for order in Order.objects.all():\n        cursor.execute("DELETE FROM orders WHERE id = 1")', 0],
    ['another cursor', 'with locked(cursor):\n    for order in Order.objects.all():\n        other.execute("DELETE FROM orders WHERE id = 1")', 1],
    ['one that commits nothing', 'with plain(cursor):\n    for order in Order.objects.all():\n        cursor.execute("DELETE FROM orders WHERE id = 1")', 1],
  ])('what the repository commits behind the loop is rolled back with it: %s', (_, body, times) => {
    expect(found('tasks/unbatched-loop', '', body, { before: OWN })).toHaveLength(times);
  });

  test('what cannot be written as a key is not written', () => {
    expect(told('for document in collection.find({}):\n    requests.get(document["url"], timeout=5)')[0]).toContain('with a key by which it finds the document again');
  });
  test('other work in the task keeps it from beginning again behind the last row', () => {
    expect(told('for order in Order.objects.all():\n    requests.get(order.url, timeout=5)')[0]).toContain('work.delay(last_id)');
    expect(told('requests.post("https://x", timeout=5)\nfor order in Order.objects.all():\n    requests.get(order.url, timeout=5)')[0]).not.toContain('last_id');
  });
});

test('tasks/soft-limit-swallowed is sure only where an item takes time and nothing else takes up the rest', () => {
  const told = (work: string, before = ''): readonly unknown[] => found('tasks/soft-limit-swallowed', '(soft_time_limit=60)', `for order in Order.objects.all():\n    try:\n        ${work}\n    except Exception:\n        logger.error("x")`, { before }).map(({ confidence }) => confidence);
  expect([told('requests.get(order.url, timeout=5)'), told('order.save()'), told('requests.get(order.url, timeout=5)', "app.conf.beat_schedule = {'x': {'task': 'tasks.work', 'schedule': 60}}\n")]).toEqual([['medium'], ['low'], ['low']]);
});

test('rows of django-celery-beat whose names are computed are those that the module names', () => {
  const more = '\n\nPLANS = [Plan(name="tasks.work", every=5)]\n\n\ndef plan(one):\n    PeriodicTask.objects.get_or_create(task=one.name, defaults={})\n';
  const told = (after: string): unknown => found('tasks/retry-without-backoff', '(autoretry_for=(OSError,), default_retry_delay=6)', 'requests.get("https://x", timeout=5)', { more: after })[0]!.severity;
  expect([told(more), told(more.replace('PeriodicTask', 'Other'))]).toEqual(['note', undefined]);
});

describe('tasks/lock-without-expiry', () => {
  const told = (lock: string, more = ''): readonly string[] => found('tasks/lock-without-expiry', '', `with ${lock}:\n    pass`, { before: `import pottery\nimport redis_lock\nimport sherlock\nfrom redis.lock import Lock\n${more}` }).map(({ suggestion }) => suggestion);
  test('names the option of the library', () => {
    expect([told('redis_lock.Lock(client, "orders")'), told('Lock(client, "orders")')].map(([said]) => said!.split(' in ')[0])).toEqual(['write expire=600', 'write timeout=600']);
  });
  test.each(['redis_lock.Lock(client, "orders", expire=60)', 'redis_lock.Lock(client, "orders", **options)', 'redis.lock("orders", **options)', 'pottery.Redlock(key="orders", masters=masters)', 'sherlock.RedisLock("orders")'])('%s may expire', lock => { expect(told(lock)).toEqual([]); });
});

test('a delay outside of the task functions that cannot be read may need all of the visibility timeout', () => {
  const told = (more: string): readonly string[] => found('celery/visibility-timeout-too-long', '(acks_late=True, time_limit=60)', 'pass', { before: 'app.conf.broker_transport_options = {"visibility_timeout": 90000}\n', more }).map(({ message }) => /where .*|unless .*/.exec(message)![0]);
  expect(told('')[0]).toMatch(/^where .* is enough$/);
  expect(told('\n\ndef send(n):\n    work.apply_async(countdown=60 * 2 ** n)\n')).toEqual(['unless a countdown needs it']);
});

describe('tasks/lock-released-by-non-owner', () => {
  const told = (test: string): number => found('tasks/lock-released-by-non-owner', '', `end = monotonic() + 57\ntaken = cache.add("orders", 1, 60)\nif not taken:\n    return\ntry:\n    requests.get("https://x", timeout=5)\nfinally:\n    if ${test}:\n        cache.delete("orders")`, { before: 'from time import monotonic\nfrom django.core.cache import cache\n' }).length;
  test('a delete that asks whether the lock is still its own, as Celery\'s cookbook does, is its holder\'s; so is one of a run that ends before', () => {
    const bounded = (limit: number): number => found('tasks/lock-released-by-non-owner', `(time_limit=${limit})`, 'if not cache.add("orders", 1, 60):\n    return\nrequests.get("https://x", timeout=5)\ncache.delete("orders")', { before: 'from django.core.cache import cache\n' }).length;
    expect([bounded(60), bounded(61)]).toEqual([0, 1]);
    expect([told('monotonic() < end and taken'), told('time.time() <= end'), told('taken'), told('count < end')]).toEqual([0, 0, 1, 1]);
  });
});

describe('celery/setting-ignored', () => {
  test.each([['CELERY_CREATE_MISSING_QUEUES = True', 0], ['CELERY_CREATE_MISSING_QUEUES = False', 1]])('what an old name says counts where the default says something else: %s', (line, times) => {
    const text = `import os\nfrom celery import Celery\nfrom unknown import *\n\napp = Celery('shop')\napp.config_from_object('settings', namespace='CELERY')\n\n\n@app.task\ndef work():\n    pass\n`;
    expect(problemsOf('celery/setting-ignored', linked({ 'tasks.py': text, 'settings.py': `from unknown import *\n${line}\n` }))).toHaveLength(times);
  });
});

/** An app whose settings are read from Django. */
function ofDjango(files: Files, id: string): readonly Problem[] {
  return problemsOf(id, linked({ 'shop/__init__.py': '', 'shop/celery.py': "import os\nfrom celery import Celery\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napp = Celery('shop')\napp.config_from_object('django.conf:settings', namespace='CELERY')\n\n\n@app.task\ndef work():\n    pass\n", ...files }));
}

test('a class of tenant-schemas-celery is an app', () => {
  const app = "import os\nfrom tenant_schemas_celery.app import CeleryApp\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napp = CeleryApp('shop')\napp.config_from_object('django.conf:settings', namespace='CELERY')\n\n\n@app.task\ndef work():\n    pass\n";
  expect(ofDjango({ 'shop/celery.py': app, 'shop/settings.py': 'DEBUG = True\n' }, 'celery/early-ack')).toHaveLength(1);
});

describe('settings that a module takes in while it runs', () => {
  const EXPORTS = 'import sys\n\n\nclass Base:\n    CELERY_TASK_ACKS_LATE = True\n\n    @classmethod\n    def load(cls, name):\n        for member in dir(cls):\n            setattr(sys.modules[name], member, getattr(cls, member))\n\n    @classmethod\n    def show(cls, name):\n        print(name)\n\n\nclass Production(Base):\n    pass\n\n\n';
  test.each([
    ['of a class that exports its attributes', { 'shop/settings.py': `${EXPORTS}Production.load(__name__)\n` }, 0],
    ['of a class that only shows them', { 'shop/settings.py': `${EXPORTS}Production.show(__name__)\n` }, 1],
    ['of files that are included', { 'shop/settings.py': "from split_settings.tools import include, optional\n\ninclude('parts/celery.py', optional('local.py'))\n", 'shop/parts/celery.py': 'CELERY_TASK_ACKS_LATE = True\n' }, 0],
    ['of a module that is imported whole', { 'shop/settings.py': 'from .base import *\n', 'shop/base.py': `${EXPORTS}Production.load(__name__)\n` }, 0],
    ['of files that include each other', { 'shop/settings.py': "from split_settings.tools import include\n\ninclude('a.py', 'a.py', 'a.py')\n", 'shop/a.py': `from split_settings.tools import include\n\ninclude(${Array(40).fill("'a.py', 'settings.py'").join(', ')})\n` }, 1],
    ['of other files', { 'shop/settings.py': "from split_settings.tools import include, optional\n\ninclude('parts/celery.py', optional('local.py'))\n", 'shop/parts/celery.py': 'DEBUG = True\n' }, 1],
    ['of a machine of one\'s own, which are in no repository', { 'shop/settings.py': 'DEBUG = True\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n' }, 1],
    ['of a file that must be there', { 'shop/settings.py': 'DEBUG = True\nfrom .local import *\n' }, 0],
    ['of a file that may be anything', { 'shop/settings.py': 'DEBUG = True\ntry:\n    from .production import *\nexcept ImportError:\n    pass\n' }, 0],
    ['of a property', { 'shop/settings.py': EXPORTS.replace('    CELERY_TASK_ACKS_LATE = True\n', '    @property\n    def CELERY_TASK_ACKS_LATE(self):\n        return choose()\n') + 'Production.load(__name__)\n' }, 0],
  ] as const)('%s', (_, files, times) => { expect(ofDjango(files, 'celery/early-ack')).toHaveLength(times); });
});
