import type { Expr, SourceLocation } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { closingBrace } from '../shell/split-words.js';
import { splice, type Piece, type Spliced } from '../spliced.js';

/** A string of a JSON form: its value with the places of its characters in the arguments, and its range with the quotes. */
export interface JsonWord { readonly text: Spliced; readonly start: number; readonly end: number }

/** The strings of a JSON form (`["celery", "worker"]`); undefined where the arguments are no such array: then they are a shell form. */
export function jsonWords(text: string): readonly JsonWord[] | undefined {
  if (!text.startsWith('[') || !isStringArray(text)) return undefined;
  return [...text.matchAll(/"(?:[^"\\]|\\[^])*"/g)].map(match => {
    const start = match.index, end = start + match[0].length;
    return { text: splice(jsonPieces(text, start + 1, end - 1)), start, end };
  });
}

function isStringArray(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(item => typeof item === 'string');
  } catch {
    return false;
  }
}

function jsonPieces(text: string, from: number, to: number): readonly Piece[] {
  const pieces: Piece[] = [];
  let done = from;
  for (const match of text.slice(from, to).matchAll(/\\(?:u[\da-fA-F]{4}|.)/g)) {
    const at = from + match.index;
    pieces.push({ text: text.slice(done, at), from: done, to: at });
    done = at + match[0].length;
    pieces.push({ text: JSON.parse(`"${match[0]}"`) as string, from: at, to: done });
  }
  return [...pieces, { text: text.slice(done, to), from: done, to }];
}

/** A word with its quotes and escapes as written. */
export interface RawWord { readonly text: string; readonly start: number; readonly end: number }

/** The words of ENV, ARG, COPY: split at white space outside quotes. */
export function splitArguments(text: string, escape: string): readonly RawWord[] {
  const words: RawWord[] = [];
  let start = -1, quote = '';
  for (let i = 0; i <= text.length; i++) {
    const character = text[i];
    if (character === undefined || (quote === '' && /\s/.test(character))) {
      if (start >= 0) words.push({ text: text.slice(start, i), start, end: i });
      start = -1;
      continue;
    }
    if (start < 0) start = i;
    if (character === escape && quote !== '\'') i++;
    else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === '\'')) quote = character;
  }
  return words;
}

/** What an image build knows of a variable: its value where it is certain, or the variable with the default it would take. */
export type Variable = (name: string) => Expr | undefined;

interface Reading { readonly at: SourceLocation; readonly escape: string; readonly variable: Variable }

/** `${A:-${B:-…}}` deeper than this is opaque. */
const MAX_NESTING = 10;

/** A word with its quotes undone and its variables put in: `$X`, `${X}`, `${X:-default}`, `${X:+replacement}`. Every part has the place of the whole. */
export function readWord(text: string, reading: Reading, nesting = 0): Expr {
  const { at, escape } = reading;
  const parts: Expr[] = [];
  const add = (part: Expr): void => {
    const last = parts.at(-1);
    if (last?.is === 'literal' && part.is === 'literal') parts[parts.length - 1] = literal(`${last.value}${part.value}`, at);
    else parts.push(part);
  };
  let quote = '', plain = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === '\'')) quote = character;
    else if (character === escape && quote !== '\'' && i + 1 < text.length) plain += quote === '"' && !['"', '$', escape].includes(text[i + 1]!) ? character + text[++i]! : text[++i]!;
    else if (character === '$' && quote !== '\'') {
      const found = variableAt(text, i, reading, nesting);
      if (!found) { plain += character; continue; }
      if (plain !== '') add(literal(plain, at));
      plain = '';
      add(found.expr);
      i = found.end - 1;
    } else plain += character;
  }
  if (plain !== '' || parts.length === 0) add(literal(plain, at));
  return parts.length === 1 ? parts[0]! : { is: 'operation', operator: 'concat', operands: parts, at };
}

function variableAt(text: string, start: number, reading: Reading, nesting: number): { readonly expr: Expr; readonly end: number } | undefined {
  const { at } = reading;
  const valueOf = (name: string): Expr => { const known = reading.variable(name); return known ? { ...known, at } : { is: 'environment', name, at }; };
  const bare = /^\$([A-Za-z_]\w*)/.exec(text.slice(start, start + 200));
  if (bare) return { expr: valueOf(bare[1]!), end: start + bare[0].length };
  const close = text[start + 1] === '{' ? closingBrace(text, start + 2) : undefined;
  const head = /^\$\{([A-Za-z_]\w*)(:?[-+?]|\})/.exec(text.slice(start, start + 200));
  if (close === undefined) return undefined;
  const end = close + 1;
  if (!head || nesting >= MAX_NESTING) return { expr: { is: 'opaque', text: text.slice(start, end), at }, end };
  const [all, name, operator] = head;
  const value = valueOf(name!);
  if (operator === '}' || operator!.endsWith('?')) return { expr: value, end };
  const rest = readWord(text.slice(start + all.length, close), reading, nesting + 1);
  if (operator!.endsWith('+')) return { expr: { is: 'choice', test: value, branches: [rest, literal('', at)], at }, end };
  return { expr: value.is === 'environment' && !value.fallback ? { ...value, fallback: rest } : value, end };
}

/** The text an expression comes to with the defaults that are written; undefined where one is missing. */
export function textOf(expr: Expr): string | undefined {
  if (expr.is === 'literal') return String(expr.value ?? '');
  if (expr.is === 'environment') return expr.fallback && textOf(expr.fallback);
  if (expr.is !== 'operation' || expr.operator !== 'concat') return undefined;
  const parts = expr.operands.map(textOf);
  return parts.every(part => part !== undefined) ? parts.join('') : undefined;
}
