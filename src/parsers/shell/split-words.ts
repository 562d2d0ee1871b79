import type { Piece, Spliced } from '../spliced.js';
import { splice } from '../spliced.js';

/** One word of a text split as Python's shlex does: its value with the places of its characters, and its range with the quotes. */
export interface SplitWord {
  readonly text: Spliced;
  readonly start: number;
  readonly end: number;
  /** It is one quoted string from end to end: a space written into it stays in it. */
  readonly quoted: boolean;
}

const SPACE = /\s/;
const isQuote = (character: string | undefined): boolean => character === '"' || character === '\'';

/**
 * Splits a text as `shlex.split` does (Compose, Copilot, supervisord): white space, both quotes, backslashes; no variables, no
 * operators. `${X:-a b}` is kept together, since the format puts the value in before. `unclosed`: where a quote starts that never ends.
 */
export function splitWords(text: string): { readonly words: readonly SplitWord[]; readonly unclosed?: number } {
  const words: SplitWord[] = [];
  let unclosed: number | undefined;
  let at = 0;
  while (at < text.length) {
    while (at < text.length && isBlank(text, at)) at += text[at] === '\\' ? lineBreak(text, at + 1) + 1 : 1;
    if (at >= text.length) break;
    const start = at;
    const pieces: Piece[] = [];
    let parts = 0;
    while (at < text.length && !isBlank(text, at)) {
      const found = pieceAt(text, at);
      for (const piece of found.pieces) pieces.push(piece);
      parts++;
      if (found.open) unclosed = at;
      at = found.end;
    }
    words.push({ text: splice(pieces), start, end: at, quoted: parts === 1 && isQuote(text[start]) });
  }
  return { words, ...(unclosed !== undefined && { unclosed }) };
}

/** A backslash before a line break: shlex would keep the break as a word; what was meant is white space. */
function isBlank(text: string, at: number): boolean {
  return SPACE.test(text[at]!) || (text[at] === '\\' && lineBreak(text, at + 1) > 0);
}

const lineBreak = (text: string, at: number): number => (text[at] === '\n' ? 1 : text[at] === '\r' && text[at + 1] === '\n' ? 2 : 0);

interface Found { readonly pieces: readonly Piece[]; readonly end: number; readonly open?: boolean }

function pieceAt(text: string, at: number): Found {
  if (text[at] === '\'') {
    const close = text.indexOf('\'', at + 1);
    const end = close < 0 ? text.length : close;
    return { pieces: [{ text: text.slice(at + 1, end), from: at + 1, to: end }], end: close < 0 ? end : end + 1, open: close < 0 };
  }
  if (text[at] === '"') return quoted(text, at);
  if (text[at] === '\\' && at + 1 < text.length) return { pieces: [{ text: text[at + 1]!, from: at, to: at + 2 }], end: at + 2 };
  if (text.startsWith('${', at)) {
    const end = closingBrace(text, at + 2);
    if (end !== undefined) return { pieces: [{ text: text.slice(at, end + 1), from: at, to: end + 1 }], end: end + 1 };
  }
  let end = at + 1;
  while (end < text.length && !/[\s'"\\$]/.test(text[end]!)) end++;
  return { pieces: [{ text: text.slice(at, end), from: at, to: end }], end };
}

function quoted(text: string, start: number): Found {
  const pieces: Piece[] = [];
  let done = start + 1;
  for (let at = done; at < text.length; at++) {
    if (text[at] === '"') return { pieces: [...pieces, { text: text.slice(done, at), from: done, to: at }], end: at + 1 };
    if (text[at] !== '\\' || at + 1 >= text.length) continue;
    if (text[at + 1] === '"' || text[at + 1] === '\\') {
      pieces.push({ text: text.slice(done, at), from: done, to: at }, { text: text[at + 1]!, from: at, to: at + 2 });
      done = at + 2;
    }
    at++;
  }
  return { pieces: [...pieces, { text: text.slice(done), from: done, to: text.length }], end: text.length, open: true };
}

/** How far the end of `${…}` is looked for. */
const LONGEST_VARIABLE = 2000;

/** The brace that closes `${`, from behind it on. */
export function closingBrace(text: string, from: number): number | undefined {
  let depth = 0;
  for (let i = from; i < Math.min(text.length, from + LONGEST_VARIABLE); i++) {
    if (text.startsWith('${', i)) { depth++; i++; } else if (text[i] === '}' && depth-- === 0) return i;
  }
  return undefined;
}
