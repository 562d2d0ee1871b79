import { Composer, Lexer, Parser, isAlias, isMap, isScalar, isSeq, type CST, type Document, type Node, type Pair, type Scalar as YamlScalar, type YAMLMap, type YAMLSeq } from 'yaml';
import type { Comment, ReadProblem } from '../model/index.js';
import { timed } from '../model/index.js';
import { lineTable, type LineTable } from './lines.js';
import { MAX_DEPTH, MAX_NODES, type DataEntry, type DataNode, type DataSource, type ListNode, type MapNode, type ScalarNode } from './nodes.js';

/** One YAML file as trees of values with places, one per document that is not empty. */
export interface ParsedYaml {
  readonly roots: readonly DataNode[];
  readonly source: DataSource;
  /** Those that contain "drainlint:". */
  readonly comments: readonly Comment[];
  readonly problems: readonly ReadProblem[];
}

/**
 * YAML with positions. Duplicate keys, unknown tags (CloudFormation's, Compose's `!reset`) and merge keys are kept as written.
 * Aliases become the node they stand for; where they would grow the tree beyond all use they are dropped, with a problem.
 * Never throws; what is broken is a problem, and the rest is read.
 */
export function parseYaml(text: string, path: string): ParsedYaml {
  return timed('YAML parser', () => readYaml(text, path));
}

function readYaml(text: string, path: string): ParsedYaml {
  const lines = lineTable(text, path);
  const source: DataSource = { lines, encoding: 'yaml' };
  const unread = (message: string, offset: number): ParsedYaml => ({ roots: [], source, comments: [], problems: [{ message, at: lines.at(offset, offset) }] });
  try {
    const tokens = [...new Parser().parse(text)];
    const tooDeep = deepest(tokens);
    if (tooDeep !== undefined) return unread('YAML nested too deep here, so the file was not read', tooDeep);
    // `strict: false` would hide what is broken; here it is a problem, and read all the same.
    const documents = [...new Composer({ uniqueKeys: false, logLevel: 'silent', keepSourceTokens: false }).compose(tokens, true, text.length)];
    const converted = documents.map(document => convertDocument(document as Document, text));
    const problems = documents.flatMap((document, i) => [
      ...document.errors.slice(0, 1).map(error => ({ message: 'YAML syntax not understood here; the rest of the file was read', at: lines.at(error.pos[0], error.pos[0]) })),
      ...converted[i]!.dropped.slice(0, 1).map(offset => ({ message: 'YAML alias not followed here: its anchor is missing, holds it, or grows the file too much', at: lines.at(offset, offset) })),
    ]);
    return { roots: converted.flatMap(({ root }) => (root ? [root] : [])), source, comments: commentsOf(text, lines), problems };
  } catch (error) {
    // Only what the check of the depth cannot foresee.
    if (!(error instanceof RangeError)) throw error;
    return unread('YAML nested too deep, so the file was not read', 0);
  }
}

