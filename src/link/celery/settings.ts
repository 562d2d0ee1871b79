import type { EffectiveSettings, Expr, FactStore, IneffectiveSetting, OriginStep, Setting, SourceLocation } from '../../model/index.js';
import { place } from '../../model/index.js';
import { BY_NAME, defaultOf, ENVIRONMENT_SETTINGS, SETTINGS } from '../../knowledge/celery-settings.js';
import type { Context } from '../evaluate.js';
import { together, type Value } from '../values.js';
import type { Guard } from '../bindings.js';
import type { Resolver, Scope } from '../modules.js';
import { isDuration } from '../durations.js';
import type { AppSite, ConfigurationAction } from './apps.js';
import { namedSource, readSource, flaskSource, type Source } from './config-sources.js';
import { readName } from './setting-names.js';

/** The written configuration of an app in one environment, before command-line options. */
export interface Configuration {
  readonly settings: EffectiveSettings;
  readonly ineffective: readonly IneffectiveSetting[];
  readonly namespace?: string;
  readonly configuredAt?: SourceLocation;
  /** Something that decides settings could not be read: a default is then no fact. */
  readonly open: boolean;
}

/** Strongest first, as Celery looks a name up (facts 5.2). */
type Layer = 'changes' | 'defaults' | 'object';
interface Write { readonly name: string; readonly value: Value; readonly layer: Layer; readonly keys: readonly string[]; readonly maybe: boolean; readonly nameAt: SourceLocation; readonly fromConstructor?: boolean }

interface Reader { readonly resolver: Resolver; readonly store: FactStore; readonly context: Context }

/** `isRead(name)`: does the repository itself read that name? Then it is not ineffective, it is theirs. */
export function configurationOf(app: Pick<AppSite, 'actions' | 'at' | 'scope'>, reader: Reader, celery: string, isRead: (name: string) => boolean): Configuration {
  const object = lastObject(app.actions);
  const namespace = namespaceOf(object, reader);
  const writes: Write[] = [];
  let open = false;
  let configuredAt: SourceLocation | undefined;
  const hidden: IneffectiveSetting[] = [];
  const named = object ? undefined : namedByEnvironment(app.scope, reader);
  if (named) {
    if (named.source.open) open = true;
    for (const [name, value] of named.source.values) writes.push({ name, value, layer: 'object', keys: [], maybe: false, nameAt: value.at });
  }
  for (const action of app.actions) {
    if (action.kind === 'object' || action.kind === 'envvar') {
      if (action !== object) continue;
      configuredAt = action.at;
      const source = sourceOf(action, namespace, reader);
      if (source.open) open = true;
      for (const [name, value] of source.values) writes.push({ name, value, layer: 'object', keys: [], maybe: false, nameAt: value.at });
      hidden.push(...hiddenNames(source, namespace, isRead));
      continue;
    }
    if (action.kind === 'autodiscover') continue;
    if (action.kind !== 'write' || typeof action.name !== 'string') configuredAt ??= action.at;
    const result = writesOf(action, reader);
    writes.push(...result.writes);
    if (result.open) open = true;
  }
  const isDjango = object?.kind === 'object' && object.source.is === 'literal' && /^django\.conf/.test(String(object.source.value));
  const { settings, ineffective: found } = effective(writes, namespace, app, celery, open, isRead);
  // Django keeps upper-case names alone: without a namespace only the old ones reach Celery
  const ineffective = isDjango ? found.map(entry => (entry.reason === 'prefixed-without-namespace' && entry.wanted && BY_NAME.has(entry.wanted) ? { ...entry, wanted: BY_NAME.get(entry.wanted)![1] } : entry)) : found;
  return { settings: withEnvironment(settings, reader.context), ineffective: [...ineffective, ...hidden], open, ...(namespace !== undefined && { namespace }), ...(configuredAt && { configuredAt }) };
}

/** A second config_from_object replaces the first; one in a branch counts only where there is no other. */
function lastObject(actions: readonly ConfigurationAction[]): ConfigurationAction | undefined {
  const objects = actions.filter(action => action.kind === 'object' || action.kind === 'envvar');
  const certain = objects.filter(action => action.guards.length === 0);
  return (certain.length > 0 ? certain : objects).at(-1);
}

