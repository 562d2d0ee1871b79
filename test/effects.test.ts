import { beforeAll, describe, expect, test } from 'vitest';
import { facts } from '../src/analyzers/python.js';
import { bodyOf } from '../src/link/effects/index.js';
import { createResolver } from '../src/link/modules.js';
import type { FactStore, Setting } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';

beforeAll(() => loadPython());

type Files = Readonly<Record<string, string>>;

function storeOf(files: Files): FactStore {
  const read = new Map(Object.entries(files).map(([path, text]) => [path, facts(text, path)]));
  const paths = [...read.keys()].sort();
  return { paths, candidates: paths, has: path => read.has(path), facts: path => read.get(path) };
}

/** The body of the function `work` of tasks.py. */
function bodyIn(files: Files): ReturnType<typeof bodyOf> {
  const resolver = createResolver(storeOf(files));
  const scope = resolver.module('tasks.py')!;
  const target = resolver.exported('work', scope);
  if (target.is !== 'function') throw new Error('no function work');
  return bodyOf(target, resolver, target.function.decorators);
}

/** `work` with these lines as its body, below these lines of its module. */
function body(lines: string, above = '', parameters = ''): ReturnType<typeof bodyOf> {
  const indented = lines.split('\n').map(line => `    ${line}`).join('\n');
  return bodyIn({ 'tasks.py': `${above}\n\ndef work(${parameters}):\n${indented}\n` });
}

const seconds = (setting: Setting<number>): unknown => (setting.state === 'set' ? setting.value : setting.state);

