import { beforeAll, describe, expect, test } from 'vitest';
import * as python from '../src/analyzers/python.js';
import { link } from '../src/link/index.js';
import type { Facts, FactStore, Rule } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';
import { rules } from '../src/rules/index.js';
import { thresholds } from './model-builders.js';

/** What a second run of a task does again, and what keeps it from that. */
beforeAll(() => loadPython());
const [rule] = rules.filter(({ id }) => id === 'tasks/non-idempotent-write') as [Rule];

const HEAD = 'import stripe\nfrom celery import Celery\nfrom django.core.mail import send_mail\nfrom django.db import IntegrityError\nfrom django.db.models import F\nfrom django.db.models.functions import Coalesce\nfrom shop.models import Item, Order\n\napp = Celery("shop")\n\n\n';
function told(body: string, options = 'acks_late=True'): readonly string[] {
  const lines = body.split('\n').map(line => `    ${line}\n`).join('');
  const file: Facts = python.facts(`${HEAD}@app.task(${options})\ndef work(order, now):\n${lines}`, 'shop/tasks.py');
  const store: FactStore = { paths: ['shop/tasks.py'], candidates: ['shop/tasks.py'], has: path => path === 'shop/tasks.py', facts: path => (path === 'shop/tasks.py' ? file : undefined) };
  const model = link(store, { workers: [], assume: {}, durations: {} });
  return [...rule.check(model, thresholds)].map(({ severity, label }) => `${severity ?? rule.severity}: ${label ?? ''}`);
}

describe('is done again', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['a charge', 'stripe.Charge.create(amount=order.cents)', 'acks_late=True', ['error: is charged again']],
    ['a charge whose key is made anew', 'import uuid\nstripe.Charge.create(amount=1, idempotency_key=str(uuid.uuid4()))', 'acks_late=True', ['error: is charged again']],
    ['a mail', 'send_mail("a", "b", "c", [order.mail])', 'acks_late=True', ['warning: is sent again']],
    ['a row', 'Order.objects.create(number=1)', 'acks_late=True', ['warning: adds a second row']],
    ['a count', 'Item.objects.filter(pk=1).update(stock=F("stock") - 1)', 'acks_late=True', ['error: counts twice']],
    ['a charge before what may fail and is retried', 'stripe.Charge.create(amount=1)\nOrder.objects.create(number=1)', 'autoretry_for=(OSError,)', ['warning: is charged again']],
    ['a mail behind a check that the row is there', 'row = Order.objects.filter(pk=order).first()\nif not row:\n    return\nsend_mail("a", "b", "c", [row.mail])', 'acks_late=True', ['warning: is sent again']],
    ['a mail behind a row that is not there', 'try:\n    row = Order.objects.get(pk=order)\nexcept Order.DoesNotExist:\n    return\nsend_mail("a", "b", "c", [row.mail])', 'acks_late=True', ['warning: is sent again']],
    ['a row, before an error that is raised and retried', 'if order.open:\n    return\nOrder.objects.create(number=1)\nif order.late:\n    raise OrderError("late")', 'autoretry_for=(OrderError,)', ['warning: adds a second row']],
    ['a row under a condition of the message', 'if order == 1:\n    Order.objects.create(number=1)', 'acks_late=True', ['warning: adds a second row']],
    ['a row behind a check of the message', 'kind = str(order).lower()\nif kind not in ("a", "b"):\n    return\nOrder.objects.create(number=1)', 'acks_late=True', ['warning: adds a second row']],
    ['a row by a statement', 'cursor.execute("INSERT INTO orders VALUES (%s)", [1])', 'acks_late=True', ['warning: adds a second row']],
  ])('%s', (_, body, options, expected) => { expect(told(body, options)).toEqual(expected); });
});

