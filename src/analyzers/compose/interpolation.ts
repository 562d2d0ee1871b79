import type { Expr, SourceLocation } from '../../model/index.js';
import { literal } from '../../model/index.js';

/** `${A:-${B:-…}}` deeper than this is left as text. */
const MAX_NESTING = 10;
/** What stands behind the name: a default (`-`), an error (`?`) or a replacement (`+`), each also for an empty value (`:`). */
const VARIABLE = /^([A-Za-z_]\w*)(?:(:?[-?+])([^]*))?$/;

/**
 * Compose's interpolation: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?error}`, `${NAME:+replacement}`; `$$` is a dollar sign.
 * Every part has the place of the whole. Source: compose-spec, 12-interpolation.md.
 */
export function interpolate(text: string, at: SourceLocation): Expr {
  return readParts(text, at, 0);
}

function readParts(text: string, at: SourceLocation, nesting: number): Expr {
  const parts: Expr[] = [];
  let plain = '';
  const flush = (): void => { if (plain !== '') parts.push(literal(plain, at)); plain = ''; };
  for (let i = 0; i < text.length;) {
    const found = text[i] === '$' ? variableAt(text, i, at, nesting) : undefined;
    if (found) { flush(); parts.push(found.expr); i = found.end; continue; }
    plain += text[i];
    i += text.startsWith('$$', i) ? 2 : 1;
  }
  flush();
  const [only] = parts;
  return parts.length > 1 ? { is: 'operation', operator: 'concat', operands: parts, at } : only ?? literal('', at);
}

function variableAt(text: string, start: number, at: SourceLocation, nesting: number): { readonly expr: Expr; readonly end: number } | undefined {
  const bare = /^\$([A-Za-z_]\w*)/.exec(text.slice(start, start + 200));
  if (bare) return { expr: { is: 'environment', name: bare[1]!, at }, end: start + bare[0].length };
  if (text[start + 1] !== '{' || nesting >= MAX_NESTING) return undefined;
  const end = closing(text, start + 2);
  const match = end === undefined ? null : VARIABLE.exec(text.slice(start + 2, end));
  if (!match) return undefined;
  const [, name, operator, rest = ''] = match;
  const variable: Expr = { is: 'environment', name: name!, at };
  if (operator === undefined || operator.endsWith('?')) return { expr: variable, end: end! + 1 };
  const other = readParts(rest, at, nesting + 1);
  const expr: Expr = operator.endsWith('-') ? { ...variable, fallback: other } : { is: 'choice', test: variable, branches: [other, literal('', at)], at };
  return { expr, end: end! + 1 };
}

/** The brace that closes `${`. */
function closing(text: string, from: number): number | undefined {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith('${', i)) { depth++; i++; }
    else if (text[i] === '}' && depth-- === 0) return i;
  }
  return undefined;
}

/** `$$` as `$`, with the index each character had before, for texts that are handed on as a whole. */
export function unescapeDollars(text: string): { readonly text: string; readonly offsets: readonly number[] } {
  const offsets: number[] = [];
  let result = '';
  for (let i = 0; i < text.length; i += text.startsWith('$$', i) ? 2 : 1) {
    result += text[i];
    offsets.push(i);
  }
  return { text: result, offsets: [...offsets, text.length] };
}

/** The text an expression comes to when no variable is set; undefined where that cannot be told. */
export function textWithoutVariables(expr: Expr): string | undefined {
  if (expr.is === 'literal') return String(expr.value ?? '');
  if (expr.is === 'environment') return expr.fallback && textWithoutVariables(expr.fallback);
  if (expr.is !== 'operation' || expr.operator !== 'concat') return undefined;
  const parts = expr.operands.map(textWithoutVariables);
  return parts.every(part => part !== undefined) ? parts.join('') : undefined;
}
