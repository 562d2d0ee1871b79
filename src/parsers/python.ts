import type { Parser as TreeSitterParser } from 'web-tree-sitter';
import type { Comment, ReadProblem, Statement } from '../model/index.js';
import { startOf, timed } from '../model/index.js';
import { loadGrammar, parseWithin } from './grammars.js';
import { createSource, placeOf, textOf, type Source, type Written } from './python/source.js';
import { statements } from './python/statements.js';
import { grammarOf, readTree, type Grammar, type ReadTree, type Syntax } from './python/syntax.js';

export type { Written } from './python/source.js';

/** What one Python file says, in our words. Comments are those that speak to drainlint. */
export interface ParsedPython {
  readonly statements: Statement[];
  readonly comments: Comment[];
  readonly problems: ReadProblem[];
}

/** Characters of the largest file that is read: beyond it stand generated tables, not workers. */
export const MAX_LENGTH = 2_000_000;

/** Lines of one broken file that are left out to read the rest, and the longest file for which that is tried. */
const MAX_REPAIRS = 12;
const MAX_REPAIRED_LENGTH = 300_000;
/** Characters that are read again for all repairs of a file. */
const MAX_REREAD = 600_000;

interface Loaded { readonly parser: TreeSitterParser; readonly grammar: Grammar }
let ready: Loaded | undefined;
let loading: Promise<void> | undefined;

/** Loads the grammar, once per process. `shortRun`: few bytes will be read (see `loadGrammar`). */
export function loadPython(options: { readonly shortRun?: boolean } = {}): Promise<void> {
  loading ??= load(options.shortRun === true);
  return loading;
}

async function load(shortRun: boolean): Promise<void> {
  const { parser, language } = await loadGrammar('tree-sitter-python.wasm', shortRun);
  ready = { parser, grammar: grammarOf(language) };
}

/**
 * Python source as plain data. Never throws on any text; throws where `loadPython` was not awaited before. `written`: what rules
 * may write into it; the slots of that are kept.
 */
export function parsePython(text: string, path: string, written?: Written): ParsedPython {
  return timed('Python parser', () => readPython(text, path, written));
}

function readPython(text: string, path: string, written: Written | undefined): ParsedPython {
  if (!ready) throw new Error('parsePython was called before loadPython had finished');
  if (text.includes('\0')) return unread('This file is not Python text, so it was not read', path);
  if (text.length > MAX_LENGTH) return unread(`This Python file is larger than ${MAX_LENGTH / 1e6} MB, so it was not read`, path);
  const asIs = readSyntax(ready, text);
  if (!asIs) return unread('Python syntax not understood here; the file was not read', path);
  const known = asIs.error === undefined ? text : withoutDefaults(text);
  const first = known === text ? asIs : readSyntax(ready, known) ?? asIs;
  const { read, text: whole } = repaired(ready, first, first === asIs ? text : known);
  const source = createSource(whole, path, written);
  return {
    statements: statements(read.root.children, source),
    comments: read.comments.filter(comment => textOf(comment, source).includes('drainlint:')).map(comment => commentOf(comment, source)),
    problems: [
      ...problemAt(first.error, 'Python syntax not understood here; the rest of the file was read', text, source),
      ...problemAt(read.tooDeep, 'Python code nested too deep here; the rest of the file was read', text, source),
    ],
  };
}

function readSyntax({ parser, grammar }: Loaded, text: string): ReadTree | undefined {
  const tree = parseWithin(parser, text);
  if (!tree) return undefined;
  try { return readTree(tree, grammar, text); } finally { tree.delete(); }
}

/** `class Result[T = int]:` of Python 3.13 (PEP 696), which the grammar does not know: as long, without its type parameters. */
const withoutDefaults = (text: string): string => text.replace(/^([ \t]{0,200}(?:(?:async[ \t]{1,9})?def|class|type)[ \t]{1,9}\w{1,200})(\[[^\]\n=]{1,300}=[^\n]{1,300}?\])(?=[(:= \t])/gm, (_, head: string, parameters: string) => head + ' '.repeat(parameters.length));

/**
 * One unclosed bracket makes the grammar lose everything behind it. Without its line the rest is usually whole, so lines that are not
 * Python become `pass`, as long as each one lets the parser get further.
 */
function repaired(loaded: Loaded, first: ReadTree, text: string): { read: ReadTree; text: string } {
  let best = { read: first, text };
  for (let i = 0; i < Math.min(MAX_REPAIRS, MAX_REREAD / text.length) && best.read.error !== undefined && text.length <= MAX_REPAIRED_LENGTH; i++) {
    const without = withoutLine(best.text, best.read.error);
    const read = readSyntax(loaded, without);
    if (!read || (read.error !== undefined && read.error <= best.read.error)) break;
    best = { read, text: without };
  }
  return best;
}

/** The text, as long as before, with `pass` (or spaces, where that does not fit) instead of the line at an offset. */
function withoutLine(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const newline = text.indexOf('\n', offset);
  const line = text.slice(start, newline < 0 ? text.length : newline);
  const indent = /^[ \t]*/.exec(line)![0];
  const instead = line.length >= indent.length + 4 ? `${indent}pass` : indent;
  return text.slice(0, start) + instead.padEnd(line.length) + text.slice(start + line.length);
}

const unread = (message: string, path: string): ParsedPython => ({ statements: [], comments: [], problems: [{ message, at: startOf(path) }] });

function problemAt(offset: number | undefined, message: string, text: string, source: Source): ReadProblem[] {
  if (offset === undefined) return [];
  const start = offset + (/^\s*/.exec(text.slice(offset, offset + 1000))?.[0].length ?? 0);
  const from = start < text.length ? start : offset;
  return [{ message, at: source.at(from, from) }];
}

function commentOf(node: Syntax, source: Source): Comment {
  const lineStart = source.text.lastIndexOf('\n', node.start - 1) + 1;
  return { text: textOf(node, source).replace(/^#+/, '').trim(), at: placeOf(node, source), ownLine: source.text.slice(lineStart, node.start).trim() === '' };
}
