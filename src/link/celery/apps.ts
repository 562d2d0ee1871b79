import type { Expr, FactStore, FunctionFacts, SourceLocation } from '../../model/index.js';
import { dottedName, expressionsOf, literalText, walk } from '../../model/index.js';
import { keywordMap, type Guard } from '../bindings.js';
import type { ClassTarget, ExternalTarget, Resolver, Scope, Target } from '../modules.js';
import { remembered } from '../remember.js';
import { sites, type Site } from './sites.js';

type Call = Extract<Expr, { is: 'call' }>;

/** A Celery application object of the code, before its settings are known. */
export interface AppSite {
  /** `pkg.module:name`; `path/module.py:name` where several modules of the tree are called so. */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly at: SourceLocation;
  /** The `Celery(...)` call: what makes two names the same app. */
  readonly call: Call;
  readonly scope: Scope;
  /** A subclass of Celery in the repository. */
  readonly class?: ClassTarget;
  /** A subclass of Celery in a library (`notifications_utils.celery.NotifyCelery`): what it configures cannot be read. */
  readonly foreignClass?: string;
  readonly actions: readonly ConfigurationAction[];
}

/** Something the code does to an app's configuration, in the order of the code. */
export type ConfigurationAction = { readonly at: SourceLocation; readonly scope: Scope; readonly guards: readonly Guard[] } & (
  /** conf.a = v, conf['a'] = v, conf.a['b'] = v: `keys` behind the name. */
  | { readonly kind: 'write'; readonly name: Expr | string; readonly keys: readonly Expr[]; readonly value: Expr; readonly fromConstructor?: boolean }
  /** conf.update(mapping), and the extra keyword arguments of Celery(...). */
  | { readonly kind: 'update'; readonly value: Expr; readonly name?: string }
  | { readonly kind: 'object'; readonly source: Expr; readonly namespace?: Expr }
  | { readonly kind: 'envvar'; readonly variable: Expr }
  | { readonly kind: 'defaults'; readonly value: Expr }
  | { readonly kind: 'autodiscover'; readonly packages?: Expr }
  /** The configuration is read as the module is imported: Celery loads it then, and takes later writes as they are. */
  | { readonly kind: 'read' }
);

export interface CeleryCode {
  readonly apps: readonly AppSite[];
  /** Candidate modules with code, tests left out, for what else must be looked for in them. */
  readonly modules: readonly Scope[];
}

/** Tests configure apps of their own, and real ones for a moment; hidden folders hold what tools read (`.semgrep`), no program, nor do the examples of an agent's skill. */
const isTest = (path: string): boolean => /(^|\/)(\.[^/]+|tests?|testing|conftest\.py|test_[^/]*\.py|[^/]*_test\.py|skills\/[^/]+\/(?:assets|references|examples))(\/|$)/.test(path);

/** Named like a subclass, made without a name of its own: `NotifyCelery()`. */
const FOREIGN_CLASS = /^(?!celery\.)[\w.]*\.[A-Z]\w*Celery$/;
/** Celery, and what a library makes of it (tenant-schemas-celery: a schema for each message). */
const CELERY_CLASS = /^celery(\.app|\.app\.base)?\.Celery$|^tenant_schemas_celery\.app\.CeleryApp$/;
/** Parameters of Celery(...) that are no settings (celery app/base.py:339-404); broker, backend, include and namespace are handled apart. */
const CONSTRUCTOR_ONLY = new Set(['main', 'loader', 'amqp', 'events', 'log', 'control', 'set_as_current', 'tasks', 'config_source', 'changes', 'fixups', 'autofinalize', 'strict_typing', 'preload_options', 'task_cls', 'registry_cls', 'namespace', 'accept_magic_kwargs']);

export function isCeleryClass(target: Target | ExternalTarget, resolver: Resolver): boolean {
  if (target.is === 'external') return CELERY_CLASS.test(target.name);
  return target.is === 'class' && resolver.lineage(target).some(base => base.is === 'external' && CELERY_CLASS.test(base.name));
}

