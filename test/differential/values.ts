import type { Draft, Entry } from './draft.js';
import { KNOWN } from './pool.js';
import type { Random } from './random.js';

/** How values are written (corpus styles 5, 7 and what 5.1 allows): each form rewrites some of the entries. */
type Write = (draft: Draft, random: Random) => void;

const isNumber = (entry: Entry): boolean => /^[\d.]+$/.test(entry.code);
const isFlag = (entry: Entry): boolean => /^(True|False)$/.test(entry.code);
const isText = (entry: Entry): boolean => /^'[^']*'$/.test(entry.code);

/** Gives the first `count` entries that fit another expression; where none fits, an entry of its own. */
function rewrite(draft: Draft, fits: (entry: Entry) => boolean, code: (entry: Entry, index: number) => string, count = 2): void {
  let left = count;
  draft.entries = draft.entries.map(entry => (left > 0 && fits(entry) ? { ...entry, code: code(entry, count - left--) } : entry));
}

const variables = ['SHOP_LIMIT', 'SHOP_SIZE'];
/** A variable that the container sets, or not. */
function variable(draft: Draft, random: Random, index: number, value: string): string {
  const name = variables[index] ?? `SHOP_${index}`;
  if (random.chance(0.5)) draft.env.set(name, value);
  return name;
}

const needOs = (draft: Draft): void => { if (!draft.prelude.includes('import os')) draft.prelude.unshift('import os'); };

