import type { Expr, Statement } from '../model/index.js';
import { nested } from '../model/index.js';
import type { ClassTarget, FunctionTarget, Scope } from './modules.js';

/** The body of a class, in which names are its attributes. `self`: the class that `self` is of, where that one inherits it. */
export function classScope(target: ClassTarget, self: ClassTarget = target): Scope {
  return { path: target.scope.path, parent: target.scope, statements: target.class.body, kind: 'class', self };
}

/** The values a body returns, in the order of the code. */
export function returnsOf(body: readonly Statement[]): readonly Expr[] {
  return body.flatMap(statement => (statement.do === 'return' ? (statement.value ? [statement.value] : []) : returnsOf(nested(statement))));
}

/** The values that stand at a place of the tuples a function returns, in the order of the code. */
export function partsOf({ function: fn }: FunctionTarget, index: number): readonly Expr[] {
  return fn.isGenerator ? [] : returnsOf(fn.body).flatMap(result => (result.is === 'list' && result.items[index] ? [result.items[index]] : []));
}