/** All Celery apps of the tree with everything done to their configuration. */
export function findApps(store: FactStore, resolver: Resolver): CeleryCode {
  const modules = store.candidates.filter(path => path.endsWith('.py') && !isTest(path)).map(path => resolver.module(path)).filter(scope => scope !== undefined);
  const all = modules.flatMap(module => sites(module, resolver));
  const found = new Map<Expr, Omit<AppSite, 'actions'>>();
  for (const app of withIds(all.flatMap(site => appsOf(site, resolver)))) found.set(app.call, app);
  const actions = new Map<Expr, ConfigurationAction[]>([...found.keys()].map(call => [call, constructorActions(found.get(call)!)]));
  const callers = remembered((fn: FunctionFacts) => callsOf(fn, all, resolver));
  for (const site of all) {
    for (const { object, action } of actionsOf(site)) {
      for (const call of ownersOf(object, site.scope, { apps: found, callers, resolver })) actions.get(call)!.push(action);
    }
  }
  return { modules, apps: [...found.values()].map(app => ({ ...app, actions: app.foreignClass ? [...flaskActions(app), ...actions.get(app.call)!] : actions.get(app.call)! })) };
}

/** Each call once; of several projects in one tree that name their modules alike, each app by its path. */
function withIds(apps: readonly Omit<AppSite, 'actions'>[]): readonly Omit<AppSite, 'actions'>[] {
  const each = [...new Map(apps.map(app => [app.call, app])).values()];
  const paths = new Map<string, Set<string>>();
  for (const { id, path } of each) paths.set(id, (paths.get(id) ?? new Set()).add(path));
  return each.map(app => (paths.get(app.id)!.size > 1 ? { ...app, id: `${app.path}:${app.name}` } : app));
}

/** Such classes are Flask extensions: they load `app.config["CELERY"]`. */
function flaskActions(app: Omit<AppSite, 'actions'>): ConfigurationAction[] {
  const { at, scope } = app;
  const config: Expr = { is: 'member', object: { is: 'name', name: 'app', at }, name: 'config', at };
  return [{ kind: 'update', value: { is: 'item', object: config, key: { is: 'literal', value: 'CELERY', at }, at }, at, scope, guards: [] }];
}

function appsOf({ statement, scope }: Site, resolver: Resolver): Omit<AppSite, 'actions'>[] {
  const apps: Omit<AppSite, 'actions'>[] = [];
  for (const expr of expressionsOf(statement)) {
    for (const part of walk(expr)) {
      if (part.is !== 'call' || !looksLikeCelery(part.callee)) continue;
      const callee = resolver.resolve(part.callee, scope);
      const foreignClass = callee.is === 'external' && FOREIGN_CLASS.test(callee.name) ? callee.name : undefined;
      if (!foreignClass && !isCeleryClass(callee, resolver)) continue;
      const target = statement.do === 'assign' ? statement.targets[0] : undefined;
      const name = (target && dottedName(target)) ?? literalText(part.positional[0]) ?? 'app';
      apps.push({ id: `${resolver.nameOf(scope.path)}:${name}`, name, path: scope.path, at: part.at, call: part, scope, ...(callee.is === 'class' && { class: callee }), ...(foreignClass && { foreignClass }) });
    }
  }
  return apps;
}

const looksLikeCelery = (callee: Expr): boolean => { const name = dottedName(callee); return name !== undefined && /celery/i.test(name); };

function constructorActions(app: Omit<AppSite, 'actions'>): ConfigurationAction[] {
  return callActions(app.call, app.scope, []);
}

