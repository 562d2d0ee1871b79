import type { TextEdit } from './rule.js';

/** The text with every edit spliced in. Of two edits that overlap the first one counts; the rest of the text is never re-printed. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const starts = lineStarts(text);
  const splices = edits.map(edit => ({ from: offset(starts, text, edit.at.startLine, edit.at.startColumn), to: offset(starts, text, edit.at.endLine, edit.at.endColumn), text: edit.text }))
    .sort((a, b) => a.from - b.from);
  let result = '';
  let done = 0;
  for (const splice of splices) {
    if (splice.from < done || splice.to < splice.from) continue;
    result += text.slice(done, splice.from) + splice.text;
    done = splice.to;
  }
  return result + text.slice(done);
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function offset(starts: readonly number[], text: string, line: number, column: number): number {
  return Math.min(text.length, (starts[line - 1] ?? text.length) + column - 1);
}
