import type { FunctionFacts } from './code.js';
import type { SourceLocation, Slot } from './location.js';

export type Scalar = string | number | boolean | null;

/**
 * A value as written. Analyzers never resolve what lies in another file and never drop it; `link/` evaluates.
 * Plain data: survives structuredClone and JSON.
 */
export type Expr = { readonly at: SourceLocation; readonly slot?: Slot } & (
  | { readonly is: 'literal'; readonly value: Scalar }
  | { readonly is: 'list'; readonly items: readonly Expr[] }
  /** A key `null` stands for an unpacked mapping (`{**base}`); the value is then the mapping. */
  | { readonly is: 'map'; readonly entries: readonly (readonly [Expr | null, Expr])[] }
  /** An identifier, to be looked up in the scope it stands in. */
  | { readonly is: 'name'; readonly name: string }
  /** `object.name` */
  | { readonly is: 'member'; readonly object: Expr; readonly name: string }
  /** `object[key]` */
  | { readonly is: 'item'; readonly object: Expr; readonly key: Expr }
  /** A keyword `null` stands for unpacked keyword arguments (`**options`). `awaited`: what stands behind it waits for its end (TypeScript). */
  | { readonly is: 'call'; readonly callee: Expr; readonly positional: readonly Expr[]; readonly keywords: readonly (readonly [string | null, Expr])[]; readonly awaited?: true }
  /** A value of another place named in full: var.x, local.x, !Ref, a module output, a template variable. `fallback`: its default, which a deployment may replace. */
  | { readonly is: 'reference'; readonly module: string; readonly name: string; readonly fallback?: Expr }
  /** env("X", 30), ${X:-30}, process.env.X ?? 5. `cast` is the conversion the reader applies. In a script `@`, `*`, `1`… are its arguments. */
  | { readonly is: 'environment'; readonly name: string; readonly fallback?: Expr; readonly cast?: 'string' | 'number' | 'boolean' }
  /** 60 * 15, a + b, not x, `concat` (interpolated text), comprehensions. */
  | { readonly is: 'operation'; readonly operator: string; readonly operands: readonly Expr[] }
  /** if/else, !If, conditional expression, per-environment overlay. */
  | { readonly is: 'choice'; readonly branches: readonly Expr[]; readonly test?: Expr }
  /** A function without a name. `code`: of one with a body of statements. */
  | { readonly is: 'function'; readonly parameters: readonly string[]; readonly returns: Expr; readonly code?: FunctionFacts }
  /** What we do not understand, as written. */
  | { readonly is: 'opaque'; readonly text: string }
);

/** A field that may be absent. `at` is the value's place, or the owner's where the value is missing, so that a rule can always point. */
export interface Field {
  readonly value?: Expr;
  readonly at: SourceLocation;
  readonly slots: readonly Slot[];
  /** Where it says that a change of this value is not applied: `lifecycle { ignore_changes }`. */
  readonly frozen?: SourceLocation;
}

export function literal(value: Scalar, at: SourceLocation, slot?: Slot): Expr {
  return slot ? { is: 'literal', value, at, slot } : { is: 'literal', value, at };
}

/** `a.b.c` for a chain of names and members, undefined for anything else. */
export function dottedName(expr: Expr): string | undefined {
  if (expr.is === 'name') return expr.name;
  if (expr.is !== 'member') return undefined;
  const object = dottedName(expr.object);
  return object === undefined ? undefined : `${object}.${expr.name}`;
}

/** The text of a literal string, undefined for anything else. */
export function literalText(expr: Expr | undefined): string | undefined {
  return expr?.is === 'literal' && typeof expr.value === 'string' ? expr.value : undefined;
}

/** What a map has under a literal key: the last one written, as JSON, HCL, Python and JavaScript read it. */
export function valueIn(expr: Expr | undefined, key: string): Expr | undefined {
  return expr?.is === 'map' ? expr.entries.findLast(([name]) => literalText(name ?? undefined) === key)?.[1] : undefined;
}

/** Does an expression hold a reference to this place (`aws_ecs_service.worker`), or to an attribute of it? */
export function refersTo(expr: Expr | undefined, address: string): boolean {
  if (expr === undefined) return false;
  for (const part of walk(expr)) if (part.is === 'reference' && `${part.module}.${part.name}.`.startsWith(`${address}.`)) return true;
  return false;
}

/** Every expression below (and including) this one, outermost first. A list: generators in each other take several times as long. */
export function walk(expr: Expr): readonly Expr[] {
  const found: Expr[] = [];
  add(expr, found);
  return found;
}

function add(expr: Expr, found: Expr[]): void {
  found.push(expr);
  for (const child of children(expr)) add(child, found);
}

export function children(expr: Expr): readonly Expr[] {
  switch (expr.is) {
    case 'list': return expr.items;
    case 'map': return expr.entries.flatMap(([key, value]) => (key ? [key, value] : [value]));
    case 'member': return [expr.object];
    case 'item': return [expr.object, expr.key];
    case 'call': return [expr.callee, ...expr.positional, ...expr.keywords.map(([, value]) => value)];
    case 'environment': case 'reference': return expr.fallback ? [expr.fallback] : [];
    case 'operation': return expr.operands;
    case 'choice': return expr.test ? [expr.test, ...expr.branches] : expr.branches;
    case 'function': return expr.code ? [] : [expr.returns]; // statements are walked as such
    default: return [];
  }
}

/** A text shortened for a message: one line, at most 60 characters. */
export function shorten(text: string, limit = 60): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
