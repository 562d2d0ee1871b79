import type { DoubleQuotedChild, ParameterExpansionPart, Word, WordPart } from 'unbash';
import type { Encoding, Expr, SourceLocation } from '../../model/index.js';
import { literal } from '../../model/index.js';
import type { Locate, Piece, Spliced } from '../spliced.js';
import { splice } from '../spliced.js';

/** What reading a word takes: the program's text, places in the file, and the languages the program is written in. */
export interface ShellSource {
  readonly text: string;
  readonly locate: Locate;
  /** Outermost first, the shell itself last. */
  readonly encoding: readonly Encoding[];
}

type Part = WordPart | DoubleQuotedChild;

/** `${A:-${B:-…}}` deeper than this is opaque. */
const MAX_NESTING = 10;

/** One word as an expression: quotes undone, variables as `environment`, command substitutions opaque. */
export function wordExpr(word: Word, source: ShellSource, nesting = 0): Expr {
  const at = source.locate(word.pos, word.end);
  const parts = word.parts ? partsExprs(word.parts, source, nesting) : [literal(word.value, at)];
  const expr = joined(parts, at);
  if (expr.is !== 'literal') return expr;
  return { ...expr, at, slot: { kind: 'replace', at, encoding: source.encoding } };
}

/** Neighbouring literals become one; several parts are a `concat`. */
function joined(parts: readonly Expr[], at: SourceLocation): Expr {
  const merged: Expr[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (last?.is === 'literal' && part.is === 'literal') merged[merged.length - 1] = literal(`${last.value}${part.value}`, { ...last.at, endLine: part.at.endLine, endColumn: part.at.endColumn });
    else merged.push(part);
  }
  const [only] = merged;
  if (merged.length > 1) return { is: 'operation', operator: 'concat', operands: merged, at };
  return only ?? literal('', at);
}

function partsExprs(parts: readonly Part[], source: ShellSource, nesting: number): readonly Expr[] {
  return parts.flatMap(part => partExprs(part, source, nesting));
}

function partExprs(part: Part, source: ShellSource, nesting: number): readonly Expr[] {
  const at = source.locate(part.pos, part.end);
  switch (part.type) {
    case 'Literal': case 'SingleQuoted': case 'AnsiCQuoted': case 'Glob': return [literal(part.value, at)];
    case 'DoubleQuoted': case 'LocaleString': return part.parts.length === 0 ? [literal('', at)] : partsExprs(part.parts, source, nesting);
    case 'SimpleExpansion': return [{ is: 'environment', name: part.text.slice(1), at }];
    case 'ParameterExpansion': return [parameterExpr(part, source, nesting)];
    default: return [{ is: 'opaque', text: part.text, at }];
  }
}

/** `${X}`, `${X:-4}`, `${X:+--flag}`, `${list[@]}`; anything that changes the value is opaque. */
function parameterExpr(part: ParameterExpansionPart, source: ShellSource, nesting: number): Expr {
  const at = source.locate(part.pos, part.end);
  const whole = part.index === undefined || part.index.text === '@' || part.index.text === '*';
  const opaque: Expr = { is: 'opaque', text: part.text, at };
  if (part.prefix !== undefined || !whole || nesting >= MAX_NESTING) return opaque;
  const variable: Expr = { is: 'environment', name: part.parameter, at };
  const { operation } = part;
  if (!operation) return variable;
  if (operation.type !== 'Default') return opaque;
  if (operation.operator.endsWith('?')) return variable;
  const operand = wordExpr(operation.operand, source, nesting + 1);
  if (operation.operator.endsWith('+')) return { is: 'choice', test: variable, branches: [operand, literal('', at)], at };
  return { ...variable, fallback: operand };
}

/** A word with its quotes undone and its expansions as written: a program text within the program. */
export function unquoted(word: Word, text: string): Spliced {
  return splice(word.parts ? word.parts.flatMap(part => unquotedPart(part, text)) : escapesUndone(text, word.pos, word.end, UNQUOTED));
}

/** Behind a backslash: what loses it. */
const UNQUOTED = /\\([^])/g;
const QUOTED = /\\([$`"\\\n])/g;

function unquotedPart(part: WordPart, text: string): readonly Piece[] {
  switch (part.type) {
    case 'SingleQuoted': return [{ text: part.value, from: part.pos + 1, to: part.pos + 1 + part.value.length }];
    case 'AnsiCQuoted': return [{ text: part.value, from: part.pos, to: part.end }];
    case 'DoubleQuoted': return part.parts.flatMap(child => (child.type === 'Literal' ? escapesUndone(text, child.pos, child.end, QUOTED) : [asWritten(text, child.pos, child.end)]));
    case 'Literal': return escapesUndone(text, part.pos, part.end, UNQUOTED);
    default: return [asWritten(text, part.pos, part.end)];
  }
}

const asWritten = (text: string, from: number, to: number): Piece => ({ text: text.slice(from, to), from, to });

function escapesUndone(text: string, from: number, to: number, pattern: RegExp): readonly Piece[] {
  const pieces: Piece[] = [];
  let done = from;
  for (const match of text.slice(from, to).matchAll(pattern)) {
    const at = from + match.index;
    pieces.push(asWritten(text, done, at));
    done = at + match[0].length;
    pieces.push(match[1] === '\n' ? { text: '', from: at, to: done } : { text: match[1]!, from: at, to: done });
  }
  return [...pieces, asWritten(text, done, to)];
}
