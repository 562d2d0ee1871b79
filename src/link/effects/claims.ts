import type { Expr, Statement, StatusClaim } from '../../model/index.js';
import { dottedName, expressionsOf, nested, walk } from '../../model/index.js';
import type { Resolver, Scope } from '../modules.js';
import { isIdle } from './handlers.js';
import { render } from '../render.js';

/** A value that says that somebody is at work. */
const AT_WORK = /(?:^|[._"' ])(?:in_?progress|running|processing|started|working|busy|locked)(?:$|[._"' )])/i;

/**
 * A field of a row that a function asks for before it starts (`if row.state != PENDING: return`), and then sets to "at work": a lock without an
 * end, since only the same run takes it off.
 */
export function claimsIn(body: readonly Statement[], scope: Scope, resolver: Resolver): readonly StatusClaim[] {
  const asked = new Map<string, Pick<StatusClaim, 'askedAt' | 'raises'>>();
  const claims: StatusClaim[] = [];
  const visit = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.do === 'if' && isTurnedAway(statement.then, scope, resolver) && turnsAway(statement.test)) for (const name of fieldsOf(statement.test)) asked.set(name, { askedAt: statement.at, ...(statement.then.at(-1)!.do === 'raise' && { raises: true as const }) });
      if (statement.do === 'assign' && statement.targets[0]?.is === 'member') {
        const name = dottedName(statement.targets[0]);
        const value = render(statement.value);
        if (name !== undefined && asked.has(name) && AT_WORK.test(value)) claims.push({ at: statement.at, field: name, value, ...asked.get(name)! });
      }
      if (statement.do !== 'function' && statement.do !== 'class') visit(nested(statement));
    }
  };
  visit(body);
  // nothing takes it off again: a counter or a mark, not a claim
  return claims.filter(claim => assignmentsTo(body, claim.field) > 1);
}

/** Nothing is done but to return, or to raise what retries nothing. */
function isTurnedAway(then: readonly Statement[], scope: Scope, resolver: Resolver): boolean {
  const last = then.at(-1);
  return last?.do === 'return' ? isIdle(then, scope, resolver) : last?.do === 'raise' && isIdle(then.slice(0, -1), scope, resolver) && !/retry/i.test(last.value ? render(last.value) : '');
}

/** `state == RUNNING`, or anything but a state that waits (`!=`, `not in`, `not …`); a test for DONE lets a second run in. */
function turnsAway(test: Expr): boolean {
  return walk(test).some(part => part.is === 'operation' && (/^(?:!=|not in|not|is not)$/.test(part.operator) || (/^(?:==|in|is)$/.test(part.operator) && AT_WORK.test(render(part, 200)))));
}

function fieldsOf(test: Expr): readonly string[] {
  return walk(test).flatMap(part => (part.is === 'member' ? dottedName(part) ?? [] : []));
}

function assignmentsTo(body: readonly Statement[], field: string): number {
  return body.reduce((count, statement) => count + (statement.do === 'assign' && statement.targets.some(target => dottedName(target) === field) ? 1 : 0) + assignmentsTo(nested(statement), field), 0);
}

/** Says how long ago something was. */
const AGE = /timedelta|minutes|hours|(?:^|_)(?:ago|older|stale|stuck|cutoff|expired?|since)(?:_|$)|(?:updated|started|created|claimed|modified)(?:_at|_on|_date)?$|processing_started/i;

/** Does this task function look for rows that were left so: does it ask for the claim's value, and for how long ago something was? */
export function reaps(body: readonly Statement[], { value }: StatusClaim): boolean {
  const parts = partsOf(body);
  return parts.some(part => isAsked(part, value)) && parts.some(part => (part.is === 'name' || part.is === 'member') && AGE.test(part.name));
}

/** `Job.status == IN_PROGRESS`, `filter(status=IN_PROGRESS)`, `status.in_([IN_PROGRESS])`. */
function isAsked(part: Expr, value: string): boolean {
  const isValue = (expr: Expr): boolean => walk(expr).some(inner => lastTwo(render(inner)) === lastTwo(value) && (inner.is === 'name' || inner.is === 'member' || inner.is === 'literal'));
  if (part.is === 'operation') return /^(?:==|in)$/.test(part.operator) && part.operands.some(isValue);
  return part.is === 'call' && (part.keywords.some(([key, given]) => key !== null && isValue(given)) || (part.callee.is === 'member' && part.callee.name === 'in_' && part.positional.some(isValue)));
}
const lastTwo = (name: string): string => name.split('.').slice(-2).join('.');
const partsOf = (body: readonly Statement[]): readonly Expr[] => body.flatMap(statement => [...expressionsOf(statement).flatMap(expr => walk(expr)), ...partsOf(nested(statement))]);
