import type { ClassFacts, Expr, FunctionFacts, Slot, SourceLocation, Statement } from '../../model/index.js';
import { callsWithin, comparePlaces, dottedName, expressionsOf, nested, walk } from '../../model/index.js';
import { bindingsOf } from '../bindings.js';
import type { Context } from '../evaluate.js';
import type { Value } from '../values.js';
import { classScope } from '../bodies.js';
import type { ClassTarget, FunctionTarget, Resolver, Scope, Target } from '../modules.js';
import { isCeleryClass, type AppSite } from './apps.js';
import { sites } from './sites.js';

type Call = Extract<Expr, { is: 'call' }>;

/** A function that becomes a Celery task, with what is written about it, before the app's settings are known. */
export interface FunctionSite {
  /** The registered name where written, else `module.function`. */
  readonly name: string;
  readonly target: FunctionTarget;
  /** As the code names it: the function, or the class whose `run` it is. */
  readonly called: string;
  readonly at: SourceLocation;
  readonly decoratorAt: SourceLocation;
  /** The call of the decorator, where options can be added. */
  readonly decorator?: Expr;
  /** Decorators below the one that registers it. */
  readonly others: readonly Expr[];
  /** The `Celery(...)` call of its app; undefined: shared_task, or an app that could not be found. */
  readonly app?: Expr;
  readonly how: 'app' | 'shared' | 'by-name';
  /** A timeout decorator around the body; s where its value is known. */
  readonly ownTimeout?: { readonly seconds?: number; readonly at: SourceLocation };
  /** Options as written, strongest first: the decorator, its wrapper, the base class, the app's task class. */
  readonly options: readonly OptionLayer[];
  /** Its task class is `celery_singleton.Singleton`, or made from it. */
  readonly singleton?: boolean;
  /** Where one more option goes: in the decorator, where it takes any, or in the body of the class, where no other is made from it. */
  readonly optionSlot?: Slot;
}

export interface OptionLayer { readonly from: string; readonly values: ReadonlyMap<string, Value> }

const SHARED = /^celery\.(shared_task|app\.shared_task|task\.task|decorators\.task|task)$/;
/** `celery.Task`, and `app.Task` of an app. */
const TASK_CLASS = /^celery(\.app\.task|\.task|\.app|\.contrib\.django\.task)?\.(Task|DjangoTask)$|^celery(\.app(\.base)?)?\.Celery\(\)\.Task$/;

/** Every task function of the modules, class-based ones included. */
export function findFunctions(modules: readonly Scope[], apps: readonly AppSite[], resolver: Resolver, context: Context): readonly FunctionSite[] {
  const found: FunctionSite[] = [];
  const parents = parentsIn(modules, resolver);
  for (const module of modules) {
    const registrations = registrationsIn(module, apps, resolver);
    for (const { statement, scope } of sites(module, resolver)) {
      if (statement.do === 'function' && statement.function.decorators.length > 0) {
        const site = decorated(statement.function, scope, apps, resolver, context);
        if (site) found.push(site);
      } else if (statement.do === 'class') {
        const site = classBased(statement.class, scope, registrations, parents, apps, resolver, context);
        if (site) found.push(site);
      } else if (statement.do === 'assign') {
        const site = wrapped(statement, scope, apps, resolver, context);
        if (site) found.push(site);
      }
    }
  }
  return unique(found);
}

/** The classes that others are made from. */
function parentsIn(modules: readonly Scope[], resolver: Resolver): ReadonlySet<ClassFacts> {
  const classes = modules.flatMap(module => sites(module, resolver).flatMap(({ statement, scope }) => (statement.do === 'class' ? statement.class.bases.map(base => resolver.resolve(base, scope)) : [])));
  return new Set(classes.flatMap(found => (found.is === 'class' ? [found.class] : [])));
}

/** Each place once, in the order of places: whatever the order in which modules were found, what is said names functions in the same one. */
const unique = (found: readonly FunctionSite[]): readonly FunctionSite[] => [...new Map(found.map(site => [`${site.at.path}:${site.at.startLine}`, site])).values()].sort((a, b) => comparePlaces(a.at, b.at));

