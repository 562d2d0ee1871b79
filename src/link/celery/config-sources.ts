import type { Expr, FactStore, Statement } from '../../model/index.js';
import { literalText } from '../../model/index.js';
import { BY_NAME } from '../../knowledge/celery-settings.js';
import { bindingsOf, isProperty } from '../bindings.js';
import type { Context } from '../evaluate.js';
import { together, unknown, type Value } from '../values.js';
import { classScope } from '../bodies.js';
import type { ClassTarget, Resolver, Scope, Target } from '../modules.js';
import { isApart, ofProject } from '../projects.js';
import { remembered } from '../remember.js';
import type { AppSite } from './apps.js';
import { sites } from './sites.js';
import { mayConcernCelery } from './setting-names.js';
import { takenIn } from './settings-modules.js';

/** Names and values of a configuration object: a module, a class, a mapping. `open`: it may hold more than was read. */
export interface Source { readonly values: ReadonlyMap<string, Value>; readonly open: boolean; readonly path?: string; /** Names that stand there and that Celery never sees. */ readonly hidden?: ReadonlyMap<string, Value> }

const EMPTY: Source = { values: new Map(), open: true };

/** What `config_from_object(source)` reads: 'pkg.mod', 'pkg.mod:attr', 'django.conf:settings', a module, a class, a dict, an instance. */
export function readSource(source: Expr, scope: Scope, namespace: string | undefined, context: Context, resolver: Resolver, store: FactStore): Source {
  const text = literalText(source) ?? evaluatedText(source, scope, context, resolver);
  if (text !== undefined) return namedSource(text, scope, namespace, context, resolver);
  const target = resolver.resolve(source, scope);
  if (target.is === 'external' && target.name === 'django.conf.settings') return context.django ? djangoSource(context.django, namespace, context, resolver) : EMPTY;
  return targetSource(target, namespace, context, resolver) ?? mappingSource(resolver.evaluate(source, scope, context)) ?? flaskSource(source, scope.path, store, context, resolver) ?? EMPTY;
}

function evaluatedText(source: Expr, scope: Scope, context: Context, resolver: Resolver): string | undefined {
  const value = resolver.evaluate(source, scope, context);
  return value.known && typeof value.value === 'string' ? value.value : undefined;
}

/** A dotted name, with or without `:attribute`. */
export function namedSource(text: string, scope: Scope, namespace: string | undefined, context: Context, resolver: Resolver): Source {
  if (text === 'django.conf:settings' || text === 'django.conf.settings') return context.django ? djangoSource(context.django, namespace, context, resolver) : EMPTY;
  const [dotted = '', attribute] = text.split(':');
  for (const path of resolver.find(dotted, scope.path)) {
    const module = resolver.module(path);
    if (!module) continue;
    if (!attribute) return moduleSource(module, namespace, context, resolver);
    const target = resolver.exported(attribute, module);
    const value = resolver.name(attribute, module, context);
    return targetSource(target, namespace, context, resolver) ?? (value && mappingSource(value)) ?? EMPTY;
  }
  const cut = dotted.lastIndexOf('.');
  return !attribute && cut > 0 ? namedSource(`${dotted.slice(0, cut)}:${dotted.slice(cut + 1)}`, scope, namespace, context, resolver) : EMPTY;
}

function targetSource(target: Target, namespace: string | undefined, context: Context, resolver: Resolver): Source | undefined {
  if (target.is === 'module') { const module = resolver.module(target.path); return module && moduleSource(module, namespace, context, resolver); }
  const owner = target.is === 'class' ? target : target.is === 'instance' && target.of.is === 'class' ? target.of : undefined;
  if (!owner) return undefined;
  const values = new Map<string, Value>();
  for (const base of [...resolver.lineage(owner)].reverse()) {
    if (base.is !== 'class') continue;
    const body: Scope = classScope(base, owner);
    for (const name of bindingsOf(base.class.body).byName.keys()) {
      const value = mayConcernCelery(name, namespace) ? resolver.name(name, body, context) ?? computed(name, base) : undefined;
      if (value) values.set(name, value);
    }
  }
  return { values, open: false, path: owner.scope.path };
}

