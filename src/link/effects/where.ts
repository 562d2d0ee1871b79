import type { CallStep, Effect, Expr, Statement } from '../../model/index.js';
import type { Scope } from '../modules.js';
import type { Way } from './conditions.js';
import type { Opened } from './held.js';
import type { Asked } from './state.js';

type Call = Extract<Expr, { is: 'call' }>;

/** Where a statement stands in what a task function does: what is around it, and what it hangs on. */
export interface Where {
  readonly scope: Scope;
  readonly via: readonly CallStep[];
  readonly depth: number;
  readonly loop?: number;
  /** A loop over the messages that the function was given: what stands in it is done for each of them. */
  readonly batch?: number;
  /** The innermost loop is a `while` that goes on until nothing is left: its body. */
  readonly pages?: readonly Statement[];
  /** Inside an `if` that compares the stored value: a delete there is the owner's. */
  readonly ownerChecked?: boolean;
  /** Inside a `try` that takes errors by their names: one of them ends what is tried (`StopIteration`). */
  readonly leaves?: boolean;
  /** Inside an exception handler. */
  readonly handling?: boolean;
  /** The errors that are handled there, as written; none: any. */
  readonly handled?: readonly string[];
  /** What decides whether the statement at hand is reached. */
  readonly asked?: readonly Asked[];
  /** The ways taken at the questions on the way here. */
  readonly ways?: readonly Way[];
  /** The value of the expression at hand decides something. */
  readonly used?: boolean;
  /** It is all of its statement. */
  readonly whole?: boolean;
  /** Its value is put into a field of a row that is stored. */
  readonly field?: boolean;
  /** It is returned, and that ends the task. */
  readonly returned?: boolean;
  /** Nothing is left to do behind the statement at hand. */
  readonly last?: boolean;
  /** A `return` here ends the task: in the task function itself, and in what it does last of all. */
  readonly ends?: boolean;
  /** What the function at hand returns is used by who calls it, which may tell a failure by it. */
  readonly answers?: boolean;
  /** Inside `with allow_join_result()`. */
  readonly joins?: boolean;
  /** Nothing waits for it (TypeScript): what is started here is no part of the task. */
  readonly detached?: boolean;
  /** The outermost `with transaction.atomic()` or `with session.begin()` around it, and the loop that stands in. */
  readonly transaction?: Opened;
  /** Index of the outermost lock that a `with` around it holds. */
  readonly lock?: number;
  /** What makes all of it harmless. */
  readonly guard?: Effect['guard'];
  /** Calls of this block that were looked at: `const { a, b } = await f()` makes two statements of one call. */
  readonly seen?: Set<Call>;
}

/** What stands behind one more question. */
export function asking(where: Where, asked: readonly Asked[]): Where {
  return asked.length === 0 ? where : { ...where, asked: [...(where.asked ?? []), ...asked] };
}

/** Statements that are one expression, with nothing that it decides. */
export const WHOLE: ReadonlySet<Statement['do']> = new Set(['call', 'assign', 'return']);

/** In a loop of its own. */
export const withoutPages = ({ pages: _, ...where }: Where): Where => where;