describe('what a loop walks', () => {
  const above = [
    'import csv', 'import redis', 'import boto3', 'from itertools import batched', 'from tqdm import tqdm', 'from sqlalchemy import select', 'from shop.models import User',
    'def everyone():', '    return User.objects.filter(active=True)', 'def some():', '    return User.query.limit(10).all()',
    'def dao_get_jobs(days):', '    return Job.query.filter(Job.days > days).order_by(Job.id).all()',
    'def by_kind(kind):', '    query = User.query', '    if kind:', '        query = query.filter_by(kind=kind)', '    return query.all()',
    'def pages():', '    for page in boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket="b"):', '        yield page',
    'SIZES = [1, 2, 3]',
  ].join('\n');
  test.each([
    ['User.objects.all()', 'queryset', 'unbounded'], ['User.objects.filter(a=1).iterator()', 'queryset', 'unbounded'], ['session.query(User).all()', 'queryset', 'unbounded'],
    ['session.execute(select(User)).scalars()', 'queryset', 'unbounded'], ['User.query.filter_by(a=1)', 'queryset', 'unbounded'], ['list(User.objects.all())', 'queryset', 'unbounded'],
    ['enumerate(tqdm(User.objects.all()))', 'queryset', 'unbounded'], ['everyone()', 'queryset', 'unbounded'], ['dao_get_jobs(7)', 'queryset', 'unbounded'], ['by_kind("a")', 'queryset', 'unbounded'],
    ['pages()', 'paginator', 'unbounded'], ['redis.Redis().scan_iter("a*")', 'scan', 'unbounded'], ['open("rows.txt")', 'file', 'unbounded'], ['csv.reader(open("rows.csv"))', 'file', 'unbounded'],
    ['User.objects.all()[:500]', 'slice', 'bounded'], ['session.query(User).limit(100).all()', 'slice', 'bounded'], ['User.objects.filter(pk__in=ids)', 'slice', 'bounded'], ['some()', 'slice', 'bounded'],
    ['[1, 2]', 'constant', 'bounded'], ['SIZES', 'constant', 'bounded'], ['range(10)', 'range', 'bounded'], ['range(len(ids))', 'range', 'unknown'], ['ids', 'argument', 'unknown'], ['whatever()', 'unknown', 'unknown'],
  ])('%s is %s, %s', (over, source, bound) => {
    const { loops } = body(`for x in ${over}:\n    pass`, above, 'ids');
    expect(loops.find(loop => loop.item === 'x')).toMatchObject({ source, bound, kind: 'for' });
  });

  test.each([
    ['User.objects.exclude(id__in=ids)', 'queryset', 'unbounded'], ['User.objects.all()[5:]', 'queryset', 'unbounded'], ['order.items.select_related("product").iterator()', 'queryset', 'unbounded'],
    ['pager.paginate(Bucket="b")', 'paginator', 'unbounded'], ['redis.Redis().keys("a*")', 'scan', 'unbounded'], ['islice(User.objects.all(), 10)', 'slice', 'bounded'], ['islice(User.objects.all(), 5, None)', 'queryset', 'unbounded'],
    ['filled', 'unknown', 'unknown'], ['request.query.items()', 'unknown', 'unknown'], ['soup.select("a")', 'unknown', 'unknown'], ['resolver.query("a")', 'unknown', 'unknown'],
  ])('%s is %s, %s, whatever it resembles', (over, source, bound) => {
    const before = 'pager = boto3.client("s3").get_paginator("list_objects_v2")\nfilled = []\nwhile more():\n    filled.append(1)';
    const { loops } = body(`${before}\nfor x in ${over}:\n    pass`, `${above}\nfrom itertools import islice`, 'ids, order, request, soup, resolver');
    expect(loops.find(loop => loop.kind === 'for')).toMatchObject({ source, bound });
  });

  test.each([
    ['os.listdir("spool")', 'listing', 'unbounded'], ['Path("spool").glob("*.csv")', 'listing', 'unbounded'], ['csv.DictReader(text.splitlines())', 'file', 'unbounded'], ['pd.read_csv("a.csv").iterrows()', 'file', 'unbounded'], ['pd.read_csv("a.csv").head(5).iterrows()', 'slice', 'bounded'],
    ['stripe.Charge.list().auto_paging_iter()', 'paginator', 'unbounded'], ['Github("t").get_user().get_repos()', 'listing', 'unbounded'], ['redis.Redis().smembers("k")', 'listing', 'unbounded'],
    ['rows_of("a")[1]', 'unknown', 'unknown'], ['first', 'queryset', 'unbounded'], ['second', 'constant', 'bounded'], ['Report().lines', 'file', 'unbounded'], ['Report()', 'queryset', 'unbounded'],
    ['in_pages(User.objects.filter(active=True))', 'chunk', 'unbounded'], ['in_pages(User.objects.filter(pk__in=ids))', 'chunk', 'bounded'], ['ten_pages()', 'unknown', 'unknown'],
    ['collected()', 'listing', 'unbounded'], ['found(found(found(User.objects.all())))', 'queryset', 'unbounded'],
  ])('%s is %s, %s, through what the repository and its libraries give', (over, source, bound) => {
    const helpers = [
      'import csv, os, redis, requests, stripe', 'import pandas as pd', 'from pathlib import Path', 'from github import Github', 'from shop.models import User', 'text = load()',
      'def rows_of(kind):', '    return User.objects.filter(kind=kind), [1, 2]',
      'def in_pages(query):', '    last = 0', '    while True:', '        rows = list(query.filter(pk__gt=last)[:100])', '        if not rows:', '            break', '        yield rows', '        last = rows[-1].pk',
      'def ten_pages():', '    page = 0', '    while True:', '        if page > 10:', '            break', '        yield load(page)', '        page += 1',
      'def collected():', '    found = []', '    url = "u"', '    while url:', '        answer = requests.get(url).json()', '        found.extend(answer["items"])', '        url = answer["next"]', '    return found',
      'def found(rows):', '    kept = [row for row in rows if row]', '    return kept',
      'class Report:', '    @property', '    def lines(self):', '        return csv.reader(self.text)', '    def __iter__(self):', '        for row in User.objects.all():', '            yield row',
    ].join('\n');
    const { loops } = body(`first, second = rows_of("a")\nfor x in ${over}:\n    pass`, helpers, 'ids');
    expect(loops.find(loop => loop.item === 'x')).toMatchObject({ source, bound });
  });

  test.each([
    ['cur.execute("SELECT id FROM users")\nrows = cur.fetchall()\nfor x in rows:\n    cur.execute("DELETE FROM users WHERE id = %s", [x])', 'unbounded'], ['cur.execute("SELECT id FROM users WHERE a")\nfor x in cur:\n    pass', 'unbounded'],
    ['for x in connection.execute(text("SELECT id FROM users")):\n    pass', 'unbounded'], ['cur.execute(f"SELECT id FROM {table} WHERE a LIMIT 10")\nfor x in cur.fetchall():\n    pass', 'bounded'],
    ['cur.execute("SELECT id FROM users WHERE account_id = %s", [1])\nfor x in cur.fetchall():\n    pass', 'unknown'], ['cur.execute("SELECT count(*) FROM users")\nfor x in cur.fetchall():\n    pass', 'bounded'],
    ['cur.execute("SELECT kind, count(*) FROM users GROUP BY kind")\nfor x in cur.fetchall():\n    pass', 'unbounded'], ['cur.execute(statement)\nfor x in cur.fetchall():\n    pass', 'unknown'],
  ])('what a statement says of its rows: %s', (code, bound) => {
    const { loops } = body(`with connection.cursor() as cur:\n${code.split('\n').map(line => `    ${line}`).join('\n')}`, 'from sqlalchemy import text', 'connection, statement, table');
    expect(loops.find(loop => loop.item === 'x')?.bound).toBe(bound);
  });

  test.each([
    ['pages until one is empty', 'while True:\n    rows = User.objects.filter(id__gt=last)[:100]\n    if not rows:\n        break\n    for x in rows:\n        pass', 'unbounded'],
    ['pages until one is not full', 'while True:\n    rows = load(last)\n    for x in rows:\n        pass\n    if len(rows) < 100:\n        break', 'unbounded'],
    ['by a helper', 'while handled():\n    pass', 'unbounded'],
    ['as long as there is time', 'while True:\n    rows = load(last)\n    for x in rows:\n        pass\n    if time() > end:\n        break', 'bounded'],
    ['a number of times', 'while page < 10:\n    for x in load(last):\n        pass\n    page += 1', 'bounded'],
    ['again after a failure', 'while True:\n    try:\n        for x in load(last):\n            pass\n        break\n    except OSError:\n        sleep(1)', 'bounded'],
    ['a piece of a list', 'while ids:\n    rows = ids[:10]\n    ids = ids[10:]\n    for x in rows:\n        pass', 'bounded'],
    ['a query of its own behind it', 'while True:\n    rows = User.objects.filter(pk__in=ids)[:100]\n    if not rows:\n        break\nfor x in rows:\n    pass', 'bounded'],
  ])('%s', (_, code, bound) => {
    const helpers = 'from time import sleep, time\nfrom shop.models import User\ndef load(last):\n    return User.query.filter(User.id > last).limit(100).all()\ndef handled():\n    for x in load(1):\n        pass\n    return True';
    expect(body(code, helpers, 'last, end, page, ids').loops.find(loop => loop.item === 'x')?.bound).toBe(bound);
  });

  test('what calls itself for what lies below goes to the end', () => {
    const code = 'def below(row):\n    for x in children(row):\n        below(x)\n    for y in children(row):\n        row.note(y)';
    const { loops } = body('below(1)', code);
    expect(loops.map(({ item, bound }) => [item, bound]).slice(0, 1)).toEqual([['x', 'unbounded']]);
    expect(loops.find(loop => loop.item === 'y')?.bound).toBe('unknown');
  });

  test('a comprehension counts where its element does something', () => {
    expect(body('[send(x) for x in User.objects.all()]').loops).toMatchObject([{ kind: 'comprehension', bound: 'unbounded', entity: 'User' }]);
    expect(body('[x.id for x in User.objects.all()]').loops).toEqual([]);
  });

  test('knows the loop around a loop, and the endless one', () => {
    expect(body('while True:\n    for x in User.objects.all():\n        pass').loops).toMatchObject([{ kind: 'while', source: 'endless' }, { kind: 'for', outer: 0 }]);
  });
});

