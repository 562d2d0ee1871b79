import type { Effect, ErrorHandler, Expr, Handler, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, isOnlyAdded, nested, walk } from '../../model/index.js';
import { PURE } from '../../knowledge/libraries/index.js';
import { VALUE_METHODS } from '../../knowledge/libraries/node.js';
import { isScript } from '../find-scripts.js';
import type { Resolver, Scope } from '../modules.js';
import { calleeName } from '../node/walk.js';
import { render } from '../render.js';
import { isCaughtBefore, isLogging, isTelling } from './handlers.js';

type Call = Extract<Expr, { is: 'call' }>;

/**
 * What is tried, as far as its error can come to a handler: the first of the block's effects that no handler before it catches, else the first such call. `works`: its effects
 * whose errors leave them; `silent`: calls whose errors end in them.
 */
export function triedFor(body: readonly Statement[], works: readonly Pick<Effect, 'at' | 'text' | 'kind'>[], earlier: readonly Handler[], silent: readonly SourceLocation[], scope: Scope, resolver: Resolver): ErrorHandler['tried'] {
  const left = works.filter(({ text }) => !isCaughtBefore(text, earlier, scope, resolver));
  // what a session is given fails as it is written
  const effect = left.find(one => !isOnlyAdded(one)) ?? left[0];
  const call = effect ?? triedCall(body, scope, resolver, [...silent, ...works.map(({ at }) => at)]);
  return call && { at: call.at, text: call.text, ...(effect && { effect: effect.kind }) };
}

/** What JavaScript makes of the clock and of values, whatever they are, and what lets time pass. */
const NEVER_FAILS = /^(?:Date|Math|Number|String|Boolean|performance)(?:\.\w+)?$|(?:^|\.)(?:sleep|delay|timeout|wait|setTimeout|setImmediate)$/;

/** What a block is there for: the first call that is made for what it does, or waited for; else the first that is no logging and no method of a text; but for some. */
function triedCall(statements: readonly Statement[], scope: Scope, resolver: Resolver, except: readonly SourceLocation[]): { readonly at: SourceLocation; readonly text: string } | undefined {
  const calls = callsIn(statements).filter(({ call }) => !except.includes(call.at) && !isLogging(call) && !(isScript(scope.path) && NEVER_FAILS.test(calleeName(call))) && !PURE.test(dottedName(call.callee) ?? ''));
  const found = calls.find(({ call, isOwn }) => (isOwn || call.awaited) && !isTelling(call, scope, resolver)) ?? calls.find(({ call }) => call.callee.is !== 'member' || !VALUE_METHODS.test(call.callee.name)) ?? calls[0];
  return found && { at: found.call.at, text: render(found.call) };
}

/** The calls of some statements in order. `isOwn`: nothing takes what it gives. */
function callsIn(statements: readonly Statement[]): readonly { readonly call: Call; readonly isOwn: boolean }[] {
  return statements.flatMap(statement => [
    ...expressionsOf(statement).flatMap(expr => walk(expr).flatMap(part => (part.is === 'call' ? [{ call: part, isOwn: statement.do === 'call' && part === expr }] : []))),
    ...callsIn(nested(statement)),
  ]);
}
