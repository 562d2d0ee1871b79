import type { SourceLocation } from '../model/index.js';

/** From offsets in a decoded text to the place in the file, end exclusive. */
export type Locate = (start: number, end: number) => SourceLocation;

/** A run of a decoded text and the range of the source it stands for. Where the lengths differ the range counts as a whole. */
export interface Piece { readonly text: string; readonly from: number; readonly to: number }

/** A text put together from pieces of another one: continuations joined, escapes undone, comments left out. */
export interface Spliced {
  readonly text: string;
  /** The range of the source that a range of the text stands for, end exclusive. */
  range(start: number, end: number): readonly [number, number];
}

/** Pieces in the order of the text. */
export function splice(pieces: readonly Piece[]): Spliced {
  const filled = pieces.filter(piece => piece.text !== '');
  const starts: number[] = [];
  let length = 0;
  for (const piece of filled) { starts.push(length); length += piece.text.length; }
  const from = (index: number): number => {
    const i = lastAtOrBelow(starts, index);
    const piece = filled[i];
    if (!piece) return pieces[0]?.from ?? 0;
    const within = index - starts[i]!;
    if (within >= piece.text.length) return piece.to;
    return piece.to - piece.from === piece.text.length ? piece.from + within : piece.from;
  };
  const to = (index: number): number => {
    const i = lastAtOrBelow(starts, index - 1);
    const piece = filled[i];
    if (!piece) return pieces[0]?.from ?? 0;
    const within = index - starts[i]!;
    return within >= piece.text.length || piece.to - piece.from !== piece.text.length ? piece.to : piece.from + within;
  };
  return {
    text: filled.map(piece => piece.text).join(''),
    range: (start, end) => { const begin = from(start); return [begin, end > start ? Math.max(begin, to(end)) : begin]; },
  };
}

/** Places of a spliced text, through the places of the text it was made from. */
export function through(spliced: Spliced, locate: Locate): Locate {
  return (start, end) => locate(...spliced.range(start, end));
}

/** The same text with each match replaced; everything keeps its place. The pattern must be global. */
export function replaceAll(text: string, pattern: RegExp, replacement: (match: RegExpMatchArray) => string): Spliced {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(pattern)) {
    pieces.push({ text: text.slice(done, match.index), from: done, to: match.index });
    done = match.index + match[0].length;
    pieces.push({ text: replacement(match), from: match.index, to: done });
  }
  return splice([...pieces, { text: text.slice(done), from: done, to: text.length }]);
}

/** The index of the last start that is not above a value; 0 where none is. */
function lastAtOrBelow(starts: readonly number[], value: number): number {
  let low = 0, high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= value) low = middle; else high = middle - 1;
  }
  return low;
}
