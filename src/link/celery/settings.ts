import type { EffectiveSettings, Expr, FactStore, IneffectiveSetting, OriginStep, Setting, SourceLocation } from '../../model/index.js';
import { compareVersions, place } from '../../model/index.js';
import { BY_MAP, BY_NAME, defaultOf, ENVIRONMENT_SETTINGS, settingExists, SETTINGS } from '../../knowledge/celery-settings.js';
import type { Context } from '../evaluate.js';
import { together, type Value } from '../values.js';
import type { Guard } from '../bindings.js';
import type { Resolver, Scope } from '../modules.js';
import { isDuration } from '../durations.js';
import type { AppSite, ConfigurationAction } from './apps.js';
import { namedSource, readSource, flaskSource, type Source } from './config-sources.js';
import { OLD_NAMES, readName, type Reading } from './setting-names.js';

/** The written configuration of an app in one environment, before command-line options. */
export interface Configuration {
  readonly settings: EffectiveSettings;
  readonly ineffective: readonly IneffectiveSetting[];
  readonly namespace?: string;
  readonly configuredAt?: SourceLocation;
  /** Something that decides settings could not be read: a default is then no fact. */
  readonly open: boolean;
  /** Settings whose prefixed key beats what is written to app.conf under the plain name, a trailing key=value too (before celery 5.7). */
  readonly prefixed: ReadonlySet<string>;
}

/** Strongest first, as Celery looks a name up (facts 5.2). */
type Layer = 'changes' | 'defaults' | 'object';
/** `late`: written to app.conf after something had read it, and Celery had loaded it. */
interface Write { readonly name: string; readonly value: Value; readonly layer: Layer; readonly late?: boolean; readonly keys: readonly string[]; readonly maybe: boolean; readonly nameAt: SourceLocation; readonly fromConstructor?: boolean }

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
  let isLoaded = false;
  // app.conf.update of what could not be read, and how much had been written before it: that may hold anything since
  let unread = -1, unreadDefaults = false;
  for (const action of inOrder(app.actions)) {
    if (action.kind === 'read') { isLoaded = true; continue; }
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
    writes.push(...(isLoaded ? result.writes.map(write => ({ ...write, late: true })) : result.writes));
    if (result.open) { open = true; if (action.kind !== 'defaults') unread = writes.length; else unreadDefaults = true; }
  }
  const isDjango = object?.kind === 'object' && object.source.is === 'literal' && /^django\.conf/.test(String(object.source.value));
  const { settings, ineffective: found, prefixed } = effective({
    writes: writes.map((write, i) => (isOvertaken(write, i, unread, unreadDefaults) ? { ...write, value: unknownSince(write.value) } : write)), namespace, hasObject: object !== undefined || named !== undefined, app, celery, open, isRead,
  });
  // Django keeps upper-case names alone: without a namespace only the old ones reach Celery
  const ineffective = isDjango ? found.map(entry => (entry.reason === 'prefixed-without-namespace' && entry.wanted && BY_NAME.has(entry.wanted) ? { ...entry, wanted: BY_NAME.get(entry.wanted)![1] } : entry)) : found;
  return { settings: withEnvironment(settings, reader.context), ineffective: [...ineffective, ...hidden], open, prefixed, ...(namespace !== undefined && { namespace }), ...(configuredAt && { configuredAt }) };
}

