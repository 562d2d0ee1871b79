import type { SourceLocation } from './location.js';
import type { Setting } from './setting.js';

/** What the body of a task function or processor does, the same for Python and TypeScript. Rules never see syntax. */
export interface BodyFacts {
  readonly effects: readonly Effect[];
  readonly loops: readonly Loop[];
  readonly locks: readonly Lock[];
  readonly publishes: readonly Publish[];
  readonly handlers: readonly ErrorHandler[];
  readonly waits: readonly ResultWait[];
  readonly claims: readonly StatusClaim[];
  /** Nothing in it can take long: no loop, call out, sleep or unknown work. */
  readonly trivial: boolean;
  /** Some call could not be followed: silence about what it does, never a claim that it does nothing. */
  readonly partial: boolean;
  /** So many functions are called that not all of them were followed. */
  readonly capped?: boolean;
}

export type EffectKind = 'insert' | 'increment' | 'update' | 'delete' | 'append' | 'upload' | 'email' | 'sms' | 'payment' | 'http-write' | 'http-read' | 'publish' | 'counter' | 'sleep' | 'read' | 'subprocess';
/** Takes long enough to be cut in it. */
export const SLOW: ReadonlySet<EffectKind> = new Set(['http-read', 'http-write', 'email', 'sms', 'payment', 'upload', 'subprocess', 'sleep']);
export interface CallStep { readonly at: SourceLocation; readonly text: string }
export interface Effect {
  readonly kind: EffectKind;
  /** The call as written, shortened: `send_mail(…)`. */
  readonly text: string;
  readonly at: SourceLocation;
  readonly via: readonly CallStep[];
  /** The table it writes, as the code names it, where that can be told. */
  readonly entity?: string;
  /** Index into `loops` of the innermost loop around it. */
  readonly insideLoop?: number;
  /** The transaction that holds it: what is cut before its end is rolled back. `insideLoop`: the loop whose rounds have one each; without it one holds all of them. */
  readonly transaction?: { readonly at: SourceLocation; readonly insideLoop?: number };
  /** Something that makes a second run harmless: get_or_create, unique key, idempotency key, status claimed before, lock held. */
  readonly guard?: { readonly kind: string; readonly at: SourceLocation };
  /**
   * It stands under a condition, behind one that may end the function, in a loop over what is stored, or where an error of its own is handled.
   * open: a run before may have changed what that depends on, so that a second one does not come here; late: it changes that, but only behind slow
   * work that follows the effect; next: it changes that right behind the effect, by a call of its own; steady: it depends on what is stored, and nothing that the function is seen to do changes that.
   */
  readonly conditional?: 'open' | 'late' | 'next' | 'steady';
  /** next: the call that changes it. */
  readonly changedAt?: SourceLocation;
  /** The row that it adds is put into a field of another row, in place of the one that was there: `order.invoice = File.objects.create(…)`. */
  readonly intoField?: true;
  /** Nothing but logging is left to do behind it, on the way that it stands on. */
  readonly isLast?: true;
  /** Errors that the task function itself raises behind it, by their names as written. */
  readonly raisedBehind?: readonly string[];
  /** s the call may take by its own timeout; undefined: none or unknown. */
  readonly timeoutSeconds?: number;
  /** timeoutSeconds is what the platform waits, as the call names no end (TypeScript). */
  readonly byDefault?: true;
  /** Neither the call nor the library ends it: it waits for as long as the other side says nothing. */
  readonly endless?: boolean;
}

/** Where an error of a task function's work is caught. */
export interface ErrorHandler {
  readonly at: SourceLocation;
  /** As written; none: a bare `except:`. */
  readonly types: readonly string[];
  /** any: every error; transient: errors of a connection; named: others that are named. */
  readonly catches: 'any' | 'transient' | 'named';
  /** Names of the exceptions that a handler before it passes on. */
  readonly passesOn: readonly string[];
  /** raises: passed on; logs: told to a log at most, perhaps but for some types; returns: told to a log and to the caller, by a value that is returned; records: written to a row as a failure (TypeScript); other: something else is done about it. */
  readonly outcome: 'raises' | 'logs' | 'returns' | 'records' | 'other';
  /** What is tried: the first call with an effect whose error can come here, of this kind, else the first such call. undefined: no call at all. */
  readonly tried?: { readonly at: SourceLocation; readonly text: string; readonly effect?: EffectKind };
  /** Nothing was done before in the same function, and nothing is left to do behind it, or the handler leaves the task. */
  readonly isAll: boolean;
  /** Its log says that this does no harm: "logo missing (non-fatal)" (TypeScript). */
  readonly isMinor?: true;
  /** The function around it gives a value to who calls it, by which that may tell the failure. */
  readonly answers?: true;
  /** It stands in another handler, whose error decides how the function ends. */
  readonly inHandler?: true;
  /** A `self.retry()` inside what is tried. */
  readonly retry?: SourceLocation;
  /** Index into `loops` of the innermost loop around it, but for one over the messages that the function was given. */
  readonly insideLoop?: number;
  readonly via: readonly CallStep[];
}

