import type { Expr, OriginStep, SourceLocation, Slot } from '../model/index.js';
import { place, startOf } from '../model/index.js';
import { isDuration } from './durations.js';
import { render } from './render.js';

/**
 * A computed value. `known` false: `candidates` are what it may be (empty: anything; `undefined` among them: perhaps not set).
 * Mappings are Maps of Values by key, lists are arrays of Values, timedeltas are `{ seconds }`.
 */
export interface Value {
  readonly known: boolean;
  readonly value?: unknown;
  readonly candidates: readonly unknown[];
  readonly certainty: 'written' | 'unless-environment';
  readonly at: SourceLocation;
  readonly origin: readonly OriginStep[];
  readonly slots: readonly Slot[];
  /** As written, for "could not be resolved". */
  readonly expression: string;
  /** Mappings: further keys may exist. */
  readonly open?: boolean;
  /** Not known only because an environment variable could not be read. */
  readonly fromEnvironment?: boolean;
}

/** Several possibilities as one value: known where all agree. `undefined` among them: perhaps nothing is set. */
export function together(values: readonly (Value | undefined)[]): Value {
  const given = values.filter(value => value !== undefined);
  const last = given[given.length - 1];
  if (!last) return unknown({ is: 'opaque', text: 'nothing', at: startOf('') });
  if (values.length === 1) return last;
  const firm = given.filter(value => !value.fromEnvironment || value.known);
  if (firm.length > 0 && firm.length < given.length && given.length === values.length) return { ...together(firm), certainty: 'unless-environment' };
  const agree = given.length === values.length && given.every(value => value.known && sameValue(value.value, last.value));
  if (agree) return { ...last, certainty: given.some(value => value.certainty !== 'written') ? 'unless-environment' : 'written' };
  const maps = given.filter(value => value.known && value.value instanceof Map);
  if (maps.length === given.length && given.length === values.length) return mergedMaps(maps);
  const candidates = values.flatMap(value => (value === undefined ? [undefined] : value.known ? [value.value] : value.candidates.length > 0 ? [...value.candidates] : [ANYTHING]));
  return { known: false, candidates: candidates.includes(ANYTHING) ? [] : candidates, certainty: 'written', at: last.at, origin: last.origin, slots: [], expression: given.map(value => value.expression).join(' or ') };
}
const ANYTHING = Symbol('anything');

/** Two variants of one mapping: known keys that agree stay known. */
function mergedMaps(maps: readonly Value[]): Value {
  const keys = new Set(maps.flatMap(map => [...(map.value as Map<unknown, Value>).keys()]));
  const merged = new Map<unknown, Value>();
  for (const key of keys) merged.set(key, together(maps.map(map => (map.value as Map<unknown, Value>).get(key))));
  const last = maps[maps.length - 1]!;
  return { ...last, value: merged, ...(maps.some(map => map.open) && { open: true }) };
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => (item as Value).known && (b[i] as Value).known && sameValue((item as Value).value, (b[i] as Value).value));
  if (isDuration(a) && isDuration(b)) return a.seconds === b.seconds;
  return false;
}

/** Python's truth. */
export function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (isDuration(value)) return value.seconds !== 0;
  return Boolean(value);
}

export function known(value: unknown, expr: Expr): Value {
  return { known: true, value, candidates: [value], certainty: 'written', at: expr.at, origin: [{ text: place(expr.at), at: expr.at }], slots: expr.slot ? [expr.slot] : expr.is === 'literal' ? [{ kind: 'replace', at: expr.at, encoding: ['python'] }] : [], expression: render(expr) };
}

/** A value computed from others: as certain as the least certain of them. */
export function derived(value: unknown, expr: Expr, from: readonly Value[]): Value {
  const certainty = from.some(part => part.certainty !== 'written') ? 'unless-environment' as const : 'written' as const;
  const steps = from.flatMap(part => part.origin).filter(step => step.at === undefined || step.at.path !== expr.at.path || step.at.startLine !== expr.at.startLine);
  return { ...known(value, expr), certainty, origin: [{ text: place(expr.at), at: expr.at }, ...steps], slots: [{ kind: 'replace', at: expr.at, encoding: ['python'] }] };
}

/** Not known; because of the environment alone where that holds for every unknown part. */
export function unknownBecause(expr: Expr, parts: readonly Value[]): Value {
  const missing = parts.filter(part => !part.known);
  return missing.length > 0 && missing.every(part => part.fromEnvironment) ? { ...unknown(expr), fromEnvironment: true } : unknown(expr);
}

export function unknown(expr: Expr, candidates: readonly unknown[] = []): Value {
  return { known: false, candidates, certainty: 'written', at: expr.at, origin: [], slots: [], expression: render(expr) };
}
