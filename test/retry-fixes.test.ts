import { beforeAll, describe, expect, test } from 'vitest';
import { applyEdits } from '../src/model/index.js';
import { selectEdits } from '../src/fix.js';
import type { Finding, Problem } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';
import { linked, problemsOf, type Files } from './linked.js';

beforeAll(() => loadPython());

const RULE = 'tasks/retry-without-backoff';
const HEAD = "import requests\nfrom celery import Celery\n\napp = Celery('shop', broker='redis://r')\n";
const WORK = 'import requests\n    try:\n        requests.post("https://x", timeout=5)\n    except OSError:\n        ';
const task = (options: string, retry: string, name = 'work'): string => `\n\n@app.task(${options})\ndef ${name}(self, order_id=None):\n    ${WORK}${retry}\n`;
const found = (text: string, more: Files = {}): readonly Problem[] => problemsOf(RULE, linked({ 'tasks.py': text, ...more }));
/** The text after the fixes of one round. */
const mended = (text: string, more: Files = {}): string => applyEdits(text, selectEdits(found(text, more).map(problem => ({ ...problem, ruleId: RULE }) as Finding), 'all').get('tasks.py') ?? []);
/** The lines that are new. */
const added = (text: string, more: Files = {}): readonly string[] => { const old = text.split('\n'); return mended(text, more).split('\n').filter(line => !old.includes(line)); };

const BOUND = 'bind=True, default_retry_delay=10';

describe('a growing delay in self.retry()', () => {
  test('is written with what it needs, laid out as formatters do, and ends the finding', () => {
    const text = HEAD + task(BOUND, 'raise self.retry(max_retries=5)');
    expect(mended(text)).toBe(`import requests\nfrom celery import Celery\nfrom celery.utils.time import get_exponential_backoff_interval\n\napp = Celery('shop', broker='redis://r')\n${task(BOUND, 'raise self.retry(')}            max_retries=5,
            countdown=get_exponential_backoff_interval(
                factor=2 * self.default_retry_delay,
                retries=self.request.retries,
                maximum=600,
                full_jitter=True,
            ),
        )\n`);
    expect([found(text).length, found(mended(text)).length]).toEqual([1, 0]);
  });

  test.each([
    ['countdown=7', 'factor=14,'], ['countdown=45', 'factor=60,'], ['countdown=1.5', 'factor=3,'], ['countdown=DELAY', 'factor=2 * DELAY,'], ['countdown=timedelta(seconds=5).total_seconds()', 'factor=10,'],
  ])('%s grows from that number: %s', (countdown, factor) => {
    const text = `from datetime import timedelta\n${HEAD}DELAY = 20\n${task('bind=True', `self.retry(${countdown})`)}`;
    expect(added(text).map(line => line.trim())).toContain(factor);
    expect(found(mended(text))).toEqual([]);
  });

  test('one line imports it for all functions of a module', () => {
    const text = HEAD + task(BOUND, 'self.retry()') + task(BOUND, 'self.retry()', 'other');
    expect(mended(text).match(/^from celery\.utils\.time import/gm)).toHaveLength(1);
    expect(mended(text).match(/countdown=/g)).toHaveLength(2);
    expect(found(mended(text))).toEqual([]);
  });

  test.each([
    ['behind those of the same library', 'from celery import Celery\nfrom kombu import Queue\n', 'from celery import Celery\n@\nfrom kombu import Queue\n'],
    ['among those of other libraries', 'import os\n\nimport requests\nfrom django.db import models\n\nfrom celery_app import app\n', 'import os\n\nimport requests\n@\nfrom django.db import models\n\nfrom celery_app import app\n'],
    ['in a group of its own in front of our modules', 'import os\n\nfrom celery_app import app\n', 'import os\n\n@\n\nfrom celery_app import app\n'],
    ['behind the standard library', 'import os\nimport requests as requests\n', 'import os\nimport requests as requests\n@\n'],
    ['nowhere where it is imported by another name', 'from celery.utils.time import get_exponential_backoff_interval as grow\n', 'from celery.utils.time import get_exponential_backoff_interval as grow\n'],
  ])('the import stands %s', (_where, head, wanted) => {
    const rest = (/celery_app/.test(head) ? '' : '\nfrom celery_app import app\n') + task(BOUND, 'self.retry()');
    const text = mended(head + rest, { 'celery_app.py': "from celery import Celery\n\napp = Celery('shop', broker='redis://r')\n" });
    expect(text).toContain('countdown=');
    expect(text.slice(0, wanted.length + 63)).toContain(wanted.replace('@', 'from celery.utils.time import get_exponential_backoff_interval'));
  });

  test.each([
    ['not bound: self is no task', HEAD + task('default_retry_delay=10', 'self.retry()')],
    ['the delay may stand in what is unpacked', HEAD + task(BOUND, 'self.retry(**OPTIONS)')],
    ['a variable may change it', HEAD.replace('import requests', 'import os\nimport requests') + task('bind=True', 'self.retry(countdown=int(os.environ.get("DELAY", "5")))')],
    ['the name means something else', `${HEAD}\n\ndef get_exponential_backoff_interval():\n    return 1\n${task(BOUND, 'self.retry()')}`],
    ['a helper retries', `${HEAD}\n\ndef again(self):\n    self.retry()\n${task(BOUND, 'again(self)')}`],
  ])('none where %s', (_why, text) => {
    expect(found(text).map(({ fix }) => fix)).toEqual([undefined]);
  });

  test('none where celery does not have it yet', () => {
    const model = linked({ 'tasks.py': HEAD + task(BOUND, 'self.retry()') });
    const on = (assumed: string): unknown => problemsOf(RULE, { ...model, apps: model.apps.map(app => ({ ...app, versions: { ...app.versions, celery: { assumed } } })) }).map(({ fix }) => fix?.edits.length);
    expect([on('4.1.1'), on('4.2.0')]).toEqual([[undefined], [2]]);
  });

  test('methods: the run of a task class, and one that is bound', () => {
    const cls = `${HEAD}\n\nclass Send(app.Task):\n    name = 'send'\n    default_retry_delay = 10\n\n    def run(self, order_id):\n        try:\n            requests.post("https://x", timeout=5)\n        except OSError:\n            self.retry()\n\n\napp.register_task(Send())\n`;
    expect([found(cls).length, found(mended(cls))]).toEqual([1, []]);
    const method = (options: string): string => `${HEAD}\n\nclass Calls:\n    @app.task(${options})\n    def send(self, order_id):\n        try:\n            requests.post("https://x", timeout=5)\n        except OSError:\n            self.retry()\n`;
    expect(found(mended(method(BOUND)))).toEqual([]);
    expect(found(method('default_retry_delay=10')).map(({ fix }) => fix)).toEqual([undefined]);
  });
});

