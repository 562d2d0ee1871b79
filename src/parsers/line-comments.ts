import type { Comment } from '../model/index.js';
import type { LineTable } from './lines.js';

/**
 * The comments of a line-based format that speak to drainlint. `signs`: what starts a comment at the beginning of a line or behind
 * white space.
 */
export function lineComments(lines: LineTable, signs = '#'): readonly Comment[] {
  const { text } = lines;
  const comments: Comment[] = [];
  for (let found = text.indexOf('drainlint:'); found >= 0;) {
    const lineStart = text.lastIndexOf('\n', found) + 1;
    const lineEnd = endOfLine(text, found);
    const sign = signBefore(text, lineStart, found, signs);
    if (sign !== undefined) comments.push({ text: text.slice(sign + 1, lineEnd).trim(), at: lines.at(sign, lineEnd), ownLine: text.slice(lineStart, sign).trim() === '' });
    found = text.indexOf('drainlint:', lineEnd);
  }
  return comments;
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf('\n', from);
  const end = found < 0 ? text.length : found;
  return text[end - 1] === '\r' ? end - 1 : end;
}

function signBefore(text: string, lineStart: number, end: number, signs: string): number | undefined {
  for (let i = lineStart; i < end; i++) if (signs.includes(text[i]!) && (i === lineStart || /\s/.test(text[i - 1]!))) return i;
  return undefined;
}