/** What a decorator expression registers with: an app, any app (shared_task), or nothing of Celery's. */
interface Registration { readonly how: FunctionSite['how']; readonly app?: Expr; readonly layers: readonly OptionLayer[]; /** One of the repository's own that hands on what options it knows, and no others. */ readonly isClosed?: true }

function decorated(fn: FunctionFacts, scope: Scope, apps: readonly AppSite[], resolver: Resolver, context: Context): FunctionSite | undefined {
  if (standsFor(fn, scope)) return undefined;
  for (const [index, decorator] of fn.decorators.entries()) {
    const registration = register(decorator, scope, apps, resolver, context, 0);
    if (!registration) continue;
    const target: FunctionTarget = { is: 'function', function: fn, scope, ...(scope.kind === 'class' && scope.self && { owner: scope.self }) };
    // one of the repository that registers it may wrap it as well
    const isOwn = resolver.resolve(decorator.is === 'call' ? decorator.callee : decorator, scope).is === 'function';
    return siteOf(target, registration, decorator, fn.decorators.filter((_, i) => isOwn || i !== index), apps, resolver, context);
  }
  return undefined;
}

/** `name = app.task(function)` and `name = app.task(...)(function)`. */
function wrapped(statement: Extract<Statement, { do: 'assign' }>, scope: Scope, apps: readonly AppSite[], resolver: Resolver, context: Context): FunctionSite | undefined {
  const value = statement.value;
  if (value.is !== 'call' || value.positional.length !== 1) return undefined;
  const registration = register(value.callee, scope, apps, resolver, context, 0);
  const target = registration && resolver.resolve(value.positional[0]!, scope);
  return registration && target?.is === 'function' && !standsFor(target.function, scope) ? siteOf(target, registration, value.callee.is === 'call' ? value.callee : value, [], apps, resolver, context) : undefined;
}

/** `@wraps(function) def wrapper(…)` inside a decorator: each function that it is put on is a task, not this. */
const standsFor = ({ decorators }: FunctionFacts, scope: Scope): boolean => scope.kind === 'function' && decorators.some(decorator => decorator.is === 'call' && /^(?:functools\.)?wraps$/.test(dottedName(decorator.callee) ?? ''));

function siteOf(target: FunctionTarget, registration: Registration, decorator: Expr, others: readonly Expr[], apps: readonly AppSite[], resolver: Resolver, context: Context): FunctionSite {
  const layers = [...registration.layers];
  const base = layers.map(layer => layer.values.get('base')).find(value => value !== undefined);
  const app = apps.find(candidate => candidate.call === registration.app);
  const classes = [baseClass(decorator, target.scope, resolver), app && taskClass(app, resolver)].filter(candidate => candidate !== undefined);
  for (const candidate of base === undefined ? classes : classes.slice(0, 1)) layers.push(classOptions(candidate, resolver, context));
  const written = layers[0]?.values.get('name');
  const name = written?.known && typeof written.value === 'string' ? written.value : `${resolver.nameOf(target.scope.path)}.${target.function.name}`;
  const ownTimeout = timeoutAmong(others, target.scope, resolver, context);
  return {
    name, target, called: target.function.name, at: target.function.at, ...(ownTimeout && { ownTimeout }), decoratorAt: decorator.at, decorator, others, how: registration.how, options: layers, ...(isSingleton(decorator, target.scope, resolver) && { singleton: true }),
    ...(decorator.slot && !registration.isClosed && { optionSlot: decorator.slot }), ...(registration.app && { app: registration.app }),
  };
}

/** `@timeout(300)`, `@close_after(seconds=60)`: by its name, with its first number. */
function timeoutAmong(decorators: readonly Expr[], scope: Scope, resolver: Resolver, context: Context): FunctionSite['ownTimeout'] {
  for (const decorator of decorators) {
    const callee = decorator.is === 'call' ? decorator.callee : decorator;
    if (!/timeout|time_limit|deadline/i.test(dottedName(callee) ?? '')) continue;
    const written = decorator.is === 'call' ? decorator.keywords.find(([key]) => key !== null && /second|timeout|limit/i.test(key))?.[1] ?? decorator.positional[0] : undefined;
    const value = written && resolver.evaluate(written, scope, context);
    return { at: decorator.at, ...(value?.known && typeof value.value === 'number' && { seconds: value.value }) };
  }
  return undefined;
}

