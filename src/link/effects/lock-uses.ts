import type { CallStep, Expr, Lock, SourceLocation, Statement } from '../../model/index.js';
import { dottedName, expressionsOf, nested, walk } from '../../model/index.js';
import type { Resolver, Scope } from '../modules.js';
import { seconds } from './delays.js';
import { isIdle } from './handlers.js';
import type { Taken } from './locks.js';

/** `name`: the variable that holds it; `onConflict`: what the first test of it does. */
export interface TakenAt { readonly lock: Taken; readonly at: SourceLocation; readonly text: string; readonly via: readonly CallStep[]; name?: string; onConflict?: Lock['onConflict'] }
/** `delete(key)`. */
export interface Release { readonly at: SourceLocation; readonly holder: string; readonly key: string; readonly checksOwner: boolean }

/** `expire(key, s)`, which gives a lock its life after it was taken. */
export interface Expiry { readonly key: string; readonly holder: string; readonly value: Expr; readonly scope: Scope; readonly inMs: boolean }

/** What an `if` that asks for a lock does without it: `if not lock: return`, `if lock: work()`. In a helper whose answer is used the caller decides. */
export function conflictOf({ test, then, otherwise }: Extract<Statement, { do: 'if' }>, { last, ends, scope }: { readonly last?: boolean; readonly ends?: boolean; readonly scope: Scope }, resolver: Resolver): Lock['onConflict'] {
  const isNegated = test.is === 'operation' && test.operator === 'not';
  const asked = isNegated ? test.operands[0] : test;
  if (asked?.is !== 'name' && asked?.is !== 'call' && asked?.is !== 'member') return 'unknown';
  const refused = isNegated ? then : otherwise;
  const goesOn = (statements: readonly Statement[]): boolean => statements.some(one => one.do === 'raise' || expressionsOf(one).some(expr => walk(expr).some(part => part.is === 'call' && part.callee.is === 'member' && /^(retry|delay|apply_async)$/.test(part.callee.name))) || goesOn(nested(one)));
  if (goesOn(refused)) return 'raise';
  if (!isIdle(refused, scope, resolver)) return 'unknown';
  return last || (ends && refused.at(-1)?.do === 'return') ? 'return' : 'unknown';
}

/** A test that reads the lock's value, or whether its time is over: `if redis.get(key) == token`, `if monotonic() < timeout_at` (Celery's cookbook, "Ensuring a task is only executed one at a time"). */
export function comparesStored(test: Expr): boolean {
  const parts = walk(test);
  return parts.some(part => part.is === 'call' && part.callee.is === 'member' && (part.callee.name === 'get' || part.callee.name === 'owned'))
    || parts.some(part => part.is === 'operation' && /^[<>]=?$/.test(part.operator) && part.operands.some(operand => operand.is === 'call' && /(?:^|\.)(?:monotonic|time|perf_counter|now|utcnow)$/.test(dottedName(operand.callee) ?? '')));
}

/** Each lock with what its first test does and what releases it. */
export function locksWithRelease(taken: readonly TakenAt[], releases: readonly Release[]): readonly Lock[] {
  return taken.map(({ lock, at, text, via, onConflict = 'unknown' }) => {
    const release = lock.byLibrary ? undefined : releases.find(one => one.key === lock.key && one.key !== '' && lastPart(one.holder) === lastPart(lock.holder));
    return {
      at, kind: lock.kind, text, ttl: lock.ttl, via, onConflict, constantKey: lock.constantKey, ...(lock.option !== undefined && { option: lock.option }),
      ...(release && { released: { at: release.at, checksOwner: release.checksOwner, byLibrary: false } }), ...(lock.byLibrary && { released: { at, checksOwner: true, byLibrary: true } }),
    };
  });
}
/** `redis` of `settings.redis()`: clients are the same by this. */
const lastPart = (holder: string): string => holder.replace(/\(\)/g, '').split('.').pop()!.toLowerCase();

/** A lock with the life that a call behind it gave it. */
export function withExpiry<T extends { readonly lock: Taken }>(one: T, expiries: readonly Expiry[], resolver: Resolver): T {
  const expiry = one.lock.ttl.state === 'unset' && !one.lock.byLibrary ? expiries.find(({ key, holder }) => key !== '' && key === one.lock.key && lastPart(holder) === lastPart(one.lock.holder)) : undefined;
  if (!expiry) return one;
  const ttl = seconds(resolver.evaluate(expiry.value, expiry.scope));
  return { ...one, lock: { ...one.lock, ttl: expiry.inMs && ttl.state === 'set' ? { ...ttl, value: ttl.value / 1000 } : ttl } };
}