describe('how wide the window is', () => {
  const MAIL = 'send_mail("a", "b", "c", [order.mail])';
  test.each<[string, string, 'warning' | 'error']>([
    ['the last thing, but for a log', `${MAIL}\nlogger.info("sent")`, 'warning'],
    ['in a try whose handler logs', `try:\n    ${MAIL}\nexcept Exception:\n    logger.exception("failed")\n    raise`, 'warning'],
    ['something else is done behind it', `${MAIL}\norder.ship()`, 'error'],
    ['something else is done at the end of its try', `try:\n    ${MAIL}\nfinally:\n    order.ship()`, 'error'],
    ['a request before it', `requests.get("https://a.example")\n${MAIL}`, 'error'],
    ['a wait before it', `time.sleep(60)\n${MAIL}`, 'error'],
    ['a whole table is walked before it', `for one in Order.objects.all():\n    one.check()\n${MAIL}`, 'error'],
    ['a whole table is counted before it', `n = 0\nfor one in Order.objects.all():\n    n += one.cents\n${MAIL}`, 'warning'],
    ['a second one', `${MAIL}\n${MAIL}`, 'error'],
    ['a charge', 'stripe.Charge.create(amount=order.cents)', 'error'],
  ])('%s', (_, body, severity) => { expect(told(`import logging, requests, time\nlogger = logging.getLogger("work")\n${body}`).map(one => one.split(':')[0])).toEqual([severity]); });
});

describe('is not', () => {
  test.each<[string, string, string?]>([
    ['under early acknowledgement without a retry: nothing runs it again', 'stripe.Charge.create(amount=1)', ''],
    ['the last thing that a retried task does', 'Order.objects.get(pk=1)\nstripe.Charge.create(amount=1)', 'autoretry_for=(OSError,)'],
    ['with a key that stays the same', 'stripe.Charge.create(amount=1, idempotency_key=f"order-{order.pk}")'],
    ['found or made', 'Order.objects.get_or_create(number=1)'],
    ['made where there may be one already', 'Order.objects.bulk_create([Order(number=1)], ignore_conflicts=True)'],
    ['behind a check that ends the task', 'if order.sent:\n    return\nsend_mail("a", "b", "c", [order.mail])'],
    ['under a condition', 'if not order.sent:\n    send_mail("a", "b", "c", [order.mail])'],
    ['where a second row is refused and that is handled', 'try:\n    Order.objects.create(number=1)\nexcept IntegrityError:\n    pass'],
    ['in place of what was deleted before', 'Order.objects.filter(number=1).delete()\nOrder.objects.create(number=1)'],
    ['an update that keeps the first value', 'Order.objects.filter(pk=1).update(start=Coalesce(F("start"), now))'],
    ['behind a check of what was done', 'row = Order.objects.filter(pk=order, sent=False).first()\nif not row:\n    return\nsend_mail("a", "b", "c", [row.mail])'],
    ['behind a row that was made just now', 'row, created = Order.objects.get_or_create(pk=order)\nif not created:\n    return\nsend_mail("a", "b", "c", [row.mail])'],
    ['before an error that is raised in another branch', 'if order.open:\n    Order.objects.create(number=1)\n    return\nraise OrderError("late")', 'autoretry_for=(OrderError,)'],
    ['before an error that is not retried', 'if order.open:\n    return\nOrder.objects.create(number=1)\nif order.late:\n    raise OtherError("late")', 'autoretry_for=(OrderError,)'],
    ['behind a check of what another call says', 'if is_done(order):\n    return\nOrder.objects.create(number=1)'],
    ['under a condition of a row', 'row = load(order)\nif row.open:\n    Order.objects.create(number=1)'],
    ['the log of an attempt', 'OrderLog.objects.create(number=1)'],
    ['a statement that keeps what is there', 'cursor.execute("INSERT INTO orders VALUES (%s) ON CONFLICT DO NOTHING", [1])'],
    ['an update that says what is', 'Order.objects.filter(pk=1).update(state="paid")'],
  ])('%s', (_, body, options = 'acks_late=True') => { expect(told(body, options)).toEqual([]); });
});