function register(decorator: Expr, scope: Scope, apps: readonly AppSite[], resolver: Resolver, context: Context, depth: number): Registration | undefined {
  const call = decorator.is === 'call' ? decorator : undefined;
  const callee = call ? call.callee : decorator;
  if (!dottedName(callee)) return undefined;
  const layer = call ? [optionsOf(call, scope, resolver, context)] : [];
  const target = resolver.resolve(callee, scope);
  const external = target.is === 'external' ? target.name : undefined;
  if (external && SHARED.test(external)) return { how: 'shared', layers: layer };
  if (callee.is === 'member' && (callee.name === 'task' || callee.name === 'periodic_task')) {
    const holder = resolver.resolve(callee.object, scope);
    const app = holder.is === 'instance' ? appOf(holder, apps, resolver) : undefined;
    if (app) return { how: 'app', app: app.call, layers: [...layer, ...(target.is === 'function' ? methodOptions(target, resolver, context) : [])], ...(target.is === 'function' && closedBy(target, call)) };
    const dotted = dottedName(callee.object) ?? '';
    // `from app import celery` of a tree that is not all there, or what a library makes of it: the name is all that is known
    const isForeign = holder.is === 'external' || holder.is === 'unknown' || holder.is === 'value' || (holder.is === 'instance' && holder.of.is === 'external') || (holder.is === 'module' && /(^|\.)celery(_app)?$/i.test(dotted));
    if (isForeign && /(^|[._])celery([._]|$)|celery_?app$/i.test(dotted)) return { how: 'by-name', layers: layer };
  }
  if (depth >= 3) return undefined;
  const wrapper = target.is === 'function' ? target : target.is === 'instance' && target.of.is === 'class' ? methodOf('__call__', target.of, resolver) : undefined;
  const found = wrapper ? throughWrapper(wrapper, layer, apps, resolver, context, depth) : throughPartial(target, layer, apps, resolver, context, depth);
  return found && wrapper ? { ...found, ...closedBy(wrapper, call) } : found;
}

/** A function takes further options only with `**options`, and is surely given any only where it is called with some. */
const closedBy = ({ function: { parameters } }: FunctionTarget, call: Call | undefined): Pick<Registration, 'isClosed'> => (call && parameters.some(({ kind }) => kind === 'keywords') ? {} : { isClosed: true });

/** `steady_task = functools.partial(app.task, acks_late=True)`: its options behind those of the call. */
function throughPartial(target: Target, own: readonly OptionLayer[], apps: readonly AppSite[], resolver: Resolver, context: Context, depth: number): Registration | undefined {
  if (target.is !== 'instance' || target.of.is !== 'external' || target.of.name !== 'functools.partial' || target.call.is !== 'call') return undefined;
  const [callee, ...positional] = target.call.positional;
  const registration = callee && register({ ...target.call, callee, positional }, target.scope, apps, resolver, context, depth + 1);
  return registration && { ...registration, layers: [...own, ...registration.layers] };
}

function appOf(holder: Extract<Target, { is: 'instance' }>, apps: readonly AppSite[], resolver: Resolver): AppSite | undefined {
  const direct = apps.find(app => app.call === holder.call);
  return direct ?? (isCeleryClass(holder.of, resolver) && apps.length === 1 ? apps[0] : undefined);
}

/** A Celery subclass's own `task` method: the options it sets by itself. */
function methodOptions(method: FunctionTarget, resolver: Resolver, context: Context): readonly OptionLayer[] {
  const scope = resolver.inside(method);
  return callsWithin(method.function.body).filter(call => call.callee.is === 'member' && call.callee.name === 'task').map(call => optionsOf(call, scope, resolver, context)).filter(layer => layer.values.size > 0);
}

