import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/audit.js';
import { DEFAULT_CONFIG } from '../src/config.js';
import type { Setting, Worker } from '../src/model/index.js';

const root = mkdtempSync(join(tmpdir(), 'drainlint-settings-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Project { readonly app: string; readonly files?: Readonly<Record<string, string>>; readonly command?: readonly string[]; readonly environment?: Readonly<Record<string, string>> }

/** The worker of a project with one app, started by a task definition. */
async function workerOf({ app, files = {}, command = [], environment = {} }: Project): Promise<Worker> {
  const folder = mkdtempSync(join(root, 'p-'));
  const isGlobal = (word: string): boolean => /^--(?:config|broker)=/.test(word);
  const definition = { family: 'shop', requiresCompatibilities: ['FARGATE'], containerDefinitions: [{ name: 'worker', image: 'shop', command: ['celery', '-A', 'shop.app', ...command.filter(isGlobal), 'worker', ...command.filter(word => !isGlobal(word))], environment: Object.entries(environment).map(([name, value]) => ({ name, value })) }] };
  const all: Readonly<Record<string, string>> = { 'shop/__init__.py': '', 'shop/app.py': `from celery import Celery\n${app}\n`, Dockerfile: 'FROM python:3.12\nWORKDIR /app\nCOPY . .\n', 'task-definition.json': JSON.stringify(definition), ...files };
  for (const [path, text] of Object.entries(all)) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), text); }
  const { model } = await audit({ root: folder, paths: [folder], config: DEFAULT_CONFIG, rules: [] });
  return model.workers[0]!;
}

const value = (setting: Setting<unknown> | undefined): unknown => (setting?.state === 'set' ? setting.value : setting?.state);
const effective = async (project: Project, name: string): Promise<unknown> => value((await workerOf(project)).settings.get(name));

describe('what the environment and the command line decide (celery facts 5.2, 5.4)', () => {
  const app = 'app = Celery("shop", broker="redis://code/0")';
  test.each([
    ['nothing else', {}, [], 'redis://code/0'],
    ['CELERY_BROKER_URL', { CELERY_BROKER_URL: 'redis://env/0' }, [], 'redis://env/0'],
    ['a plain BROKER_URL', { BROKER_URL: 'redis://plain/0' }, [], 'redis://plain/0'],
    ['BROKER_URL over CELERY_BROKER_URL', { BROKER_URL: 'redis://plain/0', CELERY_BROKER_URL: 'redis://env/0' }, [], 'redis://plain/0'],
    ['--broker', { BROKER_URL: 'redis://plain/0' }, ['--broker=redis://cli/0'], 'redis://cli/0'],
    ['no such variable', { CELERY_WORKER_BROKER: 'redis://no/0' }, [], 'redis://code/0'],
  ] as const)('%s', async (_, environment, command, expected) => expect(await effective({ app, environment, command }, 'broker_url')).toBe(expected));

  test.each([
    [['worker_lost_wait=9'], 'worker_lost_wait', 9],
    // the option's default was taken from the configuration before (run on 5.6.3)
    [['worker_prefetch_multiplier=9'], 'worker_prefetch_multiplier', 4],
    [['task.acks_late=1'], 'task_acks_late', true],
    [['TASK.ACKS_LATE=no'], 'task_acks_late', false],
    [['task_default_queue=7'], 'task_default_queue', '7'],
    [['--prefetch-multiplier=0'], 'worker_prefetch_multiplier', 4],
    [['-c', '3'], 'worker_concurrency', 3],
  ] as const)('celery worker %j', async (command, name, expected) => expect(await effective({ app, command }, name)).toBe(expected));
});

describe('CELERY_CONFIG_MODULE is read where no object is loaded', () => {
  const files = { 'shop/conf.py': 'task_acks_late = True\n' };
  test.each([
    ['by the environment', 'app = Celery("shop")', { CELERY_CONFIG_MODULE: 'shop.conf' }, [], true],
    ['by CONFIG_MODULE', 'app = Celery("shop")', { CONFIG_MODULE: 'shop.conf' }, [], true],
    ['by --config', 'app = Celery("shop")', {}, ['--config=shop.conf'], true],
    ['not beside config_from_object', 'app = Celery("shop")\napp.config_from_object({"task_track_started": True})', { CELERY_CONFIG_MODULE: 'shop.conf' }, [], false],
    ['below what the code writes', 'app = Celery("shop", task_acks_late=False)', { CELERY_CONFIG_MODULE: 'shop.conf' }, [], false],
  ] as const)('%s', async (_, app, environment, command, expected) => expect(await effective({ app, files, environment, command }, 'task_acks_late')).toBe(expected));
});

describe('task_annotations (celery app/annotations.py)', () => {
  const tasks = '\n@app.task(time_limit=10)\ndef work():\n    pass\n';
  test.each([
    ['the function by name', '{"shop.app.work": {"time_limit": 20}}', 20],
    ['the star wins', '{"shop.app.work": {"time_limit": 20}, "*": {"time_limit": 30}}', 30],
    ['a list: the first that has the key', '[{"shop.app.work": {"time_limit": 20}}, {"shop.app.work": {"time_limit": 25}}]', 20],
    ['a list: the star of another table', '[{"shop.app.work": {"time_limit": 20}}, {"*": {"time_limit": 30}}]', 30],
    ['another function', '{"shop.app.other": {"time_limit": 20}}', 10],
  ])('%s', async (_, annotations, expected) => {
    const worker = await workerOf({ app: `app = Celery("shop")\napp.conf.task_annotations = ${annotations}${tasks}` });
    expect(value(worker.functions[0]!.timeLimit)).toBe(expected);
  });
});

test('a Django settings module hands on upper-case names alone, and add_defaults takes a function', async () => {
  const app = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\napp = Celery("shop")\napp.config_from_object("django.conf:settings", namespace="CELERY")\ndef house():\n    return {"task_track_started": True}\napp.add_defaults(house)';
  const worker = await workerOf({ app, files: { 'shop/settings.py': 'task_acks_late = True\nCELERY_WORKER_PREFETCH_MULTIPLIER = 2\n' } });
  expect(['task_acks_late', 'worker_prefetch_multiplier', 'task_track_started'].map(name => value(worker.settings.get(name)))).toEqual([false, 2, true]);
  expect(worker.app!.ineffective).toMatchObject([{ name: 'task_acks_late', reason: 'wrong-case', wanted: 'CELERY_TASK_ACKS_LATE' }]);
});

describe('what holds in tests alone is no setting of a worker', () => {
  const app = 'app = Celery("shop")\napp.config_from_object("shop.conf")';
  test.each([
    ['if TESTING:\n    task_acks_late = True', false], ['if settings.IN_TEST:\n    task_acks_late = True', false], ['if "test" in sys.argv:\n    task_acks_late = True', false], ['if "pytest" in sys.modules:\n    task_acks_late = False\nelse:\n    task_acks_late = True', true],
    ['if LATE:\n    task_acks_late = True', 'unknown'], ['if test:\n    task_acks_late = True', 'unknown'], ['if "late" in sys.argv:\n    task_acks_late = True', 'unknown'],
  ] as const)('%s', async (code, expected) => expect(await effective({ app, files: { 'shop/conf.py': `import sys\nfrom shop.own import LATE, TESTING, settings, test\n${code}\n` } }, 'task_acks_late')).toBe(expected));
});