/** A field that says "at work", asked for before the work and set at its start; no other task function looks for rows that were left so. `field`: `row.state`; `value` as written. */
export interface StatusClaim { readonly at: SourceLocation; readonly field: string; readonly value: string; readonly askedAt: SourceLocation; /** It fails where the row is at work; else it returns. */ readonly raises?: true }

/** The result of another message is waited for: `work.delay().get()`. `text`: the call as written; `allowed`: inside `allow_join_result()`, or with `disable_sync_subtasks=False`. */
export interface ResultWait { readonly at: SourceLocation; readonly text: string; readonly sent: SourceLocation; readonly via: readonly CallStep[]; readonly allowed: boolean }

export interface Loop {
  readonly at: SourceLocation;
  /** What is walked, as written: `User.objects.all()`. */
  readonly over: string;
  /** The loop variable as written. */
  readonly item?: string;
  readonly kind: 'for' | 'while' | 'comprehension';
  readonly source: 'queryset' | 'paginator' | 'scan' | 'listing' | 'file' | 'argument' | 'constant' | 'slice' | 'chunk' | 'range' | 'endless' | 'unknown';
  readonly bound: 'bounded' | 'unbounded' | 'unknown';
  /** The name of the model or table, where the source names one. */
  readonly entity?: string;
  /** The query whose rows are walked, where it is written in one expression; names in it are those of the place where it stands. */
  readonly query?: string;
  /** Nothing is called for an item. */
  readonly callsNothing?: true;
  /** Something is left to do in the task when it has ended. */
  readonly leadsOn?: true;
  /** Names that its body changes and that are read behind it: its items cannot be handled elsewhere as long as those are needed. */
  readonly feeds?: readonly string[];
  /** Only the rows that belong to one thing, by its id. */
  readonly ofOne?: boolean;
  readonly via: readonly CallStep[];
  readonly outer?: number;
  /** Index into `locks` of the lock whose `with` stands around it. */
  readonly lock?: number;
  /** A `while` without a break, return or raise in it. */
  readonly neverLeft?: boolean;
}

export interface Lock {
  readonly at: SourceLocation;
  /** singleton: of celery-singleton, from the message on. */
  readonly kind: 'redis-set-nx' | 'setnx' | 'redis-lock' | 'cache-add' | 'singleton';
  readonly text: string;
  /** s. unset: no expiry. */
  readonly ttl: Setting<number>;
  /** The keyword that sets it, where that is not redis-py's `timeout`. */
  readonly option?: string;
  readonly released?: { readonly at: SourceLocation; readonly checksOwner: boolean; /** The library's own release, which checks. */ readonly byLibrary: boolean };
  readonly via: readonly CallStep[];
  /** What happens when it is not acquired: returns quietly, raises or retries, or unknown. */
  readonly onConflict: 'return' | 'raise' | 'unknown';
  /** The same for every message. */
  readonly constantKey: boolean;
}

/** `other.delay(...)`, `apply_async(countdown=...)`, `send_task`. */
export interface Publish {
  readonly at: SourceLocation;
  readonly target: string;
  /** s. */
  readonly countdown: Setting<number>;
  readonly insideLoop?: number;
  readonly via: readonly CallStep[];
}

/** A message that is sent while a transaction is open that has written. `text`: the call as written; `namesWritten`: in the same function its arguments name what was written. */
export interface PublishInTransaction extends Publish {
  readonly text: string;
  readonly opened: { readonly at: SourceLocation; readonly text: string };
  readonly wrote: { readonly at: SourceLocation; readonly text: string };
  readonly namesWritten: boolean;
  /** There is no hook for the commit: it can only be sent behind the end of the transaction. */
  readonly behind?: 'end';
}

/** `session.add(row)`: the row is given to a session, which writes it later, perhaps with others at once. */
export const isOnlyAdded = ({ text }: Pick<Effect, 'text'>): boolean => /^[^(]*\.(?:add|add_all|merge)\(/.test(text);

/** Is a loop another one, or does it stand in it? Both by their index. */
export function isWithin(inner: number, outer: number, loops: readonly Pick<Loop, 'outer'>[]): boolean {
  for (let at: number | undefined = inner; at !== undefined; at = loops[at]!.outer) if (at === outer) return true;
  return false;
}
