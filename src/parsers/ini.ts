import type { Comment, ReadProblem } from '../model/index.js';
import { timed } from '../model/index.js';
import { lineComments } from './line-comments.js';
import { lineTable, type LineTable } from './lines.js';
import { splice, type Piece, type Spliced } from './spliced.js';

export interface IniSection {
  readonly name: string;
  /** The header with its brackets, as offsets. */
  readonly start: number;
  readonly end: number;
  /** In order; keys may repeat, the last one counts. */
  readonly entries: readonly IniEntry[];
}
export interface IniEntry {
  /** Lower case. */
  readonly key: string;
  readonly start: number;
  /** Where its last line ends, a comment there included. */
  readonly lineEnd: number;
  /** Key and sign as written, up to the value: `stopsignal = `. */
  readonly head: string;
  /** Continuation lines joined with line breaks, comments left out. */
  readonly value: Spliced;
}
export interface IniSyntax {
  readonly lines: LineTable;
  /** How the lines of the file end. */
  readonly lineBreak: '\n' | '\r\n';
  readonly sections: readonly IniSection[];
  readonly comments: readonly Comment[];
  readonly problems: readonly ReadProblem[];
}

const MAX_PROBLEMS = 5;

interface OpenEntry { readonly key: string; readonly start: number; readonly head: string; readonly pieces: Piece[]; readonly indent: number; lineEnd: number }

/** The entry of that key; where it is written several times, the last one. */
export function lastEntry(section: IniSection, key: string): IniEntry | undefined {
  return section.entries.findLast(entry => entry.key === key);
}

/**
 * Reads an ini file as supervisord does: Python's RawConfigParser with `;` and `#` as comments, also behind a value after white space.
 * Never throws.
 */
export function parseIni(text: string, path: string): IniSyntax {
  return timed('INI parser', () => readIni(text, path));
}

function readIni(text: string, path: string): IniSyntax {
  const lines = lineTable(text, path);
  const sections: { name: string; start: number; end: number; entries: OpenEntry[] }[] = [];
  const problems: ReadProblem[] = [];
  let open: OpenEntry | undefined;
  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length;) {
    const line = lineAt(text, at);
    at = line.next;
    if (line.from === line.to) continue;
    const section = sections.at(-1);
    const content = text.slice(line.from, line.to);
    const header = /^\[([^\]]+)\]/.exec(content);
    if (open && line.indent > open.indent) {
      open.pieces.push({ text: '\n', from: open.lineEnd, to: line.from }, { text: content, from: line.from, to: line.to });
      open.lineEnd = line.end;
    } else if (header) {
      open = undefined;
      sections.push({ name: header[1]!.trim(), start: line.from, end: line.from + header[0].length, entries: [] });
    } else {
      const entry = section && entryOf(content, line);
      if (entry) section.entries.push(open = entry);
      else if (problems.length < MAX_PROBLEMS) problems.push({ message: section ? 'this line is neither a section nor a key with a value' : 'this line stands before the first section', at: lines.at(line.from, line.to) });
    }
  }
  return { lines, lineBreak: text.includes('\r\n') ? '\r\n' : '\n', sections: sections.map(section => ({ ...section, entries: section.entries.map(closed) })), comments: lineComments(lines, '#;'), problems };
}

interface Line { readonly from: number; readonly to: number; readonly indent: number; readonly end: number; readonly next: number }

/** The part of a line that counts: without white space around it and without a comment. */
function lineAt(text: string, start: number): Line {
  const found = text.indexOf('\n', start);
  const whole = found < 0 ? text.length : found;
  const end = text[whole - 1] === '\r' && whole > start ? whole - 1 : whole;
  let from = start;
  while (from < end && /\s/.test(text[from]!)) from++;
  let to = end;
  for (let i = from; i < end; i++) if ((text[i] === ';' || text[i] === '#') && (i === start || /\s/.test(text[i - 1]!) || i === from)) { to = i; break; }
  while (to > from && /\s/.test(text[to - 1]!)) to--;
  return { from, to, indent: from - start, end, next: whole + 1 };
}

function entryOf(content: string, line: Line): OpenEntry | undefined {
  const sign = content.search(/[=:]/);
  if (sign < 1) return undefined;
  let value = sign + 1;
  while (value < content.length && /\s/.test(content[value]!)) value++;
  const from = line.from + value;
  return { key: content.slice(0, sign).trim().toLowerCase(), start: line.from, head: content.slice(0, value), pieces: [{ text: content.slice(value), from, to: line.to }], indent: line.indent, lineEnd: line.end };
}

const closed = ({ key, start, head, pieces, lineEnd }: OpenEntry): IniEntry => ({ key, start, head, value: splice(pieces), lineEnd });
