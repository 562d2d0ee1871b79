import type { Expr, Publish, Setting, TaskFunction } from '../model/index.js';
import { dottedName, expressionsOf, literalText, samePlace, walk } from '../model/index.js';
import type { FunctionSite } from './celery/functions.js';
import { toSetting } from './celery/settings.js';
import { sites } from './celery/sites.js';
import { isDuration } from './durations.js';
import type { Context, Value } from './evaluate.js';
import { nearestTo } from './find-modules.js';
import type { Resolver, Scope } from './modules.js';
import { render } from './render.js';

type Call = Extract<Expr, { is: 'call' }>;

/** A message sent with a delay, and the task function it is for where that could be told. */
export interface Sending { readonly publish: Publish; readonly to?: FunctionSite }

/** A call that says when its message is due or how long it may run, before the values are known. */
interface Site { readonly call: Call; readonly scope: Scope; readonly given: ReadonlyMap<string, Expr>; readonly options: readonly Expr[]; readonly receiver: Expr }

/** Limits a call gives to the one message it sends; they win over the function's own (celery worker/request.py:356-367). */
export interface CallLimits { readonly to: FunctionSite; readonly timeLimit: Setting<number>; readonly softTimeLimit: Setting<number> }

/** The options of a call that are looked at. */
const GIVEN = ['countdown', 'eta', 'time_limit', 'soft_time_limit'];

/** Sends a message, or prepares one: `apply_async(…)`, `send_task("name", …)`, `work.s(…).set(…)`, `work.signature(…)`, `signature("name", …)`. */
const SENDS = /^(apply_async|send_task|apply_async_on_commit|set|signature|subtask)$/;
const PREPARES = /^(s|si|signature|subtask|clone)$/;
const GROUPS = /^(chain|group|chord|signature|subtask)$/;
/** Code that runs on a developer's machine alone. */
const TESTS = /(^|\/)(tests?|testing|spec|docs?|examples?)\/|(^|\/)(test_[^/]*|[^/]*_tests?|conftest)\.py$/;
/** Calls looked at in one tree: code that is generated does not take the time of the rest. */
const MAX_CALLS = 5000;
/** Names and sums an eta is followed through. */
const DEPTH = 6;

/**
 * Every message that the code of these modules sends with a countdown or an eta, wherever that stands: views, models, commands,
 * and the task functions too (a caller knows those by their place). Tests are left out. `context`: the process's environment.
 */
export function publishesIn(modules: readonly Scope[], functions: readonly FunctionSite[], resolver: Resolver, context: Context): readonly Sending[] {
  return callSites(modules, resolver).flatMap((site): readonly Sending[] => {
    const countdown = delayOf(site, resolver, context);
    if (countdown.state === 'unset') return [];
    const to = functionFor(site, functions, resolver);
    const publish: Publish = { at: site.call.at, target: to?.name ?? nameOf(site), countdown, via: [] };
    return [{ publish, ...(to && { to }) }];
  });
}

/** The limits that calls in these modules give to task functions they send. */
export function limitsIn(modules: readonly Scope[], functions: readonly FunctionSite[], resolver: Resolver, context: Context): readonly CallLimits[] {
  return callSites(modules, resolver).flatMap((site): readonly CallLimits[] => {
    const [timeLimit, softTimeLimit] = [optionOf(site, 'time_limit', resolver, context), optionOf(site, 'soft_time_limit', resolver, context)];
    const to = timeLimit.state === 'unset' && softTimeLimit.state === 'unset' ? undefined : functionFor(site, functions, resolver);
    return to ? [{ to, timeLimit, softTimeLimit }] : [];
  });
}

/** An app's task functions, as sites and as effective; `isOnly`: no other app is judged, so what names no function of the repository is this one's too. */
interface Receiver { readonly functions: readonly TaskFunction[]; readonly members: readonly FunctionSite[]; readonly isOnly: boolean }
interface Code { readonly modules: readonly Scope[]; readonly functions: readonly FunctionSite[]; readonly resolver: Resolver }

/** What is sent with a delay to an app, beyond what its task functions were seen to send. */
export function sendsTo({ functions, members, isOnly }: Receiver, { modules, functions: all, resolver }: Code, context: Context): readonly Publish[] {
  const seen = functions.flatMap(fn => fn.body.publishes);
  const isNew = ({ at, countdown }: Publish): boolean => !seen.some(other => samePlace(other.at, at) && (other.countdown.state !== 'unknown' || countdown.state !== 'set'));
  return publishesIn(modules, all, resolver, context).flatMap(({ publish, to }) => ((to ? members.includes(to) : isOnly) && isNew(publish) ? [publish] : []));
}

