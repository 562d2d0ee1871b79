import type { ClassFacts, Expr, FunctionFacts, Setting, SourceLocation, Statement, TaskFunction } from '../../model/index.js';
import { expressionsOf, literalText, nested, partsOfAll, walk } from '../../model/index.js';
import { bindingsOf } from '../bindings.js';
import type { ClassTarget, FunctionTarget, Resolver, Scope, Target } from '../modules.js';
import { remembered } from '../remember.js';
import type { AppSite } from './apps.js';
import type { FunctionSite } from './functions.js';
import { toSetting } from './settings.js';
import { sites } from './sites.js';

/** What the code itself reads and says, gathered once over the candidate modules. */
export interface CodeReads {
  /** Names the code reads: `settings.CELERY_X`, `CELERY_X`, `"CELERY_X"` in getattr and the like. */
  has(name: string): boolean;
  /** Something the broker caps redeliveries by: a quorum delivery limit, maxReceiveCount. */
  readonly redeliveryCap?: SourceLocation;
  /** Where a queue is declared a quorum queue. */
  readonly quorumQueue?: SourceLocation;
  /** s. `x-consumer-timeout` of a queue. */
  readonly consumerTimeout?: Setting<number>;
  /** Functions that Celery calls before any task (`@task_prerun.connect`). */
  readonly handlers: readonly FunctionTarget[];
  /** ECS task protection is turned on: deployments and scale-in then wait. */
  readonly taskProtection?: SourceLocation;
  /** Somewhere a lifetime for the locks of celery-singleton is written. */
  readonly singletonExpiry: boolean;
}

const SINGLETON = /singleton_lock_expiry$/i;
const LIMIT_TEXT = /^(x-delivery-limit|delivery-limit|maxReceiveCount)$/;
const COUNTER_TEXT = /^(x-delivery-count|x-max-delivery-count|ApproximateReceiveCount|redelivered)$/;
const COUNTER_NAME = /^(delivery_(count|limit)|redelivery_count|max_deliveries|approximate_receive_count)$/i;
const PROTECTION_TEXT = /task-protection\/v1\/state|^ECS_AGENT_URI$/;

export function codeReads(modules: readonly Scope[], resolver: Resolver): CodeReads {
  const names = new Set<string>();
  const handlers: FunctionTarget[] = [];
  let singletonExpiry = false;
  let cap: SourceLocation | undefined, protection: SourceLocation | undefined, quorum: SourceLocation | undefined, timeout: Setting<number> | undefined;
  for (const module of modules) {
    for (const { statement, scope } of sites(module, resolver)) {
      if (statement.do === 'function' && statement.function.decorators.some(isBeforeTask)) handlers.push({ is: 'function', function: statement.function, scope });
      singletonExpiry ||= statement.do === 'assign' && statement.targets.some(target => SINGLETON.test(nameOf(target) ?? (target.is === 'item' ? literalText(target.key) ?? '' : '')));
      for (const expr of readBy(statement)) for (const part of walk(expr)) {
        const name = nameOf(part);
        if (name !== undefined) names.add(name);
        singletonExpiry ||= (name !== undefined && SINGLETON.test(name)) || (part.is === 'call' && part.keywords.some(([key]) => key !== null && SINGLETON.test(key)));
        if (part.is === 'map') { timeout ??= consumerTimeout(part, scope, resolver); quorum ??= quorumType(part); }
        const text = literalText(part);
        if (text !== undefined && LIMIT_TEXT.test(text)) cap ??= part.at;
        if ((text !== undefined && PROTECTION_TEXT.test(text)) || (part.is === 'environment' && part.name === 'ECS_AGENT_URI') || (part.is === 'member' && part.name === 'update_task_protection')) protection ??= part.at;
      }
    }
  }
  return {
    has: name => names.has(name), handlers, singletonExpiry, ...(cap && { redeliveryCap: cap }), ...(quorum && { quorumQueue: quorum }), ...(timeout && { consumerTimeout: timeout }), ...(protection && { taskProtection: protection }),
  };
}

function readBy(statement: Statement): readonly Expr[] {
  return statement.do === 'assign' ? [statement.value, ...statement.targets.flatMap(target => (target.is === 'name' || target.is === 'member' ? [] : [target]))] : expressionsOf(statement);
}

function nameOf(part: Expr): string | undefined {
  if (part.is === 'name' || part.is === 'member') return part.name;
  return part.is === 'literal' && typeof part.value === 'string' && /^[A-Za-z_]\w{5,60}$/.test(part.value) ? part.value : undefined;
}