/** The settings in the arguments of `Celery(...)` or `super().__init__(...)`. */
function callActions(call: Call, scope: Scope, guards: readonly Guard[]): ConfigurationAction[] {
  const actions: ConfigurationAction[] = [];
  const namespace = call.keywords.find(([key]) => key === 'namespace')?.[1];
  for (const [key, value] of call.keywords) {
    const place = { at: value.at, scope, guards };
    if (key === null && isOwnKeywords(value, scope)) continue;
    if (key === null) actions.push({ ...place, kind: 'update', value });
    else if (key === 'config_source') actions.push({ ...place, kind: 'object', source: value, ...(namespace && { namespace }) });
    else if (key === 'changes') actions.push({ ...place, kind: 'update', value });
    else if (key === 'broker') actions.push({ ...place, kind: 'write', name: 'broker_url', keys: [], value, fromConstructor: true });
    else if (key === 'backend') actions.push({ ...place, kind: 'write', name: 'result_backend', keys: [], value, fromConstructor: true });
    else if (!CONSTRUCTOR_ONLY.has(key)) actions.push({ ...place, kind: 'write', name: key, keys: [], value, fromConstructor: true });
  }
  return actions;
}

/** `super().__init__(**kwargs)` of a subclass: what it was called with, which the call itself says. */
function isOwnKeywords(value: Expr, { kind, function: method }: Scope): boolean {
  return kind === 'function' && method?.name === '__init__' && value.is === 'name' && method.parameters.some(parameter => parameter.name === value.name);
}

function actionsOf({ statement, scope, guards }: Site): { object: Expr; action: ConfigurationAction }[] {
  const place = { at: statement.at, scope, guards };
  if (statement.do === 'assign') return [...readsIn(statement.value, place), ...statement.targets.flatMap(target => assigned(target, statement.value, place))];
  if (statement.do !== 'call' || statement.value.is !== 'call' || statement.value.callee.is !== 'member') return [];
  const call = statement.value, callee = statement.value.callee;
  const argument = (name: string, index: number): Expr | undefined => call.keywords.find(([key]) => key === name)?.[1] ?? call.positional[index];
  switch (callee.name) {
    case 'config_from_object': {
      const source = argument('obj', 0), namespace = argument('namespace', 3);
      return source ? [{ object: callee.object, action: { ...place, kind: 'object', source, ...(namespace && { namespace }) } }] : [];
    }
    case 'config_from_envvar': { const variable = argument('variable_name', 0); return variable ? [{ object: callee.object, action: { ...place, kind: 'envvar', variable } }] : []; }
    case 'add_defaults': { const value = argument('fun', 0); return value ? [{ object: callee.object, action: { ...place, kind: 'defaults', value } }] : []; }
    case 'autodiscover_tasks': { const packages = argument('packages', 0); return [{ object: callee.object, action: { ...place, kind: 'autodiscover', ...(packages && { packages }) } }]; }
    case '__init__': return callActions(call, scope, guards).map(action => ({ object: callee.object, action }));
    case 'update': {
      const conf = confOf(callee.object);
      if (!conf) return [];
      const values = [...call.positional, ...(call.keywords.length > 0 ? [keywordMap(call)] : [])];
      return values.map(value => ({ object: conf.object, action: { ...place, kind: 'update', value, ...(conf.name !== undefined && { name: conf.name }) } }));
    }
    default: return [];
  }
}

/** `app.conf.timezone` in an expression of a module: not in a function, which runs later. */
function readsIn(expr: Expr, place: Place): { object: Expr; action: ConfigurationAction }[] {
  if (place.scope.kind !== 'module') return [];
  return walk(expr).flatMap(part => {
    const holder = part.is === 'member' || part.is === 'item' ? part.object : undefined;
    return holder?.is === 'member' && holder.name === 'conf' ? [{ object: holder.object, action: { ...place, kind: 'read' as const } }] : [];
  });
}

/** `X.conf` → X; `X.conf.name` → X and the name. */
function confOf(expr: Expr): { object: Expr; name?: string } | undefined {
  if (expr.is !== 'member') return undefined;
  if (expr.name === 'conf') return { object: expr.object };
  if (expr.object.is === 'member' && expr.object.name === 'conf') return { object: expr.object.object, name: expr.name };
  return undefined;
}

