import { beforeAll, describe, expect, test } from 'vitest';
import * as python from '../src/analyzers/python.js';
import { link } from '../src/link/index.js';
import type { Facts, FactStore, Problem, Rule } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';
import { rules } from '../src/rules/index.js';
import { thresholds } from './model-builders.js';

/** Where the error of a task's work ends, and what else a task does that keeps it from its end. */
beforeAll(() => loadPython());

const HEAD = 'import time\nimport urllib.request\nimport requests\nfrom celery import Celery, group\nfrom celery.exceptions import Retry, SoftTimeLimitExceeded\nfrom celery.result import allow_join_result\nfrom shop.models import Order\nfrom django.core.cache import cache\n\nimport logging\nlogger = logging.getLogger(__name__)\napp = Celery("shop")\n\n\n@app.task\ndef other(x):\n    return x\n\n\ndef acquire():\n    if cache.add("work", 1, 300):\n        return True\n    return False\n\n\ndef tell(error):\n    raise RuntimeError() from error\n\n\ndef count(order):\n    try:\n        requests.post("https://a.example", timeout=5)\n    except Exception:\n        return 0\n\n\ndef check(order):\n    try:\n        requests.post("https://a.example", timeout=5)\n    except Exception as error:\n        tell(error)\n\n\n';

const told = (id: string, body: string, options = '', parameters = ', order', more = ''): readonly string[] => {
  const [rule] = rules.filter(one => one.id === id);
  return problems(rule!, body, options, parameters, more).map(({ severity, confidence }) => `${severity ?? rule!.severity} ${confidence}`);
};
const messages = (rule: Rule, body: string, options: string): readonly string[] => problems(rule, body, options).map(({ message }) => message);

function problems(rule: Rule, body: string, options: string, parameters = ', order', more = ''): readonly Problem[] {
  const lines = body.split('\n').map(line => `    ${line}\n`).join('');
  const file: Facts = python.facts(`${HEAD}@app.task(bind=True${options === '' ? '' : `, ${options}`})\ndef work(self${parameters}):\n${lines}${more}`, 'shop/tasks.py');
  const store: FactStore = { paths: ['shop/tasks.py'], candidates: ['shop/tasks.py'], has: path => path === 'shop/tasks.py', facts: path => (path === 'shop/tasks.py' ? file : undefined) };
  return [...rule.check(link(store, { workers: [], assume: {}, durations: {} }), thresholds)];
}

const RETRIED = 'autoretry_for=(OSError,)';
const work = (handler: string, behind = '', before = ''): string => `${before}try:\n    Order.objects.create(number=1)\n${handler}${behind}`;

