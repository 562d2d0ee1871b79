import { beforeAll, describe, expect, test } from 'vitest';
import { facts } from '../src/analyzers/python.js';
import { link } from '../src/link/index.js';
import type { CeleryApp, FactStore, Model } from '../src/model/index.js';
import { loadPython } from '../src/parsers/python.js';
import { rules } from '../src/rules/index.js';
import { thresholds } from './model-builders.js';

/** Settings that no file shows: named as unresolved, never guessed. */
beforeAll(() => loadPython());

type Files = Readonly<Record<string, string>>;
const APP = 'from celery import Celery\napp = Celery("shop", include=["shop.tasks"])\napp.config_from_object("shop.config")\n';
const TASKS = 'from shop.celery import app\n\n@app.task\ndef release(sku):\n    print(sku)\n';

function read(files: Files): Model {
  const texts = new Map(Object.entries({ 'shop/__init__.py': '', 'shop/celery.py': APP, 'shop/tasks.py': TASKS, ...files }).map(([path, text]) => [path, facts(text, path)]));
  const paths = [...texts.keys()].sort();
  const store: FactStore = { paths, candidates: paths, has: path => texts.has(path), facts: path => texts.get(path) };
  return link(store, { workers: [], assume: { celery: '5.6.3' }, durations: {} });
}
const appOf = (files: Files): CeleryApp => read(files).apps[0]!;
const state = (app: CeleryApp, name: string): unknown => { const setting = app.settings.get(name)!; return setting.state === 'set' ? setting.value : setting.state; };

describe('a setting that cannot be read is unknown', () => {
  test.each<readonly [string, Files]>([
    ['an import of what does not exist', { 'shop/config.py': 'from nowhere import LIMITS\ntask_time_limit = LIMITS.hard\n' }],
    ['a function that reads a file', { 'shop/config.py': 'import yaml\n\ndef load(name):\n    with open("limits.yml") as file:\n        return yaml.safe_load(file)[name]\n\ntask_time_limit = load("hard")\n' }],
    ['YAML', { 'shop/config.py': 'import yaml\ntask_time_limit = yaml.safe_load(open("limits.yml"))["hard"]\n' }],
    ['dynaconf', { 'shop/config.py': 'from dynaconf import Dynaconf\nsettings = Dynaconf(settings_files=["settings.toml"])\ntask_time_limit = settings.HARD\n' }],
    ['pydantic settings', { 'shop/config.py': 'from pydantic_settings import BaseSettings\n\nclass Settings(BaseSettings):\n    hard: int\n\ntask_time_limit = Settings().hard\n' }],
    ['a variable without a default', { 'shop/config.py': 'import os\ntask_time_limit = int(os.environ["HARD"])\n' }],
    ['modules that import each other', { 'shop/config.py': 'from shop.other import task_time_limit\n', 'shop/other.py': 'from shop.config import task_time_limit\n' }],
    ['a name bound to itself', { 'shop/config.py': 'task_time_limit = task_time_limit\n' }],
    ['a loop over names', { 'shop/config.py': 'task_time_limit = 5\nfor name in names():\n    globals()[name] = 5\ntask_time_limit = max(limits())\n' }],
  ])('%s', (_name, files) => {
    const app = appOf(files);
    expect(state(app, 'task_time_limit')).toBe('unknown');
    expect(state(app, 'worker_prefetch_multiplier')).toBe(4);
  });

  test.each<readonly [string, Files]>([
    ['a star import of what does not exist', { 'shop/config.py': 'from nowhere import *\nresult_extended = True\n' }],
    ['a configuration module that is not there', {}],
    ['an object that a function returns', { 'shop/celery.py': APP.replace('"shop.config"', 'load()') }],
    ['conf.update of what cannot be read', { 'shop/config.py': 'result_extended = True\n', 'shop/celery.py': `${APP}app.conf.update(load())\n` }],
    ['add_defaults of what cannot be read', { 'shop/celery.py': APP.replace('app.config_from_object("shop.config")', 'app.add_defaults(load())') }],
  ])('every default is open after %s', (_name, files) => {
    const app = appOf(files);
    for (const name of ['task_time_limit', 'task_acks_late', 'worker_prefetch_multiplier']) expect(state(app, name)).toBe('unknown');
  });

  test('what could not be read may replace what was written before it, and not what was written after', () => {
    const app = appOf({ 'shop/config.py': 'task_time_limit = 60\n', 'shop/celery.py': `${APP}app.conf.task_acks_late = True\napp.conf.update(load())\napp.conf.worker_prefetch_multiplier = 1\n` });
    expect(['task_time_limit', 'task_acks_late', 'worker_prefetch_multiplier'].map(name => state(app, name))).toEqual(['unknown', 'unknown', 1]);
    const defaults = appOf({ 'shop/config.py': 'task_time_limit = 60\n', 'shop/celery.py': `${APP}app.conf.task_acks_late = True\napp.add_defaults(load())\n` });
    expect(['task_time_limit', 'task_acks_late'].map(name => state(defaults, name))).toEqual(['unknown', true]);
  });

  test('star imports in a circle are read once', () => {
    const app = appOf({ 'shop/config.py': 'from shop.other import *\ntask_time_limit = 60\n', 'shop/other.py': 'from shop.config import *\ntask_acks_late = True\n' });
    expect([state(app, 'task_time_limit'), state(app, 'task_acks_late')]).toEqual([60, true]);
  });

  test('what was not read is named, and no rule speaks of it', () => {
    const model = read({ 'shop/config.py': 'from nowhere import *\nimport os\ntask_time_limit = int(os.environ["HARD"])\n' });
    expect(model.unresolved.map(({ reason, at }) => `${at.path}:${at.startLine} ${reason}`).join('\n')).toMatch(/shop\/config\.py:3 task_time_limit: /);
    const said = rules.filter(rule => rule.id.startsWith('celery/')).flatMap(rule => [...rule.check(model, thresholds)].map(() => rule.id));
    expect(said).toEqual([]);
  });
});
