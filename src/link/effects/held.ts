import type { Effect, Expr, Loop, SourceLocation, Statement } from '../../model/index.js';
import { callsWithin, dottedName, isWithin, walk } from '../../model/index.js';
import { OF_SESSION } from '../../knowledge/libraries/index.js';
import { OPENS_TRANSACTION } from '../../knowledge/libraries/node.js';
import { argumentsOf } from '../call-arguments.js';
import type { Resolver, Scope } from '../modules.js';
import { openedBy } from '../transactions.js';
import { sessionOf, type Classified } from './classify.js';

/** `isSession`: it holds what is given to a session, else rows alone; `session`: only what is given to this one. */
export interface Opened { readonly of: Effect['transaction'] & {}; readonly isSession: boolean; readonly session?: string }
/** What opens a transaction: a decorator, or an item of a `with`. */
export interface Opener { readonly value: Expr; readonly as?: Expr }
/** Does a transaction that is open hold what a call does? */
export const holds = ({ isSession, session: only }: Opened, { isRow, session }: Classified): boolean => (only !== undefined ? session === only : isSession ? session !== undefined && OF_SESSION.test(session) : isRow === true && session === undefined);
/** `prisma.$transaction(async tx => …)`, and a function of the repository that does so with what it is given. */
export function scriptTransaction({ callee, at }: Extract<Expr, { is: 'call' }>, scope: Scope, { transaction, loop }: Around, resolver: Resolver): Pick<Around, 'transaction'> {
  const opens = (expr: Expr): boolean => expr.is === 'member' && OPENS_TRANSACTION.test(expr.name);
  const target = opens(callee) ? undefined : resolver.resolve(callee, scope);
  const isOpen = target === undefined || (target.is === 'function' && callsWithin(target.function.body).some(call => opens(call.callee)));
  return transaction || !isOpen ? {} : { transaction: { of: { at, ...(loop !== undefined && { insideLoop: loop }) }, isSession: false } };
}

/** The default database: `using=` chooses another one. */
const ON_DEFAULT = /\b(?:atomic|commit_on_success|begin)(?:\((?:(?:durable|savepoint)=\w+(?:, )?)*\))?$/;
/** `session.commit()`. */
export interface Commit { readonly at: SourceLocation; readonly session: string; readonly step: number; readonly loop?: number }
/** The transaction and the loop that a statement stands in. */
interface Around { readonly transaction?: Opened; readonly loop?: number }
/** What was given to a session, and when. */
interface Given { readonly session?: string; readonly insideLoop?: number; readonly step: number }

/** The transaction that a `with` or one of a function's decorators opens; one inside another is a part of that. */
export function transactionOf(openers: readonly Opener[], scope: Scope, { transaction, loop }: Around, resolver: Resolver): Pick<Around, 'transaction'> {
  if (transaction) return { transaction };
  const inside = loop === undefined ? {} : { insideLoop: loop };
  const open = openers.map(({ value }) => openedBy(value, scope, resolver)).find(found => found !== undefined && ON_DEFAULT.test(found.text));
  if (open) return { transaction: { of: { at: open.at, ...inside }, isSession: open.text.endsWith('begin()') } };
  const [own] = openers.flatMap(opener => { const session = ownSession(opener, scope, resolver); return session === undefined ? [] : [{ of: { at: opener.value.at, ...inside }, isSession: true, session }]; });
  return own ? { transaction: own } : {};
}

/**
 * The session that a decorator or a context manager of the repository commits behind what it is around: `@autocommit`, whose wrapper calls `db.session.commit()`;
 * `with session_scope() as session`; `with locked(cursor)`, which executes COMMIT.
 */
function ownSession({ value, as }: Opener, scope: Scope, resolver: Resolver): string | undefined {
  const target = resolver.resolve(value.is === 'call' ? value.callee : value, scope);
  if (target.is !== 'function') return undefined;
  const { body, isGenerator, decorators } = target.function;
  if (isGenerator && !decorators.some(decorator => /(?:^|\.)contextmanager$/.test(dottedName(decorator) ?? ''))) return undefined;
  const inside = isGenerator ? body : body.flatMap(statement => (statement.do === 'function' ? statement.function.body : []));
  const committed = committedIn(inside);
  if (committed === undefined) return undefined;
  if (!isGenerator) return sessionOf(committed, target.scope);
  // what it is given is named by the caller, what it makes by `as`
  const given = committed.is === 'name' && value.is === 'call' ? argumentsOf(target, value, scope).get(committed.name) : undefined;
  if (given?.is === 'value') return sessionOf(given.expr, given.scope);
  return as ? dottedName(as) : sessionOf(committed, target.scope);
}

/** What is committed: `session` of `session.commit()`, `cursor` of `cursor.execute("COMMIT")`. */
function committedIn(body: readonly Statement[]): Expr | undefined {
  const isCommit = ({ callee, positional: [sql] }: Extract<Expr, { is: 'call' }>): boolean => callee.is === 'member' && (callee.name === 'commit' || (callee.name === 'execute' && sql !== undefined && walk(sql).some(text => text.is === 'literal' && /^\s*COMMIT\b/i.test(String(text.value)))));
  const call = callsWithin(body).find(isCommit);
  return call?.callee.is === 'member' ? call.callee.object : undefined;
}

/** What a session is given is written at its commit: the transaction is that of the innermost loop with a commit in it, or of all that stands before one. */
export function committedBy({ session, insideLoop, step }: Given, commits: readonly Commit[], loops: readonly Loop[]): Effect['transaction'] {
  if (session === undefined) return undefined;
  for (let at = insideLoop; at !== undefined; at = loops[at]!.outer) {
    const inside = commits.find(({ loop }) => loop !== undefined && isWithin(loop, at!, loops));
    if (inside) return { at: inside.at, insideLoop: at };
  }
  const behind = commits.find(commit => commit.loop === undefined && commit.session === session && commit.step > step);
  return behind && { at: behind.at };
}
