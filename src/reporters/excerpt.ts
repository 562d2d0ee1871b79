import type { SourceLocation } from '../model/index.js';
import { clean, columns, wrap } from './clean.js';
import type { Paint } from './paint.js';

/** A place and what is to be said under it. The primary one has carets, the others dashes. */
export interface Annotation { readonly at: SourceLocation; readonly label: string; readonly primary: boolean }

export interface ExcerptOptions {
  readonly lines: (path: string) => readonly string[];
  readonly paint: Paint;
  /** The style of the carets. */
  readonly style: Parameters<Paint>[0];
  readonly width?: number;
  /** Columns of the line numbers. */
  readonly gutter: number;
}

const TAB = '    ';
/** What stays visible left of a place in a line that is too long. */
const LEAD = 20;
/** Without a terminal's width: minified files still must not flood a log. Columns. */
const LONGEST = 400;

/** What is shown of one file. Columns are those of `text`, tabs as spaces. */
export interface Excerpt { readonly head: SourceLocation; readonly rows: readonly Row[] }
export type Row =
  /** A line of the file; `behindGap`: lines before it are left out. */
  | { readonly is: 'line'; readonly number: number; readonly text: string; readonly behindGap: boolean }
  /** A place in the line above, and what is said of it. */
  | { readonly is: 'mark'; readonly from: number; readonly length: number; readonly label: string; readonly primary: boolean }
  /** What is said of a place whose line cannot be shown. */
  | { readonly is: 'label'; readonly label: string };

/** One excerpt per file, in the order the files are first named; places of one file stand in the order of its lines. `room`: columns of a line. Every text is clean. */
export function layOut(annotations: readonly Annotation[], lines: ExcerptOptions['lines'], room: number = LONGEST): readonly Excerpt[] {
  const paths = [...new Set(annotations.map(({ at }) => at.path))];
  return paths.map(path => {
    const here = annotations.filter(({ at }) => at.path === path);
    return { head: (here.find(({ primary }) => primary) ?? here[0]!).at, rows: rowsOf(here, lines(path), room) };
  });
}

function rowsOf(here: readonly Annotation[], source: readonly string[], room: number): readonly Row[] {
  const sorted = [...here].sort((a, b) => a.at.startLine - b.at.startLine || a.at.startColumn - b.at.startColumn || Number(b.primary) - Number(a.primary));
  const rows: Row[] = [];
  let last: number | undefined;
  for (const { at, label, primary } of sorted) {
    const number = at.startLine;
    const line = source[number - 1];
    if (line === undefined) { if (label) rows.push({ is: 'label', label: clean(label) }); continue; }
    const { text, from, length } = cut(line, at, room);
    if (number !== last) rows.push({ is: 'line', number, text, behindGap: last !== undefined && number > last + 1 });
    rows.push({ is: 'mark', from, length, label: clean(label), primary });
    last = number;
  }
  return rows;
}

/** The excerpts as a compiler prints them. */
export function excerpts(annotations: readonly Annotation[], options: ExcerptOptions): readonly string[] {
  const room = (options.width ?? LONGEST) - options.gutter - 4;
  return layOut(annotations, options.lines, room).flatMap((excerpt, i) => printed(excerpt, i === 0 ? '-->' : ':::', options));
}

function printed({ head, rows }: Excerpt, arrow: string, options: ExcerptOptions): readonly string[] {
  const { paint, gutter } = options;
  const bar = `${' '.repeat(gutter)} ${paint('blue', '|')}`;
  const first = rows.findIndex(row => row.is === 'line');
  return [
    `${' '.repeat(gutter)}${paint('blue', arrow)} ${clean(head.path)}:${head.startLine}:${head.startColumn}${head.logical ? ` (${clean(head.logical)})` : ''}`,
    ...rows.flatMap((row, i) => {
      if (row.is === 'label') return [`${bar} ${row.label}`];
      if (row.is === 'mark') return underline(row, bar, options);
      const before = i === first ? [bar] : row.behindGap ? [paint('blue', '...')] : [];
      return [...before, `${paint('blue', String(row.number).padStart(gutter))} ${paint('blue', '|')} ${row.text}`.trimEnd()];
    }),
  ];
}

interface Shown { readonly text: string; readonly from: number; readonly length: number }

/** The part of a line around a place, with tabs as spaces, and the columns the place takes in it. */
function cut(line: string, at: SourceLocation, room: number): Shown {
  const end = at.endLine > at.startLine ? line.trimEnd().length : Math.min(at.endColumn - 1, line.length);
  const start = Math.min(at.startColumn - 1, line.length);
  const show = (text: string): string => clean(text).replaceAll('\t', TAB);
  const [before, inside, after] = [show(line.slice(0, start)), show(line.slice(start, Math.max(start, end))), show(line.slice(Math.max(start, end)))];
  const text = before + inside + after;
  if (columns(text) <= room) return { text, from: columns(before), length: Math.max(1, columns(inside)) };
  const lead = columns(before) > LEAD && columns(before) + columns(inside) > room ? `…${[...before].slice(-LEAD).join('')}` : before;
  const rest = [...lead + inside + after];
  const kept = columns(rest.join('')) <= room ? rest.join('') : `${fit(rest, room - 1)}…`;
  return { text: kept, from: columns(lead), length: Math.max(1, Math.min(columns(inside), columns(kept) - columns(lead))) };
}

function fit(characters: readonly string[], room: number): string {
  let taken = 0;
  let used = 0;
  while (taken < characters.length && used + columns(characters[taken]!) <= room) used += columns(characters[taken++]!);
  return characters.slice(0, taken).join('');
}

function underline({ from, length, label: text, primary }: Extract<Row, { is: 'mark' }>, bar: string, { paint, style, width, gutter }: ExcerptOptions): readonly string[] {
  const color = primary ? style : 'blue';
  const marks = ' '.repeat(from) + paint(color, (primary ? '^' : '-').repeat(length));
  const room = width === undefined ? Infinity : width - gutter - 3;
  if (text === '') return [`${bar} ${marks}`];
  if (from + length + 1 + columns(text) <= room) return [`${bar} ${marks} ${paint(color, text)}`];
  const indent = Math.min(from, Math.max(0, Math.floor(room / 3)));
  return [`${bar} ${marks}`, ...wrap(text, room - indent).map(part => `${bar} ${' '.repeat(indent)}${paint(color, part)}`)];
}
