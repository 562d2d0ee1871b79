import { beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';
import { rules } from '../src/rules/index.js';
import { linked } from './linked.js';
import { thresholds } from './model-builders.js';

/** What is put into messages, and what is held while they wait. */
beforeAll(() => loadPython());

const saidBy = (id: string, model: Model): readonly string[] => [...rules.find(rule => rule.id === id)!.check(model, thresholds)].map(({ message }) => message);

const MODELS = 'from django.db import models\n\n\nclass Order(models.Model):\n    def save(self, *args):\n        from tasks import work\n        work.delay(self)\n';
const TASKS = "from celery import Celery\n\napp = Celery('shop', broker='redis://r')\n\n\n@app.task\ndef work(order, mode=None):\n    return order\n";
const sending = (lines: string, more = ''): readonly string[] =>
  saidBy('tasks/model-instance-argument', linked({ 'tasks.py': `${TASKS}${more}`, 'views.py': `from models import Order\nfrom tasks import work\n\n\ndef view(request, order_id):\n${lines.split('\n').map(line => `    ${line}\n`).join('')}`, 'models.py': 'from django.db import models\n\n\nclass Order(models.Model):\n    pass\n' }));

describe('tasks/model-instance-argument', () => {
  test.each([
    'order = Order.objects.get(pk=order_id)\nwork.delay(order)', 'order = Order(number=1)\nwork.delay(order)', 'order = Order.objects.filter(pk=1).first()\nwork.apply_async([order])',
    'for order in Order.objects.all():\n    work.s(order, mode=1)', 'order: Order = request.order\nwork.delay(mode=order)',
  ])('%j sends a row', lines => { expect(sending(lines)).toHaveLength(1); });

  test.each([
    'order = Order.objects.get(pk=order_id)\nwork.delay(order.pk)', 'work.delay(order_id)', 'for order in Order.objects.values_list("pk", flat=True):\n    work.delay(order)',
    'order = Order.objects.values("pk").get()\nwork.delay(order)', 'for order in request.orders.all():\n    work.delay(order)', 'order = Order.objects.count()\nwork.delay(order)',
  ])('%j does not', lines => { expect(sending(lines)).toEqual([]); });

  test('the harm is that of the serializer', () => {
    expect(sending('work.delay(Order.objects.get(pk=1))')).toEqual([]); // no name to suggest a key of
    expect(sending('order = Order.objects.get(pk=1)\nwork.delay(order)')[0]).toContain('EncodeError');
    expect(sending('order = Order.objects.get(pk=1)\nwork.delay(order)', "\napp.conf.task_serializer = 'pickle'\n")[0]).toContain('works on the copy that was pickled');
    expect(sending('order = Order.objects.get(pk=1)\nwork.apply_async([order], serializer="pickle")')[0]).toContain('if it can be sent at all');
  });

  test('a model that sends itself does too', () => {
    expect(saidBy('tasks/model-instance-argument', linked({ 'tasks.py': TASKS, 'models.py': MODELS }))).toHaveLength(1);
  });

  test('a row that is being deleted cannot be read later', () => {
    expect(saidBy('tasks/model-instance-argument', linked({ 'tasks.py': TASKS, 'models.py': "from django.db import models\nfrom tasks import work\n\n\nclass Order(models.Model):\n    pass\n\n\n@receiver(post_delete, sender=Order)\ndef clean(sender, instance: Order, **kwargs):\n    work.delay(instance)\n" }))).toEqual([]);
  });
});

describe('celery-singleton', () => {
  const locks = (options: string, more = ''): readonly string[] => saidBy('tasks/lock-without-expiry', linked({ 'tasks.py': `from celery import Celery\nfrom celery_singleton import Singleton\n\napp = Celery('shop', broker='redis://r')\n${more}\n\n@app.task(${options})\ndef work(order):\n    return order\n` }));
  test('keeps its lock for ever where no lifetime is written', () => {
    expect(locks('base=Singleton')).toEqual(['the lock of work never expires: when a deployment kills the task that holds it, no later run gets it']);
  });
  test.each([['base=Singleton, lock_expiry=600', ''], ['base=Singleton', 'app.conf.singleton_lock_expiry = 600'], ['base=Singleton', 'app.conf.update(singleton_lock_expiry=600)'], ['base=Singleton', 'app.conf["singleton_lock_expiry"] = 600'], ['', '']])('%s %s is quiet', (options, more) => {
    expect(locks(options, more)).toEqual([]);
  });
  test('by a class of the repository', () => {
    expect(locks('base=Once', '\nclass Once(Singleton):\n    pass\n')).toHaveLength(1);
  });
});

describe('what the second reader said of other repositories', () => {
  const claim = (other: string): readonly string[] => saidBy('tasks/status-without-reaper', linked({ 'tasks.py': `${TASKS}from datetime import timedelta\n\n\n@app.task\ndef process(job_id):\n    job = Job.query.get(job_id)\n    if job.status != PENDING:\n        return\n    job.status = IN_PROGRESS\n    run(job)\n    job.status = DONE\n\n\n${other}` }));
  test('a task that looks for rows that were left in progress is their reaper', () => {
    expect(claim('')).toHaveLength(1);
    expect(claim('@app.task\ndef check():\n    old = now() - timedelta(minutes=30)\n    Job.query.filter(Job.status == IN_PROGRESS, Job.started_at < old).all()\n')).toEqual([]);
    expect(claim('@app.task\ndef check():\n    Job.objects.filter(status=IN_PROGRESS, updated_at__lt=now() - timedelta(minutes=30))\n')).toEqual([]);
  });
  test('one that only counts them, or a function that is no task, is not', () => {
    expect(claim('@app.task\ndef count():\n    Job.query.filter(Job.status == IN_PROGRESS).count()\n')).toHaveLength(1);
    expect(claim('def check():\n    Job.query.filter(Job.status == IN_PROGRESS, Job.started_at < now() - timedelta(minutes=30)).all()\n')).toHaveLength(1);
  });

  const loop = (body: string): string | undefined => saidBy('tasks/unbatched-loop', linked({ 'tasks.py': `from celery import Celery\nfrom django.core.mail import send_mail\nfrom models import Order\n\napp = Celery('shop', broker='redis://r')\n\n\n@app.task\ndef work():\n    for order in Order.objects.filter(open=True):\n${body.split('\n').map(line => `        ${line}\n`).join('')}` }))[0]?.split('middle, and ')[1];
  test.each([['send_mail("a", "b", "c", [order.mail])', 'the rest is not done until it is sent again, and that run may serve everyone again'], ['send_mail("a", "b", "c", [order.mail])\norder.open = False\norder.save()', 'the rest is not done until it is sent again'], ['Order.objects.create(number=order.pk)', 'the rest is not done until it is sent again']])('%j: %s', (body, said) => {
    expect(loop(body)).toBe(said);
  });

  const nightly = (body: string, isPeriodic = true): readonly string[] => {
    const schedule = isPeriodic ? "app.conf.beat_schedule = {'nightly': {'task': 'tasks.work', 'schedule': 86400}}\n" : '';
    const model = linked({ 'tasks.py': `from celery import Celery\nfrom django.core.mail import send_mail\nfrom models import Order\n\napp = Celery('shop', broker='redis://r')\n${schedule}\n\n@app.task\ndef work():\n${body.split('\n').map(line => `    ${line}\n`).join('')}` });
    return [...rules.find(rule => rule.id === 'tasks/unbatched-loop')!.check(model, thresholds)].map(({ severity, message }) => `${severity ?? 'warning'}: ${message.split('middle, and ')[1]}`);
  };
  const EACH = 'for order in Order.objects.filter(open=False):';
  test.each([
    ['what is only deleted waits for the next run', `${EACH}\n    order.delete()`, true, ['note: the rest waits for the next run: to delete once more does no harm']],
    ['one that is sent for a reason may not be sent again', `${EACH}\n    order.delete()`, false, ['warning: the rest is not done until it is sent again']],
    ['a mail beside it is felt', `${EACH}\n    send_mail("a", "b", "c", [order.mail])\n    order.delete()`, true, ['warning: the rest waits for the next run']],
    ['what was said to be done before is not found again', `Order.objects.filter(open=False).update(gone=True)\n${EACH}\n    order.delete()`, true, ['warning: the rest waits for the next run']],
  ] as const)('%s', (_, body, isPeriodic, said) => { expect(nightly(body, isPeriodic)).toEqual(said); });

  test('a message that comes back to a row in progress is read to do nothing', () => {
    const told = (options: string): readonly string[] => [...rules.find(rule => rule.id === 'tasks/status-without-reaper')!.check(linked({ 'tasks.py': `${TASKS}\n\n@app.task${options}\ndef process(job_id):\n    job = Job.query.get(job_id)\n    if job.status != PENDING:\n        return\n    job.status = IN_PROGRESS\n    run(job)\n    job.status = DONE\n` }), thresholds)].map(({ message }) => message.split('leaves it so, and ')[1]!);
    expect([told('(acks_late=True)'), told('')]).toEqual([['the redelivered message does nothing'], ['every later run does nothing']]);
  });

  test('the task\'s own serializer counts', () => {
    expect(saidBy('tasks/model-instance-argument', linked({ 'tasks.py': TASKS.replace('@app.task', "@app.task(serializer='pickle')"), 'models.py': MODELS }))[0]).toContain('pickled');
  });
});

describe('tasks/unbatched-loop says what becomes of the rest', () => {
  const HEAD = "from celery import Celery\nfrom django.core.cache import cache\nfrom django.core.mail import send_mail\nfrom django.db import transaction\nfrom models import Order, Session\n\napp = Celery('shop', broker='redis://r')\n";
  const found = (body: string, { options = '', settings = '', decorator = '' } = {}) => [...rules.find(({ id }) => id === 'tasks/unbatched-loop')!.check(linked({
    'tasks.py': `${HEAD}${settings}\n\n@app.task${options}\n${decorator}def work():\n${body.split('\n').map(line => `    ${line}\n`).join('')}`,
  }), thresholds)];
  const said = (...given: Parameters<typeof found>): readonly string[] => found(...given).map(({ message }) => message.split('a deployment ')[1]!);
  const EACH = 'for order in Order.objects.filter(open=True):', ROWS = 'for order in session.query(Order).filter_by(open=True):';
  const SAVE = `${EACH}\n    order.open = False\n    order.save()`, MAIL = `${EACH}\n    send_mail("a", "b", "c", [order.mail])`;
  const within = (opener: string, body: string): string => `${opener}\n${body.split('\n').map(line => `    ${line}`).join('\n')}`;

  test.each([
    ['acknowledged late', '(acks_late=True)', '', 'cuts it in the middle, and it starts again from its beginning'],
    ['a retry answers no SIGKILL', '(autoretry_for=(Exception,))', '', 'cuts it in the middle, and the rest is not done until it is sent again'],
    ['acknowledged late or early, nobody knows', '(acks_late=LATE)', '', 'cuts it in the middle, and the rest waits until it is sent or delivered again'],
    ['in a schedule', '', "app.conf.beat_schedule = {'nightly': {'task': 'tasks.work', 'schedule': 60}}\n", 'cuts it in the middle, and the rest waits for the next run'],
    ['given to beat by code', '', '\n\n@app.on_after_configure.connect\ndef plan(sender, **kwargs):\n    sender.add_periodic_task(60.0, work.s(), name="nightly")\n', 'cuts it in the middle, and the rest waits for the next run'],
    ['a row of django-celery-beat', '', "\n\ndef plan(apps):\n    apps.get_model('django_celery_beat', 'PeriodicTask')\n    PeriodicTask.objects.create(name='nightly', task='tasks.work')\n", 'cuts it in the middle, and the rest waits for the next run'],
    ['a schedule that a function makes', '', "\n\ndef plan():\n    schedule = {}\n    for entry in [{'name': 'nightly', 'task': 'tasks.work'}]:\n        schedule[entry['name']] = entry\n    return schedule\n\n\napp.conf.beat_schedule = plan()\n", 'cuts it in the middle, and the rest waits for the next run'],
    ['another one is given to beat', '', '\n\n@app.task\ndef other():\n    pass\n\n\napp.add_periodic_task(60.0, other.s())\n', 'cuts it in the middle, and the rest is not done until it is sent again'],
  ])('%s', (_, options, settings, expected) => { expect(said(SAVE, { options, settings })).toEqual([expected]); });

  test('a schedule that a switch may leave out is one all the same', () => {
    const model = linked({
      'shop/__init__.py': '', 'shop/settings.py': "import os\nfrom tools import truth\n\nif not truth(os.environ.get('NO_BEAT', '0')):\n    CELERY_BEAT_SCHEDULE = {'nightly': {'task': 'shop.tasks.work', 'schedule': 60}}\n",
      'shop/tasks.py': `${HEAD.replace("app = ", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napp = ")}app.config_from_object('django.conf:settings', namespace='CELERY')\n\n\n@app.task\ndef work():\n    pass\n\n\n@app.task\ndef other():\n    pass\n`,
    });
    expect(model.apps[0]!.functions.map(({ functionName, periodic }) => [functionName, periodic])).toEqual([['work', true], ['other', false]]);
  });

  test.each([
    ['with transaction.atomic()', within('with transaction.atomic():', SAVE), ''], ['decorated', SAVE, '@transaction.atomic\n'],
    ['a session that commits once behind it', `session = Session()\n${ROWS}\n    session.add(Order(number=order.id))\nsession.commit()`, ''],
    ['with session.begin()', within('with Session.begin() as session:', `${ROWS}\n    session.add(Order(number=order.id))`), ''],
    ['a cursor whose connection commits once', `cursor = db.cursor()\n${EACH}\n    cursor.execute("INSERT INTO log VALUES (1)")\ndb.commit()`, ''],
  ])('%s: a cut leaves no half', (_, body, decorator) => { expect(said(body, { decorator })).toEqual([]); });

  test.each([
    ['a transaction for each item', `${EACH}\n    with transaction.atomic():\n        order.open = False\n        order.save()`], ['another database', within('with transaction.atomic(using="other"):', SAVE)],
    ['a commit for each item', `session = Session()\n${ROWS}\n    session.add(Order(number=order.id))\n    session.commit()`], ['no commit that was seen', `session = Session()\n${ROWS}\n    session.add(Order(number=order.id))`],
    ['another session commits', `session, other = Session(), Session()\n${ROWS}\n    session.add(Order(number=order.id))\nother.commit()`],
    ['MongoDB is in no transaction of the database', within('with transaction.atomic():', `${EACH}\n    db.orders.insert_one({"id": order.id})`)],
  ])('%s: the rest is left', (_, body) => { expect(said(body)).toEqual(['cuts it in the middle, and the rest is not done until it is sent again']); });

  test('what has left the database is not rolled back, and the mark on the row is', () => {
    expect(said(within('with transaction.atomic():', `${MAIL}\n    order.open = False\n    order.save()`), { options: '(acks_late=True)' })).toEqual(['cuts it in the middle, its transaction is rolled back but no mail is, and it starts again from its beginning and may serve everyone again']);
    expect(said(within('with transaction.atomic():', `${EACH}\n    requests.get(order.url)\n    order.save()`).replace('with', 'import requests\nwith'))).toEqual(['cuts it in the middle, its transaction rolls back what it wrote, and none of it is done until it is sent again']);
  });

  test('a lock around it outlives a SIGKILL by its own seconds', () => {
    const held = (body: string): readonly string[] => found(body)[0]!.related!.map(({ message }) => message).filter(message => message.startsWith('held'));
    const expected = ['held around it: SIGKILL leaves it taken, and for up to 1800 s no other run gets past it'];
    expect(held(within('with cache.lock("work", blocking_timeout=0, timeout=1800):', SAVE))).toEqual(expected);
    expect(held(`lock = cache.lock("work", timeout=1800)\n${within('with lock:', SAVE)}`)).toEqual(expected);
    expect(held(`with cache.lock("work", timeout=1800):\n    pass\n${SAVE}`)).toEqual([]);
    expect(held(within('with cache.lock("work"):', SAVE))).toEqual([]);
    expect(held(within('with cache.lock(f"work-{name}", timeout=1800):', SAVE))).toEqual([]);
  });
});
