import type { Statement } from '../../model/index.js';
import { dottedName, nested, walk } from '../../model/index.js';
import { bindingsOf } from '../bindings.js';
import { isScript } from '../find-scripts.js';
import type { Resolver, Scope } from '../modules.js';
import { ANYTHING, stateAsked, type Asked } from './state.js';

/** Nobody knows what it asks for. */
export const OPEN: readonly Asked[] = [{ entity: ANYTHING, as: 'value' }];

/** `if done: return`: what stands behind it may not be reached a second time. */
const endsIn = (statements: readonly Statement[]): boolean => statements.some(inner => inner.do === 'return' || inner.do === 'raise' || inner.do === 'continue' || mayEnd(inner));

/** What stands behind it is not reached from its end. */
export const endsThere = (statements: readonly Statement[]): boolean => /^(?:return|raise|continue|break)$/.test(statements.at(-1)?.do ?? '');

export function mayEnd(statement: Statement): boolean {
  if (statement.do === 'if') return endsIn([...statement.then, ...statement.otherwise]);
  return statement.do === 'with' || statement.do === 'try' ? nested(statement).some(mayEnd) : false;
}

/** What decides whether what stands behind a statement is reached. */
export function endsAsk(statement: Statement, scope: Scope, resolver: Resolver): readonly Asked[] {
  if (statement.do === 'if') return mayEnd(statement) ? stateAsked(statement.test, scope, resolver, !endsIn(statement.then)) : [];
  return isScript(scope.path) ? nested(statement).filter(mayEnd).flatMap(inner => endsAsk(inner, scope, resolver)) : OPEN;
}

/** Keys that name one row, and say nothing about what was done with it. */
const BY_KEY = /^(pk|id|uuid|.*_id|.*_uuid|session|db|using|with_for_update)$/;
/** Reads one row, or none. */
const FETCHES = /^(get|first|one_or_none|scalar_one_or_none|scalar|find_one|last|get_by_id|get_or_none)$/;
const ABSENT = /(?:^|\.)(?:DoesNotExist|ObjectDoesNotExist|NoResultFound)$/;

/** `order = Order.objects.filter(pk=pk).first()`, `if not order: return`: only a row that is gone ends it, which a second run finds again. */
export function isMissing(statement: Statement, scope: Scope): boolean {
  if (statement.do === 'try') return !statement.body.some(mayEnd) && statement.handlers.every(handler => handler.types.length > 0 && handler.types.every(type => ABSENT.test(dottedName(type) ?? '')));
  if (statement.do !== 'if' || statement.otherwise.length > 0) return false;
  const { test } = statement;
  const asked = test.is === 'operation' && (test.operator === 'not' || (test.operator === 'is' && test.operands[1]?.is === 'literal' && test.operands[1].value === null)) ? test.operands[0] : undefined;
  if (asked?.is !== 'name') return false;
  const [only, ...others] = bindingsOf(scope.statements).byName.get(asked.name) ?? [];
  if (only?.kind !== 'value' || others.length > 0 || only.expr.is !== 'call') return false;
  const calls = walk(only.expr).filter(part => part.is === 'call');
  return only.expr.callee.is === 'member' && FETCHES.test(only.expr.callee.name) && calls.every(({ keywords, positional }) => keywords.every(([key]) => key !== null && BY_KEY.test(key)) && positional.every(part => part.is === 'name' || part.is === 'member' || (part.is === 'literal' && typeof part.value === 'string')));
}
