import { editDistance, type BodyFacts, type EffectiveSettings, type Lock, type Message, type Observed, type RetryCall, type RetryPolicy, type Setting, type Signature, type SourceLocation, type TaskFunction } from '../../model/index.js';
import { TASK_OPTIONS } from '../../knowledge/celery-settings.js';
import { render } from '../render.js';
import type { Value } from '../values.js';
import type { FunctionSite, OptionLayer } from './functions.js';
import { toSetting } from './settings.js';

/** Celery's own defaults of task options that no setting decides (celery app/task.py:183-355, app/autoretry.py:8-66). */
const MAX_RETRIES = 3, RETRY_DELAY = 180, BACKOFF_MAX = 600;

/** A task function with the options that are effective in its app: annotations, decorator, base class, settings, defaults. */
export function taskFunction(site: FunctionSite, settings: EffectiveSettings, body: BodyFacts & { readonly retryCalls: readonly RetryCall[] }, periodic: boolean, messages: readonly Message[], observed: Observed | undefined, singletonExpiry: boolean): TaskFunction {
  const layers = [...annotationLayers(settings, site.name), ...site.options];
  const from = <T>(option: string, setting: string | undefined, fallback: Setting<unknown>): Setting<T> =>
    (written(layers, option) ?? (setting === undefined ? fallback : settings.get(setting) ?? fallback)) as Setting<T>;
  const unset: Setting<unknown> = { state: 'unset', at: site.decoratorAt, slots: [] };
  // celery 5.7 splits the acknowledgement of failures and may retry a lost task: measured with neither
  const newer = (setting: Setting<boolean>, ...names: readonly string[]): Setting<boolean> => {
    const used = names.map(name => from(name, `task_${name}`, unset)).find(other => other.state === 'set' && other.certainty !== 'format-default' && other.value !== null);
    return used ? { state: 'unknown', at: used.at, expression: 'an option of celery 5.7', candidates: [] } : setting;
  };
  const { retryCalls, ...own } = body;
  const facts = site.singleton ? { ...own, locks: [...own.locks, singletonLock(site, layers, singletonExpiry)] } : own;
  return {
    name: site.name, functionName: site.called, at: site.at, decoratorAt: site.decoratorAt, ...(site.decorator && { decorator: render(site.decorator.is === 'call' ? site.decorator.callee : site.decorator) }), periodic, body: facts,
    acksLate: from('acks_late', 'task_acks_late', unset),
    rejectOnWorkerLost: newer(from('reject_on_worker_lost', 'task_reject_on_worker_lost', unset), 'retry_on_worker_lost'),
    acksOnFailureOrTimeout: newer(from('acks_on_failure_or_timeout', 'task_acks_on_failure_or_timeout', unset), 'acks_on_failure', 'acks_on_timeout'),
    timeLimit: seconds(from('time_limit', 'task_time_limit', unset)),
    softTimeLimit: seconds(from('soft_time_limit', 'task_soft_time_limit', unset)),
    signature: signatureOf(site, layers), messages,
    retry: retryPolicy(layers, isBound(site, layers) ? retryCalls : retryCalls.map(({ growth: _, ...call }) => call), site.decoratorAt), serializer: from('serializer', 'task_serializer', unset),
    unknownOptions: unknownOptions(site), ...(isLimited(from('rate_limit', 'task_default_rate_limit', unset)) && { rateLimited: true as const }),
    ...(observed && { observed }), ...(site.ownTimeout && { ownTimeout: site.ownTimeout }), ...(site.optionSlot && { optionSlot: site.optionSlot }),
  };
}

const isLimited = (rate: Setting<unknown>): boolean => rate.state === 'set' && Boolean(rate.value);

