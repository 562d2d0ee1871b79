import type { Expr, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, nested, walk } from '../../model/index.js';
import { EXECUTES, STATEMENTS } from '../../knowledge/libraries/index.js';
import type { Resolver, Scope } from '../modules.js';
import { remembered } from '../remember.js';
import { sqlOf } from './sql-text.js';

/** How many rows a statement gives: all that it finds, those of a key, a number that it says itself. */
export type Rows = 'all' | 'some' | 'few';

/** What the statement gives that was executed on a cursor last before a place; undefined: there is none that can be read. */
export function rowsOfCursor(cursor: string, before: SourceLocation, scope: Scope, resolver: Resolver): Rows | undefined {
  const statement = executedOn(scope.statements).get(cursor)?.findLast(({ at }) => at.startLine <= before.startLine);
  return statement && rowsOf(statement, scope, resolver);
}

/** What a statement gives; undefined: nothing, or it cannot be read. */
export function rowsOf(statement: Expr, scope: Scope, resolver: Resolver): Rows | undefined {
  const sql = sqlOf(statement, scope, resolver);
  if (sql === undefined || !STATEMENTS.select.test(sql)) return undefined;
  return STATEMENTS.cut.test(sql) ? 'few' : STATEMENTS.byKey.test(sql) ? 'some' : 'all';
}

/** By the name of a cursor: the statements that are executed on it, in the order of the code. */
const executedOn = remembered((statements: readonly Statement[]): ReadonlyMap<string, readonly Expr[]> => {
  const found = new Map<string, Expr[]>();
  const collect = (body: readonly Statement[]): void => {
    for (const statement of body) {
      if (statement.do === 'function' || statement.do === 'class') continue;
      for (const expr of expressionsOf(statement)) for (const part of walk(expr)) {
        if (part.is !== 'call' || part.callee.is !== 'member' || !EXECUTES.test(part.callee.name)) continue;
        const name = dottedName(part.callee.object);
        if (name !== undefined && part.positional[0]) found.set(name, [...(found.get(name) ?? []), part.positional[0]]);
      }
      collect(nested(statement));
    }
  };
  collect(statements);
  return found;
});