/** As Celery runs them: on_configure as it loads the configuration, before what is written to the loaded one. */
function inOrder(actions: readonly ConfigurationAction[]): readonly ConfigurationAction[] {
  const isHook = ({ scope }: ConfigurationAction): boolean => scope.function?.name === 'on_configure';
  if (!actions.some(isHook)) return actions;
  const first = actions.findIndex(({ kind }) => kind === 'read');
  const split = first < 0 ? actions.length : first;
  return [...actions.slice(0, split).filter(action => !isHook(action)), ...actions.filter(isHook), ...actions.slice(split).filter(action => !isHook(action))];
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
    const wanted = namespace ? `${namespace.replace(/(?<!_)_+$/, '')}_${reading.setting}`.toUpperCase() : BY_NAME.get(reading.setting)![1];
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
  const mapping = value.known && value.value instanceof Map ? { values: value.value as Map<unknown, Value>, open: value.open === true } : action.kind === 'update' ? flaskSource(action.value, action.scope.path, store, context, resolver) : undefined;
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

/** May something that could not be read have replaced this write? */
function isOvertaken({ layer }: Write, index: number, unread: number, unreadDefaults: boolean): boolean {
  return (unread >= 0 && (layer !== 'changes' || index < unread)) || (unreadDefaults && layer === 'object');
}

const unknownSince = (value: Value): Value => ({ ...value, known: false, candidates: [], expression: `${value.expression}, or what could not be read` });

interface Slotted { readonly value: Value; readonly write: Write; readonly reading: Read }
/** A key of one setting: prefixed, the plain new name, the name from before Celery 4. In that order Celery asks for them. */
interface Read { readonly setting: string; readonly key: 'prefixed' | 'plain' | 'old' }
const KEYS: readonly Read['key'][] = ['prefixed', 'plain', 'old'];
const LAYERS: readonly Layer[] = ['changes', 'defaults', 'object'];

/** Everything that is written, and what decides how it is read. `open`, `isRead`: see configurationOf. */
interface Written extends Style { readonly writes: readonly Write[]; readonly namespace: string | undefined; readonly app: Pick<AppSite, 'at'>; readonly open: boolean; readonly isRead: (name: string) => boolean }

/**
 * Celery's ChainMap of changes, defaults and the object, as `ConfigurationView` looks a setting up: up to 5.6 each key through all
 * maps, and Celery's own defaults end the search at the plain name (at the old one where the configuration is in old names); from 5.7
 * each map with all keys (celery utils/collections.py; both compared with the real ones in test/differential).
 */
function effective({ writes, namespace, hasObject, app, celery, open, isRead }: Written) {
  const ineffective: IneffectiveSetting[] = [];
  const byMap = compareVersions(celery, BY_MAP) >= 0;
  const isOld = !namespace && usesOldNames(writes, { hasObject, celery });
  const bySetting = new Map<string, Slotted[]>();
  for (const write of writes) {
    const reading = readingOf(write, namespace, isOld, byMap);
    if (!reading) continue;
    if ('ignored' in reading) {
      if (write.layer !== 'object' || !isRead(write.name)) ineffective.push({ name: write.name, at: write.nameAt, reason: reading.ignored, value: write.value.expression, ...(reading.wanted && { wanted: reading.wanted }), ...(reading.distance !== undefined && { distance: reading.distance }) });
      continue;
    }
    if (reading.key === 'old' && !isOld && !byMap) continue; // the plain name of Celery's defaults is found first
    bySetting.set(reading.setting, [...(bySetting.get(reading.setting) ?? []), { value: write.value, write, reading }]);
  }
  if (!namespace) ineffective.push(...mixed(writes, { hasObject, celery }));
  const settings = new Map<string, Setting<unknown>>();
  const prefixed = new Set<string>();
  for (const row of SETTINGS) {
    const all = bySetting.get(row[0]);
    const groups = all ? ranked(all, byMap) : [];
    for (const [name, setting] of groups.length > 0 ? settingsFrom(row[0], groups) : [[row[0], defaultSetting(defaultOf(row[0], celery), app.at, celery, open)] as const]) settings.set(name, setting);
    if (!byMap && groups[0]?.[0].reading.key === 'prefixed') prefixed.add(row[0]);
  }
  return { settings, ineffective, prefixed };
}

/** Celery turns the old names written before it loads into new ones (into old ones where the configuration is in old names). */
function readingOf(write: Write, namespace: string | undefined, isOld: boolean, byMap: boolean): Read | Extract<Reading, { ignored: unknown }> | undefined {
  const renamed = write.layer === 'changes' && !write.late ? OLD_NAMES.get(write.name) : undefined;
  if (renamed !== undefined) return { setting: renamed, key: isOld ? 'old' : 'plain' };
  const reading = readName(write.name, namespace);
  const old = byMap && namespace && !(reading && 'setting' in reading) ? OLD_NAMES.get(write.name) : undefined;
  if (old !== undefined) return { setting: old, key: 'old' };
  if (!reading) return undefined;
  if ('setting' in reading) return { setting: reading.setting, key: reading.prefixed ? 'prefixed' : reading.old || (isOld && write.layer === 'changes' && !write.late) ? 'old' : 'plain' };
  return reading;
}

/** The places where a setting is written, the strongest first; the writes of one place in their order. */
function ranked(all: readonly Slotted[], byMap: boolean): readonly (readonly [Slotted, ...Slotted[]])[] {
  const rankOf = ({ write, reading }: Slotted): number => { const [layer, key] = [LAYERS.indexOf(write.layer), KEYS.indexOf(reading.key)]; return byMap ? layer * KEYS.length + key : key * LAYERS.length + layer; };
  const groups = new Map<number, Slotted[]>();
  for (const one of all) groups.set(rankOf(one), [...(groups.get(rankOf(one)) ?? []), one]);
  return [...groups].sort(([a], [b]) => a - b).map(([, list]) => inDictOrder(list) as unknown as readonly [Slotted, ...Slotted[]]);
}

/** Before it is loaded, app.conf is a dict: of two spellings the one whose key came later counts, whichever was written last. */
function inDictOrder(list: readonly Slotted[]): readonly Slotted[] {
  const first = (one: Slotted): number => list.findIndex(other => other.write.name === one.write.name);
  return list.some(({ write }) => write.late === true || write.layer !== 'changes') ? list : [...list].sort((a, b) => first(a) - first(b));
}

/** Is the configuration, by the majority of its names, one from before Celery 4 (celery app/utils.py, detect_settings)? */
function usesOldNames(writes: readonly Write[], style: Style): boolean {
  const { old, fresh } = stylesOf(writes, style);
  return old.length > fresh.length;
}

function settingsFrom(name: string, groups: readonly (readonly [Slotted, ...Slotted[]])[]): [string, Setting<unknown>][] {
  // a write into a table changes the table that is in force
  const isNested = ({ write }: Slotted): boolean => write.keys.length > 0 && write.layer === 'changes';
  const whole = groups.map(list => list.filter(one => !isNested(one))).filter(list => list.length > 0);
  const [first, ...rest] = whole;
  const nested = groups.flatMap(list => list.filter(isNested));
  const winner = layered([...(first ?? []), ...nested], undefined);
  if (!winner) return [];
  const overridden = rest.flatMap(list => list.map(({ value }): OriginStep => ({ text: `${place(value.at)} (${value.expression})`, at: value.at })));
  const writtenAs = (first ?? nested).at(-1)!.write.name;
  const plainSetting = toSetting(winner, overridden);
  const setting: Setting<unknown> = plainSetting.state === 'set' && writtenAs !== name ? { ...plainSetting, writtenAs } : plainSetting;
  const inside = FLATTENED.has(name) && winner.known && winner.value instanceof Map ? [...(winner.value as Map<unknown, Value>)].map(([key, value]): [string, Setting<unknown>] => [`${name}.${String(key)}`, toSetting(value, [])]) : [];
  return [[name, setting], ...inside];
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
function mixed(writes: readonly Write[], style: Style): IneffectiveSetting[] {
  const { old, fresh, isMixed } = stylesOf(writes, style);
  if (!isMixed) return [];
  const [left, wanted] = usesOldNames(writes, style) ? [fresh, (name: string): string => BY_NAME.get(name)![1]] : [old, (name: string): string => name];
  return left.filter(one => ![...old, ...fresh].some(other => other !== one && other.setting === one.setting))
    .map(({ write, setting }) => ({ name: write.name, at: write.nameAt, reason: 'mixed-names' as const, wanted: wanted(setting), value: write.value.expression }));
}

/** What tells the style: whether a configuration object is loaded, and the release, which knows its own names alone. */
interface Style { readonly hasObject: boolean; readonly celery: string }
interface Named { readonly write: Write; readonly setting: string }

/** The old and the new names by which Celery tells the style of a configuration, each once. */
function stylesOf(all: readonly Write[], { hasObject, celery }: Style): { readonly old: readonly Named[]; readonly fresh: readonly Named[]; readonly isMixed: boolean } {
  const automatic = new Set(all.filter(write => write.fromConstructor).map(({ name }) => name));
  const writes = all.filter(write => (hasObject ? write.layer === 'object' : write.layer === 'changes' && !write.fromConstructor && !write.late) && !automatic.has(write.name));
  const named = [...new Map(writes.map(write => [write.name, write])).values()].flatMap(write => {
    const reading = readName(write.name, undefined);
    return reading && 'setting' in reading && settingExists(reading.setting, celery) ? [{ write, setting: reading.setting, old: reading.old }] : [];
  });
  const [old, fresh] = [named.filter(one => one.old), named.filter(one => !one.old)];
  const settings = new Set(named.map(one => one.setting));
  const isBoth = (setting: string): boolean => old.some(one => one.setting === setting) && fresh.some(one => one.setting === setting);
  const left = [...settings].filter(setting => !isBoth(setting));
  return { old, fresh, isMixed: left.some(setting => old.some(one => one.setting === setting)) && fresh.length > 0 && left.some(setting => (old.length > fresh.length ? fresh : old).some(one => one.setting === setting)) };
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
