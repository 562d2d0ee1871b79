import type { Expr, Statement, StatusClaim } from '../../model/index.js';
import { dottedName, nested, walk } from '../../model/index.js';
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
  const asked = new Map<string, Statement['at']>();
  const claims: StatusClaim[] = [];
  const visit = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.do === 'if' && statement.then.at(-1)?.do === 'return' && isIdle(statement.then, scope, resolver) && turnsAway(statement.test)) for (const name of fieldsOf(statement.test)) asked.set(name, statement.at);
      if (statement.do === 'assign' && statement.targets[0]?.is === 'member') {
        const name = dottedName(statement.targets[0]);
        const value = render(statement.value);
        if (name !== undefined && asked.has(name) && AT_WORK.test(value)) claims.push({ at: statement.at, field: name, value, askedAt: asked.get(name)! });
      }
      if (statement.do !== 'function' && statement.do !== 'class') visit(nested(statement));
    }
  };
  visit(body);
  // nothing takes it off again: a counter or a mark, not a claim
  return claims.filter(claim => assignmentsTo(body, claim.field) > 1);
}

/** `state == RUNNING`, or anything but a state that waits (`!=`, `not in`, `not …`); a test for DONE lets a second run in. */
function turnsAway(test: Expr): boolean {
  return [...walk(test)].some(part => part.is === 'operation' && (/^(?:!=|not in|not|is not)$/.test(part.operator) || (/^(?:==|in|is)$/.test(part.operator) && AT_WORK.test(render(part, 200)))));
}

function fieldsOf(test: Expr): readonly string[] {
  return [...walk(test)].flatMap(part => (part.is === 'member' ? dottedName(part) ?? [] : []));
}

function assignmentsTo(body: readonly Statement[], field: string): number {
  return body.reduce((count, statement) => count + (statement.do === 'assign' && statement.targets.some(target => dottedName(target) === field) ? 1 : 0) + assignmentsTo(nested(statement), field), 0);
}