/** Taken as the message is sent, released when the task ends; without `lock_expiry` it never expires (celery-singleton 0.3.1, singleton.py, config.py). */
function singletonLock({ decoratorAt }: FunctionSite, layers: readonly OptionLayer[], isElsewhere: boolean): Lock {
  const unset: Setting<number> = isElsewhere ? { state: 'unknown', at: decoratorAt, expression: 'singleton_lock_expiry', candidates: [] } : { state: 'unset', at: decoratorAt, slots: [] };
  return { at: decoratorAt, kind: 'singleton', text: 'base=Singleton', ttl: (written(layers, 'lock_expiry') ?? unset) as Setting<number>, via: [], onConflict: 'unknown', constantKey: false, released: { at: decoratorAt, checksOwner: true, byLibrary: true } };
}

/** Its first parameter is the task: `bind=True`, or the `run` of a task class. */
function isBound({ decorator }: FunctionSite, layers: readonly OptionLayer[]): boolean {
  const bind = layers.map(layer => layer.values.get('bind')).find(value => value !== undefined);
  return decorator === undefined || (bind?.known === true && bind.value === true);
}

/** Without the first parameter where the task is bound, or a method. A decorator below the task's own may give it others. */
function signatureOf(site: FunctionSite, layers: readonly OptionLayer[]): Signature {
  const { target, others } = site;
  const bound = target.owner !== undefined || isBound(site, layers);
  const all = target.function.parameters.slice(bound ? 1 : 0);
  return {
    isBound: bound, parameters: all.filter(({ kind }) => kind === 'plain').map(({ name, fallback, keywordOnly }) => ({ name, required: fallback === undefined, keywordOnly: keywordOnly === true })),
    morePositional: others.length > 0 || all.some(({ kind }) => kind === 'rest'), moreKeywords: others.length > 0 || all.some(({ kind }) => kind === 'keywords'),
  };
}

/**
 * The same function with the limits that calls give to single messages: the longest counts, since that message may run as long. A call
 * that gives less changes nothing for the others; a value that is not known leaves the limit unknown.
 */
export function withCallLimits(fn: TaskFunction, calls: readonly Pick<TaskFunction, 'timeLimit' | 'softTimeLimit'>[]): TaskFunction {
  return calls.reduce<TaskFunction>((before, call) => ({ ...before, timeLimit: longer(before.timeLimit, call.timeLimit), softTimeLimit: longer(before.softTimeLimit, call.softTimeLimit) }), fn);
}

function longer(own: Setting<number>, given: Setting<number>): Setting<number> {
  if (own.state === 'unset' || given.state === 'unset') return own;
  if (given.state === 'unknown') return { ...given, candidates: [...given.candidates, ...(own.state === 'set' ? [own.value] : own.candidates)] };
  if (own.state === 'unknown' || !(given.value > own.value)) return own;
  return { ...given, origin: [{ text: 'option of a call', at: given.at }, ...given.origin], overridden: [...own.origin, ...own.overridden] };
}

/** A falsy limit is none: the pool-wide limit holds (celery worker/request.py:356-367). */
function seconds(setting: Setting<unknown>): Setting<number> {
  if (setting.state === 'set' && !setting.value) return { state: 'unset', at: setting.at, slots: setting.slots };
  return setting as Setting<number>;
}

/** The strongest layer that writes the option; a value None leaves it to the weaker ones. */
function written(layers: readonly OptionLayer[], option: string): Setting<unknown> | undefined {
  for (const layer of layers) {
    const value = layer.values.get(option);
    if (value && !(value.known && value.value === null)) return toSetting(value, []);
  }
  return undefined;
}

/** `task_annotations`: '*' is applied after the per-task entry and wins (celery app/annotations.py:50-52, measured). */
function annotationLayers(settings: EffectiveSettings, name: string): readonly OptionLayer[] {
  const annotations = settings.get('task_annotations');
  if (annotations?.state !== 'set' || typeof annotations.value !== 'object' || annotations.value === null) return [];
  // of a list the first table that has the key counts, for the function's name and for '*' by themselves
  const tables = (Array.isArray(annotations.value) ? annotations.value : [annotations.value]).filter(table => typeof table === 'object' && table !== null) as readonly Record<string, unknown>[];
  return ['*', name].flatMap(key => {
    const entry = tables.find(table => key in table)?.[key];
    if (typeof entry !== 'object' || entry === null) return [];
    const values = new Map(Object.entries(entry).map(([option, value]): [string, Value] => [option, { known: !(typeof value === 'string' && value.startsWith('⟨')), value, candidates: [], certainty: 'written', at: annotations.at, origin: annotations.origin, slots: [], expression: String(value) }]));
    return [{ from: 'task_annotations', values }];
  });
}

