import { beforeAll, describe, expect, test } from 'vitest';
import { parseTypeScriptConstructs } from '../src/parsers/typescript-constructs.js';
import { loadPython } from '../src/parsers/python.js';
import { loadTypeScript } from '../src/parsers/typescript/read.js';
import type { CeleryApp, TaskFunction } from '../src/model/index.js';
import { linked, problemsOf, type Files } from './linked.js';

/** How repositories that nobody had looked at before write what was known in other words: each way once. */
beforeAll(async () => { await loadPython(); await loadTypeScript(); });

const appOf = (files: Files): CeleryApp => linked(files).apps[0]!;
const functionsOf = (files: Files): readonly TaskFunction[] => linked(files).apps.flatMap(app => app.functions);
const late = ({ acksLate }: TaskFunction): unknown => (acksLate.state === 'set' ? acksLate.value : acksLate.state);
const APP = "from celery import Celery\n\napp = Celery('shop', broker='redis://r')\n";
const WORK = '\n\n@app.task\ndef work(order):\n    print(order)\n';

describe('what makes a function a task', () => {
  const BASE = 'class Base(app.Task):\n    def run(self, *args):\n        return self.work(*args)\n';
  test('a class whose run is that of its base, which calls back into it', () => {
    const [fn, ...others] = functionsOf({ 'tasks.py': `import requests\n${APP}\n\n${BASE}\n\nclass Remind(Base):\n    acks_late = True\n\n    def work(self, order):\n        requests.post("https://x", json=order)\n\n\nremind = app.register_task(Remind())\n` });
    expect([fn!.functionName, late(fn!), fn!.body.effects.map(({ kind }) => kind), others]).toEqual(['Remind', true, ['http-write'], []]);
  });
  test('a base of others is none itself, nor is a class that nobody registers', () => {
    expect(functionsOf({ 'tasks.py': `${APP}\n\n${BASE}\n\nclass Remind(Base):\n    def work(self):\n        pass\n` })).toEqual([]);
  });
  test('a decorator of the repository that is called task', () => {
    const own = "def task(**options):\n    def decorate(function):\n        def register(scanner):\n            celery_app = scanner.registry['celery']\n            celery_app.task(**options)(function)\n        attach(function, register)\n        return function\n    return decorate\n";
    expect(functionsOf({ 'shop/__init__.py': '', 'shop/app.py': APP, 'shop/tasks.py': own, 'shop/mail.py': 'from shop import tasks\n\n\n@tasks.task(acks_late=True)\ndef send(order):\n    pass\n' }).map(fn => [fn.functionName, late(fn)])).toEqual([['send', true]]);
  });
  test('a decorator that is an object, and hands on to a method of its own', () => {
    const own = 'from functools import wraps\nfrom celery import shared_task\n\n\nclass Late:\n    def __call__(self, func=None, *, retry_on=()):\n        if func is None:\n            return lambda func: self._decorate(func=func)\n        return self._decorate(func=func)\n\n    def _decorate(self, *, func):\n        @wraps(func)\n        def wrapper(*args):\n            return func(*args)\n\n        task_func = shared_task(acks_late=True)(wrapper)\n        return task_func\n\n\nlate_task = Late()\n';
    expect(functionsOf({ 'app.py': APP, 'late.py': own, 'tasks.py': 'from late import late_task\n\n\n@late_task\ndef one():\n    pass\n\n\n@late_task(retry_on=(OSError,))\ndef two():\n    pass\n' }).map(fn => [fn.functionName, late(fn)])).toEqual([['one', true], ['two', true]]);
  });
  test.each(['lazy_object_proxy.Proxy', 'werkzeug.local.LocalProxy', 'django.utils.functional.SimpleLazyObject'])('an app that %s stands for', lazy => {
    const cut = lazy.lastIndexOf('.');
    const files = { 'app.py': `from celery import Celery\nfrom ${lazy.slice(0, cut)} import ${lazy.slice(cut + 1)}\n\n\ndef make():\n    made = Celery('shop', broker='redis://r')\n    return made\n\n\nqueue = ${lazy.slice(cut + 1)}(make)\n`, 'tasks.py': 'from app import queue\n\n\n@queue.task\ndef work():\n    pass\n' };
    expect(functionsOf(files).map(({ functionName }) => functionName)).toEqual(['work']);
  });
});

describe('where a project starts', () => {
  const files = (more: Files): Files => ({ 'worker/__init__.py': '', 'worker/queue_app.py': APP, 'worker/jobs/__init__.py': '', 'worker/jobs/mail.py': 'from queue_app import app\n\n\n@app.task\ndef send():\n    pass\n', ...more });
  test.each([['worker/manage.py', ['send']], ['worker/pyproject.toml', ['send']], ['worker/other.txt', []]])('an __init__.py beside %s hides no module', (beside, found) => {
    expect(functionsOf(files({ [beside]: '' })).map(({ functionName }) => functionName)).toEqual(found);
  });
});

