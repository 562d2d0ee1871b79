import type { Acknowledgement, Expr, FunctionFacts, SourceLocation, Statement } from '../../model/index.js';
import { callsWithin, dottedName, expressionsOf, nested, samePlace, walk } from '../../model/index.js';
import { isLogging } from '../effects/handlers.js';
import { argumentsOf } from '../call-arguments.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import type { Calls } from './calls.js';
import { holdsCall, startedBy, type Work } from './detached.js';
import { calleeName, callsOf, type Call } from './walk.js';

/** The call that acknowledges or deletes a message. */
export type IsAck = (call: Call) => boolean;

/** Plain values and telling: no work. */
const NO_WORK = /^(?:JSON|console|Buffer|String|Number|Boolean|Object|Array|Math|Date|Promise|Map|Set|process|crypto|Reflect|parseInt|parseFloat|structuredClone|performance|metrics?|span|tracer|logger|log|this\.logger)(?:\.|$)|\.(?:toString|parse|stringify|map|filter|find|get|has|set|push|split|trim|now|slice|join|includes|keys|values|entries|inc|observe|startTimer|setAttribute|increment)$/;
/** Asks for messages. */
const RECEIVES = /(?:^|\.)(?:ReceiveMessageCommand|receiveMessage|receive)$/;
/** Sends the message again or elsewhere: to a queue of its own for another try, or for what failed. */
const HANDS_ON = /(?:^|\.)(?:publish|sendToQueue|sendToExchange|SendMessageCommand|sendMessage|republish|requeue|retry|moveTo\w*)$/i;
/** Calls below the handler that are followed. */
const DEPTH = 3;

interface Where {
  readonly inCatch?: SourceLocation;
  readonly inFinally?: SourceLocation;
  /** A handler before it has ended the error of the work. */
  readonly swallowed?: SourceLocation;
  /** Work that was started before in the same block, or in one around it, and is not waited for. */
  readonly started?: Work;
  /** The last statement of the innermost branch that leaves the message: what stands behind it is not reached from here. */
  readonly until?: SourceLocation;
}
/** `worked`: work was waited for before. */
interface Called { readonly target: FunctionTarget; readonly scope: Scope; readonly worked: boolean }
interface Found { readonly call: Call; readonly where: Where; readonly worked: boolean }

/**
 * Where a message is acknowledged, whether its work has been waited for by then, and whether it is although the work failed: in the handler and in
 * the functions of the repository that it calls, each by the order of its own code. A function that does nothing else acknowledges where it is called.
 */
export function acknowledgements(fn: FunctionTarget, isAck: IsAck, resolver: Resolver, calls: Calls): readonly Acknowledgement[] {
  const seen = new Set<FunctionFacts>();
  const follow = ({ target, scope, worked }: Called, depth: number): readonly Acknowledgement[] => {
    if (seen.has(target.function)) return [];
    seen.add(target.function);
    const { acks, called } = inFunction(target.function.body, scope, worked, isAck, resolver, calls);
    const inner = depth === 0 ? [] : called.map(one => ({ ...one, worked: called.some(other => other.worked && other.target.function === one.target.function) }));
    return [...acks, ...inner.flatMap(one => follow(one, depth - 1))];
  };
  return follow({ target: fn, scope: resolver.inside(fn), worked: false }, DEPTH);
}

