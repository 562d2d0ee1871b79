import { posix } from 'node:path';
import type { Expr, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, literalText, nested, walk } from '../../model/index.js';
import { classScope } from '../bodies.js';
import type { FunctionTarget, Resolver, Scope } from '../modules.js';

export type Call = Extract<Expr, { is: 'call' }>;
export interface CodeSite { readonly statement: Statement; readonly scope: Scope; /** Functions around it, the innermost last. */ readonly within: readonly FunctionTarget[] }

const MAX_DEPTH = 60;

/** Every statement of some code, those of functions without a name too: in JavaScript most code stands in one. */
export function* codeSites(statements: readonly Statement[], scope: Scope, resolver: Resolver, within: readonly FunctionTarget[] = []): Generator<CodeSite> {
  if (within.length > MAX_DEPTH) return;
  const enter = function* (target: FunctionTarget): Generator<CodeSite> { yield* codeSites(target.function.body, resolver.inside(target), resolver, [...within, target]); };
  for (const statement of statements) {
    yield { statement, scope, within };
    if (statement.do === 'function') yield* enter({ is: 'function', function: statement.function, scope, ...(scope.kind === 'class' && scope.self && { owner: scope.self }) });
    else if (statement.do === 'class') yield* codeSites(statement.class.body, classScope({ is: 'class', class: statement.class, scope }), resolver, within);
    else yield* codeSites(nested(statement), scope, resolver, within);
    for (const expr of expressionsOf(statement)) for (const part of walk(expr)) if (part.is === 'function' && part.code) yield* enter({ is: 'function', function: part.code, scope });
  }
}

/** The calls a statement makes itself. */
export function callsOf(statement: Statement): readonly Call[] {
  return expressionsOf(statement).flatMap(expr => walk(expr).filter(part => part.is === 'call'));
}

/** What a call calls, as written: `channel.ack`; of what is no plain name the last part: `ack` of `channels[0].ack(…)`. */
export const calleeName = ({ callee }: Call): string => dottedName(callee) ?? (callee.is === 'member' ? callee.name : '');

/** The function an expression is, or names. */
export function functionNamed(expr: Expr | undefined, scope: Scope, resolver: Resolver, steps = 6): FunctionTarget | undefined {
  if (!expr || steps === 0) return undefined;
  if (expr.is === 'function') return expr.code && { is: 'function', function: expr.code, scope };
  // work.bind(this)
  const named = expr.is === 'call' && expr.callee.is === 'member' && expr.callee.name === 'bind' ? expr.callee.object : expr;
  const target = resolver.resolve(named, scope);
  if (target.is === 'value' && target.expr !== named) return functionNamed(target.expr, target.scope, resolver, steps - 1);
  return target.is === 'function' ? target : undefined;
}

export interface Entries { readonly entries: readonly (readonly [string, Expr, Scope])[]; /** More may be in it than was read. */ readonly isOpen: boolean }

/** What a call is given as an object: its entries, those of what is spread into it included, the last of a name counts. */
export function entriesOf(expr: Expr | undefined, scope: Scope, resolver: Resolver, steps = 6): Entries {
  if (!expr || (expr.is === 'literal' && expr.value === null)) return { entries: [], isOpen: false };
  const open: Entries = { entries: [], isOpen: true };
  if (steps === 0) return open;
  if (expr.is === 'map') {
    const parts = expr.entries.map(([key, value]): Entries => (key === null ? entriesOf(value, scope, resolver, steps - 1) : key.is === 'literal' ? { entries: [[String(key.value), value, scope]], isOpen: false } : open));
    return { entries: parts.flatMap(part => part.entries), isOpen: parts.some(part => part.isOpen) };
  }
  // ...(lockDuration && { lockDuration })
  if (expr.is === 'operation' && expr.operator === 'and') return entriesOf(expr.operands.at(-1), scope, resolver, steps - 1);
  const target = expr.is === 'name' || expr.is === 'member' ? resolver.resolve(expr, scope) : undefined;
  if (target?.is === 'value' && target.expr !== expr) return entriesOf(target.expr, target.scope, resolver, steps - 1);
  const callee = expr.is === 'call' ? resolver.resolve(expr.callee, scope) : undefined;
  const returned = callee?.is === 'function' ? callee.function.body.findLast(statement => statement.do === 'return') : undefined;
  return callee?.is === 'function' && returned?.do === 'return' && returned.value ? entriesOf(returned.value, resolver.inside(callee), resolver, steps - 1) : open;
}

/** The name itself; of an address its end: `https://sqs…/123/register-input`. */
export function queueName(expr: Expr, scope: Scope, resolver: Resolver): string | undefined {
  const value = resolver.evaluate(expr, scope);
  return value.known && typeof value.value === 'string' ? posix.basename(value.value) : literalText(expr);
}