/** The offset of the first token nested deeper than we read, without recursion. */
function deepest(tokens: readonly CST.Token[]): number | undefined {
  const open: { readonly token: CST.Token; readonly depth: number }[] = tokens.map(token => ({ token, depth: 0 }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return 'offset' in token ? token.offset : 0;
    if (token.type === 'document' && token.value) open.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    for (const item of token.items) {
      if (item.key) open.push({ token: item.key, depth: depth + 1 });
      if (item.value) open.push({ token: item.value, depth: depth + 1 });
    }
  }
  return undefined;
}

interface Measured { readonly node: DataNode; readonly depth: number; readonly size: number }
interface Conversion { readonly text: string; readonly anchors: Map<string, Measured>; readonly dropped: number[]; grown: number }

function convertDocument(document: Document, text: string): { readonly root?: DataNode; readonly dropped: readonly number[] } {
  const conversion: Conversion = { text, anchors: new Map(), dropped: [], grown: 0 };
  if (!document.contents) return { dropped: [] };
  const { node } = convert(document.contents as Node, conversion);
  return node.is === 'scalar' && node.value === null ? { dropped: conversion.dropped } : { root: node, dropped: conversion.dropped };
}

function convert(node: Node, into: Conversion): Measured {
  if (isAlias(node)) return follow(node.source, node.range?.[0] ?? 0, into);
  const measured = isMap(node) ? mapOf(node, into) : isSeq(node) ? listOf(node, into) : { node: scalarOf(node as YamlScalar, into), depth: 1, size: 1 };
  const { anchor } = node as { anchor?: string };
  if (anchor) into.anchors.set(anchor, measured);
  return measured;
}

/** The node an alias stands for. An anchor is known only once its node is complete, so no node can come to lie inside itself. */
function follow(name: string, offset: number, into: Conversion): Measured {
  const target = into.anchors.get(name);
  if (target && target.depth < MAX_DEPTH && into.grown + target.size <= MAX_NODES) {
    into.grown += target.size;
    return target;
  }
  into.dropped.push(offset);
  return { node: nothing(offset), depth: 1, size: 1 };
}

const nothing = (offset: number): ScalarNode => ({ is: 'scalar', start: offset, end: offset, value: null, raw: '', style: 'plain' });

function listOf(node: YAMLSeq, into: Conversion): Measured {
  const items = node.items.map(item => convert(item as Node, into));
  return measure({ is: 'list', ...spanOf(node, into), items: items.map(item => item.node), flow: node.flow === true }, items, into);
}

function mapOf(node: YAMLMap, into: Conversion): Measured {
  const values: Measured[] = [];
  const entries = node.items.flatMap((pair): DataEntry[] => {
    const { key, value } = pair as Pair<unknown, Node | null>;
    if (!isScalar(key) || !key.range) return [];
    const [keyStart, keyEnd] = key.range;
    const measured = value ? convert(value, into) : { node: nothing(keyEnd), depth: 1, size: 1 };
    values.push(measured);
    return [{ key: String(key.value), keyStart, keyEnd, value: measured.node }];
  });
  return measure({ is: 'map', ...spanOf(node, into), entries, flow: node.flow === true }, values, into);
}

function measure(node: ListNode | MapNode, children: readonly Measured[], into: Conversion): Measured {
  const depth = 1 + children.reduce((most, child) => Math.max(most, child.depth), 0);
  const size = 1 + children.reduce((sum, child) => sum + child.size, 0);
  if (depth <= 2 * MAX_DEPTH) return { node, depth, size };
  into.dropped.push(node.start);
  return { node: nothing(node.start), depth: 1, size: 1 };
}

function scalarOf(node: YamlScalar, into: Conversion): ScalarNode {
  const span = spanOf(node, into);
  const raw = into.text.slice(span.start, span.end);
  const style = node.type === 'QUOTE_DOUBLE' ? 'double' : node.type === 'QUOTE_SINGLE' ? 'single' : node.type?.startsWith('BLOCK') ? 'block' : 'plain';
  const { value } = node;
  const isScalarValue = value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return { is: 'scalar', ...span, value: isScalarValue ? value : raw, raw, style };
}

/** Without the white space at the end of block texts and maps. */
function spanOf(node: Node, { text }: Conversion): { readonly start: number; readonly end: number; readonly tag?: string } {
  const [start, valueEnd] = node.range ?? [0, 0, 0];
  let end = valueEnd;
  while (end > start && /\s/.test(text[end - 1]!)) end--;
  const tag = node.tag && !node.tag.startsWith('tag:yaml.org,2002:') ? node.tag : undefined;
  return { start, end, ...(tag !== undefined && { tag }) };
}

/** The lexer marks the text of a plain or block value with this character in front of it: such a text may begin with `#`. */
const SCALAR = '\x1f';
/** Marks the lexer adds; they are not part of the text. */
const MARKS = new Set(['\x02', '\x18', SCALAR]);

function commentsOf(text: string, lines: LineTable): readonly Comment[] {
  if (!text.includes('drainlint:')) return [];
  const comments: Comment[] = [];
  let [offset, before] = [0, ''];
  for (const token of new Lexer().lex(text)) {
    if (token.startsWith('#') && before !== SCALAR && token.includes('drainlint:')) {
      const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
      comments.push({ text: token.replace(/^#+/, '').trim(), at: lines.at(offset, offset + token.trimEnd().length), ownLine: text.slice(lineStart, offset).trim() === '' });
    }
    before = token;
    if (!MARKS.has(token)) offset += token.length;
  }
  return comments;
}
