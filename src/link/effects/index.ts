import type { BodyFacts, Effect, ErrorHandler, Expr, Handler, Loop, Publish, ResultWait, RetryCall, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, walk } from '../../model/index.js';
import { PURE } from '../../knowledge/libraries/index.js';
import { EACH, LATER, ONCE } from '../../knowledge/libraries/node.js';
import { argumentsOf, defaultsOf } from '../call-arguments.js';
import type { FunctionTarget, Resolver, Scope, Target } from '../modules.js';
import { calleeName } from '../node/walk.js';
import { render } from '../render.js';
import { isFieldOfRow, isStored } from '../rows.js';
import { claimsIn } from './claims.js';
import { isScript } from '../find-scripts.js';
import { classify, sessionOf, type Classified } from './classify.js';
import { classifyScript } from './classify-script.js';
import { conditionOf, type Way } from './conditions.js';
import { decided } from './decided.js';
import { delayOf, retryCall } from './delays.js';
import { endsAsk, endsThere, isMissing, mayEnd, OPEN } from './endings.js';
import { fedBy } from './feeds.js';
import { catchesAll, endsError, endsLoop, isIdle, isLogging, isNarrow, isSkipped, isTelling, judgeHandler, leavesLoop, typesOf } from './handlers.js';
import { committedBy, holds, scriptTransaction, transactionOf, type Commit, type Opener } from './held.js';
import { comparesStored, conflictOf, locksWithRelease, withExpiry, type Expiry, type Release, type TakenAt } from './lock-uses.js';
import { isFalse, keyText, keyword, lockOf } from './locks.js';
import { countedBy, withLoopValue } from './loop-value.js';
import { goesDown, isUntilEmpty } from './pages.js';
import { raisedBehind } from './raises.js';
import { awaitedMessage, isPublish } from './sent.js';
import { isAskedAnew, sourceOf } from './source.js';
import { ANYTHING, stateAsked, writtenBy, type Asked, type Written } from './state.js';
import { triedFor } from './tried.js';
import { asking, WHOLE, withoutPages, type Where } from './where.js';

type Call = Extract<Expr, { is: 'call' }>;

/** Calls below the task function that are followed. */
const DEPTH = 4;
/** Functions visited for one task function; beyond it the body counts as partly read, and that is said. */
export const MAX_FUNCTIONS = 120;

/** `asked`: what decides whether it is reached. */
type FoundEffect = Omit<Effect, 'conditional' | 'raisedBehind'> & { readonly asked: readonly Asked[] | undefined; readonly ways: readonly Way[] | undefined; readonly step: number; /** The session or connection that must commit it. */ readonly session?: string };

/** What stands behind a statement in its block, and whether that is all that is left. `fork`: the question that it asks, if it is one. */
interface Behind { readonly rest: readonly Statement[]; readonly isAll: boolean; readonly fork: object }

/** A call whose callee is looked up in a table. `asked`: what decides whether it is reached. */
export interface LookedUp { readonly call: Call; readonly scope: Scope; readonly asked: readonly Asked[] | undefined }
interface Found extends BodyFacts { readonly retryCalls: readonly RetryCall[]; /** Calls of what is not known here. */ readonly open: readonly LookedUp[] }