export const VALUES: Readonly<Record<string, { readonly styles?: readonly string[]; readonly write: Write }>> = {
  literal: { write: () => {} },
  arithmetic: { styles: ['style-07'], write: (draft, random) => rewrite(draft, isNumber, ({ code }) => random.pick([`${Math.ceil(Number(code))} * 2`, `60 * 60 * 3`, '2 ** 4', '100 // 7', '10 - 3 + 1', '(1 + 2) * 4', '7 % 4', '-(-5)', '9 / 2'])) },
  'environment-set': {
    styles: ['style-07'],
    write: (draft, random) => {
      needOs(draft);
      const value = (entry: Entry): string => (isNumber(entry) ? String(1 + random.below(90)) : 'from-env');
      rewrite(draft, entry => isNumber(entry) || isText(entry), (entry, i) => { draft.env.set(variables[i]!, value(entry)); return isNumber(entry) ? `int(os.environ['${variables[i]}'])` : random.pick([`os.environ['${variables[i]}']`, `os.environ.get('${variables[i]}', 'x')`, `os.getenv('${variables[i]}')`]); });
    },
  },
  'environment-unset': { styles: ['style-07'], write: (draft, random) => { needOs(draft); rewrite(draft, entry => isNumber(entry) || isText(entry), (entry, i) => random.pick([`os.environ.get('${variables[i]}', ${entry.code})`, `os.getenv('${variables[i]}', ${entry.code})`, `os.environ.get('${variables[i]}') or ${entry.code}`])); } },
  'environment-number': {
    styles: ['style-07'],
    write: (draft, random) => { needOs(draft); rewrite(draft, isNumber, ({ code }, i) => { const name = variable(draft, random, i, '41'); return random.pick([`int(os.environ.get('${name}', ${Math.ceil(Number(code))}))`, `int(os.getenv('${name}', '6'))`, `float(os.environ.get('${name}', '2.5'))`, `int(os.environ.get('${name}') or 11)`]); }); },
  },
  'environment-flag': {
    styles: ['style-07'],
    write: (draft, random) => {
      needOs(draft);
      rewrite(draft, isFlag, (_, i) => {
        const name = variable(draft, random, i, random.pick(['True', 'true', '1', 'False', '0', '']));
        return random.pick([`os.environ.get('${name}', 'False') == 'True'`, `os.environ.get('${name}', 'no').lower() in ('1', 'true', 'yes')`, `os.getenv('${name}') == '1'`, `os.environ.get('${name}', '0') != '0'`, `bool(os.environ.get('${name}'))`, `'${name}' in os.environ`]);
      });
    },
  },
  constant: {
    styles: ['style-07'],
    write: (draft, random) => {
      draft.files.set('shop/constants.py', `LIMIT = ${1 + random.below(99)}\nENABLED = ${random.pick(['True', 'False'])}\nLABEL = 'constant'\nHOUR = 60 * 60\n`);
      const whole = random.chance(0.5);
      draft.prelude.push(whole ? 'from shop import constants' : 'from shop.constants import ENABLED, HOUR, LABEL, LIMIT');
      const name = (text: string): string => (whole ? `constants.${text}` : text);
      rewrite(draft, entry => isNumber(entry) || isFlag(entry) || isText(entry), entry => (isNumber(entry) ? random.pick([name('LIMIT'), name('HOUR'), `${name('HOUR')} * 2`]) : isFlag(entry) ? name('ENABLED') : name('LABEL')), 3);
    },
  },
  'local-name': { write: (draft, random) => { draft.prelude.push(`_LIMIT = ${2 + random.below(40)}`, '_ON = not False', '_SHORT = min(_LIMIT, 10)'); rewrite(draft, entry => isNumber(entry) || isFlag(entry), entry => (isNumber(entry) ? random.pick(['_LIMIT', '_LIMIT + 1', '_SHORT', 'max(_LIMIT, 5)']) : random.pick(['_ON', 'not _ON', '_LIMIT > 3', '_ON and True']))); } },
  merged: {
    styles: ['style-04'],
    write: (draft, random) => {
      draft.prelude.push("_BASE = {'visibility_timeout': 1800, 'max_retries': 2}");
      const known = KNOWN.get('broker_transport_options')!, key = keyLike(draft, known.setting, known.old);
      draft.entries = [...draft.entries, { setting: known.setting, key, code: random.pick(["{**_BASE, 'visibility_timeout': 7200}", "dict(_BASE, visibility_timeout=43200)", "_BASE | {'max_retries': 9}", "{'x': 1, **_BASE}", "dict(visibility_timeout=60 * 60)"]) }];
      draft.written.add(known.setting);
    },
  },
  conditional: {
    write: (draft, random) => {
      draft.prelude.push(`DEBUG = ${random.pick(['True', 'False'])}`);
      rewrite(draft, entry => isNumber(entry) || isFlag(entry) || isText(entry), entry => (isNumber(entry) ? `${entry.code} if DEBUG else 3` : isFlag(entry) ? 'DEBUG' : `'debug' if not DEBUG else ${entry.code}`));
    },
  },
  branch: {
    write: (draft, random) => {
      const onEnvironment = random.chance(0.5);
      if (onEnvironment) { needOs(draft); draft.prelude.push("STAGE = os.environ.get('STAGE', 'dev')"); if (random.chance(0.5)) draft.env.set('STAGE', 'prod'); }
      const test = onEnvironment ? random.pick(["STAGE == 'prod'", "os.environ.get('STAGE') == 'prod'", "STAGE in ('prod', 'staging')"]) : random.pick(['1 < 2', 'not True']);
      const [number, flag] = [draft.entries.find(isNumber)?.code, draft.entries.find(isFlag)?.code];
      draft.prelude.push(`if ${test}:`, `    _PICKED, _FLAG = ${number ?? 3}, ${flag ?? 'True'}`, 'else:', '    _PICKED = 77', '    _FLAG = False');
      rewrite(draft, entry => isNumber(entry) || isFlag(entry), entry => (isNumber(entry) ? '_PICKED' : '_FLAG'), 2);
    },
  },
  'f-string': { styles: ['style-07'], write: (draft, random) => { needOs(draft); draft.prelude.push("HOST = os.environ.get('QUEUE_HOST', 'redis.internal')"); if (random.chance(0.5)) draft.env.set('QUEUE_HOST', 'cache.prod'); rewrite(draft, isText, () => random.pick(["f'{HOST}-queue'", "f'a-{HOST}-{2 + 3}'", "'%s-x' % HOST", "'{}-y'.format(HOST)", "HOST + '/0'"])); } },
  star: { styles: ['style-01'], write: (draft, random) => starred(draft, random) },
  timedelta: { styles: ['style-07'], write: (draft, random) => { draft.prelude.push('from datetime import timedelta'); rewrite(draft, entry => isNumber(entry) && KNOWN.get(entry.setting)?.type === 'float', () => random.pick(['timedelta(minutes=15).total_seconds()', 'int(timedelta(hours=2).total_seconds())', 'timedelta(days=1, seconds=30).total_seconds()', 'timedelta(hours=1).seconds'])); addEntry(draft, 'result_expires', random.pick(['timedelta(days=7)', 'timedelta(minutes=90)'])); } },
  helper: {
    styles: ['style-07'],
    write: (draft, random) => {
      needOs(draft);
      draft.files.set('shop/env.py', ['import os', 'from typing import Final', '', '', 'def int_from_env(name: str, default: int) -> int:', '    return int(os.getenv(name, default))', '', '', 'def flag_from_env(name, default=False):', "    value = os.environ.get(name, '')", '    if not value:', '        return default', "    return value.lower() in ('1', 'true', 'on')", ''].join('\n'));
      draft.prelude.push('from typing import Final', 'from shop.env import flag_from_env, int_from_env');
      const name = variable(draft, random, 0, '1');
      draft.prelude.push(`_LIMIT: Final[int] = int_from_env('${name}', 1800)`);
      rewrite(draft, entry => isNumber(entry) || isFlag(entry), entry => (isNumber(entry) ? random.pick(['_LIMIT', `int_from_env('${name}', 5)`]) : `flag_from_env('${name}', True)`));
    },
  },
  'django-environ': { styles: ['style-07'], write: (draft, random) => { draft.requirements.add('django-environ'); draft.prelude.push('import environ', `env = environ.Env(${variables[0]}=(int, 3), SHOP_FLAG=(bool, False))`); const name = variable(draft, random, 0, '12'); if (random.chance(0.5)) draft.env.set('SHOP_FLAG', 'on'); rewrite(draft, entry => isNumber(entry) || isFlag(entry), entry => (isNumber(entry) ? random.pick([`env('${name}')`, `env.int('${name}', default=9)`]) : random.pick(["env('SHOP_FLAG')", "env.bool('SHOP_FLAG', default=True)"]))); } },
  decouple: { styles: ['style-07'], write: (draft, random) => { draft.requirements.add('python-decouple'); draft.prelude.push('from decouple import config'); const name = variable(draft, random, 0, '12'); rewrite(draft, entry => isNumber(entry) || isFlag(entry), (entry, i) => (isNumber(entry) ? `config('${name}', default=5, cast=int)` : `config('SHOP_FLAG_${i}', default=${random.pick(['True', "'true'", 'False'])}, cast=bool)`)); } },
  reexport: {
    styles: ['style-05'],
    write: (draft, random) => {
      const kept = draft.entries.filter(entry => isNumber(entry) || isFlag(entry)).slice(0, 2);
      draft.files.set('shop/shared_config.py', kept.map((entry, i) => `${entry.setting === '' ? `value_${i}` : entry.setting} = ${entry.code}`).join('\n') + '\n');
      draft.prelude.push(random.pick(['from shop import shared_config', 'import shop.shared_config as shared_config']));
      draft.entries = draft.entries.map(entry => { const i = kept.indexOf(entry); return i < 0 ? entry : { ...entry, code: `shared_config.${entry.setting === '' ? `value_${i}` : entry.setting}` }; });
    },
  },
  queues: {
    styles: ['style-10'],
    write: (draft, random) => {
      draft.prelude.push('from kombu import Exchange, Queue', "_exchange = Exchange('shop', type='direct')");
      addEntry(draft, 'task_queues', random.pick(["(Queue('fast'), Queue('slow', exchange=_exchange, routing_key='slow'))", "[Queue(name) for name in ('fast', 'slow')]", "{'fast': {'exchange': 'fast'}, 'slow': {'exchange': 'slow'}}"]));
      addEntry(draft, 'task_routes', "{'shop.tasks.*': {'queue': 'slow'}}");
      addEntry(draft, 'task_default_queue', "'fast'");
    },
  },
};