describe('tasks/failure-acknowledged', () => {
  const ID = 'tasks/failure-acknowledged';
  test.each<[string, string, string, number]>([
    ['all errors, logged', work('except Exception:\n    logger.exception("failed")'), RETRIED, 1],
    ['a bare except that passes', work('except:\n    pass'), RETRIED, 1],
    ['late acknowledgement without a retry', work('except Exception:\n    logger.exception("failed")'), 'acks_late=True', 1],
    ['some types passed on', work('except Exception as e:\n    logger.exception("failed")\n    if isinstance(e, KeyError):\n        raise'), RETRIED, 1],
    ['a connection error, where something is retried', work('except requests.RequestException:\n    pass'), RETRIED, 1],
    ['nothing would run it again: a note for the app', work('except Exception:\n    logger.exception("failed")'), '', 1],
    ['what is retried goes on', work('except OSError:\n    raise\nexcept Exception:\n    logger.exception("failed")'), RETRIED, 0],
    ['only the soft limit goes on', work('except SoftTimeLimitExceeded:\n    raise\nexcept Exception:\n    logger.exception("failed")'), RETRIED, 1],
    ['passed on', work('except Exception:\n    logger.exception("failed")\n    raise'), RETRIED, 0],
    ['retried', work('except Exception as e:\n    self.retry(exc=e)'), RETRIED, 0],
    ['passed on while retries are left', work('except Exception:\n    if self.request.retries < 3:\n        raise'), RETRIED, 0],
    ['recorded on the object', work('except Exception:\n    order.state = "failed"'), RETRIED, 0],
    ['recorded by a function', work('except Exception as e:\n    order.fail(e)'), RETRIED, 0],
    ['returned as the result', work('except Exception as e:\n    return (False, e)'), RETRIED, 1],
    ['returned as the result, without a retry', work('except Exception as e:\n    return (False, e)'), '', 0],
    ['an expected error', work('except KeyError:\n    logger.info("gone")'), RETRIED, 0],
    ['one item of many', 'for one in order.lines:\n    try:\n        one.save()\n    except Exception:\n        logger.exception("failed")', RETRIED, 0],
    ['best effort behind the work', work('except Exception:\n    logger.exception("failed")', '', 'order.ship()\n'), RETRIED, 0],
    ['a request behind it', work('except Exception:\n    logger.exception("failed")', '\nrequests.get("https://a.example", timeout=5)'), RETRIED, 0],
    ['best effort before the work', work('except Exception:\n    logger.exception("failed")', '\norder.ship()'), RETRIED, 0],
  ])('%s', (_, body, options, count) => { expect(told(ID, body, options)).toHaveLength(count); });

  test('beat sends it anyway, unless it was sent for its arguments', () => {
    const scheduled = (parameters: string, sent: string): number => told(ID, work('except Exception:\n    logger.exception("failed")'), 'acks_late=True', parameters, `\n\napp.add_periodic_task(60.0, ${sent})\n`).length;
    expect([scheduled('', 'work.s()'), scheduled(', order', 'work.s(1)'), scheduled('', 'other.s()')]).toEqual([0, 1, 1]);
  });
});

describe('whose error it is that ends', () => {
  const [rule] = rules.filter(one => one.id === 'tasks/failure-acknowledged');
  const named = (tried: string): readonly (string | undefined)[] => {
    const body = `try:\n${tried.split('\n').map(line => `    ${line}`).join('\n')}\nexcept Exception:\n    logger.exception("failed")`;
    return messages(rule!, body, RETRIED).map(message => /ends the error of (\w+)/.exec(message)?.[1]);
  };
  const inner = (handler: string): string => `try:\n    requests.post("https://a.example", timeout=5)\nexcept ${handler}`;
  test.each<[string, string, readonly string[]]>([
    ['of the first that can come here', `${inner('Exception:\n    logger.warning("no answer")')}\nOrder.objects.create(number=1)`, ['Order']],
    ['none can come here: the handler inside is told of', inner('Exception:\n    logger.warning("no answer")'), ['requests']],
    ['one that is passed on', `${inner('Exception:\n    raise')}\nOrder.objects.create(number=1)`, ['requests']],
    ['one that another handler does not catch', `${inner('KeyError:\n    pass')}\nOrder.objects.create(number=1)`, ['requests']],
    ['one that a helper ends', 'count(order)\nOrder.objects.create(number=1)', ['Order']],
    ['one that a helper raises again by another function', 'check(order)\nOrder.objects.create(number=1)', ['requests']],
    ['a helper that ends all of them', 'count(order)', []],
  ])('%s', (_, tried, expected) => { expect(named(tried)).toEqual(expected); });
});

describe('tasks/retry-swallowed', () => {
  const ID = 'tasks/retry-swallowed';
  const retry = (handlers: string): string => `try:\n    raise self.retry(countdown=5)\n${handlers}`;
  test.each<[string, string, readonly string[]]>([
    ['all errors, logged', retry('except Exception:\n    logger.exception("failed")'), ['error medium']],
    ['all errors, recorded', retry('except Exception as e:\n    order.fail(e)'), ['warning medium']],
    ['Retry passed on', retry('except Retry:\n    raise\nexcept Exception:\n    logger.exception("failed")'), []],
    ['all passed on', retry('except Exception:\n    logger.exception("failed")\n    raise'), []],
    ['another error', retry('except KeyError:\n    pass'), []],
    ['a retry that raises nothing', 'try:\n    self.retry(countdown=5, throw=False)\nexcept Exception:\n    logger.exception("failed")', []],
    ['a retry in the handler', 'try:\n    order.ship()\nexcept Exception as e:\n    raise self.retry(exc=e)', []],
  ])('%s', (_, body, expected) => { expect(told(ID, body)).toEqual(expected); });
});