/** `@property def CELERY_TASK_TIME_LIMIT(self)`: set, to what the function gives. */
function computed(name: string, { class: facts }: ClassTarget): Value | undefined {
  const made = facts.body.find(statement => statement.do === 'function' && statement.function.name === name && isProperty(statement.function));
  return made?.do === 'function' ? unknown({ is: 'opaque', text: `property ${name}`, at: made.function.at }) : undefined;
}

function mappingSource(value: Value): Source | undefined {
  if (!value.known || !(value.value instanceof Map)) return undefined;
  const values = new Map([...(value.value as Map<unknown, Value>)].filter((entry): entry is [string, Value] => typeof entry[0] === 'string'));
  return { values, open: value.open === true, path: value.at.path };
}

/** Every name of a module that may concern Celery, star imports and what it and those take in while they run included. `seen`: modules that are being read. */
export function moduleSource(module: Scope, namespace: string | undefined, context: Context, resolver: Resolver, seen = new Set<string>()): Source {
  const names = new Set<string>(), read = new Set<string>();
  const open = gather(module, namespace, resolver, names, read);
  for (const path of read) seen.add(path);
  const more = [...read].map(path => takenIn(resolver.module(path)!, resolver));
  const included = more.flatMap(({ modules }) => modules).flatMap(one => (seen.has(one.path) ? [] : [moduleSource(one, namespace, context, resolver, seen)]));
  const values = new Map<string, Value>(included.flatMap(source => [...source.values]));
  for (const name of names) {
    const value = resolver.name(name, module, context);
    if (value) values.set(name, value);
  }
  for (const owner of more.flatMap(({ classes }) => classes)) for (const [name, value] of targetSource(owner, namespace, context, resolver)!.values) values.set(name, value);
  return { values, open: open || more.some(one => one.open) || included.some(source => source.open), path: module.path };
}

/** `django.conf.settings` keeps the upper-case names of its module alone (django conf/__init__.py, Settings.__init__). */
function djangoSource(module: Scope, namespace: string | undefined, context: Context, resolver: Resolver): Source {
  const source = moduleSource(module, namespace, context, resolver);
  const isKept = ([name]: readonly [string, Value]): boolean => name === name.toUpperCase();
  return { ...source, values: new Map([...source.values].filter(isKept)), hidden: new Map([...source.values].filter(entry => !isKept(entry))) };
}

/** Settings of one machine, which are in no repository: `try: from .local import *`. What is deployed has none, or its secrets there. */
const OF_ONE = /(?:^|[._])(?:local\w*|dev\w*|test\w*|debug|overrides?|custom|private|personal|user|sandbox|secrets?)$|_local$/i;

/** The settings of an app of a library, in a module that is named after what they are about: `from mitol.keycloak.settings.keycloak import *`. */
const OF_ANOTHER = /\.settings\.(?!(?:\w*celery\w*|tasks?|queues?|brokers?|base|common|core|defaults?|main|all|django|prod\w*|settings|config\w*|env\w*)$)\w+$/i;

function gather(module: Scope, namespace: string | undefined, resolver: Resolver, names: Set<string>, seen: Set<string>): boolean {
  if (seen.has(module.path)) return false;
  seen.add(module.path);
  const { byName, stars } = bindingsOf(module.statements);
  for (const name of byName.keys()) if (!name.includes('.') && mayConcernCelery(name, namespace)) names.add(name);
  let open = false;
  for (const star of stars) {
    const target = resolver.find(star.module, module.path).map(path => resolver.module(path)).find(scope => scope !== undefined && scope !== module);
    if (target) open = gather(target, namespace, resolver, names, seen) || open;
    else if (star.guards.length === 0 && !(star.optional && OF_ONE.test(star.module)) && !OF_ANOTHER.test(star.module)) open = true;
  }
  return open;
}

