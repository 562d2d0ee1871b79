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

/** One excerpt per file, in the order the files are first named; places of one file stand in the order of its lines. */
export function excerpts(annotations: readonly Annotation[], options: ExcerptOptions): readonly string[] {
  const paths = [...new Set(annotations.map(({ at }) => at.path))];
  return paths.flatMap((path, i) => {
    const here = annotations.filter(({ at }) => at.path === path);
    return excerpt(here, i === 0 ? '-->' : ':::', options);
  });
}

function excerpt(here: readonly Annotation[], arrow: string, options: ExcerptOptions): readonly string[] {
  const { paint, gutter } = options;
  const head = (here.find(({ primary }) => primary) ?? here[0]!).at;
  const bar = `${' '.repeat(gutter)} ${paint('blue', '|')}`;
  const result = [`${' '.repeat(gutter)}${paint('blue', arrow)} ${clean(head.path)}:${head.startLine}:${head.startColumn}${head.logical ? ` (${clean(head.logical)})` : ''}`];
  const source = options.lines(head.path);
  const sorted = [...here].sort((a, b) => a.at.startLine - b.at.startLine || a.at.startColumn - b.at.startColumn || Number(b.primary) - Number(a.primary));
  let last: number | undefined;
  for (const annotation of sorted) {
    const number = annotation.at.startLine;
    const line = source[number - 1];
    if (line === undefined) { if (annotation.label) result.push(`${bar} ${clean(annotation.label)}`); continue; }
    const shown = cut(line, annotation.at, (options.width ?? LONGEST) - gutter - 4);
    if (last === undefined) result.push(bar);
    else if (number > last + 1) result.push(paint('blue', '...'));
    if (number !== last) result.push(`${paint('blue', String(number).padStart(gutter))} ${paint('blue', '|')} ${shown.text}`.trimEnd());
    result.push(...underline(annotation, shown, bar, options));
    last = number;
  }
  return result;
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

function underline({ label, primary }: Annotation, { from, length }: Shown, bar: string, { paint, style, width, gutter }: ExcerptOptions): readonly string[] {
  const color = primary ? style : 'blue';
  const marks = ' '.repeat(from) + paint(color, (primary ? '^' : '-').repeat(length));
  const text = clean(label);
  const room = width === undefined ? Infinity : width - gutter - 3;
  if (text === '') return [`${bar} ${marks}`];
  if (from + length + 1 + columns(text) <= room) return [`${bar} ${marks} ${paint(color, text)}`];
  const indent = Math.min(from, Math.max(0, Math.floor(room / 3)));
  return [`${bar} ${marks}`, ...wrap(text, room - indent).map(part => `${bar} ${' '.repeat(indent)}${paint(color, part)}`)];
}