describe('what a call does', () => {
  const above = 'import time, subprocess, requests, httpx, stripe, boto3\nfrom django.core.mail import send_mail\nfrom sqlalchemy.orm import Session\nsession = requests.Session()\ns3 = boto3.client("s3")';
  test.each([
    ['send_mail("a", "b", None, [])', 'email'], ['requests.post("u", json={})', 'http-write'], ['requests.get("u")', 'http-read'], ['session.patch("u")', 'http-write'], ['stripe.Charge.create(amount=1)', 'payment'],
    ['time.sleep(3)', 'sleep'], ['subprocess.run(["a"])', 'subprocess'], ['s3.put_object(Bucket="b", Key="k")', 'upload'], ['s3.delete_object(Bucket="b", Key="k")', 'delete'], ['boto3.resource("s3").Bucket("b").upload_file("f", "k")', 'upload'],
    ['User.objects.create(name="a")', 'insert'], ['User.objects.filter(a=1).update(b=2)', 'update'], ['User.objects.filter(a=1).update(b=F("b") + 1)', 'increment'], ['user.save()', 'update'], ['db.session.add(row)', 'insert'], ['other.delay(1)', 'publish'],
  ])('%s: %s', (call, kind) => {
    expect(body(call, above).effects.map(effect => effect.kind)).toEqual([kind]);
  });

  test.each([
    ['row = session.query(User).filter_by(id=1).one()\nsession.add(row)', 'update'],
    ['row = session.get(User, 1)\nsession.add(row)', 'update'],
    ['for row in User.query.all():\n    session.add(row)', 'update'],
    ['for row in late():\n    keep(row)', 'update'],
    ['rows, total = counted()\nfor row in rows:\n    session.add(row)', 'update'],
    ['row = User(name="a")\nsession.add(row)', 'insert'],
    ['row = session.query(User).first()\nif row is None:\n    row = User(name="a")\nsession.add(row)', 'insert'],
    ['row = rows.get(1)\nsession.add(row)', 'insert'],
    ['for row in made():\n    keep(row)', 'insert'],
    ['keep(row)', 'insert'],
  ])('a row that was read is written back, another one is added: %s', (code, kind) => {
    const helpers = 'from app import session\n\ndef keep(row):\n    session.add(row)\n\ndef counted():\n    found = User.query.all()\n    return [row for row in found if row.late], len(found)\n\ndef late():\n    return User.query.filter_by(late=True).all()\n\ndef made():\n    return [User(name=n) for n in "ab"]\n';
    expect(body(code, helpers, 'row, rows').effects.map(effect => effect.kind)).toEqual([kind]);
  });

  test('a mapping that a client answered goes nowhere when it is read, an object of a resource does', () => {
    expect(body('answer = s3.list_buckets()\nanswer.get("Buckets")', above).effects.map(effect => effect.text)).toEqual(['s3.list_buckets()']);
    expect(body('thing = boto3.resource("s3").Object("b", "k")\nthing.get()', above).effects.map(effect => effect.text)).toEqual(['thing.get()']);
  });

  test.each(['values.update({})', 'names.add(1)', 'cache.delete("a")', 'len([])', 'logger.info("sent")', 'threading.Lock()', 'self.retry_count'])('%s: nothing', call => {
    expect(body(call, above).effects).toEqual([]);
  });

  test.each([
    ['User.objects.get_or_create(name="a")', 'get_or_create'], ['requests.put("u")', 'idempotent by its own meaning'], ['stripe.Charge.create(idempotency_key=order_id)', 'idempotency key'],
    ['stripe.Charge.create(idempotency_key=str(uuid4()))', undefined], ['User.objects.bulk_create(rows, ignore_conflicts=True)', 'ignore_conflicts'],
  ])('%s is guarded by %s', (call, guard) => {
    expect(body(call, above, 'order_id, rows').effects.map(effect => effect.guard?.kind)).toEqual([guard]);
  });

  test.each([['requests.get("u", timeout=7)', 7], ['requests.get("u")', undefined], ['httpx.get("u")', 5], ['time.sleep(30)', 30]])('%s may take %s s', (call, timeout) => {
    expect(body(call, above).effects[0]?.timeoutSeconds).toBe(timeout);
  });

  test('stands in its loop', () => {
    expect(body('for user in User.objects.all():\n    send_mail("a", "b", None, [user.email])', above).effects).toMatchObject([{ kind: 'email', insideLoop: 0 }]);
  });

  test('a body of arithmetic is trivial, one with a call nobody knows is partly read', () => {
    expect(body('x = max(1, 2)\nreturn x', above)).toMatchObject({ trivial: true, partial: false });
    expect(body('mystery.run()', 'import mystery')).toMatchObject({ trivial: false, partial: true });
  });
});