/** `{"x-consumer-timeout": 3_600_000}`: milliseconds there. */
function consumerTimeout(map: Extract<Expr, { is: 'map' }>, scope: Scope, resolver: Resolver): Setting<number> | undefined {
  const written = map.entries.find(([key]) => key && literalText(key) === 'x-consumer-timeout')?.[1];
  const setting = written && toSetting(resolver.evaluate(written, scope), []);
  return setting?.state === 'set' && typeof setting.value === 'number' ? { ...setting, value: setting.value / 1000 } : setting as Setting<number> | undefined;
}

/** `{"x-queue-type": "quorum"}`. */
function quorumType(map: Extract<Expr, { is: 'map' }>): SourceLocation | undefined {
  return map.entries.find(([key, value]) => key && literalText(key) === 'x-queue-type' && literalText(value) === 'quorum')?.[1].at;
}

/** `@task_prerun.connect`, `@signals.task_received.connect(sender=…)`. */
function isBeforeTask(decorator: Expr): boolean {
  const callee = decorator.is === 'call' ? decorator.callee : decorator;
  if (callee.is !== 'member' || callee.name !== 'connect') return false;
  return (callee.object.is === 'name' || callee.object.is === 'member') && /^task_(prerun|received)$/.test(callee.object.name);
}

// Delivery counters

/** Calls that are followed, and functions looked at, for one task function. */
const DEPTH = 3, MAX_FUNCTIONS = 60;
/** What Celery itself calls of a task class around a run. */
const HOOKS = ['__call__', 'before_start', 'run', 'on_failure', 'on_retry'];

/**
 * A delivery counter that this task function uses: in its body, in what that calls, in the decorators around it, in the methods of
 * its task class that Celery calls, or in a signal handler in front of every task.
 */
export function counterOf(site: FunctionSite, runBy: AppSite, apps: readonly AppSite[], { handlers }: Pick<CodeReads, 'handlers'>, resolver: Resolver): SourceLocation | undefined {
  const cls = taskClass(site, runBy, apps, resolver);
  const counted = cls && requestClass(cls, resolver);
  if (counted) return counted;
  const decorators = [...site.others, ...(site.decorator ? [site.decorator] : [])].map(one => resolver.resolve(one.is === 'call' ? one.callee : one, site.target.scope));
  const hooks = cls ? HOOKS.map(name => resolver.member(cls, name)) : [];
  return reachedFrom([site.target, ...decorators, ...hooks, ...handlers], cls, resolver);
}

/** A counter that every function uses whose messages can come back: those that may be acknowledged late, else all. */
export function commonCounter(functions: readonly TaskFunction[]): SourceLocation | undefined {
  const late = functions.filter(({ acksLate }) => (acksLate.state === 'set' ? Boolean(acksLate.value) : acksLate.state === 'unknown'));
  const concerned = late.length > 0 ? late : functions;
  return concerned.every(fn => fn.redeliveryCap) ? concerned[0]?.redeliveryCap : undefined;
}

function reachedFrom(start: readonly Target[], cls: ClassTarget | undefined, resolver: Resolver): SourceLocation | undefined {
  const seen = new Set<FunctionFacts>();
  let next = start.filter(target => target.is === 'function');
  for (let depth = 0; depth <= DEPTH && next.length > 0; depth++) {
    const found: FunctionTarget[] = [];
    for (const target of next) {
      if (seen.has(target.function) || seen.size >= MAX_FUNCTIONS) continue;
      seen.add(target.function);
      const { counter, calls } = readingOf(target.function);
      if (counter) return counter;
      const scope = scopeOf(target, depth === 0 ? cls : undefined, resolver);
      if (depth < DEPTH) for (const callee of calls) { const called = resolver.resolve(callee, scope); if (called.is === 'function') found.push(called); }
    }
    next = found;
  }
  return undefined;
}

/** The body's scope; of a bound task function, with `self` as an instance of its task class. One for each function, so that what is resolved in it is remembered. */
function scopeOf(target: FunctionTarget, cls: ClassTarget | undefined, resolver: Resolver): Scope {
  const before = scopes.get(target.function);
  if (before) return before;
  const first = target.function.parameters[0]?.name;
  const self: Target | undefined = cls && !target.owner ? { is: 'instance', of: cls, call: { is: 'opaque', text: 'self', at: target.function.at }, scope: target.scope } : undefined;
  const scope = resolver.inside(target, first !== undefined && self ? new Map([[first, self]]) : new Map());
  scopes.set(target.function, scope);
  return scope;
}
const scopes = new WeakMap<FunctionFacts, Scope>();