/**
 * The task functions that code gives to beat: `app.add_periodic_task(60.0, work.s())`, an entry `{"task": "shop.tasks.work", …}` of whatever makes
 * the schedule, and a row of django-celery-beat, `PeriodicTask.objects.create(task="shop.tasks.work")`; where its name is computed (`task=self.name`),
 * those that the same module names. Tests are left out.
 */
export function scheduledIn(modules: readonly Scope[], functions: readonly FunctionSite[], resolver: Resolver): ReadonlySet<FunctionSite> {
  const names = new Set<string>(), found = new Set<FunctionSite>();
  for (const module of modules) {
    if (TESTS.test(module.path)) continue;
    let makesRows = false;
    for (const { statement, scope } of sites(module, resolver)) for (const expr of expressionsOf(statement)) for (const part of walk(expr)) {
      const named = part.is === 'map' ? part.entries.find(([key]) => literalText(key ?? undefined) === 'task')?.[1] : part.is === 'call' && isPeriodicRow(part) ? part.keywords.find(([key]) => key === 'task')?.[1] : undefined;
      const name = literalText(named);
      if (name !== undefined) names.add(name);
      else if (named && part.is === 'call') makesRows = true;
      const sent = part.is === 'call' && part.callee.is === 'member' && part.callee.name === 'add_periodic_task' ? part.keywords.find(([key]) => key === 'sig')?.[1] ?? part.positional[1] : undefined;
      const fn = sent?.is === 'call' ? functionFor({ call: sent, scope, receiver: sent }, functions, resolver) : undefined;
      if (fn) found.add(fn);
    }
    if (makesRows) for (const { statement } of sites(module, resolver)) for (const expr of expressionsOf(statement)) for (const part of walk(expr)) if (part.is === 'literal' && typeof part.value === 'string') names.add(part.value);
  }
  for (const fn of functions) if (names.has(fn.name)) found.add(fn);
  return found;
}

const isPeriodicRow = (call: Call): boolean => /(^|\.)PeriodicTask\b/.test(dottedName(call.callee) ?? '');

/** The same code is asked for every app. */
const gathered = new WeakMap<readonly Scope[], readonly Site[]>();

function callSites(modules: readonly Scope[], resolver: Resolver): readonly Site[] {
  const before = gathered.get(modules);
  if (before) return before;
  const found: Site[] = [];
  for (const { call, scope } of callsOf(modules, resolver)) {
    const site = found.length < MAX_CALLS ? siteOf(call, scope) : undefined;
    if (site) found.push(site);
  }
  gathered.set(modules, found);
  return found;
}

/** Every call of the code that is no test. */
export function* callsOf(modules: readonly Scope[], resolver: Resolver): Generator<{ readonly call: Call; readonly scope: Scope }> {
  for (const module of modules) {
    if (TESTS.test(module.path)) continue;
    for (const { statement, scope } of sites(module, resolver)) {
      for (const expr of expressionsOf(statement)) for (const part of walk(expr)) if (part.is === 'call') yield { call: part, scope };
    }
  }
}

function siteOf(call: Call, scope: Scope): Site | undefined {
  const receiver = receiverOf(call);
  if (!receiver) return undefined;
  const given = new Map(call.keywords.flatMap(([key, value]): readonly [string, Expr][] => (key !== null && GIVEN.includes(key) ? [[key, value]] : [])));
  const options = call.keywords.flatMap(([key, value]) => (key === null ? [value] : []));
  return given.size === 0 && options.length === 0 ? undefined : { call, scope, given, options, receiver };
}

/** What is sent: the task function, a signature, the app, or the name; undefined where the call sends nothing. `partial(f.apply_async, …)` counts as the call. */
function receiverOf(call: Call): Expr | undefined {
  const partial = /(^|\.)partial$/.test(dottedName(call.callee) ?? '') ? call.positional[0] : undefined;
  const callee = partial ?? call.callee;
  if (callee.is === 'name') return GROUPS.test(callee.name) && literalText(call.positional[0]) !== undefined ? callee : undefined;
  if (callee.is !== 'member' || !SENDS.test(callee.name)) return undefined;
  return callee.name === 'set' && !isSignature(callee.object) ? undefined : callee.object;
}

/** `work.s(1)`, `signature("name")`, `chain(…)`: what `.set(countdown=…)` can be called on. */
function isSignature(expr: Expr): boolean {
  if (expr.is !== 'call') return false;
  return expr.callee.is === 'member' ? PREPARES.test(expr.callee.name) : expr.callee.is === 'name' && GROUPS.test(expr.callee.name);
}