/** The settings module of a Django project, as the process would choose it: its environment, then `setdefault` in the code. */
export function djangoSettings(app: AppSite | undefined, modules: readonly Scope[], lookup: Context['lookup'], resolver: Resolver, store: FactStore): Scope | undefined {
  const named = lookup('DJANGO_SETTINGS_MODULE');
  const from = app?.path ?? '';
  const text = named.state === 'set' ? named.value : defaultSettings(app, modules, resolver, store, lookup);
  const path = text && resolver.find(text, from)[0];
  return path ? resolver.module(path) : undefined;
}

const djangoEntries = remembered((store: FactStore) => store.paths.filter(path => /(^|\/)(manage|wsgi|asgi)\.py$/.test(path)));

/** `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")`: in the app's module first, then in what else of its project does so, manage.py, wsgi.py and asgi.py too. */
function defaultSettings(app: AppSite | undefined, modules: readonly Scope[], resolver: Resolver, store: FactStore, lookup: Context['lookup']): string | undefined {
  const own = app && resolver.module(app.path);
  const written = own && settingsDefaultIn(own, resolver, lookup);
  if (written) return written;
  const others = [...modules.map(module => module.path), ...djangoEntries(store)];
  const found = others.flatMap(path => { const module = resolver.module(path); const value = module && settingsDefaultIn(module, resolver, lookup); return value && !/test/i.test(value) ? [{ path, value }] : []; });
  const from = app?.path ?? '';
  const values = new Set(ofProject(from, found, store).map(({ value }) => value));
  return values.size === 1 && !isApart(from, found, store) ? [...values][0] : undefined;
}

function settingsDefaultIn(module: Scope, resolver: Resolver, lookup: Context['lookup']): string | undefined {
  for (const { value, scope } of defaultsIn(module, resolver)) {
    const read = resolver.evaluate(value, scope, { lookup });
    if (read.known && typeof read.value === 'string') return read.value;
  }
  return undefined;
}

interface Placed { readonly value: Expr; readonly scope: Scope }
/** The same modules are asked for every process. */
const defaults = new WeakMap<Scope, readonly Placed[]>();

function defaultsIn(module: Scope, resolver: Resolver): readonly Placed[] {
  const before = defaults.get(module);
  if (before) return before;
  const found = sites(module, resolver).flatMap(({ statement, scope }): readonly Placed[] => {
    const call = statement.do === 'call' && statement.value.is === 'call' ? statement.value : undefined;
    const [name, value] = call && call.callee.is === 'member' && call.callee.name === 'setdefault' ? call.positional : assignedVariable(statement);
    return name && value && literalText(name) === 'DJANGO_SETTINGS_MODULE' ? [{ value, scope }] : [];
  });
  defaults.set(module, found);
  return found;
}

/** os.environ["X"] = value */
function assignedVariable(statement: Scope['statements'][number]): readonly (Expr | undefined)[] {
  if (statement.do !== 'assign') return [];
  const target = statement.targets[0];
  if (target?.is === 'item') return [target.key, statement.value];
  return target?.is === 'environment' ? [{ is: 'literal', value: target.name, at: target.at }, statement.value] : [];
}

/**
 * Flask: `app.config["CELERY"]` names an attribute of some config class. A mapping of known setting names under that name, on a
 * class (or module) that is not for tests; several must agree.
 */
export function flaskSource(expr: Expr, from: string, store: FactStore, context: Context, resolver: Resolver): Source | undefined {
  const key = flaskKey(expr);
  return key === undefined ? undefined : dictNamed(key, from, store, context, resolver);
}

function flaskKey(expr: Expr): string | undefined {
  if (expr.is === 'item' && isConfig(expr.object)) return literalText(expr.key);
  if (expr.is === 'call' && expr.callee.is === 'member' && expr.callee.name === 'get' && isConfig(expr.callee.object)) return literalText(expr.positional[0]);
  return undefined;
}
const isConfig = (expr: Expr): boolean => (expr.is === 'member' && expr.name === 'config') || (expr.is === 'name' && expr.name === 'config');