/** `hasWorked`: work was waited for before it is called. `called`: functions of the repository that are called there and may acknowledge. */
function inFunction(statements: readonly Statement[], scope: Scope, hasWorked: boolean, isAck: IsAck, resolver: Resolver, calls: Calls): { readonly acks: readonly Acknowledgement[]; readonly called: readonly Called[] } {
  const acks: Found[] = [];
  const work: Work[] = [];
  /** Started and not waited for. */
  const begun: Work[] = [];
  const called: Called[] = [];
  const worked = (): boolean => hasWorked || work.length > 0;
  const acknowledges = (call: Call, within: Scope): boolean => isAck(call) || onlyAcknowledges(call, within, isAck, resolver);
  const isAbout = (call: Call, within: Scope): boolean => acknowledges(call, within) || RECEIVES.test(calleeName(call));
  const isWork = (call: Call, within: Scope): boolean => !isLogging(call) && !NO_WORK.test(dottedName(call.callee) ?? render(call.callee)) && !walk(call).some(part => part.is === 'call' && isAbout(part, within));

  const visit = (body: readonly Statement[], where: Where, within: Scope): Where => {
    let at = where;
    for (const statement of body) {
      if (statement.do === 'function' || statement.do === 'class') continue;
      const returned = statement.do === 'return' ? statement.value : undefined;
      for (const expr of expressionsOf(statement)) expression(expr, at, within, returned);
      const started = startedBy(statement, within, resolver, calls);
      if (started && !expressionsOf(statement).some(expr => holdsCall(expr, isAck))) { begun.push(started); at = { ...at, started }; }
      if (at.inCatch && callsWithin([statement]).some(call => HANDS_ON.test(calleeName(call)))) { const { inCatch: _, ...rest } = at; at = rest; }
      if (statement.do === 'try') {
        const before = work.length;
        visit(statement.body, at, within);
        const tried = work.length > before;
        for (const handler of statement.handlers) visit(handler.body, { ...at, ...(tried && { inCatch: handler.at }) }, within);
        visit(statement.finally, { ...at, ...(tried && statement.finally[0] && { inFinally: statement.finally[0].at }) }, within);
        const swallows = tried ? statement.handlers.find(handler => !leaves(handler.body)) : undefined;
        if (swallows) at = { ...at, swallowed: swallows.at };
      } else if (statement.do === 'if') for (const branch of [statement.then, statement.otherwise]) visit(branch, { ...at, ...endOf(branch) }, within);
      else visit(nested(statement), at, within);
    }
    return at;
  };
  const expression = (expr: Expr, where: Where, within: Scope, returned: Expr | undefined): void => {
    for (const part of walk(expr)) {
      if (part.is === 'function' && part.code) visit(part.code.body, where, resolver.inside({ is: 'function', function: part.code, scope: within }));
      if (part.is !== 'call') continue;
      if (acknowledges(part, within)) { acks.push({ call: part, where, worked: worked() }); continue; }
      const target = resolver.resolve(part.callee, within);
      if (target.is === 'function') called.push({ target, scope: resolver.inside(target, argumentsOf(target, part, within)), worked: worked() });
      if ((part.awaited || (part === returned && isWaitedFor(part, within, resolver))) && isWork(part, within)) work.push({ at: part.at, text: render(part) });
    }
  };
  visit(statements, {}, scope);
  return { called, acks: acks.map(({ call, where, worked }) => {
    const { until, started } = where;
    const later = worked ? undefined : [...work, ...begun].find(one => isBehind(one.at, call.at) && !(until && isBehind(one.at, until)));
    const how = where.inFinally ? { how: 'finally' as const, at: where.inFinally } : where.inCatch ? { how: 'catch' as const, at: where.inCatch } : where.swallowed ? { how: 'swallowed' as const, at: where.swallowed } : undefined;
    return { at: call.at, text: `${dottedName(call.callee) ?? render(call.callee)}(…)`, ...(later && !samePlace(later.at, call.at) && { before: later }), ...(!worked && !later && started && { during: started }), ...(how && { whatever: how }) };
  }) };
}

/** A function of the repository that acknowledges the message in any case, and waits for nothing else. What it returns counts as waited for. */
function onlyAcknowledges(call: Call, scope: Scope, isAck: IsAck, resolver: Resolver): boolean {
  const target = resolver.resolve(call.callee, scope);
  if (target.is !== 'function') return false;
  const holds = (one: Call): boolean => walk(one).some(part => part.is === 'call' && isAck(part));
  const always = (body: readonly Statement[]): boolean => body.some(statement => (statement.do === 'try' ? always(statement.body) : statement.do !== 'function' && callsOf(statement).some(holds)));
  const others = (body: readonly Statement[]): boolean => body.some(statement => callsOf(statement).some(one => (one.awaited === true || (statement.do === 'return' && statement.value === one)) && !holds(one)) || others(nested(statement)));
  return always(target.function.body) && !others(target.function.body);
}

/** What a function of the repository returns is waited for by who waits for that function: an asynchronous one, or one that cannot be read. */
function isWaitedFor(call: Call, scope: Scope, resolver: Resolver): boolean {
  const target = resolver.resolve(call.callee, scope);
  return target.is === 'function' ? target.function.isAsync : target.is === 'unknown' && call.callee.is === 'name';
}

/** The last statement of a branch, where that leaves the message. */
function endOf(branch: readonly Statement[]): Pick<Where, 'until'> {
  const last = branch.at(-1);
  return last && /^(?:return|raise|continue|break)$/.test(last.do) ? { until: last.at } : {};
}

const isBehind = (a: SourceLocation, b: SourceLocation): boolean => a.startLine > b.endLine || (a.startLine === b.endLine && a.startColumn >= b.endColumn);

/** A handler that raises, returns, goes on with the next message, or refuses the message. */
function leaves(body: readonly Statement[]): boolean {
  return body.some(statement => statement.do === 'raise' || statement.do === 'return' || statement.do === 'continue' || statement.do === 'break'
    || callsOf(statement).some(call => /(?:^|\.)(?:nack|reject|reply|process\.exit|moveToFailed|changeMessageVisibility|retry)$/i.test(calleeName(call))) || leaves(nested(statement)));
}