describe('settings', () => {
  const setting = (files: Files, name: string): unknown => { const found = appOf(files).settings.get(name)!; return found.state === 'set' ? found.value : found.state; };
  test('of an app that is given to a function', () => {
    const files = (call: string): Files => ({ 'configure.py': "def configure(flask, celery):\n    celery.conf.update(task_acks_late=True)\n\n\nclass Setup:\n    def apply(self, celery):\n        celery.config_from_object('own')\n", 'own.py': 'task_acks_late = True\n', 'tasks.py': `from configure import Setup, configure\n${APP}${call}\n${WORK}` });
    expect(['configure(None, app)', 'configure(flask=None, celery=app)', 'Setup().apply(app)', 'configure(app, None)'].map(call => setting(files(call), 'task_acks_late'))).toEqual([true, true, true, false]);
  });
  test.each(["flask.config.from_mapping(CELERY=dict(task_acks_late=True))", "flask.config.from_mapping({'CELERY': {'task_acks_late': True}})", "flask.config['CELERY'] = {'task_acks_late': True}", "flask.config.update(CELERY={'task_acks_late': True})"])('as Flask is given them: %s', line => {
    const files = { 'web.py': `def create(flask):\n    ${line}\n    return flask\n`, 'tasks.py': `from celery import Celery\n\n\ndef init(flask):\n    app = Celery(flask.name)\n    app.config_from_object(flask.config["CELERY"])\n    return app\n\n\napp = init(None)\n${WORK}` };
    expect(setting(files, 'task_acks_late')).toBe(true);
  });
  test.each([['from distutils.util import strtobool', ''], ['', 'def str_to_bool(value):\n    return TABLE[value.lower()]\n']])('as a text is read: %s%s', (head, own) => {
    const name = own ? 'str_to_bool' : 'strtobool';
    expect(['"yes"', '"False"', '"perhaps"'].map(text => setting({ 'tasks.py': `${head}\n${own}\n${APP}app.conf.update(task_acks_late=${name}(${text}))\n${WORK}` }, 'task_acks_late'))).toEqual([true, false, 'unknown']);
  });
  test.each([
    ['get_config("celery", "prefetch", default=2)', 2], ['options.get("prefetch", 2)', 2], ['get_int("PREFETCH", 2)', 2], ['read_path("celery", "prefetch")', 'unknown'], ['compute("prefetch", 2)', 'unknown'], ['options.get("prefetch")', 'unknown'],
    ['get_config("celery", "prefetch")', 'unknown'], ['get_config("celery")', 'unknown'], ['int(get_string("URL", "redis://r"))', 'unknown'],
  ])('a default beside what is read: %s', (value, expected) => {
    const text = `from missing import compute, get_config, get_int, get_string, options, read_path\n${APP}app.conf.worker_prefetch_multiplier = ${value}\n${WORK}`;
    expect(setting({ 'tasks.py': text }, 'worker_prefetch_multiplier')).toBe(expected);
    const found = appOf({ 'tasks.py': text }).settings.get('worker_prefetch_multiplier')!;
    if (expected === 2) expect(found.state === 'set' && found.certainty).toBe('unless-environment');
  });
  test('a path of names is no name with a default', () => {
    const own = 'def get_config(*path, default=None):\n    return TREE.walk(path) or default\n\n\ndef get_setting(name, fallback):\n    return TREE.get(name)\n';
    const of = (value: string): unknown => setting({ 'tasks.py': `${own}\n${APP}app.conf.task_default_queue = ${value}\n${WORK}` }, 'task_default_queue');
    expect([of('get_config("celery", "queue")'), of('get_config("celery", "queue", default="own")'), of('get_setting("queue", "own")')]).toEqual(['unknown', 'own', 'own']);
  });
  test('a class that exports itself by a method that is not in the tree may bring more', () => {
    const files = { 'shop/__init__.py': '', 'shop/celery.py': "import os\nfrom celery import Celery\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napp = Celery('shop')\napp.config_from_object('django.conf:settings')\n\n\n@app.task\ndef work():\n    pass\n", 'shop/settings.py': 'from shop.core import Settings\n\n\nclass Production(Settings):\n    CELERY_ACKS_LATE = True\n\n\nProduction.load_settings(__name__)\n' };
    expect([setting(files, 'task_acks_late'), setting(files, 'task_time_limit')]).toEqual([true, 'unknown']);
  });
  test.each([['library.settings.keycloak', 'unset'], ['library.settings.celery', 'unknown'], ['library.settings.base', 'unknown'], ['library.defaults', 'unknown']])('names taken from %s may be of Celery: %s', (module, state) => {
    const files = { 'shop/__init__.py': '', 'shop/celery.py': "import os\nfrom celery import Celery\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napp = Celery('shop')\napp.config_from_object('django.conf:settings', namespace='CELERY')\n\n\n@app.task\ndef work():\n    pass\n", 'shop/settings.py': `from ${module} import *\n\nCELERY_TASK_ACKS_LATE = True\n` };
    expect([setting(files, 'task_acks_late'), setting(files, 'task_time_limit')]).toEqual([true, state]);
  });
  test('a value that takes long to work out hides no other', () => {
    const slow = Array.from({ length: 14 }, (_, i) => `def f${i}(x):\n    if x:\n        return f${i + 1}(x) + f${i + 1}(y)\n    return f${i + 1}(x)\n`).join('\n');
    const files = { 'tasks.py': `${slow}\n\ndef f14(x):\n    return x\n${APP}app.conf.update(worker_hijack_root_logger=f0(1), task_acks_late=True)\n${WORK}` };
    expect([setting(files, 'task_acks_late'), setting(files, 'task_reject_on_worker_lost')]).toEqual([true, 'unset']);
  });
});