function namespaceOf(object: ConfigurationAction | undefined, { resolver, context }: Reader): string | undefined {
  const written = object?.kind === 'object' ? object.namespace : undefined;
  const value = written && object && resolver.evaluate(written, object.scope, context);
  return value?.known && typeof value.value === 'string' ? value.value : undefined;
}

function sourceOf(action: ConfigurationAction, namespace: string | undefined, { resolver, store, context }: Reader): Source {
  if (action.kind === 'object') return readSource(action.source, action.scope, namespace, context, resolver, store);
  if (action.kind !== 'envvar') return { values: new Map(), open: true };
  const variable = resolver.evaluate(action.variable, action.scope, context);
  const found = variable.known && typeof variable.value === 'string' ? context.lookup(variable.value) : undefined;
  return found?.state === 'set' ? namedSource(found.value, action.scope, namespace, context, resolver) : { values: new Map(), open: true };
}

/** Settings in lower case in a Django settings module: Django never hands them on. */
function hiddenNames({ hidden = new Map() }: Source, namespace: string | undefined, isRead: (name: string) => boolean): readonly IneffectiveSetting[] {
  return [...hidden as ReadonlyMap<string, Value>].flatMap(([name, value]): readonly IneffectiveSetting[] => {
    const reading = readName(name, namespace);
    if (!reading || !('setting' in reading) || isRead(name)) return [];
    const wanted = namespace ? `${namespace.replace(/_+$/, '')}_${reading.setting}`.toUpperCase() : BY_NAME.get(reading.setting)![1];
    return [{ name, at: value.at, reason: 'wrong-case', wanted, value: value.expression }];
  });
}

/** Without a config_from_object the loader reads the module that CELERY_CONFIG_MODULE names (celery loaders/base.py:208-216). */
function namedByEnvironment(scope: Scope, { resolver, context }: Reader): { readonly source: Source } | undefined {
  const found = context.lookup('CELERY_CONFIG_MODULE');
  if (found.state !== 'set' && found.state !== 'secret') return undefined;
  return { source: found.state === 'set' ? namedSource(found.value, scope, undefined, context, resolver) : { values: new Map(), open: true } };
}

function writesOf(action: Extract<ConfigurationAction, { kind: 'write' | 'update' | 'defaults' }>, { resolver, store, context }: Reader): { writes: Write[]; open: boolean } {
  const maybe = uncertain(action.guards, action.scope, resolver, context);
  if (maybe === 'never') return { writes: [], open: false };
  const layer: Layer = action.kind === 'defaults' ? 'defaults' : 'changes';
  const value = action.kind === 'defaults' ? defaultsValue(action.value, action.scope, { resolver, store, context }) : resolver.evaluate(action.value, action.scope, context);
  if (action.kind === 'write') {
    const name = typeof action.name === 'string' ? action.name : text(resolver.evaluate(action.name, action.scope, context));
    const keys = action.keys.map(key => text(resolver.evaluate(key, action.scope, context)));
    if (name === undefined || keys.some(key => key === undefined)) return { writes: [], open: true };
    return { writes: [{ name, value, layer, keys: keys as string[], maybe: maybe === 'maybe', nameAt: action.at, ...(action.fromConstructor && { fromConstructor: true }) }], open: false };
  }
  const mapping = value.known && value.value instanceof Map ? { values: value.value as Map<unknown, Value>, open: value.open === true } : action.kind === 'update' ? flaskSource(action.value, store, context, resolver) : undefined;
  if (!mapping) return { writes: [], open: true };
  const prefix = action.kind === 'update' ? action.name : undefined;
  const writes = [...mapping.values].filter((entry): entry is [string, Value] => typeof entry[0] === 'string')
    .map(([name, entry]): Write => ({ name: prefix ?? name, value: entry, layer, keys: prefix ? [name] : [], maybe: maybe === 'maybe', nameAt: entry.at }));
  return { writes, open: mapping.open };
}

/** `add_defaults` takes a mapping, or a function that returns one. */
function defaultsValue(given: Expr, scope: Scope, { resolver, context }: Reader): Value {
  if (given.is === 'function') return resolver.evaluate(given.returns, scope, context);
  const target = resolver.resolve(given, scope);
  const returned = target.is === 'function' && target.function.parameters.length === 0 ? target.function.body.filter(statement => statement.do === 'return') : [];
  const [only] = returned;
  if (target.is !== 'function' || returned.length !== 1 || only?.do !== 'return' || !only.value) return resolver.evaluate(given, scope, context);
  return resolver.evaluate(only.value, { path: target.scope.path, parent: target.scope, statements: target.function.body, kind: 'function', function: target.function }, context);
}