/** What a task function does: itself, the decorators of the repository around it, and what these call. `asked`: what decides whether it is reached at all. */
export function bodyOf(target: FunctionTarget, resolver: Resolver, decorators: readonly Expr[], asked?: readonly Asked[]): Found {
  const effects: FoundEffect[] = [], writes: (Written & { readonly step: number; readonly ways: readonly Way[] | undefined; readonly handling: boolean })[] = [], loops: Loop[] = [], publishes: Publish[] = [], retryCalls: RetryCall[] = [], releases: Release[] = [], expiries: Expiry[] = [], handlers: ErrorHandler[] = [], waits: ResultWait[] = [], commits: Commit[] = [];
  const taken: TakenAt[] = [];
  const open: LookedUp[] = [];
  /** Effects whose error ends where they stand, in a handler that does not pass it on. */
  const ended = new Set<FoundEffect>();
  const visited = new Set<Statement['at']>();
  let functions = 0, trivial = true, partial = false, capped = false as boolean;
  /** Calls made for what they do, so far. */
  let deeds = 0;
  /** Calls made so far, and when each was made first. */
  let steps = 0;
  const stepOf = new Map<SourceLocation, number>();

  function visit(statements: readonly Statement[], where: Where): void {
    let at: Where = { ...where, seen: new Set() };
    const busy = where.last ? statements.findLastIndex(statement => !isIdle([statement], where.scope, resolver)) : statements.length;
    for (const [i, statement] of statements.entries()) {
      const fork = {};
      visitStatement(statement, { ...at, last: i >= busy }, { rest: statements.slice(i + 1), isAll: where.last === true, fork });
      if (!mayEnd(statement)) continue;
      if (!isMissing(statement, where.scope)) at = asking(at, endsAsk(statement, where.scope, resolver));
      // what stands behind `if (…) return` is on the other way
      if (statement.do === 'if' && endsThere(statement.then)) at = { ...at, ways: [...(at.ways ?? []), { fork, taken: false }] };
    }
  }

  function visitStatement(statement: Statement, where: Where, behind: Behind): void {
    const used = statement.do !== 'call';
    // what the handler of a job returns decides nothing
    const returned = statement.do === 'return' && where.ends === true && isScript(where.scope.path);
    const lockedBefore = taken.length;
    const field = statement.do === 'assign' ? statement.targets.some(target => isFieldOfRow(target, where.scope)) : statement.do === 'return' && where.field === true;
    if (statement.do !== 'for' && statement.do !== 'while') for (const expr of expressionsOf(statement)) visitExpr(expr, { ...where, used, returned, field, whole: WHOLE.has(statement.do) });
    if (statement.do === 'assign' && statement.targets[0]?.is === 'name') for (const lock of taken.slice(lockedBefore)) lock.name = statement.targets[0].name;
    switch (statement.do) {
      case 'for': {
        visitExpr(statement.over, { ...where, used: true });
        const loop = addLoop('for', statement.over, statement.target, statement.at, where, statement.body);
        const before = steps;
        visit(statement.body, { ...asking(withoutPages(where), isScript(where.scope.path) ? stateAsked(statement.over, where.scope, resolver) : OPEN), ...ofMessages(statement.over, loop, where), loop, scope: withLoopValue(statement.target, statement.over, where.scope, resolver) });
        const feeds = fedBy(statement, where.scope);
        loops[loop] = { ...loops[loop]!, ...(steps === before && { callsNothing: true }), ...(feeds.length > 0 && { feeds }), ...(where.last !== true && { leadsOn: true }) };
        visit(statement.otherwise, where);
        break;
      }
      case 'while': {
        trivial = false;
        const counted = isScript(where.scope.path) ? countedBy(statement.test) : undefined;
        if (counted) {
          visit(statement.body, { ...asking(where, stateAsked(counted, where.scope, resolver)), last: false, loop: addLoop('for', counted, undefined, statement.at, where) });
          break;
        }
        const endless = statement.test.is === 'literal' && Boolean(statement.test.value);
        loops.push({ at: statement.at, over: render(statement.test), kind: 'while', source: endless ? 'endless' : 'unknown', bound: 'unknown', via: where.via, ...(where.loop !== undefined && { outer: where.loop }), ...(!where.leaves && !leavesLoop(statement.body) && { neverLeft: true }) });
        const round = { ...withoutPages(where), last: false, loop: loops.length - 1, ...(isUntilEmpty(statement) && { pages: statement.body }) };
        visitExpr(statement.test, { ...round, used: true });
        visit(statement.body, asking(round, isScript(where.scope.path) ? stateAsked(statement.test, where.scope, resolver) : OPEN));
        break;
      }
      case 'if': {
        const checks = comparesStored(statement.test);
        const outcome = conflictOf(statement, where, resolver);
        for (const [i, lock] of taken.entries()) if (i >= lockedBefore || (lock.name !== undefined && namesOf(statement.test).has(lock.name))) if (lock.onConflict === undefined || lock.onConflict === 'unknown') lock.onConflict = outcome;
        const way = where.depth > 0 ? decided(statement.test, where.scope) : undefined;
        if (way !== undefined) { visit(way ? statement.then : statement.otherwise, where); break; }
        const { fork } = behind;
        const on = (taken: boolean): Where => ({ ...asking(where, stateAsked(statement.test, where.scope, resolver, taken)), ways: [...(where.ways ?? []), { fork, taken }] });
        visit(statement.then, { ...on(true), ...(checks && { ownerChecked: true }) });
        visit(statement.otherwise, on(false));
        break;
      }
      case 'with': visit(statement.body, { ...where, ...heldBy(statement.items, lockedBefore, where) }); break;
      case 'try': {
        const before = { effects: effects.length, deeds, retries: retryCalls.length };
        const inside = isIdle([...statement.otherwise, ...statement.finally], where.scope, resolver) ? where : { ...where, last: false };
        visit(statement.body, statement.handlers.some(({ types }) => types.some(isNarrow)) ? { ...asking(inside, OPEN), ...(statement.handlers.some(({ types }) => types.some(endsLoop)) && { leaves: true }) } : inside);
        addHandlers(statement, where, behind, before);
        if (statement.handlers.some(handler => endsError(handler, where.scope, resolver))) for (const effect of effects.slice(before.effects)) ended.add(effect);
        for (const handler of statement.handlers) visit(handler.body, { ...asking(where, OPEN), handling: true, handled: typesOf(handler) });
        visit(statement.otherwise, where);
        visit(statement.finally, where);
        break;
      }
      default:
    }
  }

  /** What a `with` holds for its body. */
  function heldBy(openers: readonly Opener[], lockedBefore: number, where: Where): Pick<Where, 'joins' | 'transaction' | 'lock'> {
    const items = openers.map(({ value }) => value);
    const lock = taken.findIndex(({ name }, i) => i >= lockedBefore || (name !== undefined && items.some(item => item.is === 'name' && item.name === name)));
    return {
      ...(items.some(item => item.is === 'call' && /(^|\.)allow_join_result$/.test(dottedName(item.callee) ?? '')) && { joins: true }),
      ...transactionOf(openers, where.scope, where, resolver), ...(where.lock === undefined && lock >= 0 && { lock }),
    };
  }

  /** `before`: how much there was before what is tried. */
  function addHandlers(statement: Extract<Statement, { do: 'try' }>, where: Where, behind: Behind, before: { readonly effects: number; readonly deeds: number; readonly retries: number }): void {
    const inside = effects.slice(before.effects);
    // a call whose work ends its errors itself has none to hand on
    const silent = inside.filter(one => ended.has(one)).flatMap(({ at, via }) => [at, ...via.slice(where.via.length).map(step => step.at)]);
    const works = inside.filter(one => one.kind !== 'read' && one.kind !== 'sleep' && !ended.has(one));
    const isFirst = before.deeds === 0 && effects.slice(0, before.effects).every(({ kind }) => kind === 'read' || kind === 'http-read');
    // a row that is marked as begun, in JavaScript
    const isMarked = isScript(where.scope.path) && effects.slice(0, before.effects).every(({ kind }) => kind === 'read' || kind === 'http-read' || kind === 'update');
    const loop = where.loop === where.batch ? undefined : where.loop;
    const isAll = loop === undefined && isIdle([...statement.otherwise, ...statement.finally], where.scope, resolver);
    const isLast = (handler: Handler, outcome: ErrorHandler['outcome']): boolean => (isFirst || (isMarked && outcome === 'records')) && (where.last === true || (where.ends === true && handler.body.at(-1)?.do === 'return') || (behind.isAll && isIdle(behind.rest.filter(other => !isSkipped(other, handler)), where.scope, resolver)));
    // it leaves the task, and work that stands behind it is never reached
    const leaves = (handler: Handler): boolean => where.ends === true && handler.body.at(-1)?.do === 'return' && !isIdle(behind.rest, where.scope, resolver);
    const retry = retryCalls.slice(before.retries).find(({ returns }) => !returns);
    for (const [i, handler] of statement.handlers.entries()) {
      const earlier = statement.handlers.slice(0, i), tried = triedFor(statement.body, works, earlier, silent, where.scope, resolver);
      const judged = judgeHandler(handler, earlier, where.scope, resolver);
      handlers.push({
        at: handler.at, ...judged, isAll: isAll && (isLast(handler, judged.outcome) || leaves(handler)), via: where.via,
        ...(tried && { tried }), ...(where.handling && { inHandler: true as const }), ...(where.answers && { answers: true as const }), ...(retry && { retry: retry.at }), ...(loop !== undefined && { insideLoop: loop }),
      });
    }
  }

  function addLoop(kind: Loop['kind'], over: Expr, target: Expr | undefined, at: SourceLocation, where: Where, body: readonly Statement[] = []): number {
    const page = sourceOf(over, where.scope, resolver);
    // one page, asked for again and again
    const isPage = (page.source === 'listing' && where.loop !== undefined && loops[where.loop]!.kind === 'while') || (page.source === 'slice' && where.pages !== undefined && isAskedAnew(over, where.pages, where.scope, resolver));
    const source = isPage || (page.bound === 'unknown' && goesDown(body, where.scope, resolver)) ? { ...page, bound: 'unbounded' as const } : page;
    if (source.bound !== 'bounded') trivial = false;
    const item = target && (target.is === 'name' ? target.name : target.is === 'list' ? target.items.map(one => dottedName(one) ?? '_').join(', ') : undefined);
    loops.push({ at, over: render(over, 80), kind, ...source, via: where.via, ...(item !== undefined && { item }), ...(where.loop !== undefined && { outer: where.loop }), ...(where.lock !== undefined && { lock: where.lock }) });
    return loops.length - 1;
  }

  /** `for (const job of jobs)`, `jobs.map(async job => …)` of what the function itself was given: where the last one of it ends depends on nothing else. */
  function ofMessages(over: Expr, loop: number, where: Where): Pick<Where, 'last' | 'batch'> {
    const isGiven = isScript(where.scope.path) && where.depth === 0 && where.loop === undefined && over.is === 'name' && target.function.parameters[0]?.name === over.name;
    return isGiven ? { batch: loop, last: where.last === true } : { last: false };
  }

  function visitExpr(expr: Expr, where: Where): void {
    if (expr.is === 'operation' && expr.operator === 'comprehension') {
      const [element, item, over, ...tests] = expr.operands;
      visitExpr(over!, where);
      const loop = walk(element!).some(part => part.is === 'call') ? addLoop('comprehension', over!, item, expr.at, where) : where.loop;
      for (const part of [element!, ...tests]) visitExpr(part, { ...(loop === where.loop ? where : asking(where, OPEN)), ...(loop !== undefined && { loop }) });
      return;
    }
    if (expr.is === 'function') return; // runs later, if at all
    if (expr.is === 'call') { visitCall(expr, where); return; }
    const inner = { ...where, used: true, returned: false, field: false, whole: false };
    switch (expr.is) {
      case 'list': expr.items.forEach(part => visitExpr(part, inner)); break;
      case 'map': expr.entries.forEach(([key, value]) => { if (key) visitExpr(key, inner); visitExpr(value, inner); }); break;
      case 'member': visitExpr(expr.object, inner); break;
      case 'item': visitExpr(expr.object, inner); visitExpr(expr.key, inner); break;
      case 'operation': {
        // `find(…) ?? create(…)`
        const isChosen = isScript(where.scope.path) && /^(?:and|or)$/.test(expr.operator);
        expr.operands.forEach((part, i) => visitExpr(part, isChosen && i > 0 ? asking(inner, stateAsked(expr.operands[0]!, where.scope, resolver, expr.operator === 'and')) : inner));
        break;
      }
      case 'choice': {
        const { test } = expr;
        if (test) visitExpr(test, inner);
        expr.branches.forEach((part, i) => visitExpr(part, test && isScript(where.scope.path) ? asking(inner, stateAsked(test, where.scope, resolver, i === 0)) : inner));
        break;
      }
      default:
    }
  }

  function visitCall(call: Call, where: Where): void {
    if (where.seen?.has(call)) return;
    where.seen?.add(call);
    followCall(call, where);
    if (!where.used && where.via.length === 0 && !isTelling(call, where.scope, resolver)) deeds++;
  }

  function followCall(call: Call, where: Where): void {
    steps++;
    if (!stepOf.has(call.at)) stepOf.set(call.at, steps);
    const inner = { ...where, used: true, returned: false, field: false, whole: false };
    // work().catch(…) on its own: started, not waited for
    const chained = isScript(where.scope.path) && call.callee.is === 'member' && /^(?:then|catch|finally)$/.test(call.callee.name);
    const before = effects.length;
    if (call.callee.is === 'member') visitExpr(call.callee.object, chained && !call.awaited && (!where.used || where.detached) ? { ...inner, detached: true } : chained && call.awaited ? { ...inner, detached: false } : inner); else if (call.callee.is !== 'name') visitExpr(call.callee, inner);
    if (chained && catchesAll(call, where.scope, resolver)) for (const effect of effects.slice(before)) ended.add(effect);
    const isSet = call.callee.is === 'name' && call.callee.name === 'setattr' && call.positional[0] !== undefined && isStored(call.positional[0], where.scope);
    const held = isScript(where.scope.path) ? scriptTransaction(call, where.scope, where, resolver) : {};
    for (const [i, argument] of call.positional.entries()) visitExpr(argument, isSet && i === 2 ? { ...inner, field: true } : { ...inner, ...held });
    if (isScript(where.scope.path)) visitCallbacks(call, { ...where, ...held });
    const isUpdate = call.callee.is === 'member' && call.callee.name === 'update' && !isScript(where.scope.path);
    for (const [, argument] of call.keywords) visitExpr(argument, isUpdate ? { ...inner, field: true } : inner);

    const method = call.callee.is === 'member' ? call.callee.name : undefined;
    if (method === 'retry' && isTaskItself(call, where)) { retryCalls.push(retryCall(call, where, resolver)); return; }
    if (isPublish(call) && !isScript(where.scope.path)) { publish(call, where); return; }
    const callee = calleeOf(call, where.scope);
    const external = callee.is === 'external' ? callee.name : callee.is === 'instance' && callee.of.is === 'external' ? `${callee.of.name}()` : undefined;
    const lock = lockOf(call, external, where.scope, resolver, where.used === true);
    if (lock) { trivial = false; taken.push({ lock, at: call.at, text: render(call), via: where.via }); return; }
    if (method === 'delete' && call.callee.is === 'member' && call.positional[0]) releases.push({ at: call.at, holder: external?.replace(/\.\w+$/, '') ?? render(call.callee.object, 120), key: keyText(call.positional[0], where.scope), checksOwner: where.ownerChecked === true });
    if ((method === 'expire' || method === 'pexpire') && call.callee.is === 'member' && call.positional[1]) expiries.push({ key: keyText(call.positional[0], where.scope), holder: external?.replace(/\.\w+$/, '') ?? render(call.callee.object, 120), value: call.positional[1], scope: where.scope, inMs: method === 'pexpire' });
    if (method === 'commit' && call.callee.is === 'member' && !isScript(where.scope.path)) commits.push({ at: call.at, session: sessionOf(call.callee.object, where.scope), step: steps, ...(where.loop !== undefined && { loop: where.loop }) });
    const sent = awaitedMessage(call, where.scope);
    if (sent) { trivial = false; waits.push({ at: call.at, text: render(call), sent: sent.at, via: where.via, allowed: where.joins === true || isFalse(keyword(call, 'disable_sync_subtasks')) }); return; }
    const isCode = isScript(where.scope.path);
    const effect: Classified | undefined = isCode ? classifyScript(call, external, where.scope) : classify(call, external, where.scope, resolver);
    if (effect) {
      trivial = false;
      const written = isCode ? writtenBy(call, effect.kind, where.scope, resolver) : [];
      writes.push(...written.map(one => ({ ...one, step: steps, ways: where.ways, handling: where.handling === true })));
      effects.push({ asked: where.asked, ways: where.ways, step: steps, ...(where.last && where.whole && where.loop === undefined && { isLast: true as const }), ...(written[0] && written[0].entity !== ANYTHING && { entity: written[0].entity }), kind: effect.kind, text: render(call), at: call.at, via: where.via, ...(where.loop !== undefined && { insideLoop: where.loop }), ...(where.field && effect.kind === 'insert' && { intoField: true as const }), ...((effect.guard ?? where.guard) && { guard: effect.guard ?? where.guard }), ...(effect.timeoutSeconds !== undefined && { timeoutSeconds: effect.timeoutSeconds }), ...(effect.endless && { endless: true }), ...(effect.byDefault && { byDefault: true as const }), ...(effect.session !== undefined && { session: effect.session }), ...(where.transaction && holds(where.transaction, effect) && { transaction: where.transaction.of }) });
      return;
    }
    if (callee.is === 'function' && callee.function.isAsync && isCode && !call.awaited && (where.detached || !where.used)) return;
    if (callee.is === 'function') { descend(callee, call, where); return; }
    if (callee.is === 'class') { const constructor = resolver.member(callee, '__init__'); if (constructor.is === 'function') descend(constructor, call, where); return; }
    if (isCode && (external === undefined || /^(?:Map|WeakMap)\(\)/.test(external))) open.push({ call, scope: where.scope, asked: where.asked });
    if (external === undefined || !PURE.test(external)) { if (!isLogging(call)) { trivial = false; partial = true; } }
  }

  /** `mails.send()` of `const mails = { async send() { … } }` is a function, too. */
  function calleeOf(call: Call, scope: Scope): Target {
    const callee = resolver.resolve(call.callee, scope);
    return callee.is === 'value' && callee.expr.is === 'function' && callee.expr.code ? { is: 'function', function: callee.expr.code, scope: callee.scope } : callee;
  }

  /** In JavaScript what is passed as a function runs now, for each item or once, unless it is kept for later. */
  function visitCallbacks(call: Call, where: Where): void {
    const name = calleeName(call);
    const method = name.split('.').pop()!;
    if (LATER.test(method)) return;
    for (const argument of call.positional) {
      if (argument.is !== 'function' || !argument.code) continue;
      const target: FunctionTarget = { is: 'function', function: argument.code, scope: where.scope };
      const each = EACH.test(method) && call.callee.is === 'member' ? addLoop('for', call.callee.object, argument.code.parameters[0] && { is: 'name', name: argument.code.parameters[0].name, at: call.at }, call.at, where) : where.loop;
      const before = steps;
      visit(argument.code.body, { ...(each === where.loop || call.callee.is !== 'member' ? where : asking(where, stateAsked(call.callee.object, where.scope, resolver))), scope: resolver.inside(target), ...(each === where.loop && where.last && where.ends && (!where.used || where.returned) ? { last: true, ends: true } : { last: false, ends: false }), ...(each !== undefined && each !== where.loop && call.callee.is === 'member' && ofMessages(call.callee.object, each, where)), ...(each !== undefined && { loop: each }), ...(method === 'catch' && { handling: true, asked: OPEN }), ...(ONCE.test(name) && { guard: { kind: 'done once for each job', at: call.at } }) });
      if (each !== undefined && each !== where.loop && steps === before) loops[each] = { ...loops[each]!, callsNothing: true };
    }
  }

  function descend(callee: FunctionTarget, call: Call, where: Where): void {
    if (where.depth >= DEPTH || functions >= MAX_FUNCTIONS) { partial = true; trivial = false; capped ||= functions >= MAX_FUNCTIONS; return; }
    if (where.via.some(step => step.text === callee.function.name) && visited.has(callee.function.at)) return;
    visited.add(callee.function.at);
    functions++;
    visit(callee.function.body, {
      scope: resolver.inside(callee, argumentsOf(callee, call, where.scope)), depth: where.depth + 1,
      via: [...where.via, { at: call.at, text: callee.function.name }], ...(where.loop !== undefined && { loop: where.loop }), ...(where.batch !== undefined && { batch: where.batch }), ...(where.pages && { pages: callee.function.body }), ...(where.field && { field: true }), ...(where.ownerChecked && { ownerChecked: true }), ...(where.handling && { handling: true, ...(where.handled && { handled: where.handled }) }), ...(where.asked && { asked: where.asked }), ...(where.ways && { ways: where.ways }), ...(where.last && (!where.used || where.returned) && { last: true, ends: true }), ...(where.used && !(where.returned && where.ends) && { answers: true }), ...(where.joins && { joins: true }), ...(where.guard && { guard: where.guard }), ...(where.lock !== undefined && { lock: where.lock }), ...transactionOf(callee.function.decorators.map(value => ({ value })), callee.scope, where, resolver),
    });
  }

  function publish(call: Call, where: Where): void {
    const object = call.callee.is === 'member' ? call.callee.object : call.callee;
    publishes.push({ at: call.at, target: render(object.is === 'call' ? object.callee : object), countdown: delayOf(call, where.scope, resolver), via: where.via, ...(where.loop !== undefined && { insideLoop: where.loop }) });
    effects.push({ asked: where.asked, ways: where.ways, step: steps, kind: 'publish', text: render(call), at: call.at, via: where.via, ...(where.loop !== undefined && { insideLoop: where.loop }) });
  }

  /** A decorator of the repository's own may do something behind it. */
  const isWrapped = decorators.some(decorator => resolver.resolve(decorator.is === 'call' ? decorator.callee : decorator, target.scope).is === 'function');

  function finished(found: FoundEffect): Effect {
    const { asked, ways: _, step: __, session: ___, isLast, ...effect } = found;
    const transaction = effect.transaction ?? committedBy(found, commits, loops);
    const types = raisedBehind(target.function.body, effect.via[0]?.at ?? effect.at);
    const conditional = asked && conditionOf(asked, found, { effects, writes, stepOf });
    return { ...effect, ...(transaction && { transaction }), ...(isLast && !isWrapped && { isLast }), ...conditional, ...(types && types.length > 0 && { raisedBehind: [...new Set(types)] }) };
  }

  const start = resolver.inside(target, defaultsOf(target));
  visit(target.function.body, { scope: start, via: [], depth: 0, last: true, ends: true, ...transactionOf(target.function.decorators.map(value => ({ value })), target.scope, {}, resolver), ...(asked && { asked }) });
  for (const decorator of decorators) visitDecorator(decorator, target.scope);

  function visitDecorator(decorator: Expr, scope: Scope): void {
    const callee = resolver.resolve(decorator.is === 'call' ? decorator.callee : decorator, scope);
    if (callee.is !== 'function') return;
    const outer = resolver.inside(callee, decorator.is === 'call' ? argumentsOf(callee, decorator, scope) : new Map());
    const step = { at: decorator.at, text: `@${callee.function.name}` };
    for (const { statements, scope: inner } of wrappers(callee.function.body, outer, 0)) visit(statements, { scope: inner, via: [step], depth: 1 });
  }

  /** The functions a decorator defines: one of them runs in the decorated one's place. */
  function* wrappers(body: readonly Statement[], scope: Scope, depth: number): Generator<{ statements: readonly Statement[]; scope: Scope }> {
    if (depth > 2) return;
    for (const statement of body) {
      if (statement.do !== 'function') continue;
      const inner = resolver.inside({ is: 'function', function: statement.function, scope });
      yield { statements: statement.function.body, scope: inner };
      yield* wrappers(statement.function.body, inner, depth + 1);
    }
  }

  function isTaskItself(call: Call, where: Where): boolean {
    if (call.callee.is !== 'member') return false;
    const object = dottedName(call.callee.object);
    const first = target.function.parameters[0]?.name;
    return object !== undefined && (object === first || object === 'self' || object === target.function.name || /(^|\.)current_task$/.test(object) || (where.depth > 0 && /^(task|self|celery_task)$/.test(object)));
  }

  return { effects: effects.map(finished), loops, locks: locksWithRelease(taken.map(one => withExpiry(one, expiries, resolver)), releases), publishes, handlers, waits, claims: claimsIn(target.function.body, start, resolver), trivial: trivial && retryCalls.length === 0, partial, ...(capped && { capped }), retryCalls, open };
}

const namesOf = (expr: Expr): ReadonlySet<string> => new Set(walk(expr).flatMap(part => (part.is === 'name' ? [part.name] : [])));
