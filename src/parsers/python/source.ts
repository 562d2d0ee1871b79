import type { Expr, SourceLocation } from '../../model/index.js';
import type { Origin } from './environment.js';
import type { Syntax } from './syntax.js';

/** What may be written into code: the places of it are kept. */
export interface Written {
  /** Methods of which calls say where the value of one keyword argument goes: its name, by theirs. */
  readonly keywords: ReadonlyMap<string, string>;
  /** A class with this method says where one more attribute goes. */
  readonly attributesBeside?: string;
}

/** One file while it is converted: its text, its places, and what its names are known to stand for so far. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** The place of a range of offsets. */
  at(start: number, end: number): SourceLocation;
  /** Local names that read the environment. */
  readonly origins: Map<string, Origin>;
  /** What `env.prefixed("…")` puts in front of names here. */
  prefix: string;
  readonly written: Written;
  /** A `yield` was seen in the function being read. */
  yields: boolean;
}

export function createSource(text: string, path: string, written: Written = { keywords: new Map() }): Source {
  const lineOf = lineFinder(text);
  const at = (start: number, end: number): SourceLocation => {
    const [startLine, lineStart] = lineOf(start);
    const [endLine, endLineStart] = lineOf(end);
    return { path, startLine: startLine + 1, startColumn: start - lineStart + 1, endLine: endLine + 1, endColumn: end - endLineStart + 1 };
  };
  return { path, text, at, origins: new Map(), written, prefix: '', yields: false };
}

/** Offset → line number (0-based) and the offset where that line begins. Neighbouring questions are cheap. */
function lineFinder(text: string): (offset: number) => readonly [number, number] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  // beyond the text; no Infinity: one number that is no small integer makes V8 keep all lines and columns as boxed doubles
  starts.push(text.length + 1);
  let line = 0;
  return offset => {
    if (offset < starts[line]! || offset >= starts[line + 1]!) line = offset >= starts[line + 1]! && offset < (starts[line + 2] ?? 0) ? line + 1 : search(starts, offset);
    return [line, starts[line]!];
  };
}

function search(starts: readonly number[], offset: number): number {
  let low = 0, high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle; else high = middle - 1;
  }
  return low;
}

/** Longer texts of what is not understood are cut: they are for messages only. */
const OPAQUE_LENGTH = 200;

export function placeOf(node: Syntax, source: Source): SourceLocation {
  return source.at(node.start, node.end);
}

/** V8 keeps a whole text alive for the sake of a slice of it that has this many characters or more. */
const SLICED = 13;
/** Longer ones stand in one place each. */
const LONGEST_NAME = 60;
/** Names of all files, once each: most of a file's stand in many places, and in other files. */
const names = new Map<string, string>();
const MOST_NAMES = 50_000;

/** A copy that does not keep the file's text; a name is the same one wherever it stands. */
export function textOf(node: Syntax, source: Source): string {
  const text = source.text.slice(node.start, node.end);
  if (text.length > LONGEST_NAME) return Buffer.from(text).toString();
  const known = names.get(text);
  if (known !== undefined) return known;
  const own = text.length < SLICED ? text : Buffer.from(text).toString();
  if (names.size >= MOST_NAMES) names.clear();
  names.set(own, own);
  return own;
}

export function opaque(node: Syntax, source: Source): Expr {
  return { is: 'opaque', text: Buffer.from(source.text.slice(node.start, Math.min(node.end, node.start + OPAQUE_LENGTH))).toString(), at: placeOf(node, source) };
}