describe('a backoff in the options', () => {
  const body = '\ndef work():\n    requests.post("https://x", timeout=5)\n';
  test('has an option on each line where the others have one, and a jitter that is switched off is switched on', () => {
    const options = (jitter: string, more: string): string => `${HEAD}\n\n@app.task(\n    autoretry_for=(OSError,),\n    retry_jitter=${jitter},${more}\n)${body}`;
    expect(mended(options('False', ''))).toBe(options('True', '\n    retry_backoff=180,\n    retry_backoff_max=600,'));
    expect(mended(options('True', ''))).toBe(options('True', '\n    retry_backoff=180,\n    retry_backoff_max=600,'));
  });
  test('stands on the line where the others do', () => {
    expect(mended(`${HEAD}\n\n@app.task(autoretry_for=(OSError,), default_retry_delay=6)${body}`)).toContain('@app.task(autoretry_for=(OSError,), default_retry_delay=6, retry_backoff=12, retry_backoff_max=600)');
  });
});

describe('where an option goes', () => {
  const EARLY = 'celery/early-ack';
  /** The lines that are new. */
  const early = (text: string): readonly string[] => {
    const fixed = applyEdits(text, selectEdits(problemsOf(EARLY, linked({ 'tasks.py': text })).map(problem => ({ ...problem, ruleId: EARLY }) as Finding), 'all').get('tasks.py') ?? []);
    const old = text.split('\n');
    return fixed.split('\n').filter(line => !old.includes(line));
  };
  const head = `import time\n${HEAD}\n\n`;
  const work = (name: string, indent: string): string => `${indent}def ${name}(self, order_id):\n${indent}    time.sleep(order_id)\n`;
  const cls = (attributes: string, after = ''): string => `${head}class Work(app.Task):\n${attributes}${work('run', '    ')}${after}\n\napp.register_task(Work())\n`;

  test.each([
    ['behind the attributes of a class', cls("    name = 'work'\n    queue = 'slow'  # ours\n\n"), '    acks_late = True'],
    ['below its documentation', cls('    """Works."""\n\n'), '    acks_late = True'],
    ['in front of its methods', cls(''), '    acks_late = True'],
    ['in the decorator of a method', `${head}class Calls:\n    @app.task\n${work('work', '    ')}`, '    @app.task(acks_late=True)'],
    ['in a decorator of ours that hands any options on', `${head}def ours(**options):\n    return app.task(**options)\n\n\n@ours()\n${work('work', '')}`, '@ours(acks_late=True)'],
  ])('%s', (_where, text, line) => {
    expect(early(text)).toEqual([line]);
  });

  test.each([
    ['a decorator of ours that takes the function', `${head}def ours(fn):\n    return app.task(fn)\n\n\n@ours\n${work('work', '')}`],
    ['a class that others are made from', cls("    name = 'work'\n\n", "\n\nclass More(Work):\n    name = 'more'\n\n    def run(self):\n        pass\n")],
    ['a task that has nothing to lose', `${head}@app.task\ndef work():\n    print(1)\n`],
  ])('not in %s', (_where, text) => {
    expect(early(text)).toEqual([]);
  });
});