const FOR_TESTS = /test|development|local|^dev/i;

/** The mapping of Celery settings bound to `key` on config classes or modules of the tree; of several projects, of the one that `from` lies in. */
export function dictNamed(key: string, from: string, store: FactStore, context: Context, resolver: Resolver): Source | undefined {
  const bound = holdersOf(key, store, resolver).map(scope => ({ path: scope.path, value: resolver.name(key, scope, context) }));
  const passed = givenTo(key, store, resolver).map(({ expr, scope }) => ({ path: scope.path, value: resolver.evaluate(expr, scope, context) }));
  const found = ofProject(from, [...bound, ...passed].flatMap(({ path, value }) => (value && isSettings(value) ? [{ path, value }] : [])), store);
  const source = found[0] && mappingSource(together(found.map(({ value }) => value)));
  return source && { ...source, path: found[0]!.path };
}

interface Given { readonly expr: Expr; readonly scope: Scope }
const given = new WeakMap<FactStore, Map<string, readonly Given[]>>();

/** What Flask's configuration is given under a name: `app.config.from_mapping(CELERY=dict(…))`, `app.config["CELERY"] = {…}`. */
function givenTo(key: string, store: FactStore, resolver: Resolver): readonly Given[] {
  const known = given.get(store) ?? new Map<string, readonly Given[]>();
  given.set(store, known);
  const before = known.get(key);
  if (before) return before;
  const found = store.candidates.filter(path => path.endsWith('.py') && !/(^|\/)tests?\//.test(path)).flatMap((path): readonly Given[] => {
    const module = resolver.module(path);
    return module ? sites(module, resolver).flatMap(({ statement, scope }) => valuesGiven(statement, key).map(expr => ({ expr, scope }))) : [];
  });
  known.set(key, found);
  return found;
}

function valuesGiven(statement: Statement, key: string): readonly Expr[] {
  if (statement.do === 'assign') return statement.targets.some(target => target.is === 'item' && isConfig(target.object) && literalText(target.key) === key) ? [statement.value] : [];
  if (statement.do !== 'call' || statement.value.is !== 'call') return [];
  const { callee, positional, keywords } = statement.value;
  if (callee.is !== 'member' || !/^(?:from_mapping|update)$/.test(callee.name) || !isConfig(callee.object)) return [];
  const mappings = positional.flatMap(part => (part.is === 'map' ? part.entries : []));
  return [...keywords.flatMap(([name, value]) => (name === key ? [value] : [])), ...mappings.flatMap(([name, value]) => (name && literalText(name) === key ? [value] : []))];
}

const holders = new WeakMap<FactStore, Map<string, readonly Scope[]>>();

/** The classes and modules that bind a name, tests and developers' variants left out. */
function holdersOf(key: string, store: FactStore, resolver: Resolver): readonly Scope[] {
  const known = holders.get(store) ?? new Map<string, readonly Scope[]>();
  holders.set(store, known);
  const before = known.get(key);
  if (before) return before;
  const found = store.candidates.filter(path => path.endsWith('.py') && !/(^|\/)tests?\//.test(path)).flatMap((path): readonly Scope[] => {
    const module = resolver.module(path);
    if (!module) return [];
    const classes = sites(module, resolver).flatMap(({ statement }): readonly Scope[] => (statement.do === 'class' && !FOR_TESTS.test(statement.class.name) && bindingsOf(statement.class.body).byName.has(key)
      ? [classScope({ is: 'class', class: statement.class, scope: module })] : []));
    return bindingsOf(module.statements).byName.has(key) ? [...classes, module] : classes;
  });
  known.set(key, found);
  return found;
}

function isSettings(value: Value): boolean {
  if (!value.known || !(value.value instanceof Map)) return false;
  const names = [...(value.value as Map<unknown, Value>).keys()].filter(name => typeof name === 'string');
  return names.some(name => BY_NAME.has(name) || mayConcernCelery(name, 'CELERY'));
}