interface Reading { readonly counter?: SourceLocation; readonly calls: readonly Expr[] }

/** The first counter in a function's body, functions inside it included, and what it calls. */
const readingOf = remembered((fn: FunctionFacts): Reading => {
  let counter: SourceLocation | undefined;
  const calls: Expr[] = [];
  for (const statement of bodyOf(fn.body, 0)) for (const expr of readBy(statement)) for (const part of walk(expr)) {
    if (part.is === 'call') calls.push(part.callee);
    if (isCounter(part)) counter ??= part.at;
  }
  return { calls, ...(counter && { counter }) };
});

function* bodyOf(statements: readonly Statement[], depth: number): Generator<Statement> {
  if (depth > 60) return;
  for (const statement of statements) {
    yield statement;
    yield* bodyOf(statement.do === 'function' ? statement.function.body : nested(statement), depth + 1);
  }
}

function isCounter(part: Expr): boolean {
  const text = literalText(part);
  return text !== undefined ? COUNTER_TEXT.test(text) : (part.is === 'member' || part.is === 'name') && (COUNTER_NAME.test(part.name) || (part.is === 'member' && part.name === 'redelivered'));
}

/** The class of a task function: its own, `base=`, its app's (of a shared one the app's that runs it) `task_cls` (a class, or `"module:Class"`). */
function taskClass(site: FunctionSite, runBy: AppSite, apps: readonly AppSite[], resolver: Resolver): ClassTarget | undefined {
  if (site.target.owner) return site.target.owner;
  const own = site.decorator?.is === 'call' ? site.decorator.keywords.find(([key]) => key === 'base')?.[1] : undefined;
  const app = apps.find(candidate => candidate.call === site.app) ?? runBy;
  const written: readonly (readonly [Expr | undefined, Scope | undefined])[] = [[own, site.target.scope], [app?.call.keywords.find(([key]) => key === 'task_cls')?.[1], app?.scope]];
  for (const [expr, scope] of written) {
    const target = expr && scope && (classNamed(literalText(expr), scope, resolver) ?? resolver.resolve(expr, scope));
    if (target?.is === 'class') return target;
  }
  return app?.class && classInBody(app.class, resolver);
}

function classNamed(text: string | undefined, { path }: Scope, resolver: Resolver): Target | undefined {
  const [, module, name] = /^([\w.]+)[:.](\w+)$/.exec(text ?? '') ?? [];
  const file = module === undefined ? undefined : resolver.find(module, path)[0];
  const scope = file === undefined ? undefined : resolver.module(file);
  return scope && resolver.exported(name!, scope);
}

/** `class App(Celery): task_cls = CountedTask`. */
function classInBody(app: ClassTarget, resolver: Resolver): ClassTarget | undefined {
  const found = resolver.member(app, 'task_cls');
  const named = found.is === 'value' ? classNamed(literalText(found.expr), found.scope, resolver) : found;
  return named?.is === 'class' ? named : undefined;
}

const REQUEST = /^celery\.worker\.request\.Request$/;

/** What decides whether a message comes back: of a request its reject() and acknowledge(), or a counter. */
const DECIDES = /(?:^|[._])(?:reject|acknowledge|requeue|revoke|redeliver\w*|deliver(?:y|ies)\w*|attempts?|count(?:er|s)?)(?:$|[._(])/i;

/** `Request = CountingRequest` in the task class: a request of the repository's own that decides what comes back; one that only logs does not. */
function requestClass(cls: ClassTarget, resolver: Resolver): SourceLocation | undefined {
  if (!resolver.lineage(cls).some(base => base.is === 'class' && bindsRequest(base.class))) return undefined;
  const found = resolver.member(cls, 'Request');
  const request = found.is === 'value' ? classNamed(literalText(found.expr), found.scope, resolver) : found;
  if (request?.is !== 'class' || !resolver.lineage(request).some(base => base.is === 'class' && base.class.body.some(statement => statement.do === 'function' && decidesIn(statement.function.body)))) return undefined;
  return resolver.lineage(request).some(base => base.is === 'external' && REQUEST.test(base.name)) ? request.class.at : undefined;
}

const decidesIn = (body: readonly Statement[]): boolean => partsOfAll(body).some(part => (part.is === 'member' || part.is === 'name') && DECIDES.test(part.name));
const bindsRequest = (cls: ClassFacts): boolean => bindingsOf(cls.body).byName.has('Request');
