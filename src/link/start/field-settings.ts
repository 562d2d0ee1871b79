import type { Expr, Field, Setting } from '../../model/index.js';
import { place } from '../../model/index.js';
import { render } from '../render.js';

/** A written field as a setting; where nothing is written, the format's default, or unset. `read`: the value a literal stands for. */
export function settingOf<T>(field: Field, read: (value: unknown) => T | undefined, fallback?: { readonly value: T; readonly text: string }): Setting<T> {
  const { value, at } = field;
  const slots = field.frozen ? [] : field.slots;
  const frozen = field.frozen && { frozen: field.frozen };
  if (!value) return fallback ? { state: 'set', value: fallback.value, at, certainty: 'format-default', origin: [{ text: fallback.text }], overridden: [], slots, ...frozen } : { state: 'unset', at, slots, ...frozen };
  const values = valuesOf(value, read, fallback?.value, 0);
  const [first] = values;
  if (first !== undefined && values.every(other => other === first))
    return { state: 'set', value: first, at: value.at, certainty: value.is === 'environment' || value.is === 'reference' ? 'unless-environment' : 'written', origin: [{ text: place(value.at), at: value.at }], overridden: [], slots, ...frozen };
  return { state: 'unknown', at: value.at, expression: render(value), candidates: values.every(other => other !== undefined) ? (values as readonly T[]) : [] };
}

/** What an expression of a format can be: one value, those of its branches, its default; undefined among them: anything. null: left out, so the format's default. */
function valuesOf<T>(expr: Expr, read: (value: unknown) => T | undefined, absent: T | undefined, depth: number): readonly (T | undefined)[] {
  if (depth > 20) return [undefined];
  switch (expr.is) {
    case 'literal': return [expr.value === null ? absent : read(expr.value)];
    case 'choice': return expr.branches.flatMap(branch => valuesOf(branch, read, absent, depth + 1));
    case 'environment': case 'reference': return expr.fallback ? valuesOf(expr.fallback, read, absent, depth + 1) : [undefined];
    default: return [undefined];
  }
}