describe('calls are followed', () => {
  const mail = { 'mail.py': 'from django.core.mail import send_mail\n\ndef notify(user):\n    send_mail("a", "b", None, [user])\n' };

  test('into other files, and say how they were reached', () => {
    const { effects } = bodyIn({ ...mail, 'tasks.py': 'from mail import notify\n\ndef work():\n    notify("a")\n' });
    expect(effects.map(effect => [effect.kind, effect.at.path, effect.via.map(step => step.text)])).toEqual([['email', 'mail.py', ['notify']]]);
  });

  test('through star imports, methods and self', () => {
    const files = { ...mail, 'tasks.py': 'from mail import *\n\nclass Sender:\n    def send(self):\n        self.one("a")\n    def one(self, user):\n        notify(user)\n\ndef work():\n    Sender().send()\n' };
    expect(bodyIn(files).effects.map(effect => effect.via.map(step => step.text))).toEqual([['send', 'one', 'notify']]);
  });

  test('four deep and no deeper: then the body counts as partly read', () => {
    const chain = (length: number): string => Array.from({ length }, (_, i) => `def f${i}():\n    ${i + 1 < length ? `f${i + 1}()` : 'time.sleep(1)'}\n`).join('\n');
    const at = (length: number): ReturnType<typeof bodyOf> => body('f0()', `import time\n${chain(length)}`);
    expect(at(4)).toMatchObject({ effects: [{ kind: 'sleep' }], partial: false });
    expect(at(5)).toMatchObject({ effects: [], partial: true, trivial: false });
  });

  test('once round a cycle', () => {
    const { effects } = body('ping()', 'import time\ndef ping():\n    time.sleep(1)\n    pong()\ndef pong():\n    ping()\n');
    expect(effects.map(effect => effect.kind)).toEqual(['sleep']);
  });

  test('with a cap on the functions visited, which is said', () => {
    const wide = Array.from({ length: 8 }, (_, depth) => `def g${depth}():\n${`    g${depth + 1}()\n`.repeat(40)}`).join('');
    const started = performance.now();
    expect(body('g0()', wide)).toMatchObject({ partial: true, capped: true });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test.each([
    ['rename(row, save=False)', []], ['rename(row, save=True)', ['update']], ['rename(row)', ['update']], ['rename(row, save=flag)', ['update']], ['rename(row, **options)', ['update']],
    ['remind(row)', []], ['remind(row, 5)', ['sleep']],
  ])('on the way that their arguments choose: %s', (call, kinds) => {
    const helpers = 'import time\ndef rename(row, save=True):\n    if save:\n        row.save()\n\ndef remind(row, after=None):\n    if after is not None:\n        time.sleep(after)\n';
    expect(body(call, helpers, 'row, flag, options').effects.map(effect => effect.kind)).toEqual(kinds);
  });

  test('into the wrapper of a decorator', () => {
    const decorator = 'import time\ndef slow(function):\n    def inner(*args):\n        time.sleep(2)\n        return function(*args)\n    return inner\n';
    const { effects } = bodyIn({ 'tasks.py': `${decorator}\n@slow\ndef work():\n    pass\n` });
    expect(effects).toMatchObject([{ kind: 'sleep', timeoutSeconds: 2, via: [{ text: '@slow' }] }]);
  });
});

describe('locks', () => {
  const above = 'import redis\nfrom datetime import timedelta\nfrom django.core.cache import cache\nr = redis.Redis()\nTTL = 2 * 60';
  test.each([
    ['if r.set("k", 1, nx=True):\n    pass', 'redis-set-nx', 'unset'], ['if r.set("k", 1, nx=True, ex=30):\n    pass', 'redis-set-nx', 30], ['if r.set("k", 1, nx=True, px=5000):\n    pass', 'redis-set-nx', 5], ['if not r.set("k", 1, nx=True, ex=TTL):\n    return', 'redis-set-nx', 120],
    ['if r.set("k", 1, nx=True, ex=timedelta(minutes=2)):\n    pass', 'redis-set-nx', 120], ['if r.set("k", 1, nx=True, ex=ttl):\n    pass', 'redis-set-nx', 'unknown'], ['if r.set("k", 1, nx=True, **options):\n    pass', 'redis-set-nx', 'unknown'],
    ['if r.setnx("k", 1):\n    pass', 'setnx', 'unset'], ['lock = r.lock("k")', 'redis-lock', 'unset'], ['with r.lock("k", timeout=60):\n    pass', 'redis-lock', 60],
    ['if cache.add("k", 1):\n    pass', 'cache-add', 300], ['if cache.add("k", 1, None):\n    pass', 'cache-add', 'unset'], ['if cache.add("k", 1, 60):\n    pass', 'cache-add', 60], ['with cache.lock("k"):\n    pass', 'redis-lock', 'unset'],
  ])('%s', (lines, kind, ttl) => {
    expect(body(lines, above, 'ttl, options').locks.map(lock => [lock.kind, seconds(lock.ttl)])).toEqual([[kind, ttl]]);
  });

  test.each(['r.set("k", 1)', 'r.set("k", 1, nx=True)', 'r.set("k", 1, nx=False, ex=3)', 'cache.add("k", 1)', 'threading.Lock()', 'names.add(1)', 'if seen.add("k", 1):\n    pass'])('%s is none', lines => {
    expect(body(lines, `${above}\nimport threading`).locks).toEqual([]);
  });

  test('setnx is given its life by an expire() on the same key', () => {
    expect(body('if r.setnx("k", 1):\n    r.expire("k", 60)', above).locks.map(lock => seconds(lock.ttl))).toEqual([60]);
    expect(body('if r.setnx("k", 1):\n    r.expire("other", 60)', above).locks.map(lock => seconds(lock.ttl))).toEqual(['unset']);
  });

  test.each([
    ['a delete is a release by anybody', 'if r.set("k", 1, nx=True, ex=3):\n    r.delete("k")', { checksOwner: false, byLibrary: false }],
    ['one behind a comparison is the owner’s', 'if r.set("k", token, nx=True, ex=3):\n    if r.get("k") == token:\n        r.delete("k")', { checksOwner: true, byLibrary: false }],
    ['the library’s own checks', 'with r.lock("k", timeout=3):\n    pass', { checksOwner: true, byLibrary: true }],
    ['a delete of another key is none', 'if r.set("k", 1, nx=True, ex=3):\n    r.delete("other")', undefined],
  ])('%s', (_, lines, released) => {
    const [lock] = body(lines, above, 'token').locks;
    if (released) expect(lock?.released).toMatchObject(released); else expect(lock?.released).toBeUndefined();
  });
});

describe('publishes and retries', () => {
  const above = 'from datetime import datetime, timedelta\nDELAYS = [10, 60, 3600]';
  test.each([
    ['other.delay(1)', 'other', 'unset'], ['other.apply_async([1], countdown=2 * 60)', 'other', 120], ['other.apply_async(eta=datetime.now() + timedelta(hours=2))', 'other', 7200], ['other.s(1).apply_async(countdown=5)', 'other.s', 5],
    ['for i in range(10):\n    other.apply_async(countdown=i * 60)', 'other', 540], ['for i in range(2, 5):\n    other.apply_async(countdown=i)', 'other', 4], ['for i, d in enumerate(DELAYS):\n    other.apply_async(countdown=i * 10)', 'other', 20],
    ['other.apply_async(countdown=wait)', 'other', 'unknown'],
  ])('%s', (lines, target, countdown) => {
    expect(body(lines, above, 'wait').publishes.map(one => [one.target, seconds(one.countdown)])).toEqual([[target, countdown]]);
  });

  test.each([
    ['self.retry()', 'unset', 'unset', false], ['raise self.retry(exc=e, countdown=30, max_retries=3)', 30, 3, false], ['self.retry(countdown=2 ** self.request.retries)', 'unknown', 'unset', true], ['self.retry(max_retries=None)', 'unset', 'unset', false],
    ['self.retry(eta=datetime.now() + timedelta(minutes=1))', 60, 'unset', false], ['work.retry(countdown=5)', 5, 'unset', false],
  ])('%s', (lines, countdown, maxRetries, grows) => {
    const { retryCalls } = body(lines, above, 'self, e');
    expect(retryCalls.map(one => [seconds(one.countdown), one.maxRetries.state === 'set' ? one.maxRetries.value : one.maxRetries.state, one.grows])).toEqual([[countdown, maxRetries, grows]]);
  });

  test('a retry after a failure is told from one that waits', () => {
    expect(body('try:\n    send()\nexcept Exception as e:\n    self.retry(exc=e)', above, 'self').retryCalls).toMatchObject([{ afterFailure: true }]);
    expect(body('if not ready:\n    self.retry()', above, 'self').retryCalls[0]?.afterFailure).toBeUndefined();
  });

  test('retry of another object is none', () => {
    expect(body('client.retry(countdown=5)', above, 'self').retryCalls).toEqual([]);
  });
});

describe('what is written as text, or in documents', () => {
  test.each([
    ['cursor.execute("INSERT INTO a VALUES (1)")', 'insert', undefined], ['cursor.execute("INSERT INTO a VALUES (1) ON CONFLICT (id) DO NOTHING")', 'insert', 'a statement that keeps what is there'],
    ['cursor.execute("UPDATE a SET n = n + 1")', 'increment', undefined], ['cursor.execute("UPDATE a SET n = 2 WHERE id = 1")', 'update', undefined], ['cursor.executemany("delete from a where id = %s", rows)', 'delete', undefined],
    ['connection.execute(text("UPDATE a SET n = a.n - :k"), {"k": 1})', 'increment', undefined], ['cursor.execute(sql.SQL("REVOKE ALL ON {} FROM x").format(name))', 'update', undefined],
    ['cursor.execute(STATEMENT)', 'insert', undefined], ['cursor.execute(f"DELETE FROM {table}")', 'delete', undefined],
    ['db.users.insert_one({"a": 1})', 'insert', undefined], ['db.users.update_one({"a": 1}, {"$set": {"b": 2}}, upsert=True)', 'update', 'upsert'], ['db.users.update_one({"a": 1}, {"$inc": {"b": 2}})', 'increment', undefined],
    ['user.groups.add(group)', 'update', undefined],
  ])('%s', (line, kind, guard) => {
    const { effects } = body(line, 'from sqlalchemy import text\nfrom psycopg import sql\nSTATEMENT = "INSERT INTO a VALUES (1)"', 'cursor, connection, rows, name, table, db, user, group');
    expect(effects.map(effect => [effect.kind, effect.guard?.kind])).toEqual([[kind, guard]]);
  });

  test.each(['cursor.execute("SELECT 1")', 'cursor.execute(query)', 'pool.execute(job)', 'tags.add(tag)'])('%s writes nothing that is known', line => {
    expect(body(line, '', 'cursor, query, pool, job, tags, tag').effects).toEqual([]);
  });
});

describe('classes by their annotations', () => {
  const service = 'import httpx\n\n\nclass Sender:\n    def __init__(self, client: httpx.Client):\n        self._client = client\n\n    def send(self, url):\n        self._client.post(url)\n\n\ndef make() -> "Sender":\n    return container.resolve("sender")\n';
  test.each([
    ['a parameter', 'def work(sender: Sender):\n    sender.send("a")\n'], ['one that may be None', 'def work(sender: Sender | None = None):\n    sender.send("a")\n'],
    ['a variable', 'def work(request):\n    sender: Sender = request.find_service(Sender)\n    sender.send("a")\n'], ['a result', 'def work():\n    make().send("a")\n'],
    ['what a helper is given', 'def helper(sender: Sender):\n    sender.send("a")\n\n\ndef work(registry):\n    helper(registry["sender"])\n'],
  ])('%s', (_, code) => {
    const { effects } = bodyIn({ 'service.py': service, 'tasks.py': `from typing import Optional\nfrom service import Sender, make\n\n\n${code}` });
    expect(effects).toMatchObject([{ kind: 'http-write', at: { path: 'service.py' } }]);
  });

  test('say nothing where they name no class of the repository or of a library', () => {
    expect(bodyIn({ 'tasks.py': 'from typing import Any\n\n\ndef work(sender: Any, other: list[str], third: "not a name"):\n    sender.post("a")\n' }).effects).toEqual([]);
  });
});