describe('tasks/soft-limit-swallowed', () => {
  const ID = 'tasks/soft-limit-swallowed', LIMIT = 'soft_time_limit=60, time_limit=90';
  const each = (over: string, handlers: string): string => `for one in ${over}:\n    try:\n        one.ship()\n${handlers}`;
  const broad = '    except Exception:\n        logger.exception("failed")';
  test.each<[string, string, string, number]>([
    ['a table', each('Order.objects.all()', broad), LIMIT, 1],
    ['no soft limit', each('Order.objects.all()', broad), 'time_limit=90', 0],
    ['a slice', each('Order.objects.all()[:10]', broad), LIMIT, 0],
    ['a loop that only sends', 'for one in Order.objects.all():\n    try:\n        other.delay(one.pk)\n    except Exception:\n        logger.exception("failed")', LIMIT, 0],
    ['the limit passed on', each('Order.objects.all()', `    except SoftTimeLimitExceeded:\n        raise\n${broad}`), LIMIT, 0],
  ])('%s', (_, body, options, count) => { expect(told(ID, body, options)).toHaveLength(count); });
});

describe('locks', () => {
  const taken = (key: string, conflict: string, ttl = 300): string => `if not cache.add(${key}, 1, ${ttl}):\n    ${conflict}\norder.ship()`;
  test.each<[string, string, string, string, number]>([
    ['tasks/lock-conflict-drops-task', 'one key for all', taken('"work"', 'return'), '', 1],
    ['tasks/lock-conflict-drops-task', 'kept in a variable', 'free = cache.add("work", 1, 300)\nif not free:\n    logger.info("taken")\n    return\norder.ship()', '', 1],
    ['tasks/lock-conflict-drops-task', 'the work stands under it', 'if cache.add("work", 1, 300):\n    order.ship()', '', 1],
    ['tasks/lock-conflict-drops-task', 'a loop that goes on with the next one', 'for one in order.lines:\n    if cache.add("work", 1, 300):\n        one.ship()', '', 0],
    ['tasks/lock-conflict-drops-task', 'another question', 'lock = cache.add("work", 1, 300)\nif lock is None:\n    raise KeyError', '', 0],
    ['tasks/lock-conflict-drops-task', 'a helper says so, the task returns', 'if not acquire():\n    return\norder.ship()', '', 1],
    ['tasks/lock-conflict-drops-task', 'a helper says so, the task retries', 'if not acquire():\n    raise self.retry(countdown=5)\norder.ship()', '', 0],
    ['tasks/lock-conflict-drops-task', 'something goes on without it', 'if cache.add("work", 1, 300):\n    order.ship()\norder.close()', '', 0],
    ['tasks/lock-conflict-drops-task', 'a client of its own', 'redis_client = redis_for(order)\nif not redis_client.lock("work", timeout=300).acquire(blocking=False):\n    return\norder.ship()', '', 0],
    ['tasks/lock-conflict-drops-task', 'one client for all', 'redis_client = redis_for("work")\nif not redis_client.lock("work", timeout=300).acquire(blocking=False):\n    return\norder.ship()', '', 1],
    ['tasks/lock-conflict-drops-task', 'a key of its own', taken('f"work-{order}"', 'return'), '', 0],
    ['tasks/lock-conflict-drops-task', 'retried', taken('"work"', 'raise self.retry(countdown=5)'), '', 0],
    ['tasks/lock-outlives-redelivery', 'shorter than the time limit', taken('"work"', 'return', 60), 'time_limit=90', 1],
    ['tasks/lock-outlives-redelivery', 'longer than the time limit', taken('"work"', 'return', 100), 'time_limit=90', 0],
  ])('%s: %s', (id, _, body, options, count) => { expect(told(id, body, options)).toHaveLength(count); });
});

