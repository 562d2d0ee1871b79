import type { Expr, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, nested, samePlace, walk } from '../../model/index.js';

interface Behind { readonly types: readonly string[]; /** Nothing behind this block is reached. */ readonly ends: boolean }

/** The errors that these statements raise themselves behind a place in them, by their names as written; undefined: the place is not here. */
export function raisedBehind(statements: readonly Statement[], at: SourceLocation): readonly string[] | undefined {
  return behind(statements, at)?.types;
}

function behind(statements: readonly Statement[], at: SourceLocation): Behind | undefined {
  for (const [i, statement] of statements.entries()) {
    const inner = blocksOf(statement).map(block => behind(block, at)).find(found => found !== undefined);
    if (!inner && !expressionsOf(statement).some(expr => walk(expr).some(part => samePlace(part.at, at)))) continue;
    if (inner?.ends) return inner;
    const rest = statements.slice(i + 1);
    return { types: [...(inner?.types ?? []), ...rest.flatMap(raisesIn)], ends: rest.some(ends) };
  }
  return undefined;
}

/** The blocks of a statement, of which one run takes one after the other or one alone. */
function blocksOf(statement: Statement): readonly (readonly Statement[])[] {
  switch (statement.do) {
    case 'if': return [statement.then, statement.otherwise];
    case 'try': return [statement.body, ...statement.handlers.map(handler => handler.body), statement.otherwise, statement.finally];
    default: return [nested(statement)];
  }
}

const ends = (statement: Statement): boolean => statement.do === 'return' || statement.do === 'raise' || statement.do === 'continue' || statement.do === 'break';

function raisesIn(statement: Statement): readonly string[] {
  const own = statement.do === 'raise' && statement.value ? nameOf(statement.value) : undefined;
  return [...(own === undefined ? [] : [own]), ...nested(statement).flatMap(raisesIn)];
}

/** `raise TaxError`, `raise TaxError(…)`; not `raise self.retry()`. */
function nameOf(value: Expr): string | undefined {
  const name = dottedName(value.is === 'call' ? value.callee : value);
  return name !== undefined && /^[A-Z]/.test(name.split('.').pop()!) ? name : undefined;
}
