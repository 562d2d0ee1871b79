import type { Effect, EffectKind, Expr } from '../../model/index.js';
import { dottedName, walk } from '../../model/index.js';
import { LIBRARY_CALLS, ORM_METHODS, QUERYSET_METHODS } from '../../knowledge/libraries.js';
import type { Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import { hasQueryRoot, spine } from './source.js';

type Call = Extract<Expr, { is: 'call' }>;
export interface Classified { readonly kind: EffectKind; readonly guard?: Effect['guard']; readonly timeoutSeconds?: number; readonly endless?: boolean }

/** What one call does to the world, by the library's name or, for ORMs, by the method's. undefined: nothing that is known. */
export function classify(call: Call, external: string | undefined, scope: Scope, resolver: Resolver): Classified | undefined {
  const library = external === undefined ? undefined : LIBRARY_CALLS.find(entry => entry.name.test(external));
  if (library) {
    const key = call.keywords.find(([name]) => name === 'idempotency_key')?.[1];
    const guard = key && isStable(key) ? { kind: 'idempotency key', at: key.at } : library.idempotent ? { kind: 'idempotent by its own meaning', at: call.at } : undefined;
    const timeoutSeconds = timeoutOf(call, scope, resolver) ?? library.timeoutSeconds;
    const endless = library.endless === true && !call.keywords.some(([name]) => name === null || name === 'timeout');
    return { kind: library.kind, ...(guard && { guard }), ...(timeoutSeconds !== undefined && { timeoutSeconds }), ...(endless && { endless }) };
  }
  return orm(call);
}

/** A key made anew at each run guards nothing. */
function isStable(key: Expr): boolean {
  return !/uuid|random|now\(|time\(/i.test(render(key, 200));
}

function timeoutOf(call: Call, scope: Scope, resolver: Resolver): number | undefined {
  const written = call.keywords.find(([name]) => name === 'timeout')?.[1];
  const value = written && resolver.evaluate(written, scope);
  if (value?.known && typeof value.value === 'number') return value.value;
  if (call.callee.is === 'member' && call.callee.name === 'sleep') {
    const seconds = call.positional[0] && resolver.evaluate(call.positional[0], scope);
    return seconds?.known && typeof seconds.value === 'number' ? seconds.value : undefined;
  }
  return undefined;
}

function orm(call: Call): Classified | undefined {
  if (call.callee.is !== 'member') return undefined;
  const method = Object.hasOwn(ORM_METHODS, call.callee.name) ? ORM_METHODS[call.callee.name] : undefined;
  if (!method) return undefined;
  const text = spine(call.callee.object);
  const onQueryset = hasQueryRoot(call.callee.object) || endsInQueryset(call.callee.object);
  const onSession = /(^|\.)(db_)?(session|db\.session)$/i.test(text);
  if (method.onSession ? !onSession : method.onQueryset ? !onQueryset : method.bare && call.positional.length > 0) return undefined;
  // cache.delete(), file.save(): not a row; a bare method counts on something that is no cache, client or file
  if (method.bare && /(^|[._])(cache|redis|client|form|figure|fig|image|img|file|storage)s?(_?\d+)?(\(|\)|\.|$)|(^|\.)self$|super\(\)/i.test(text)) return undefined;
  const conflict = call.keywords.find(([name]) => name === 'ignore_conflicts' || name === 'update_conflicts');
  const guard = method.guard ? { kind: method.guard, at: call.at } : conflict ? { kind: conflict[0]!, at: conflict[1].at } : undefined;
  const kind = method.kind === 'update' && call.keywords.some(([, value]) => countsOn(value)) ? 'increment' : method.kind;
  return { kind, ...(guard && { guard }) };
}

/** `F("stock") - 1`: the new value depends on the one before; `Coalesce(F("start"), now)` does not count. */
function countsOn(value: Expr): boolean {
  const isField = (part: Expr): boolean => part.is === 'call' && /(^|\.)F$/.test(dottedName(part.callee) ?? '');
  return [...walk(value)].some(part => part.is === 'operation' && /^[-+*]$/.test(part.operator) && part.operands.some(isField));
}

function endsInQueryset(expr: Expr): boolean {
  return expr.is === 'call' && expr.callee.is === 'member' && QUERYSET_METHODS.has(expr.callee.name) && expr.callee.name !== 'find';
}
