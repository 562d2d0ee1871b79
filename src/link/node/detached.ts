import type { Expr, MessageHandler, SourceLocation, Statement } from '../../model/index.js';
import { nested, walk } from '../../model/index.js';
import { returnsOf } from '../bodies.js';
import { bindingsOf } from '../bindings.js';
import { argumentsOf } from '../call-arguments.js';
import { isLogging } from '../effects/handlers.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import type { Calls } from './calls.js';
import { calleeName, callsOf, type Call } from './walk.js';

/** Work that is started or waited for, and its call as written. */
export interface Work { readonly at: SourceLocation; readonly text: string }

/** Talks to the broker about the message, or lets time pass: whoever waits for it has not waited for the work. */
const KEEPS_HOUSE = /(?:^|\.)(?:heartbeat|resolveOffset|commitOffsets\w*|pause|resume|ack|nack|reject|sleep|delay|timeout|wait|setTimeout)$/;

/** `async ({ message }) => { handle(message); }`: work is started, and nothing but its broker is awaited, and nothing returned. */
export function detachedWork(fn: FunctionTarget, resolver: Resolver, calls: Calls): MessageHandler['detached'] {
  const scope = resolver.inside(fn);
  let started: MessageHandler['detached'];
  const waits = (statements: readonly Statement[]): boolean => statements.some(statement => {
    if (statement.do === 'function' || statement.do === 'class') return false;
    if (statement.do === 'return' && statement.value && statement.value.is !== 'literal') return true;
    if (callsOf(statement).some(call => call.awaited === true && !KEEPS_HOUSE.test(calleeName(call)))) return true;
    started ??= startedBy(statement, scope, resolver, calls);
    return waits(nested(statement));
  });
  return waits(fn.function.body) ? undefined : started;
}

/** The work that a statement starts, and that nothing waits for. */
export function startedBy(statement: Statement, scope: Scope, resolver: Resolver, calls: Calls): Work | undefined {
  return statement.do === 'call' ? startedIn(statement.value, scope, resolver, calls) : undefined;
}

function startedIn(call: Expr, scope: Scope, resolver: Resolver, calls: Calls): Work | undefined {
  if (call.is !== 'call' || call.awaited || isLogging(call)) return undefined;
  const work: Work = { at: call.at, text: render(call) };
  const { callee, positional: [given] } = call;
  if (callee.is === 'member' && /^(?:then|catch|finally)$/.test(callee.name)) return callee.object.is === 'call' ? { ...work, text: render(firstOf(callee.object)) } : undefined;
  if (/^Promise\.(?:all|allSettled)$/.test(calleeName(call))) return work;
  if (callee.is === 'member' && callee.name === 'forEach' && given?.is === 'function') {
    const { code } = given;
    if (!code) return startedIn(given.returns, scope, resolver, calls) && work;
    const inside = resolver.inside({ is: 'function', function: code, scope });
    const starts = (one: Statement): boolean => startedBy(one, inside, resolver, calls) !== undefined || (one.do === 'return' && one.value !== undefined && startedIn(one.value, inside, resolver, calls) !== undefined);
    const parts = (body: readonly Statement[]): boolean => body.some(one => starts(one) || (code.isAsync && callsOf(one).some(({ awaited }) => awaited)) || parts(nested(one)));
    return parts(code.body) ? work : undefined;
  }
  return isAsynchronous(callee, scope, resolver) || isGivenAsynchronous(callee, scope, resolver, calls) ? work : undefined;
}

/** `handle(message)` of `handle(message).then(…).catch(…)`. */
const firstOf = (call: Call): Call => (call.callee.is === 'member' && /^(?:then|catch|finally)$/.test(call.callee.name) && call.callee.object.is === 'call' ? firstOf(call.callee.object) : call);

/** An asynchronous function of the repository, or one without a name that returns what such a one gives. */
function isAsynchronous(expr: Expr, scope: Scope, resolver: Resolver): boolean {
  if (expr.is === 'function') {
    const { code, returns } = expr;
    const inside = code ? resolver.inside({ is: 'function', function: code, scope }) : scope;
    return code?.isAsync === true || (code ? returnsOf(code.body) : [returns]).some(value => value.is === 'call' && isAsynchronous(value.callee, inside, resolver));
  }
  const target = resolver.resolve(expr, scope);
  return target.is === 'function' ? target.function.isAsync : target.is === 'value' && target.expr !== expr && target.expr.is === 'function' && isAsynchronous(target.expr, target.scope, resolver);
}

/** `consume(queue, handle)`: what is called by the name of a parameter around it, which is annotated as asynchronous, or for which all callers give an asynchronous function. */
function isGivenAsynchronous(callee: Expr, scope: Scope, resolver: Resolver, calls: Calls): boolean {
  if (callee.is !== 'name') return false;
  for (let within: Scope | undefined = scope; within; within = within.parent) {
    const { function: fn, parent, self } = within;
    if (bindingsOf(within.statements).byName.has(callee.name)) return false;
    const parameter = fn?.parameters.find(({ name }) => name === callee.name);
    if (!fn || !parent || !parameter) continue;
    if (parameter.givesPromise) return true;
    const target: FunctionTarget = { is: 'function', function: fn, scope: parent, ...(self && { owner: self }) };
    const given = calls.callersOf(target).map(site => argumentsOf(target, site.call, site.scope).get(callee.name));
    return given.length > 0 && given.every(one => one?.is === 'value' && isAsynchronous(one.expr, one.scope, resolver));
  }
  return false;
}

/** Does an expression, or a function in it, hold a call of this kind? */
export function holdsCall(expr: Expr, is: (call: Call) => boolean): boolean {
  const inBody = (body: readonly Statement[]): boolean => body.some(statement => (statement.do !== 'function' && statement.do !== 'class' && inBody(nested(statement))) || callsIn(statement));
  const callsIn = (statement: Statement): boolean => callsOf(statement).some(call => holdsCall(call, is));
  return walk(expr).some(part => (part.is === 'call' && is(part)) || (part.is === 'function' && part.code !== undefined && inBody(part.code.body)));
}
