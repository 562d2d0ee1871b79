import { createScanner, parseTree, type Node, type ParseError } from 'jsonc-parser';
import type { Comment, ReadProblem } from '../model/index.js';
import { timed } from '../model/index.js';
import { lineTable, type LineTable } from './lines.js';
import { MAX_DEPTH, type DataEntry, type DataNode, type DataSource, type ScalarNode } from './nodes.js';

/** One JSON file as a tree of values with places. `root` is undefined where nothing could be read. */
export interface ParsedJson {
  readonly root?: DataNode;
  readonly source: DataSource;
  /** Those that contain "drainlint:". */
  readonly comments: readonly Comment[];
  readonly problems: readonly ReadProblem[];
}

/**
 * JSON with positions. Comments, trailing commas and a byte order mark are taken as they come, and so are the bare `${…}` of
 * Terraform templates: those become strings as written. Never throws; what is broken is a problem, and the rest is read.
 */
export function parseJson(text: string, path: string): ParsedJson {
  return timed('JSON parser', () => readJson(text, path));
}

function readJson(text: string, path: string): ParsedJson {
  const lines = lineTable(text, path);
  const source: DataSource = { lines, encoding: 'json' };
  const plain = maskTemplates(text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text);
  const look = inspect(plain);
  const unread = (message: string, offset: number): ParsedJson => ({ source, comments: [], problems: [{ message, at: lines.at(offset, offset) }] });
  if (look.tooDeep !== undefined) return unread('JSON nested too deep here, so the file was not read', look.tooDeep);
  const errors: ParseError[] = [];
  const tree = parseTree(plain, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const comments = look.comments.map(([start, end]) => commentOf(start, end, lines));
  const [first] = errors;
  const problems = first ? [{ message: 'JSON syntax not understood here; the rest of the file was read', at: lines.at(first.offset, first.offset + first.length) }] : [];
  const root = tree && convert(tree, text);
  return { ...(root && { root }), source, comments, problems };
}

/** Bare template parts outside strings become strings and spaces of the same length, so that offsets stay. */
function maskTemplates(text: string): string {
  if (!text.includes('${') && !text.includes('%{')) return text;
  return text.replace(/"(?:[^"\\\n]|\\.)*"?|\$\{(?:[^"{}\n]|"[^"\n]*")*\}|%\{(?:[^"{}\n]|"[^"\n]*")*\}/g, part => {
    if (part.startsWith('"')) return part;
    return part.startsWith('$') ? `"${'$'.repeat(part.length - 2)}"` : ' '.repeat(part.length);
  });
}

/** jsonc-parser's kinds of tokens; its enums exist as types only. */
const OPEN_BRACE = 1, CLOSE_BRACE = 2, OPEN_BRACKET = 3, CLOSE_BRACKET = 4, LINE_COMMENT = 12, BLOCK_COMMENT = 13, END = 17;

/** One pass without recursion: is it safe to parse, and which comments speak to us. */
function inspect(text: string): { readonly tooDeep?: number; readonly comments: readonly (readonly [number, number])[] } {
  const scanner = createScanner(text, false);
  const comments: [number, number][] = [];
  const wanted = text.includes('drainlint:');
  let depth = 0;
  for (let token: number = scanner.scan(); token !== END; token = scanner.scan()) {
    if (token === OPEN_BRACE || token === OPEN_BRACKET) depth++;
    else if (token === CLOSE_BRACE || token === CLOSE_BRACKET) depth = Math.max(0, depth - 1);
    else if (wanted && (token === LINE_COMMENT || token === BLOCK_COMMENT)) {
      const [start, end] = [scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength()];
      if (text.slice(start, end).includes('drainlint:')) comments.push([start, end]);
    }
    if (depth > MAX_DEPTH) return { tooDeep: scanner.getTokenOffset(), comments };
  }
  return { comments };
}

function commentOf(start: number, end: number, lines: LineTable): Comment {
  const text = lines.text.slice(start, end).replace(/^\/[/*]+|\*\/$/g, '').trim();
  const lineStart = lines.text.lastIndexOf('\n', start - 1) + 1;
  return { text, at: lines.at(start, end), ownLine: lines.text.slice(lineStart, start).trim() === '' };
}

function convert(node: Node, text: string): DataNode {
  const span = { start: node.offset, end: node.offset + node.length };
  const children = node.children ?? [];
  if (node.type === 'array') return { is: 'list', ...span, items: children.map(child => convert(child, text)), flow: true };
  if (node.type === 'object') return { is: 'map', ...span, entries: children.flatMap(child => entry(child, text)), flow: true };
  const raw = text.slice(span.start, span.end);
  if (node.type === 'string' && raw.startsWith('$')) return { is: 'scalar', ...span, value: raw, raw, style: 'plain' };
  return scalar(node.type === 'null' ? null : (node.value as ScalarNode['value']), raw, span);
}

function scalar(value: ScalarNode['value'], raw: string, span: { readonly start: number; readonly end: number }): ScalarNode {
  return { is: 'scalar', ...span, value, raw, style: typeof value === 'string' ? 'double' : 'plain' };
}

/** A property; one whose value is missing (a file cut off) counts as absent. */
function entry(node: Node, text: string): readonly DataEntry[] {
  const [key, value] = node.children ?? [];
  if (!key || !value || typeof key.value !== 'string') return [];
  return [{ key: key.value, keyStart: key.offset, keyEnd: key.offset + key.length, value: convert(value, text) }];
}
