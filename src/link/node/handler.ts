import type { Acknowledgement, Expr, HandlerCase, MessageHandler, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, nested, samePlace, walk } from '../../model/index.js';
import { isLogging } from '../effects/handlers.js';
import { bodyOf } from '../effects/index.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import type { Dispatch } from './dispatch.js';
import { callsOf, type Call } from './walk.js';

/** Calls that hold the event loop until they are done (nodejs.org/api/child_process.html#synchronous-process-creation). */
const BLOCKS = /(?:^|\.)(?:execSync|execFileSync|spawnSync|pbkdf2Sync|scryptSync)$/;
/** Plain values and telling: no work. */
const NO_WORK = /^(?:JSON|console|Buffer|String|Number|Boolean|Object|Array|Math|Date|Promise|Map|Set|process|crypto|Reflect|parseInt|parseFloat|structuredClone|performance|metrics?|span|tracer|logger|log|this\.logger)(?:\.|$)|\.(?:toString|parse|stringify|map|filter|find|get|has|set|push|split|trim|now|slice|join|includes|keys|values|entries|inc|observe|startTimer|setAttribute|increment)$/;

/** What one function does with a message. `isAck`: the call that acknowledges or deletes it. `dispatch`: what a call reaches through a table. */
export function handlerOf(fn: FunctionTarget, resolver: Resolver, isAck: (call: Call, scope: Scope) => boolean, dispatch: Dispatch): MessageHandler {
  const { retryCalls: _none, open, ...body } = bodyOf(fn, resolver, []);
  const cases = open.flatMap(({ call, scope, asked }) => dispatch(call, scope).map(({ target, name }): HandlerCase => {
    const { retryCalls: _neither, open: _open, ...inner } = bodyOf(target, resolver, [], asked);
    return { at: target.function.at, body: inner, ...(name !== undefined && { name }) };
  }));
  const blocks = blockingCall(fn.function.body);
  const detached = detachedWork(fn, resolver);
  return { at: fn.function.at, ...(fn.function.name !== 'anonymous' && fn.function.name !== 'module' && { name: fn.function.name }), body, ...(cases.length > 0 && { cases }), acks: acknowledgements(fn.function.body, resolver.inside(fn), isAck), ...(blocks && { blocks }), ...(detached && { detached }) };
}

/** `async ({ message }) => { handle(message); }`: an asynchronous function of the repository is started, and nothing is awaited or returned. */
function detachedWork(fn: FunctionTarget, resolver: Resolver): MessageHandler['detached'] {
  const scope = resolver.inside(fn);
  let started: MessageHandler['detached'];
  const waits = (statements: readonly Statement[]): boolean => statements.some(statement => {
    if (statement.do === 'function' || statement.do === 'class') return false;
    if (statement.do === 'return' && statement.value && statement.value.is !== 'literal') return true;
    for (const call of callsOf(statement)) {
      if (call.awaited) return true;
      const target = statement.do === 'call' && !started ? resolver.resolve(call.callee, scope) : undefined;
      if (target?.is === 'function' && target.function.isAsync) started = { at: call.at, text: render(call) };
    }
    return waits(nested(statement));
  });
  return waits(fn.function.body) ? undefined : started;
}

/** Only in the handler itself, where nothing awaited comes after it that would show that it is quick. */
function blockingCall(statements: readonly Statement[]): MessageHandler['blocks'] {
  for (const statement of statements) {
    const call = callsOf(statement).find(part => BLOCKS.test(dottedName(part.callee) ?? ''));
    if (call) return { at: call.at, text: render(call) };
    const inner = statement.do === 'function' || statement.do === 'class' ? undefined : blockingCall(nested(statement));
    if (inner) return inner;
  }
  return undefined;
}

/** Asks for messages. */
const RECEIVES = /(?:^|\.)(?:ReceiveMessageCommand|receiveMessage|receive)$/;

interface Work { readonly at: SourceLocation; readonly text: string }
interface Where { readonly inCatch?: SourceLocation; readonly inFinally?: SourceLocation; /** A handler before it has ended the error of the work. */ readonly swallowed?: SourceLocation }

/** Where a message is acknowledged, whether its work has been waited for by then, and whether it is although the work failed. */
export function acknowledgements(statements: readonly Statement[], scope: Scope, isAck: (call: Call, scope: Scope) => boolean): readonly Acknowledgement[] {
  const acks: { readonly call: Call; readonly where: Where; readonly worked: boolean }[] = [];
  const work: Work[] = [];
  const isWork = (call: Call): boolean => !isLogging(call) && !NO_WORK.test(dottedName(call.callee) ?? render(call.callee)) && !isAck(call, scope) && ![...walk(call)].some(part => part !== call && part.is === 'call' && (isAck(part, scope) || RECEIVES.test(dottedName(part.callee) ?? ''))) && !RECEIVES.test(dottedName(call.callee) ?? '');

  const visit = (body: readonly Statement[], where: Where): Where => {
    let at = where;
    for (const statement of body) {
      if (statement.do === 'function' || statement.do === 'class') continue;
      for (const expr of expressionsOf(statement)) expression(expr, at);
      if (statement.do === 'try') {
        const before = work.length;
        visit(statement.body, at);
        const tried = work.length > before;
        for (const handler of statement.handlers) visit(handler.body, { ...at, ...(tried && { inCatch: handler.at }) });
        visit(statement.finally, { ...at, ...(tried && statement.finally[0] && { inFinally: statement.finally[0].at }) });
        const swallows = tried ? statement.handlers.find(handler => !leaves(handler.body)) : undefined;
        if (swallows) at = { ...at, swallowed: swallows.at };
      } else if (statement.do === 'if') { visit(statement.then, at); visit(statement.otherwise, at); } else visit(nested(statement), at);
    }
    return at;
  };
  const expression = (expr: Expr, where: Where): void => {
    for (const part of walk(expr)) {
      if (part.is === 'function' && part.code) visit(part.code.body, where);
      if (part.is !== 'call') continue;
      if (isAck(part, scope)) acks.push({ call: part, where, worked: work.length > 0 });
      else if (part.awaited && isWork(part)) work.push({ at: part.at, text: render(part) });
    }
  };
  visit(statements, {});
  return acks.map(({ call, where, worked }) => {
    const later = work.find(one => isBehind(one.at, call.at));
    const how = where.inFinally ? { how: 'finally' as const, at: where.inFinally } : where.inCatch ? { how: 'catch' as const, at: where.inCatch } : where.swallowed ? { how: 'swallowed' as const, at: where.swallowed } : undefined;
    return { at: call.at, text: `${dottedName(call.callee) ?? render(call.callee)}(…)`, ...(!worked && later && !samePlace(later.at, call.at) && { before: later }), ...(how && { whatever: how }) };
  });
}

const isBehind = (a: SourceLocation, b: SourceLocation): boolean => a.startLine > b.endLine || (a.startLine === b.endLine && a.startColumn >= b.endColumn);

/** A handler that raises, returns, goes on with the next message, or refuses the message. */
function leaves(body: readonly Statement[]): boolean {
  return body.some(statement => statement.do === 'raise' || statement.do === 'return' || statement.do === 'continue' || statement.do === 'break'
    || callsOf(statement).some(call => /(?:^|\.)(?:nack|reject|reply|process\.exit|moveToFailed|changeMessageVisibility|retry)$/i.test(dottedName(call.callee) ?? (call.callee.is === 'member' ? call.callee.name : ''))) || leaves(nested(statement)));
}
