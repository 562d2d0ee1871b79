import { beforeAll, describe, expect, test } from 'vitest';
import * as python from '../src/analyzers/python.js';
import { link } from '../src/link/index.js';
import type { Facts, FactStore } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';

/** What is sent before the commit, and what only looks so. */
beforeAll(() => loadPython());

const TASKS = 'from celery import Celery\n\napp = Celery("shop")\n\n\n@app.task\ndef confirm(order_id):\n    print(order_id)\n';
function sent(code: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  const files: Record<string, string> = { 'shop/__init__.py': '', 'shop/tasks.py': TASKS, 'shop/service.py': `from django.db import transaction\nfrom django.db.transaction import atomic\nfrom shop.models import Order\nfrom shop.tasks import confirm\nfrom shop.outbox import enqueue\n\n\n${code}`, 'shop/outbox.py': 'def enqueue(order):\n    pass\n', ...more };
  const facts = new Map(Object.entries(files).map(([path, text]): [string, Facts] => [path, python.facts(text, path)]));
  const paths = [...facts.keys()].sort();
  const store: FactStore = { paths, candidates: paths, has: path => facts.has(path), facts: path => facts.get(path) };
  const { sentInTransactions } = link(store, { workers: [], assume: {}, durations: {} });
  return sentInTransactions.map(({ target, at, namesWritten, via }) => `${target}:${at.startLine - 8}${namesWritten ? ' names it' : ''}${via.map(({ text }) => ` via ${text}`).join('')}`);
}

describe('is sent before the commit', () => {
  test.each<[string, string, readonly string[]]>([
    ['in an atomic block', 'def f(user):\n    with transaction.atomic():\n        order = Order.objects.create(user=user)\n        confirm.delay(order.pk)\n', ['confirm:3 names it']],
    ['in an atomic function', '@atomic\ndef f(order):\n    order.state = "paid"\n    order.save()\n    confirm.apply_async(args=[order.pk])\n', ['confirm:4 names it']],
    ['in a method, with the database named', 'class Checkout:\n    @transaction.atomic(using="orders")\n    def place(self, user):\n        Order.objects.filter(user=user).update(state="placed")\n        confirm.delay(user.pk)\n', ['confirm:4']],
    ['by a function that it calls', 'def notify(order):\n    confirm.delay(order.pk)\n\n\ndef f(user):\n    with transaction.atomic():\n        order = Order.objects.create(user=user)\n        notify(order)\n', ['confirm:1 via notify']],
    ['before the commit of a session', 'def f(session, order):\n    session.add(order)\n    session.flush()\n    confirm.delay(order.id)\n    session.commit()\n', ['confirm:3 names it']],
  ])('%s', (_, code, expected) => { expect(sent(code)).toEqual(expected); });
});

describe('is not', () => {
  test.each<[string, string]>([
    ['behind the block', 'def f(user):\n    with transaction.atomic():\n        order = Order.objects.create(user=user)\n    confirm.delay(order.pk)\n'],
    ['before anything was written', 'def f(user):\n    with transaction.atomic():\n        confirm.delay(user.pk)\n        Order.objects.create(user=user)\n'],
    ['on commit', 'def f(user):\n    with transaction.atomic():\n        order = Order.objects.create(user=user)\n        transaction.on_commit(lambda: confirm.delay(order.pk))\n        confirm.delay_on_commit(order.pk)\n'],
    ['in a function that is only defined there', 'def f(user):\n    with transaction.atomic():\n        order = Order.objects.create(user=user)\n\n        def later():\n            confirm.delay(order.pk)\n        transaction.on_commit(later)\n'],
    ['with a delay of its own', 'def f(user):\n    with transaction.atomic():\n        order = Order.objects.create(user=user)\n        confirm.apply_async(args=[order.pk], countdown=10)\n'],
    ['after the commit of a session', 'def f(session, order):\n    session.add(order)\n    session.commit()\n    confirm.delay(order.id)\n'],
    ['in a session that nobody commits here', 'def f(session, order):\n    session.add(order)\n    confirm.delay(order.id)\n'],
    ['by another library, whose message is a row', 'def f(user):\n    with transaction.atomic():\n        order = Order.objects.create(user=user)\n        enqueue.delay(order)\n'],
    ['without a transaction', 'def f(user):\n    order = Order.objects.create(user=user)\n    confirm.delay(order.pk)\n'],
  ])('%s', (_, code) => { expect(sent(code)).toEqual([]); });

  test('in a test, nor endless where functions call each other', () => {
    const code = 'from shop.tasks import confirm\nfrom django.db import transaction\nfrom shop.models import Order\n\n\ndef test_it(user):\n    with transaction.atomic():\n        Order.objects.create(user=user)\n        confirm.delay(1)\n';
    expect(sent('', { 'tests/test_it.py': code })).toEqual([]);
    expect(sent('def a():\n    with transaction.atomic():\n        Order.objects.create()\n        b()\n\n\ndef b():\n    a()\n    b()\n')).toEqual([]);
  });
});
