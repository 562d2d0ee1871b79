import type { Report, SourceLocation, TextEdit } from '../../model/index.js';
import { applyEdits, place } from '../../model/index.js';
import { clean, columns } from '../clean.js';
import { layOut, type Annotation, type Row } from '../excerpt.js';
import { html, type Markup } from './markup.js';

/** Columns up to which what is said of a place stands under its start. */
const ALIGNED = 40;

/** One box of code per file, with every place marked and what is said of it under its line. */
export function excerptBoxes(annotations: readonly Annotation[], lines: Report['lines']): readonly Markup[] {
  return layOut(annotations, lines).map(({ head, rows }) =>
    box(`${place(head)}:${head.startColumn}${head.logical ? ` (${head.logical})` : ''}`, rows.map((row, i) => (row.is === 'line' ? line(row, marksBehind(rows, i)) : row.label ? said(row) : undefined))));
}

/** Lines of code; `name`: what they are, for who does not see what they stand under. */
export function codeBox(name: string, code: string): Markup {
  return scrolling(name, code.split('\n').map(text => html`<span class="row">${shown(text)}</span>`));
}

/** The lines that a fix changes, before and after, without what stays the same. */
export function fixBoxes(edits: readonly TextEdit[], lines: Report['lines']): readonly Markup[] {
  const paths = [...new Set(edits.map(({ at }) => at.path))];
  return paths.map(path => box(path, stretches(edits.filter(({ at }) => at.path === path)).map(stretch => change(stretch, lines(path)))));
}

/** A scrolling box holds what is too wide for the page; it takes the focus, so that the arrow keys reach all of it. */
const box = (caption: string, rows: readonly (Markup | undefined)[]): Markup =>
  (rows.length === 0 ? html`<p class="muted">${caption}</p>` : html`<figure><figcaption>${caption}</figcaption>${scrolling(caption, rows)}</figure>`);

const scrolling = (name: string, rows: readonly (Markup | undefined)[]): Markup => html`<pre class="code" tabindex="0" role="group" aria-label="${name}"><code>${rows}</code></pre>`;

const shown = (text: string): string => clean(text).replaceAll('\t', '    ');

type Marked = Extract<Row, { is: 'mark' }>;

function marksBehind(rows: readonly Row[], index: number): readonly Marked[] {
  const behind = rows.slice(index + 1);
  const end = behind.findIndex(row => row.is === 'line');
  return (end < 0 ? behind : behind.slice(0, end)).filter(row => row.is === 'mark');
}

function line({ number, text, behindGap }: Extract<Row, { is: 'line' }>, marks: readonly Marked[]): Markup {
  const spans = marks.map(({ from, length, primary }) => ({ from: indexOf(text, from), to: indexOf(text, from + length), primary }));
  const cuts = [...new Set([0, text.length, ...spans.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
  const pieces = cuts.slice(1).map((to, i) => {
    const over = spans.filter(span => span.from <= cuts[i]! && span.to >= to);
    const piece = text.slice(cuts[i], to);
    return over.length === 0 ? piece : html`<mark${over.some(({ primary }) => primary) && html` class="primary"`}>${piece}</mark>`;
  });
  return html`${behindGap && html`<span class="row" data-n="…"></span>`}<span class="row" data-n="${number}">${pieces}</span>`;
}

/** The index in a text of what stands in this column. */
function indexOf(text: string, column: number): number {
  let index = 0;
  for (const character of text) {
    if (column <= 0) break;
    column -= columns(character);
    index += character.length;
  }
  return index;
}

const said = (row: Exclude<Row, { is: 'line' }>): Markup =>
  html`<span class="row said${row.is === 'mark' && row.primary && ' primary'}">${' '.repeat(row.is === 'mark' && row.from <= ALIGNED ? row.from : 0)}${row.label}</span>`;

/** Edits whose lines touch, together. */
function stretches(edits: readonly TextEdit[]): readonly (readonly TextEdit[])[] {
  const sorted = [...edits].sort((a, b) => a.at.startLine - b.at.startLine || a.at.startColumn - b.at.startColumn);
  const result: TextEdit[][] = [];
  for (const edit of sorted) {
    const last = result.at(-1);
    if (last && edit.at.startLine <= Math.max(...last.map(({ at }) => at.endLine)) + 1) last.push(edit);
    else result.push([edit]);
  }
  return result;
}

function change(edits: readonly TextEdit[], source: readonly string[]): Markup {
  const first = edits[0]!.at.startLine, last = Math.max(...edits.map(({ at }) => at.endLine));
  const old = source.slice(first - 1, last);
  const moved = (at: SourceLocation): SourceLocation => ({ ...at, startLine: at.startLine - first + 1, endLine: at.endLine - first + 1 });
  const now = applyEdits(old.join('\n'), edits.map(({ at, text }) => ({ at: moved(at), text }))).split('\n');
  let head = 0, tail = 0;
  while (head < Math.min(old.length, now.length) && old[head] === now[head]) head++;
  while (tail < Math.min(old.length, now.length) - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  const row = (sign: string, kind: string) => (text: string): Markup => html`<span class="row ${kind}" data-n="${sign}">${shown(text)}</span>`;
  const same = (text: string | undefined, number: number): Markup | undefined => (text === undefined ? undefined : html`<span class="row" data-n="${number}">${shown(text)}</span>`);
  return html`${same(source[first + head - 2], first + head - 1)}${old.slice(head, old.length - tail).map(row('−', 'del'))}${now.slice(head, now.length - tail).map(row('+', 'add'))}${same(source[last - tail], last - tail + 1)}`;
}
