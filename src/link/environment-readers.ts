import type { Expr } from '../model/index.js';
import type { Lookup } from './evaluate.js';
import { derived, known, unknown, type Value } from './values.js';

/** `env("X", default)` in one process's environment. A value that could not be read keeps the default as "unless the environment says otherwise". */
export function readEnvironment(expr: Extract<Expr, { is: 'environment' }>, lookup: Lookup, evaluate: (part: Expr) => Value): Value {
  const found = lookup(expr.name);
  if (found.state === 'set') {
    const value = cast(found.value, expr.cast);
    return value === undefined ? unknown(expr) : { ...known(value, expr), origin: [found.step, ...known(value, expr).origin], slots: [] };
  }
  if (!expr.fallback) return found.state === 'absent' ? { ...known(null, expr), slots: [] } : { ...unknown(expr), fromEnvironment: true };
  const fallback = evaluate(expr.fallback);
  if (!fallback.known) return { ...fallback, expression: unknown(expr).expression };
  const value = typeof fallback.value === 'string' && expr.cast ? cast(fallback.value, expr.cast) : fallback.value;
  const result = derived(value, expr, [fallback]);
  return { ...result, slots: fallback.slots, certainty: found.state === 'absent' ? fallback.certainty : 'unless-environment' };
}

/** django-environ's and decouple's reading of a text. */
function cast(text: string, to: 'string' | 'number' | 'boolean' | undefined): unknown {
  if (to === 'number') { const number = Number(text); return text.trim() === '' || Number.isNaN(number) ? undefined : number; }
  if (to === 'boolean') return ['true', 'on', 'ok', 'y', 'yes', '1', 't'].includes(text.toLowerCase());
  return text;
}
