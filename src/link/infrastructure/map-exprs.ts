import type { Expr } from '../../model/index.js';

const KINDS: ReadonlySet<string> = new Set(['literal', 'list', 'map', 'name', 'member', 'item', 'call', 'reference', 'environment', 'operation', 'choice', 'function', 'opaque']);

/** Facts nest no deeper than this. */
const DEPTH = 60;

/**
 * Plain data with every expression in it replaced. Where an item of a list of expressions becomes a list itself (the words of a command
 * that a variable holds), its items take its place.
 */
export function mapExprs<T>(value: T, turn: (expr: Expr) => Expr, depth = 0): T {
  if (typeof value !== 'object' || value === null || depth > DEPTH) return value;
  if (Array.isArray(value)) return value.flatMap((item: unknown) => spliced(item, turn, depth)) as T;
  if (isExpr(value)) return turn(value) as T;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === 'at' || key === 'slots' ? inner : mapExprs(inner, turn, depth + 1)])) as T;
}

function spliced(item: unknown, turn: (expr: Expr) => Expr, depth: number): readonly unknown[] {
  if (!isExpr(item)) return [mapExprs(item, turn, depth + 1)];
  const turned = turn(item);
  return item.is !== 'list' && turned.is === 'list' ? turned.items : [turned];
}

function isExpr(value: unknown): value is Expr {
  return typeof value === 'object' && value !== null && 'is' in value && 'at' in value && KINDS.has(String(value.is));
}