/** `work`, of `work.s(1)` and `work.signature(…).set(…)`. */
function base(expr: Expr): Expr {
  let at = expr;
  for (let i = 0; i < DEPTH && at.is === 'call' && at.callee.is === 'member' && (PREPARES.test(at.callee.name) || at.callee.name === 'set'); i++) at = at.callee.object;
  return at;
}

/** The task function that a call sends to, or prepares a message for. */
export function functionFor(site: Pick<Site, 'call' | 'scope' | 'receiver'>, functions: readonly FunctionSite[], resolver: Resolver): FunctionSite | undefined {
  const named = literalName(site);
  if (named !== undefined) return nearestTo(site.scope.path, functions.filter(fn => fn.name === named).map(fn => ({ path: fn.at.path, fn })))[0]?.fn;
  const target = resolver.resolve(base(site.receiver), site.scope);
  if (target.is === 'function') return functions.find(fn => fn.target.function === target.function);
  return target.is === 'class' || target.is === 'instance' && target.of.is === 'class' ? ofClass(target.is === 'class' ? target : target.of, functions) : undefined;
}

function ofClass(target: { readonly is: string; readonly class?: unknown }, functions: readonly FunctionSite[]): FunctionSite | undefined {
  return functions.find(fn => fn.target.owner !== undefined && fn.target.owner.class === target.class);
}

/** The registered name, where it is written: `send_task("shop.tasks.work")`, `signature("shop.tasks.work").apply_async()`. */
function literalName(site: Pick<Site, 'call' | 'receiver'>): string | undefined {
  const { callee } = site.call;
  if ((callee.is === 'member' && callee.name === 'send_task') || callee.is === 'name') return literalText(site.call.positional[0]);
  const holder = base(site.receiver);
  return holder.is === 'call' && GROUPS.test((dottedName(holder.callee) ?? '').split('.').pop()!) ? literalText(holder.positional[0]) : undefined;
}

const nameOf = (site: Site): string => literalName(site) ?? render(base(site.receiver));

function delayOf(site: Site, resolver: Resolver, context: Context): Setting<number> {
  const eta = site.given.has('countdown') ? undefined : site.given.get('eta');
  return eta ? etaDelay(eta, site.scope, resolver, context) : optionOf(site, 'countdown', resolver, context);
}

/** A number of seconds that the call gives by this keyword, or in a dict it spreads. */
function optionOf({ call, scope, given, options }: Site, name: string, resolver: Resolver, context: Context): Setting<number> {
  const own = given.get(name);
  if (own) return seconds(resolver.evaluate(own, scope, context));
  for (const option of options) {
    const spread = resolver.evaluate(option, scope, context);
    const found = spread.known && spread.value instanceof Map ? (spread.value as Map<unknown, Value>).get(name) : undefined;
    if (found) return seconds(found);
  }
  return { state: 'unset', at: call.at, slots: [] };
}

/** `now() + timedelta(hours=2)`, also by way of a variable: the durations beside the present. Any other moment is not known. */
function etaDelay(eta: Expr, scope: Scope, resolver: Resolver, context: Context): Setting<number> {
  const total = { seconds: 0, durations: 0, isNow: false };
  let sum: Value | undefined;
  const isKnown = add(eta, scope, 0);
  return isKnown && total.isNow && sum ? { ...seconds({ ...sum, value: total.seconds }), at: eta.at } as Setting<number> : { state: 'unknown', at: eta.at, expression: render(eta), candidates: [] };

  function add(expr: Expr, within: Scope, depth: number): boolean {
    if (depth > DEPTH) return false;
    if (expr.is === 'operation' && expr.operator === '+') return expr.operands.every(part => add(part, within, depth + 1));
    const value = resolver.evaluate(expr, within, context);
    if (value.known && isDuration(value.value)) { total.seconds += value.value.seconds; sum = value; return true; }
    if (isPresent(expr)) { total.isNow = true; return true; }
    const target = expr.is === 'name' || expr.is === 'member' ? resolver.resolve(expr, within) : undefined;
    return target?.is === 'value' && target.expr !== expr ? add(target.expr, target.scope, depth + 1) : false;
  }
}

/** `timezone.now()`, `datetime.utcnow()`, `app.now()`, `datetime.now(UTC)`. */
function isPresent(expr: Expr): boolean {
  return expr.is === 'call' && /(^|\.)(now|utcnow|localtime)$/.test(dottedName(expr.callee) ?? '');
}

/** A number of seconds, or a timedelta where one is passed. */
function seconds(value: Value): Setting<number> {
  return toSetting(value.known && isDuration(value.value) ? { ...value, value: value.value.seconds } : value, []) as Setting<number>;
}
