import type { Expr, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, nested, walk } from '../../model/index.js';
import type { Resolver, Scope } from '../modules.js';
import { leavesLoop } from './handlers.js';

type While = Extract<Statement, { do: 'while' }>;

/** Does a `while` go on until nothing is left: does it end, and nothing in it count its rounds, the items or the time? */
export function isUntilEmpty({ test, body }: Pick<While, 'test' | 'body'>): boolean {
  return !compares(test, /^[<>]=?$/) && (test.is !== 'literal' || leavesLoop(body)) && !leavesAtOnce(body) && !leavesAtLimit(body);
}

/** The first round that succeeds is the last: it tries again. */
const leavesAtOnce = (body: readonly Statement[]): boolean => body.some(statement => statement.do === 'break' || statement.do === 'return' || (statement.do === 'with' && leavesAtOnce(statement.body)) || (statement.do === 'try' && leavesAtOnce([...statement.body, ...statement.otherwise])));

/** What has rounds or calls of its own. */
const INNER: ReadonlySet<Statement['do']> = new Set(['function', 'class', 'for', 'while']);

/** Does a function call itself in a loop's body, for what lies below the item at hand? */
export function goesDown(body: readonly Statement[], scope: Scope, resolver: Resolver): boolean {
  let within: Scope | undefined = scope;
  while (within && !within.function) within = within.parent;
  const own = within?.function;
  if (!own) return false;
  const isItself = (part: Expr): boolean => {
    if (part.is !== 'call' || (part.callee.is !== 'name' && part.callee.is !== 'member') || part.callee.name !== own.name) return false;
    const target = resolver.resolve(part.callee, scope);
    return target.is === 'function' && target.function === own;
  };
  return body.some(statement => !INNER.has(statement.do) && (expressionsOf(statement).some(expr => walk(expr).some(isItself)) || goesDown(nested(statement), scope, resolver)));
}

const compares = (test: Expr, operator: RegExp): boolean => walk(test).some(part => part.is === 'operation' && operator.test(part.operator));

/** `if page >= MAX: break`; a page that is not full (`len(rows) < size`) is the last one. */
function leavesAtLimit(body: readonly Statement[]): boolean {
  return body.some(statement => {
    if (statement.do !== 'if') return statement.do !== 'for' && statement.do !== 'while' && leavesAtLimit(nested(statement));
    const isLeft = [...statement.then, ...statement.otherwise].some(({ do: does }) => does === 'break' || does === 'return' || does === 'raise');
    return (isLeft && compares(statement.test, /^[<>]=?$/) && !asksLength(statement.test)) || leavesAtLimit(nested(statement));
  });
}

const asksLength = (test: Expr): boolean => walk(test).some(part => part.is === 'call' && dottedName(part.callee) === 'len');

/** Does a statement give something to who walks the generator? */
export function yields(statement: Statement): boolean {
  return expressionsOf(statement).some(expr => walk(expr).some(part => part.is === 'operation' && part.operator === 'yield')) || nested(statement).some(yields);
}