const text = (value: Value): string | undefined => (value.known && typeof value.value === 'string' ? value.value : undefined);

function uncertain(guards: readonly Guard[], scope: Scope, resolver: Resolver, context: Context): 'always' | 'maybe' | 'never' {
  let result: 'always' | 'maybe' = 'always';
  for (const guard of guards) {
    const test = guard.test && resolver.evaluate(guard.test, scope, context);
    if (!test?.known || test.certainty !== 'written') { result = 'maybe'; continue; }
    if (Boolean(test.value) !== guard.taken) return 'never';
  }
  return result;
}

interface Slotted { readonly value: Value; readonly write: Write }

function effective(writes: readonly Write[], namespace: string | undefined, app: Pick<AppSite, 'at'>, celery: string, open: boolean, isRead: (name: string) => boolean) {
  const ineffective: IneffectiveSetting[] = [];
  const byRank = new Map<string, Map<number, Slotted[]>>();
  for (const write of writes) {
    const reading = readName(write.name, namespace);
    if (!reading) continue;
    if ('ignored' in reading) {
      if (write.layer !== 'object' || !isRead(write.name)) ineffective.push({ name: write.name, at: write.nameAt, reason: reading.ignored, value: write.value.expression, ...(reading.wanted && { wanted: reading.wanted }), ...(reading.distance !== undefined && { distance: reading.distance }) });
      continue;
    }
    // with a namespace the prefixed key is looked up through all layers before the plain one
    const rank = (namespace && !reading.prefixed ? 3 : 0) + (write.layer === 'changes' ? 0 : write.layer === 'defaults' ? 1 : 2);
    const ranks = byRank.get(reading.setting) ?? new Map<number, Slotted[]>();
    const list = ranks.get(rank) ?? [];
    if (!reading.old || !list.some(other => other.write.layer === write.layer && BY_NAME.has(other.write.name))) list.push({ value: write.value, write });
    ranks.set(rank, list);
    byRank.set(reading.setting, ranks);
  }
  if (!namespace) ineffective.push(...mixed(writes));
  const settings = new Map<string, Setting<unknown>>();
  for (const row of SETTINGS) {
    const ranks = byRank.get(row[0]);
    if (ranks) for (const [name, setting] of settingsFrom(row[0], ranks)) settings.set(name, setting);
    else settings.set(row[0], defaultSetting(defaultOf(row[0], celery), app.at, celery, open));
  }
  return { settings, ineffective };
}

function settingsFrom(name: string, ranks: ReadonlyMap<number, readonly Slotted[]>): [string, Setting<unknown>][] {
  const ordered = [...ranks].sort(([a], [b]) => a - b).map(([, list]) => list);
  let winner: Value | undefined;
  let writtenAs: string | undefined;
  const overridden: OriginStep[] = [];
  for (const list of ordered) {
    if (winner) { overridden.push(...list.map(({ value }) => ({ text: `${place(value.at)} (${value.expression})`, at: value.at }))); continue; }
    winner = layered(list, winner);
    writtenAs = list.at(-1)!.write.name;
  }
  if (!winner) return [];
  const plainSetting = toSetting(winner, overridden);
  const setting: Setting<unknown> = plainSetting.state === 'set' && writtenAs !== undefined && writtenAs !== name ? { ...plainSetting, writtenAs } : plainSetting;
  const nested = FLATTENED.has(name) && winner.known && winner.value instanceof Map ? [...(winner.value as Map<unknown, Value>)].map(([key, value]): [string, Setting<unknown>] => [`${name}.${String(key)}`, toSetting(value, [])]) : [];
  return [[name, setting], ...nested];
}

/** Settings whose options decide something by themselves: also there as `broker_transport_options.visibility_timeout`. */
const FLATTENED: ReadonlySet<string> = new Set(['broker_transport_options', 'result_backend_transport_options']);

/** The writes of one layer in order; what may not happen leaves the weaker layers a chance. */
function layered(list: readonly Slotted[], before: Value | undefined): Value | undefined {
  let result: Value | undefined = before;
  for (const { value, write } of list) {
    if (write.keys.length > 0) result = nestedWrite(result, write.keys, value);
    else result = write.maybe && result ? together([result, value]) : write.maybe ? { ...value, known: false, candidates: [...(value.known ? [value.value] : value.candidates), undefined] } : value;
  }
  return result;
}

