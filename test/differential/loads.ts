import { block, type Draft } from './draft.js';
import type { Random } from './random.js';

/** Where the main configuration stands and how the app loads it (facts 5.1; corpus styles 1, 3, 4, 5, 6). */
interface Load { readonly rows: readonly string[]; readonly write: (draft: Draft, random: Random) => void }

const lines = ({ entries }: Draft): string[] => entries.map(({ key, code }) => `${key} = ${code}`);
const items = ({ entries }: Draft): string[] => entries.map(({ key, code }) => `'${key}': ${code},`);
const file = (body: readonly string[]): string => `${body.join('\n')}\n`;
const moduleOf = (draft: Draft): string => file([...draft.prelude, '', ...lines(draft)]);
const namespaceOf = (draft: Draft): string => (draft.namespace === undefined ? '' : `, namespace='${draft.namespace}'`);
const load = (draft: Draft, source: string, more = ''): void => { draft.load.push(`app.config_from_object(${source}${namespaceOf(draft)}${more})`); };
const classOf = (draft: Draft, name: string, base = ''): string[] => [`class ${name}${base}:`, ...block(draft.entries.length > 0 ? lines(draft) : ['pass'], '    ')];

function intoModule(draft: Draft, path = 'shop/celeryconfig.py'): void { draft.files.set(path, moduleOf(draft)); }

function django(draft: Draft, settings: string): void {
  draft.requirements.add('django');
  draft.appPrelude.push('import os');
  draft.before.unshift();
  draft.appPrelude.push(`os.environ.setdefault('DJANGO_SETTINGS_MODULE', '${settings}')`);
}
const DJANGO_BASE = ["SECRET_KEY = 'not-a-secret'", 'USE_TZ = True', 'INSTALLED_APPS = []'];