/** A decorator of the repository that registers the function with options of its own. */
function throughWrapper(wrapper: FunctionTarget, own: readonly OptionLayer[], apps: readonly AppSite[], resolver: Resolver, context: Context, depth: number): Registration | undefined {
  for (const { call, scope } of callsWithScope(wrapper.function.body, resolver.inside(wrapper), resolver, 0)) {
    const name = dottedName(call.callee) ?? '';
    // what an object's `__call__` hands on to another of its methods
    if (!/task$/i.test(name) && !(wrapper.owner && depth < 3 && /^self\.\w+$/.test(name))) continue;
    const registration = register(call, scope, apps, resolver, context, depth + 1);
    if (registration) return { ...registration, layers: [...own, ...registration.layers] };
  }
  return undefined;
}

function callsWithScope(body: readonly Statement[], scope: Scope, resolver: Resolver, depth: number): readonly { call: Call; scope: Scope }[] {
  if (depth > 4) return [];
  return body.flatMap(statement => [
    ...expressionsOf(statement).flatMap(expr => walk(expr).filter(part => part.is === 'call').map(call => ({ call, scope }))),
    ...(statement.do === 'function' ? [
      ...statement.function.decorators.flatMap(expr => walk(expr).filter(part => part.is === 'call').map(call => ({ call, scope }))),
      ...callsWithScope(statement.function.body, resolver.inside({ is: 'function', function: statement.function, scope }), resolver, depth + 1)] : []),
    ...callsWithScope(nested(statement), scope, resolver, depth + 1),
  ]);
}

function optionsOf(call: Call, scope: Scope, resolver: Resolver, context: Context): OptionLayer {
  const values = new Map<string, Value>();
  for (const [key, expr] of call.keywords) {
    if (key !== null) { values.set(key, resolver.evaluate(expr, scope, context)); continue; }
    const spread = resolver.evaluate(expr, scope, context);
    if (spread.known && spread.value instanceof Map) for (const [name, value] of spread.value as Map<unknown, Value>) if (typeof name === 'string') values.set(name, value);
  }
  return { from: 'decorator', values };
}

/** `base=` of the decorator. */
function baseClass(decorator: Expr, scope: Scope, resolver: Resolver): ClassTarget | undefined {
  const written = decorator.is === 'call' ? decorator.keywords.find(([key]) => key === 'base')?.[1] : undefined;
  const target = written && resolver.resolve(written, scope);
  return target?.is === 'class' ? target : undefined;
}

/** `base=Singleton` of celery-singleton: a lock in Redis for as long as a message waits or runs. */
function isSingleton(decorator: Expr, scope: Scope, resolver: Resolver): boolean {
  const written = decorator.is === 'call' ? decorator.keywords.find(([key]) => key === 'base')?.[1] : undefined;
  const target = written && resolver.resolve(written, scope);
  const bases = target?.is === 'class' ? resolver.lineage(target) : target ? [target] : [];
  return bases.some(base => base.is === 'external' && /^celery_singleton(\.singleton)?\.Singleton$/.test(base.name));
}

/** `Celery(task_cls=...)`, in the call or in the constructor of the app's class. */
function taskClass(app: AppSite, resolver: Resolver): ClassTarget | undefined {
  const written = app.call.keywords.find(([key]) => key === 'task_cls')?.[1];
  const target = written && resolver.resolve(written, app.scope);
  if (target?.is === 'class') return target;
  if (!app.class) return undefined;
  const found = bindingsOf(app.class.class.body).byName.get('task_cls')?.at(-1);
  if (found?.kind !== 'value') return undefined;
  const named = resolver.resolve(found.expr, classScope(app.class));
  return named.is === 'class' ? named : undefined;
}

const CLASS_OPTIONS = new Set(['name', 'acks_late', 'acks_on_failure_or_timeout', 'reject_on_worker_lost', 'max_retries', 'default_retry_delay', 'autoretry_for', 'dont_autoretry_for', 'retry_kwargs', 'retry_backoff', 'retry_backoff_max', 'retry_jitter', 'time_limit', 'soft_time_limit', 'rate_limit', 'ignore_result', 'track_started', 'queue', 'priority', 'expires', 'serializer']);