type Place = { readonly at: SourceLocation; readonly scope: Scope; readonly guards: readonly Guard[] };
function assigned(target: Expr, value: Expr, place: Place): { object: Expr; action: ConfigurationAction }[] {
  const keys: Expr[] = [];
  let holder = target;
  while (holder.is === 'item') { keys.unshift(holder.key); holder = holder.object; }
  const conf = confOf(holder);
  if (!conf) return [];
  if (conf.name !== undefined) return [{ object: conf.object, action: { ...place, kind: 'write', name: conf.name, keys, value } }];
  const [name, ...rest] = keys;
  return name ? [{ object: conf.object, action: { ...place, kind: 'write', name, keys: rest, value } }] : [];
}

/** The apps an expression in front of `.conf` means: the object itself, `self` of its class, or the current app where there is one. */
function ownersOf(object: Expr, scope: Scope, code: Code, depth = 0): readonly Expr[] {
  const { apps, resolver } = code;
  const target = resolver.resolve(object, scope);
  if (target.is === 'instance') {
    if (apps.has(target.call)) return [target.call];
    if (target.call.is === 'opaque' || target.of.is === 'external') return ofClass(target.of, scope, apps, resolver);
  }
  if (target.is === 'external' && /^celery\.(current_app|app\.current_app)/.test(target.name) && apps.size === 1) return [...apps.keys()];
  const given = depth < 3 && target.is !== 'external' ? parameterOf(object, scope) : undefined;
  return given ? [...new Set(code.callers(given.fn).flatMap(({ call, scope: caller }) => { const argument = argumentFor(call, given); return argument ? ownersOf(argument, caller, code, depth + 1) : []; }))] : [];
}

/** The apps that were found, and who calls a function. */
interface Code { readonly apps: ReadonlyMap<Expr, Omit<AppSite, 'actions'>>; readonly callers: (fn: FunctionFacts) => readonly Caller[]; readonly resolver: Resolver }
interface Caller { readonly call: Call; readonly scope: Scope }
interface Given { readonly fn: FunctionFacts; readonly name: string; readonly index: number }

/** `def configure(celery): celery.conf.update(…)`: the parameter that an object is. */
function parameterOf(object: Expr, scope: Scope): Given | undefined {
  if (object.is !== 'name') return undefined;
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const index = at.function?.parameters.findIndex(({ name }) => name === object.name) ?? -1;
    if (at.function && index >= 0) return { fn: at.function, name: object.name, index: at.parent?.kind === 'class' ? index - 1 : index };
  }
  return undefined;
}

const argumentFor = ({ keywords, positional }: Call, { name, index }: Given): Expr | undefined => keywords.find(([key]) => key === name)?.[1] ?? positional[index];

function callsOf(fn: FunctionFacts, all: readonly Site[], resolver: Resolver): readonly Caller[] {
  return all.flatMap(({ statement, scope }) => expressionsOf(statement).flatMap(expr => walk(expr).flatMap(part => {
    if (part.is !== 'call' || (part.callee.is !== 'name' && part.callee.is !== 'member') || part.callee.name !== fn.name) return [];
    const callee = resolver.resolve(part.callee, scope);
    return callee.is === 'function' && callee.function === fn ? [{ call: part, scope }] : [];
  })));
}

function ofClass(of: ClassTarget | ExternalTarget, scope: Scope, apps: ReadonlyMap<Expr, Omit<AppSite, 'actions'>>, resolver: Resolver): readonly Expr[] {
  const own = of.is === 'class' ? of : classAround(scope);
  if (!own || !isCeleryClass(own, resolver)) return [];
  return [...apps.values()].filter(app => app.class && resolver.lineage(app.class).some(base => base.is === 'class' && base.class === own.class)).map(app => app.call);
}

function classAround(scope: Scope): ClassTarget | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) if (at.self) return at.self;
  return undefined;
}
