import type { Effect, Expr, Loop, SourceLocation } from '../../model/index.js';
import { isWithin } from '../../model/index.js';
import { OF_SESSION } from '../../knowledge/libraries/index.js';
import type { Resolver, Scope } from '../modules.js';
import { openedBy } from '../transactions.js';
import type { Classified } from './classify.js';

/** `isSession`: it holds what is given to a session, else rows alone. */
export interface Opened { readonly of: Effect['transaction'] & {}; readonly isSession: boolean }
/** Does a transaction that is open hold what a call does? */
export const holds = ({ isSession }: Opened, { isRow, session }: Classified): boolean => (isSession ? session !== undefined && OF_SESSION.test(session) : isRow === true && session === undefined);
/** The default database: `using=` chooses another one. */
const ON_DEFAULT = /\b(?:atomic|commit_on_success|begin)(?:\((?:(?:durable|savepoint)=\w+(?:, )?)*\))?$/;
/** `session.commit()`. */
export interface Commit { readonly at: SourceLocation; readonly session: string; readonly step: number; readonly loop?: number }
/** The transaction and the loop that a statement stands in. */
interface Around { readonly transaction?: Opened; readonly loop?: number }
/** What was given to a session, and when. */
interface Given { readonly session?: string; readonly insideLoop?: number; readonly step: number }

/** The transaction that a `with` or one of a function's decorators opens; one inside another is a part of that. */
export function transactionOf(openers: readonly Expr[], scope: Scope, { transaction, loop }: Around, resolver: Resolver): Pick<Around, 'transaction'> {
  const open = transaction ? undefined : openers.map(opener => openedBy(opener, scope, resolver)).find(found => found !== undefined && ON_DEFAULT.test(found.text));
  return open ? { transaction: { of: { at: open.at, ...(loop !== undefined && { insideLoop: loop }) }, isSession: open.text.endsWith('begin()') } } : transaction ? { transaction } : {};
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