function retryPolicy(layers: readonly OptionLayer[], calls: readonly RetryCall[], at: SourceLocation): RetryPolicy {
  const fallback = <T>(value: T): Setting<T> => ({ state: 'set', value, at, certainty: 'format-default', origin: [{ text: 'default of celery' }], overridden: [], slots: [] });
  const autoretry = layers.map(layer => layer.values.get('autoretry_for')).find(value => value !== undefined);
  const retryFor = autoretry ? exceptionNames(autoretry) : [];
  const inKwargs = (option: string): Value | undefined => {
    const kwargs = layers.map(layer => layer.values.get('retry_kwargs')).find(value => value !== undefined);
    return kwargs?.known && kwargs.value instanceof Map ? (kwargs.value as Map<unknown, Value>).get(option) : undefined;
  };
  const backoff = (written(layers, 'retry_backoff') ?? fallback(false)) as Setting<number | boolean>;
  const idle = backoff.state === 'set' && !backoff.value ? ['retry_jitter', 'retry_backoff_max'].flatMap(name => { const value = written(layers, name); return value ? [{ name, at: value.at }] : []; })[0] : undefined;
  const kwargsRetries = inKwargs('max_retries'), kwargsDelay = inKwargs('countdown');
  return {
    retries: retryFor.length > 0 || calls.length > 0, autoretryFor: retryFor, ...(autoretry && { autoretryAt: autoretry.at }), calls,
    maxRetries: (kwargsRetries && maxRetries(kwargsRetries)) ?? layers.map(layer => layer.values.get('max_retries')).filter(value => value !== undefined).map(maxRetries)[0] ?? fallback(MAX_RETRIES),
    backoff, ...(idle && { idleOption: idle }),
    backoffMax: (written(layers, 'retry_backoff_max') ?? fallback(BACKOFF_MAX)) as Setting<number>,
    jitter: (written(layers, 'retry_jitter') ?? fallback(true)) as Setting<boolean>,
    defaultRetryDelay: ((kwargsDelay && toSetting(kwargsDelay, [])) ?? written(layers, 'default_retry_delay') ?? fallback(RETRY_DELAY)) as Setting<number>,
  };
}

/** None means for ever (celery app/task.py:765). */
function maxRetries(value: Value): Setting<number | null> {
  if (value.known && value.value === null) return { state: 'set', value: null, at: value.at, certainty: value.certainty, origin: value.origin, overridden: [], slots: value.slots };
  return toSetting(value, []) as Setting<number | null>;
}

function exceptionNames(value: Value): readonly string[] {
  if (!value.known) return [value.expression];
  if (!Array.isArray(value.value)) return value.value === null ? [] : [value.expression];
  return (value.value as Value[]).map(item => item.expression);
}

/** Options that no Celery version reads, near to one that it does (`ack_late`). */
function unknownOptions(site: FunctionSite): TaskFunction['unknownOptions'] {
  const decorator = site.decorator;
  if (decorator?.is !== 'call') return [];
  return decorator.keywords.flatMap(([name, value]) => {
    if (name === null || TASK_OPTIONS.has(name) || name.length < 6) return [];
    // `max_retry`: the rest of a long name may differ more than a slip of the hand
    const wanted = [...TASK_OPTIONS].filter(option => option.length > 5).find(option => editDistance(name, option) <= (name.length > 7 && option.startsWith(name.slice(0, -1)) ? 3 : 2));
    return wanted ? [{ name, wanted, at: value.at }] : [];
  });
}