/** An entry of its own for a setting, spelled as the others are. */
function addEntry(draft: Draft, setting: string, code: string): void {
  const known = KNOWN.get(setting)!;
  draft.entries = [...draft.entries.filter(entry => entry.setting !== setting), { setting, key: keyLike(draft, setting, known.old), code }];
  draft.written.add(setting);
}

/** The name of a setting as this project's configuration spells names. */
export function keyLike(draft: Draft, setting: string, old = KNOWN.get(setting)!.old): string {
  if (draft.namespace !== undefined) return draft.namespace === 'celery' ? `celery_${setting}` : `CELERY_${setting.toUpperCase()}`;
  return draft.forms.names === 'old' ? old : setting;
}

/** Some entries stand in a base module, which the configuration imports with a star and may override. */
function starred(draft: Draft, random: Random): void {
  const moved = draft.entries.slice(0, 2);
  const overridden = random.chance(0.5) ? moved.slice(0, 1) : [];
  draft.files.set('shop/base_settings.py', ['IRRELEVANT = 1', ...moved.map(({ key, code }) => `${key} = ${overridden.some(entry => entry.key === key) ? (code === 'True' ? 'False' : '1') : code}`), ''].join('\n'));
  draft.prelude.push('from shop.base_settings import *');
  draft.entries = draft.entries.filter(entry => !moved.includes(entry) || overridden.includes(entry));
  // in a class or mapping, a star import's names are the module's: they do not reach Celery
}

export function writeValues(draft: Draft): void {
  const form = VALUES[draft.forms.value!]!;
  form.write(draft, draft.random('value'));
  for (const style of form.styles ?? []) draft.rows.add(style);
}