export const LOADS: Readonly<Record<string, Load>> = {
  'app-conf': { rows: ['style-06', '5.1-03'], write: draft => { draft.appPrelude.push(...draft.prelude); draft.load.push('app.conf.update({', ...block(items(draft), '    '), '})'); } },
  attributes: { rows: ['style-06', '5.1-01'], write: draft => { draft.appPrelude.push(...draft.prelude); draft.load.push(...draft.entries.map(({ key, code }) => `app.conf.${key} = ${code}`)); } },
  'by-constructor': { rows: ['style-06', '5.1-10'], write: draft => { draft.appPrelude.push(...draft.prelude); draft.constructor.push(...draft.entries.map(({ key, code }) => `${key}=${code}`)); } },
  module: { rows: ['5.1-05'], write: draft => { intoModule(draft); load(draft, "'shop.celeryconfig'"); } },
  'module-forced': { rows: ['5.1-05'], write: (draft, random) => { intoModule(draft); load(draft, "'shop.celeryconfig'", random.pick([', force=True', ', silent=True'])); } },
  'module-object': { rows: ['5.1-05', 'style-05'], write: draft => { intoModule(draft); draft.appImports.push('from shop import celeryconfig'); load(draft, 'celeryconfig'); } },
  'module-attribute': { rows: ['5.1-05', 'style-03'], write: (draft, random) => { draft.files.set('shop/config.py', file([...draft.prelude, '', ...classOf(draft, 'Config')])); load(draft, random.pick(["'shop.config:Config'", "'shop.config.Config'"])); } },
  class: { rows: ['5.1-05', 'style-03'], write: draft => { draft.files.set('shop/config.py', file([...draft.prelude, '', ...classOf(draft, 'CeleryConfig')])); draft.appImports.push('from shop.config import CeleryConfig'); load(draft, 'CeleryConfig'); } },
  'class-inherited': {
    rows: ['5.1-05', 'style-03'],
    write: (draft, random) => {
      const [first, ...rest] = draft.entries, repeated = random.chance(0.5);
      const base = ['class Base:', ...block([...(first ? [`${first.key} = ${first.code}`] : []), ...(repeated && rest[0] ? [`${rest[0].key} = 5`] : []), 'unrelated = 1'], '    ')];
      draft.entries = rest;
      draft.files.set('shop/config.py', file([...draft.prelude, '', ...base, '', '', ...classOf(draft, 'Production', '(Base)')]));
      draft.appImports.push('from shop.config import Production');
      load(draft, random.pick(['Production', 'Production', 'Production()']));
    },
  },
  mapping: { rows: ['5.1-05'], write: (draft, random) => { const own = random.chance(0.5); const body = ['CONFIG = {', ...block(items(draft), '    '), '}']; if (own) draft.appPrelude.push(...draft.prelude, ...body); else { draft.files.set('shop/config.py', file([...draft.prelude, ...body])); draft.appImports.push('from shop.config import CONFIG'); } load(draft, 'CONFIG'); } },
  'mapping-by-name': { rows: ['5.1-05'], write: draft => { draft.files.set('shop/config.py', file([...draft.prelude, 'CELERY = {', ...block(items(draft), '    '), '}'])); load(draft, "'shop.config:CELERY'"); } },
  'from-environment': { rows: ['5.1-07'], write: (draft, random) => { intoModule(draft); draft.env.set('SHOP_CONFIG', 'shop.celeryconfig'); draft.load.push(`app.config_from_envvar('SHOP_CONFIG'${random.pick(['', ', silent=True', ', force=True'])})`); } },
  'config-module': { rows: ['5.1-11'], write: draft => { intoModule(draft); draft.env.set('CELERY_CONFIG_MODULE', 'shop.celeryconfig'); } },
  twice: { rows: ['5.1-06'], write: draft => { intoModule(draft); draft.files.set('shop/firstconfig.py', 'task_acks_late = True\nworker_prefetch_multiplier = 3\nresult_extended = True\n'); ['task_acks_late', 'worker_prefetch_multiplier', 'result_extended'].forEach(name => draft.written.add(name)); draft.load.push("app.config_from_object('shop.firstconfig')"); load(draft, "'shop.celeryconfig'"); } },
  'constructor-source': { rows: ['5.1-10', '5.1-05'], write: draft => { intoModule(draft); draft.constructor.push("config_source='shop.celeryconfig'"); if (draft.namespace !== undefined) draft.constructor.push(`namespace='${draft.namespace}'`); } },
  flask: {
    rows: ['style-04', '5.1-03'],
    write: (draft, random) => {
      draft.requirements.add('flask');
      draft.files.set('shop/config.py', file([...draft.prelude, '', 'class Config:', "    APP_NAME = 'shop'", '    CELERY = {', ...block(items(draft), '        '), '    }']));
      if (random.chance(0.5)) { draft.appImports.push('from shop.config import Config'); draft.load.push('app.conf.update(Config.CELERY)'); return; }
      draft.appImports.push('from flask import Flask', 'from shop.config import Config');
      draft.appPrelude.push("flask_app = Flask('shop')", 'flask_app.config.from_object(Config)');
      draft.load.push(random.pick(["app.conf.update(flask_app.config['CELERY'])", "app.config_from_object(flask_app.config['CELERY'])"]));
    },
  },
  django: { rows: ['style-01', '5.1-05'], write: draft => { django(draft, 'shop.settings'); draft.files.set('shop/settings.py', file([...draft.prelude, ...DJANGO_BASE, '', ...lines(draft)])); load(draft, "'django.conf:settings'"); } },
  'django-package': {
    rows: ['style-01', '5.1-05'],
    write: (draft, random) => {
      django(draft, 'shop.settings.base');
      const [first, ...rest] = draft.entries;
      draft.files.set('shop/settings/__init__.py', '');
      draft.files.set('shop/settings/base.py', file([...DJANGO_BASE, ...(first ? [`${first.key} = 1`] : []), ...(rest[0] && random.chance(0.5) ? [`${rest[0].key} = 2`] : [])]));
      draft.files.set('shop/settings/production.py', file(['from .base import *', ...draft.prelude, '', ...lines(draft)]));
      draft.env.set('DJANGO_SETTINGS_MODULE', 'shop.settings.production');
      load(draft, "'django.conf:settings'");
    },
  },
};

/** These know no namespace: `config_from_envvar` and the loader take none, and nothing is loaded by name in the others. */
export const WITHOUT_NAMESPACE = new Set(['app-conf', 'attributes', 'by-constructor', 'from-environment', 'config-module', 'flask']);

export function writeLoad(draft: Draft): void {
  const form = LOADS[draft.forms.load!]!;
  form.write(draft, draft.random('load'));
  for (const row of form.rows) draft.rows.add(row);
}