describe('the others', () => {
  test.each<[string, string, string, string, number]>([
    ['tasks/waits-for-result', 'of a message', 'return other.delay(1).get()', '', 1],
    ['tasks/waits-for-result', 'kept in a variable', 'sent = other.apply_async(args=[1])\nreturn sent.get(timeout=5)', '', 1],
    ['tasks/waits-for-result', 'of a group', 'return group(other.s(1), other.s(2))().join()', '', 1],
    ['tasks/waits-for-result', 'allowed', 'with allow_join_result():\n    return other.delay(1).get()', '', 1],
    ['tasks/waits-for-result', 'of a dict', 'sent = {"a": 1}\nreturn sent.get("a")', '', 0],
    ['tasks/waits-for-result', 'run in place', 'return other.apply(args=[1]).get()', '', 0],
    ['tasks/no-network-timeout', 'requests', 'requests.get("https://a.example")', '', 1],
    ['tasks/no-network-timeout', 'urllib', 'urllib.request.urlopen("https://a.example")', '', 1],
    ['tasks/no-network-timeout', 'a timeout', 'requests.get("https://a.example", timeout=order.seconds)', '', 0],
    ['tasks/no-network-timeout', 'options that are spread', 'requests.get("https://a.example", **order.options)', '', 0],
    ['tasks/no-network-timeout', 'a hard limit: advice', 'requests.get("https://a.example")', 'time_limit=60', 1],
    ['tasks/retry-without-limit', 'autoretry', 'order.ship()', `${RETRIED}, max_retries=None`, 1],
    ['tasks/retry-without-limit', 'a number', 'order.ship()', `${RETRIED}, max_retries=7`, 0],
    ['tasks/retry-without-limit', 'no retry at all', 'order.ship()', 'max_retries=None', 0],
    ['tasks/retry-without-limit', 'the call has a number', 'self.retry(max_retries=4)', 'max_retries=None', 0],
    ['tasks/status-without-reaper', 'asked, set, and taken off at the end', 'if order.state == "running":\n    return\norder.state = "running"\norder.ship()\norder.state = "done"', '', 1],
    ['tasks/status-without-reaper', 'not asked before', 'order.state = "running"\norder.ship()\norder.state = "done"', '', 0],
    ['tasks/status-without-reaper', 'asked whether it is done: a second run goes on', 'if order.state == "done":\n    return\norder.state = "running"\norder.ship()\norder.state = "done"', '', 0],
    ['tasks/status-without-reaper', 'asked whether it waits', 'if order.state != "new":\n    return\norder.state = "running"\norder.ship()\norder.state = "done"', '', 1],
    ['tasks/status-without-reaper', 'another field', 'if order.paid:\n    return\norder.state = "running"\norder.ship()\norder.state = "done"', '', 0],
    ['tasks/status-without-reaper', 'a mark that stays', 'if order.state == "done":\n    return\norder.ship()\norder.state = "done"', '', 0],
    ['tasks/unbounded-loop', 'nothing leaves it', 'while True:\n    order.poll()\n    time.sleep(1)', '', 1],
    ['tasks/unbounded-loop', 'an inner loop’s break does not leave it', 'while True:\n    for one in order.lines:\n        break', '', 1],
    ['tasks/unbounded-loop', 'break', 'while True:\n    if order.poll():\n        break', '', 0],
    ['tasks/unbounded-loop', 'return', 'while True:\n    with order.lock():\n        return', '', 0],
  ])('%s: %s', (id, _, body, options, count) => { expect(told(id, body, options)).toHaveLength(count); });
});