describe('what is said', () => {
  test('files that were made for the work are taken away, and its error ends there all the same', () => {
    const said = (end: string) => problemsOf('tasks/failure-acknowledged', linked({ 'tasks.py': `import os\nimport shutil\nimport requests\n${APP}\n\n@app.task(acks_late=True)\ndef work(order):\n    try:\n        requests.post("https://x", json=order, timeout=5)\n    except Exception as error:\n        if os.path.isfile(order):\n            os.remove(order)\n        shutil.rmtree(order)\n        ${end}\n` })).length;
    expect([said('print(error)'), said('raise'), said('alert(error)')]).toEqual([1, 0, 0]);
  });
  test('an option of a task that is none: a long name may be further off', () => {
    const wrong = (option: string): readonly string[] => problemsOf('celery/unknown-setting', linked({ 'tasks.py': `${APP}\n\n@app.task(${option}=5)\ndef work():\n    pass\n` })).map(({ message }) => message);
    expect(wrong('max_retry')[0]).toContain('work has the option max_retry, which Celery does not know: it knows max_retries');
    expect([wrong('max_tries_ever'), wrong('owner')]).toEqual([[], []]);
  });
  test('a row that is at work makes the next run fail', () => {
    const claim = (way: string): readonly string[] => problemsOf('tasks/status-without-reaper', linked({ 'tasks.py': `${APP}\n\n@app.task(acks_late=True)\ndef work(pk):\n    job = Job.objects.get(pk=pk)\n    if job.status != PENDING:\n        ${way}\n    job.status = STARTED\n    job.save()\n    run(job)\n    job.status = DONE\n    job.save()\n` })).map(({ message }) => message);
    expect(claim('raise RuntimeError("busy")')).toEqual(['work sets job.status to STARTED, and raises when it is: a run that is killed leaves it so, and the redelivered message fails']);
    expect(claim('raise self.retry(countdown=60)')).toEqual([]);
  });
  test.each([['StopIteration', 0], ['queue.Empty', 0], ['Exception', 1]])('a loop that %s leaves ends', (error, times) => {
    expect(problemsOf('tasks/unbounded-loop', linked({ 'tasks.py': `${APP}\n\n@app.task\ndef work(pages):\n    try:\n        while True:\n            handle(next(pages))\n    except ${error}:\n        pass\n` }))).toHaveLength(times);
  });
  test('a habit of an app is said once, and only where nothing tries again', () => {
    const body = (options: string): string => `\n\n@app.task${options}\ndef NAME(order):\n    try:\n        requests.post("https://x", json=order, timeout=5)\n    except Exception:\n        logger.exception("x")\n`;
    const said = (...tasks: readonly string[]) => problemsOf('tasks/failure-acknowledged', linked({ 'tasks.py': `import requests\n${APP}${tasks.map((text, i) => text.replace('NAME', `work${i}`)).join('')}` }));
    const [problem, ...others] = said(body(''), body(''), body(''));
    expect([problem!.severity, problem!.message, problem!.related!.map(({ message }) => message), others]).toEqual(['note', "work0, work1 and work2 log the errors of their work and end as successes: nothing tries again, and Celery's states and metrics say that all is well", ['work1 too', 'work2 too'], []]);
    expect(said(body('(acks_late=True)')).map(({ severity }) => severity)).toEqual([undefined]);
  });
  test('a loop that sleeps and asks again holds its slot', () => {
    const said = (head: string, body: string) => problemsOf('tasks/long-sleep', linked({ 'tasks.py': `import time\nimport requests\n${APP}\n\n@app.task\ndef work(build):\n    ${head}:\n${body}` })).map(({ severity, message }) => `${severity}: ${message}`);
    expect(said('while status(build) != DONE', '        time.sleep(5)\n')).toEqual(['note: work waits in its slot: it sleeps 5 s and asks again while status(build) != DONE, and a stop that falls into it kills it when its time is over']);
    expect([said('while rows', '        time.sleep(5)\n'), said('while status(build) != DONE', '        requests.post("https://x", timeout=5)\n        time.sleep(5)\n'), said('for one in range(3)', '        time.sleep(5)\n')]).toEqual([[], [], []]);
  });
  test('a call without a timeout that the time limit alone ends', () => {
    const said = (options: string) => problemsOf('tasks/no-network-timeout', linked({ 'tasks.py': `import requests\n${APP}\n\n@app.task${options}\ndef work():\n    requests.get("https://x")\n` })).map(({ severity, message }) => [severity ?? 'warning', message.split(': ')[1]]);
    expect([said(''), said('(time_limit=300)')]).toEqual([[['warning', 'when the other side does not answer, no time limit ends work either']], [['note', 'when the other side does not answer, only the time limit of 5 min ends work']]]);
  });
  test('a limit is long only for what no soft limit ends before', () => {
    const said = (options: string) => problemsOf('celery/time-limit-too-long', linked({ 'tasks.py': `${APP}\n\n@app.task(${options})\ndef work():\n    run()\n` }));
    expect([said('time_limit=3600'), said('time_limit=3600, soft_time_limit=300'), said('time_limit=3600, soft_time_limit=3500')].map(found => found.length)).toEqual([1, 0, 1]);
  });
  test('the soft limit is added to what is retried already', () => {
    const said = (more: string) => problemsOf('celery/time-limit-drops-task', linked({ 'tasks.py': `${APP}\n\n@app.task(acks_late=True, time_limit=300${more})\ndef work():\n    run()\n` })).map(({ suggestion }) => suggestion.replace(/^.*?soft_time_limit=\d+ to work/, ''));
    expect([said(''), said(', autoretry_for=(OSError,)'), said(', autoretry_for=(Exception,)')]).toEqual([[', and retry on it: autoretry_for=(SoftTimeLimitExceeded,), or `except SoftTimeLimitExceeded as exc: raise self.retry(exc=exc)` in work'], [', and add SoftTimeLimitExceeded to autoretry_for (tasks.py:6), beside what is named there'], [': autoretry_for takes it from there']]);
  });
  test('a loop whose length nobody knows is a guess; one inside it that has no end is not', () => {
    const said = (body: string) => problemsOf('tasks/unbatched-loop', linked({ 'models.py': 'from django.db import models\n\n\nclass Order(models.Model):\n    pass\n', 'tasks.py': `import requests\nfrom models import Order\n${APP}\n\n@app.task\ndef work(page):\n${body}` })).map(({ severity, confidence, at }) => [severity ?? 'warning', confidence, at.startLine]);
    expect(said('    for one in listing(page):\n        requests.post("https://x", json=one, timeout=5)\n')).toEqual([['note', 'low', 10]]);
    expect(said('    for one in listing(page):\n        one.save()\n')).toEqual([]);
    expect(said('    for one in listing(page):\n        for order in Order.objects.all():\n            requests.post("https://x", json=order, timeout=5)\n')).toEqual([['warning', 'medium', 11]]);
  });
});

test('a variable of the CDK belongs to the function that binds it', () => {
  const method = (name: string): string => `  ${name}() {\n    const definition = new ecs.FargateTaskDefinition(this, '${name}', {});\n    definition.addContainer('${name}', {});\n    return new ecs.FargateService(this, 'Service${name}', { taskDefinition: definition });\n  }\n`;
  const { calls } = parseTypeScriptConstructs(`import * as ecs from 'aws-cdk-lib/aws-ecs';\nclass Stack {\n${method('Work')}${method('Beat')}}\n`, 'stack.ts');
  const names = calls.flatMap(({ name }) => name ?? []);
  expect([names.length, new Set(names).size]).toEqual([2, 2]);
  expect(calls.filter(({ callee }) => callee.endsWith('addContainer')).map(({ callee }) => callee)).toEqual(names.map(name => `${name}.addContainer`));
  expect(parseTypeScriptConstructs(`const definition = new ecs.FargateTaskDefinition(this, 'x', {});\ndefinition.addContainer('x', {});\n`, 'stack.ts').calls.map(({ callee }) => callee)).toEqual(['ecs.FargateTaskDefinition', 'definition.addContainer']);
});