function classOptions(target: ClassTarget, resolver: Resolver, context: Context): OptionLayer {
  const values = new Map<string, Value>();
  for (const base of [...resolver.lineage(target)].reverse()) {
    if (base.is !== 'class') continue;
    const body = classScope(base, target);
    for (const name of bindingsOf(base.class.body).byName.keys()) {
      const value = CLASS_OPTIONS.has(name) ? resolver.name(name, body, context) : undefined;
      if (value) values.set(name, value);
    }
  }
  return { from: `class ${target.class.name}`, values };
}

/** `class Import(app.Task): def run(self, …)`: a task function by its class. */
function classBased(cls: ClassFacts, scope: Scope, registrations: ReadonlyMap<string, AppSite>, parents: ReadonlySet<ClassFacts>, apps: readonly AppSite[], resolver: Resolver, context: Context): FunctionSite | undefined {
  const isOwn = cls.body.some(statement => statement.do === 'function' && statement.function.name === 'run');
  const registered = registrations.get(cls.name);
  // the classes above are looked at only where it may be a task: there may be very many
  if (cls.bases.length === 0 || !(isOwn || registered)) return undefined;
  const target: ClassTarget = { is: 'class', class: cls, scope };
  const lineage = resolver.lineage(target);
  if (!lineage.some(base => (base.is === 'external' ? TASK_CLASS.test(base.name) : appOfBase(base, apps, resolver) !== undefined))) return undefined;
  const run = methodOf('run', target, resolver);
  const layer = classOptions(target, resolver, context);
  const body = classScope(target);
  const abstract = resolver.name('abstract', body, context);
  // what others are made from is no task itself
  const app = parents.has(cls) ? undefined : appOfBase(target, apps, resolver);
  if (!run || (!layer.values.has('name') && !registered && !app)) return undefined;
  if (abstract?.known && abstract.value === true) return undefined;
  const written = layer.values.get('name');
  const owner = app ?? registered;
  return {
    name: written?.known && typeof written.value === 'string' ? written.value : `${resolver.nameOf(scope.path)}.${cls.name}`,
    target: run, called: cls.name, at: cls.at, decoratorAt: cls.at, others: run.function.decorators,
    how: owner ? 'app' : 'shared', options: [layer], ...(owner && { app: owner.call }), ...(cls.slot && !parents.has(cls) && { optionSlot: cls.slot }),
  };
}

/** The app whose `app.Task` a class is made from itself. */
function appOfBase({ class: { bases }, scope }: ClassTarget, apps: readonly AppSite[], resolver: Resolver): AppSite | undefined {
  return bases.map(base => (base.is === 'member' && base.name === 'Task' ? resolver.resolve(base.object, scope) : undefined)).map(found => (found?.is === 'instance' ? appOf(found, apps, resolver) : undefined)).find(found => found !== undefined);
}

/** A method as an object of the class has it: its own, or the nearest in line, which calls back into the class. */
function methodOf(name: string, target: ClassTarget, resolver: Resolver): FunctionTarget | undefined {
  for (const base of resolver.lineage(target)) {
    if (base.is !== 'class') return undefined;
    const found = base.class.body.find((statement): statement is Extract<Statement, { do: 'function' }> => statement.do === 'function' && statement.function.name === name);
    if (found) return { is: 'function', function: found.function, scope: classScope(base, target), owner: target };
  }
  return undefined;
}

/** `app.register_task(Import())`: the classes that a module registers, by their names. */
function registrationsIn(module: Scope, apps: readonly AppSite[], resolver: Resolver): ReadonlyMap<string, AppSite> {
  const found = new Map<string, AppSite>();
  for (const { statement, scope } of sites(module, resolver)) {
    for (const call of expressionsOf(statement).flatMap(expr => walk(expr)).filter(part => part.is === 'call')) {
      if (call.callee.is !== 'member' || call.callee.name !== 'register_task') continue;
      const argument = call.positional[0];
      const name = argument && dottedName(argument.is === 'call' ? argument.callee : argument);
      const holder = name !== undefined && !found.has(name) ? resolver.resolve(call.callee.object, scope) : undefined;
      const app = holder?.is === 'instance' ? appOf(holder, apps, resolver) : undefined;
      if (app) found.set(name!, app);
    }
  }
  return found;
}