function nestedWrite(holder: Value | undefined, keys: readonly string[], value: Value): Value {
  const entries = new Map(holder?.known && holder.value instanceof Map ? (holder.value as Map<unknown, Value>) : []);
  const [key = '', ...rest] = keys;
  entries.set(key, rest.length > 0 ? nestedWrite(entries.get(key), rest, value) : value);
  return { ...(holder ?? value), known: true, value: entries, candidates: [] };
}

/**
 * Old and new names together, without a namespace: Celery refuses to start (facts 4.1). Celery looks at the loaded configuration object
 * alone, and at what was written to app.conf where there is none (celery app/utils.py, detect_settings). The same setting in both
 * spellings is no mix.
 */
function mixed(all: readonly Write[]): IneffectiveSetting[] {
  const loaded = all.filter(write => write.layer === 'object');
  const writes = loaded.length > 0 ? loaded : all.filter(write => !write.fromConstructor);
  const read = writes.map(write => ({ write, reading: readName(write.name, undefined) }))
    .filter((entry): entry is { write: Write; reading: { setting: string; prefixed: boolean; old: boolean } } => entry.reading !== undefined && 'setting' in entry.reading);
  const newNames = new Set(read.filter(({ reading }) => !reading.old).map(({ reading }) => reading.setting));
  const oldNames = new Set(read.filter(({ reading }) => reading.old).map(({ reading }) => reading.setting));
  const old = read.filter(({ reading }) => reading.old && !newNames.has(reading.setting));
  const fresh = read.filter(({ reading }) => !reading.old && !oldNames.has(reading.setting));
  if (old.length === 0 || fresh.length === 0) return [];
  return (old.length <= fresh.length ? old : fresh).map(({ write, reading }) => ({ name: write.name, at: write.nameAt, reason: 'mixed-names' as const, wanted: old.length <= fresh.length ? reading.setting : BY_NAME.get(reading.setting)![1], value: write.value.expression }));
}

function defaultSetting(fallback: unknown, at: SourceLocation, celery: string, open: boolean): Setting<unknown> {
  if (open) return { state: 'unknown', at, expression: 'configuration that could not be read', candidates: [] };
  if (fallback === null || fallback === undefined) return { state: 'unset', at, slots: [] };
  return { state: 'set', value: fallback, at, certainty: 'format-default', origin: [{ text: `default of celery ${celery}` }], overridden: [], slots: [] };
}

/** A computed value as rules see it. None is unset: Celery treats it so. */
export function toSetting(value: Value, overridden: readonly OriginStep[]): Setting<unknown> {
  if (!value.known) return { state: 'unknown', at: value.at, expression: value.expression, candidates: value.candidates.map(plain) };
  if (value.value === null) return { state: 'unset', at: value.at, slots: value.slots };
  return { state: 'set', value: plain(value.value), at: value.at, certainty: value.certainty, origin: value.origin, overridden, slots: value.slots };
}

/** Maps of Values as plain objects; a timedelta stays `{ seconds }`. */
export function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...(value as Map<unknown, Value>)].map(([key, entry]) => [String(key), entry.known ? plain(entry.value) : `⟨${entry.expression}⟩`]));
  if (Array.isArray(value)) return (value as Value[]).map(entry => (entry.known ? plain(entry.value) : `⟨${entry.expression}⟩`));
  if (isDuration(value)) return { seconds: value.seconds };
  return value;
}

/** CELERY_BROKER_URL and friends beat anything in the configuration. */
function withEnvironment(settings: Map<string, Setting<unknown>>, context: Context): EffectiveSettings {
  for (const [variable, name] of Object.entries(ENVIRONMENT_SETTINGS)) {
    const found = context.lookup(variable);
    const before = settings.get(name)!;
    const overridden = before.state === 'set' ? before.origin : [];
    if (found.state === 'set') settings.set(name, { state: 'set', value: found.value, at: found.step.at ?? before.at, certainty: 'written', origin: [found.step], overridden, slots: [] });
    else if (found.state === 'secret') settings.set(name, { state: 'unknown', at: found.step.at ?? before.at, expression: `${variable} (a secret)`, candidates: [] });
  }
  return settings;
}
