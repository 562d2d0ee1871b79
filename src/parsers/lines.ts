import type { SourceLocation } from '../model/index.js';

/** The lines of one text: from offsets in UTF-16 units to places and back. Lines end with `\n`, as in `fix`. */
export interface LineTable {
  readonly path: string;
  readonly text: string;
  /** The place of a range of offsets, end exclusive. Offsets beyond the text mean its end. */
  at(start: number, end: number): SourceLocation;
  /** The offset of a 1-based line and column. */
  offset(line: number, column: number): number;
  /** The white space a line begins with, for the line an offset lies on. */
  indentAt(offset: number): string;
}

/** `path`: as it is to stand in the places. */
export function lineTable(text: string, path: string): LineTable {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  const clamp = (offset: number): number => Math.min(Math.max(offset, 0), text.length);

  function at(start: number, end: number): SourceLocation {
    const [from, to] = [clamp(start), clamp(Math.max(start, end))];
    const [startLine, endLine] = [lineOf(starts, from), lineOf(starts, to)];
    return { path, startLine: startLine + 1, startColumn: from - starts[startLine]! + 1, endLine: endLine + 1, endColumn: to - starts[endLine]! + 1 };
  }

  function indentAt(offset: number): string {
    const start = starts[lineOf(starts, clamp(offset))]!;
    let end = start;
    while (text[end] === ' ' || text[end] === '\t') end++;
    return text.slice(start, end);
  }

  return { path, text, at, indentAt, offset: (line, column) => clamp((starts[line - 1] ?? text.length) + column - 1) };
}

function lineOf(starts: readonly number[], offset: number): number {
  let low = 0, high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle; else high = middle - 1;
  }
  return low;
}
