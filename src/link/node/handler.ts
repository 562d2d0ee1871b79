import type { Expr, HandlerCase, MessageHandler, Statement } from '../../model/index.js';
import { callsWithin, dottedName, nested, walk } from '../../model/index.js';
import { bodyOf } from '../effects/index.js';
import { bindingsOf } from '../bindings.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import { acknowledgements, type IsAck } from './acknowledge.js';
import { detachedWork } from './detached.js';
import type { Calls } from './calls.js';
import type { Dispatch } from './dispatch.js';
import { callsOf } from './walk.js';

/** Calls that hold the event loop until they are done (nodejs.org/api/child_process.html#synchronous-process-creation). */
const BLOCKS = /(?:^|\.)(?:execSync|execFileSync|spawnSync|pbkdf2Sync|scryptSync)$/;

/** What one function does with a message. `isAck`: the call that acknowledges or deletes it. `dispatch`: what a call reaches through a table. */
export function handlerOf(fn: FunctionTarget, resolver: Resolver, isAck: IsAck, dispatch: Dispatch, calls: Calls): MessageHandler {
  const { retryCalls: _none, open, ...body } = bodyOf(fn, resolver, []);
  const cases = open.flatMap(({ call, scope, asked }) => dispatch(call, scope, isGivenAround(call.callee, scope, fn)).map(({ target, name }): HandlerCase => {
    const { retryCalls: _neither, open: _open, ...inner } = bodyOf(target, resolver, [], asked);
    return { at: target.function.at, body: inner, ...(name !== undefined && { name }) };
  }));
  const blocks = blockingCall(fn.function.body);
  const replies = callsWithin(fn.function.body).find(call => call.positional.some(argument => walk(argument).some(part => part.is === 'member' && part.name === 'replyTo')))?.at;
  const detached = detachedWork(fn, resolver, calls);
  return { at: fn.function.at, ...(fn.function.name !== 'anonymous' && fn.function.name !== 'module' && { name: fn.function.name }), body, ...(cases.length > 0 && { cases }), acks: acknowledgements(fn, isAck, resolver, calls), ...(replies && { replies }), ...(blocks && { blocks }), ...(detached && { detached }) };
}

/** `subscribe(work) { channel.consume(queue, message => work(message)); }`: what is called by the name of a parameter of a function around the handler. */
function isGivenAround(callee: Expr, from: Scope, { scope: outside }: FunctionTarget): boolean {
  if (callee.is !== 'name') return false;
  let within: Scope | undefined = from;
  while (within && !bindingsOf(within.statements).byName.has(callee.name) && !within.function?.parameters.some(({ name }) => name === callee.name)) within = within.parent;
  const owner = within?.function?.parameters.some(({ name }) => name === callee.name) ? within.function : undefined;
  for (let around: Scope | undefined = outside; owner && around; around = around.parent) if (around.function === owner) return true;
  return false;
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
