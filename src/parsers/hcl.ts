import type { Node, Parser as TreeSitterParser, Range } from 'web-tree-sitter';
import type { Comment, Expr, ReadProblem } from '../model/index.js';
import { comparePlaces, literal, timed } from '../model/index.js';
import { loadGrammar, parseWithin } from './grammars.js';
import { lineTable, type LineTable } from './lines.js';
import { asExpr, branchOf, itemsOf, MAX_DEPTH, type DataEntry, type DataNode, type DataSource, type MapNode } from './nodes.js';

/**
 * One file of HCL (Terraform). `root`: a map whose entries are the attributes and blocks of the file; a block is a map with `labels`.
 * Values that are plain data are data; a conditional is a choice; all else is an expression, calls and references included.
 */
export interface ParsedHcl {
  readonly root: MapNode;
  readonly source: DataSource;
  /** Those that contain "drainlint:". */
  readonly comments: readonly Comment[];
  readonly problems: readonly ReadProblem[];
}

/** Characters of the largest file that is read. */
const MAX_LENGTH = 2_000_000;
/** Levels of the syntax tree: each level of the text takes about five. */
const MAX_SYNTAX = MAX_DEPTH * 3;

let parser: TreeSitterParser | undefined;
let loading: Promise<void> | undefined;

/** Loads the grammar, once per process. `shortRun`: few bytes will be read (see `loadGrammar`). */
export function loadHcl(options: { readonly shortRun?: boolean } = {}): Promise<void> {
  loading ??= loadGrammar('tree-sitter-terraform.wasm', options.shortRun === true).then(loaded => { parser = loaded.parser; });
  return loading;
}

/** Never throws on any text; throws where `loadHcl` was not awaited before. What is broken is a problem, and the rest is read. */
export function parseHcl(text: string, path: string): ParsedHcl {
  return timed('HCL parser', () => readHcl(text, path));
}

function readHcl(text: string, path: string): ParsedHcl {
  if (!parser) throw new Error('parseHcl was called before loadHcl had finished');
  const lines = lineTable(text, path);
  const source: DataSource = { lines, encoding: 'hcl' };
  const empty: MapNode = { is: 'map', start: 0, end: text.length, entries: [], flow: false };
  const unread = (message: string): ParsedHcl => ({ root: empty, source, comments: [], problems: [{ message, at: lines.at(0, 0) }] });
  if (text.length > MAX_LENGTH) return unread(`This file is larger than ${MAX_LENGTH / 1e6} MB, so it was not read`);
  const whole = read(parser, lines);
  if (!whole) return unread('HCL nested too deep or too long to parse, so the file was not read');
  if (whole.error === undefined) return { root: { ...empty, entries: whole.entries }, source, comments: whole.comments, problems: [] };
  // each block by itself: what is broken in one does not take the others with it
  const parts = blocksOf(lines).flatMap(part => read(parser!, lines, part) ?? []);
  const comments = new Map([whole, ...parts].flatMap(part => part.comments).map(comment => [`${comment.at.startLine}:${comment.at.startColumn}`, comment]));
  return {
    root: { ...empty, entries: parts.length > 0 ? parts.flatMap(part => part.entries) : whole.entries }, source,
    comments: [...comments.values()].sort((a, b) => comparePlaces(a.at, b.at)),
    problems: [{ message: 'HCL syntax not understood here; the rest of the file was read', at: lines.at(whole.error, whole.error) }],
  };
}

/** `error`: the offset of the first thing that is not HCL. */
interface Read { readonly entries: readonly DataEntry[]; readonly comments: readonly Comment[]; readonly error: number | undefined }

/** The whole text or a part of it; undefined where it is nested too deep, or takes too long. */
function read(ready: TreeSitterParser, lines: LineTable, part?: Range): Read | undefined {
  const tree = parseWithin(ready, lines.text, part);
  if (!tree) return undefined;
  try {
    const root = tree.rootNode;
    if (isTooDeep(root)) return undefined;
    return { entries: bodyOf(root, lines), comments: lines.text.includes('drainlint:') ? commentsIn(root, lines) : [], error: root.hasError ? firstError(root) : undefined };
  } finally {
    tree.delete();
  }
}

/** Blocks of one broken file that are read one by one. */
const MAX_BLOCKS = 2000;

/** Where the blocks at the top of a text stand, the values of a .tfvars file too. */
function blocksOf({ text, at, path }: LineTable): readonly Range[] {
  const starts = [...text.matchAll(/\.tfvars$/i.test(path) ? /^[\w-]+[ \t]*=/gm : /^(?:resource|module|data|variable|locals|output)\b/gm)].map(match => match.index).slice(0, MAX_BLOCKS);
  return starts.map((startIndex, i) => {
    const endIndex = starts[i + 1] ?? text.length;
    const { startLine, startColumn, endLine, endColumn } = at(startIndex, endIndex);
    return { startIndex, endIndex, startPosition: { row: startLine - 1, column: startColumn - 1 }, endPosition: { row: endLine - 1, column: endColumn - 1 } };
  });
}

function isTooDeep(root: Node): boolean {
  const cursor = root.walk();
  let depth = 0, going = cursor.gotoFirstChild();
  if (going) depth = 1;
  while (going) {
    if (depth > MAX_SYNTAX) return true;
    if (cursor.gotoFirstChild()) { depth++; continue; }
    while (!cursor.gotoNextSibling()) { depth--; if (depth <= 0 || !cursor.gotoParent()) return false; }
  }
  return false;
}

function firstError(root: Node): number | undefined {
  let first: number | undefined;
  const open: Node[] = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.isError || node.isMissing) first = Math.min(first ?? Infinity, node.startIndex);
    else if (node.hasError) open.push(...node.children.filter(child => child !== null));
  }
  return first;
}

function commentsIn(root: Node, lines: LineTable): readonly Comment[] {
  return root.descendantsOfType('comment').filter(node => node !== null).flatMap(node => {
    if (!node.text.includes('drainlint:')) return [];
    const lineStart = lines.text.lastIndexOf('\n', node.startIndex - 1) + 1;
    return [{ text: node.text.replace(/^(?:#+|\/\/+|\/\*+)|\*\/$/g, '').trim(), at: lines.at(node.startIndex, node.startIndex + node.text.trimEnd().length), ownLine: lines.text.slice(lineStart, node.startIndex).trim() === '' }];
  });
}

const named = (node: Node): readonly Node[] => node.namedChildren.filter(child => child !== null && child.type !== 'comment') as Node[];

/** The attributes and blocks of a body, those of what is broken around them included. */
function bodyOf(node: Node, lines: LineTable): readonly DataEntry[] {
  return named(node).flatMap((child): readonly DataEntry[] => {
    switch (child.type) {
      case 'attribute': return attribute(child, lines);
      case 'block': return block(child, lines);
      case 'body': case 'ERROR': return bodyOf(child, lines);
      default: return [];
    }
  });
}

function attribute(node: Node, lines: LineTable): readonly DataEntry[] {
  const [key, value] = named(node);
  return key && value ? [{ key: key.text, keyStart: key.startIndex, keyEnd: key.endIndex, value: valueOf(value, lines) }] : [];
}

function block(node: Node, lines: LineTable): readonly DataEntry[] {
  const children = named(node);
  const [type] = children;
  if (!type) return [];
  const labels = children.slice(1).filter(child => child.type === 'string_lit' || child.type === 'identifier').map(child => (child.type === 'identifier' ? child.text : plainText(child)));
  const open = children.find(child => child.type === 'block_start');
  const body = children.find(child => child.type === 'body');
  const value: MapNode = { is: 'map', start: open?.startIndex ?? type.endIndex, end: node.endIndex, entries: body ? bodyOf(body, lines) : [], flow: false, labels };
  return [{ key: type.text, keyStart: type.startIndex, keyEnd: type.endIndex, value }];
}

const plainText = (node: Node): string => named(node).filter(child => child.type === 'template_literal').map(child => unescaped(child.text)).join('');
/** A quoted text of HCL, or a part of it, without its escapes. */
export const unescaped = (text: string): string => text.replace(/\\(?:([nrt"\\])|u([0-9a-fA-F]{4}))|\$\$\{|%%\{/g, (all, simple?: string, code?: string) => (code !== undefined ? String.fromCharCode(parseInt(code, 16)) : simple !== undefined ? ({ n: '\n', r: '\r', t: '\t' }[simple] ?? simple) : all.slice(1)));

/** A value as data where it is data. */
function valueOf(node: Node, lines: LineTable): DataNode {
  const span = { start: node.startIndex, end: node.endIndex };
  const inner = node.type === 'expression' ? named(node) : [node];
  const [only] = inner;
  if (inner.length === 1 && only) {
    if (only.type === 'expression') return valueOf(only, lines);
    const data = dataOf(only, span, lines);
    if (data) return data;
  }
  return { is: 'expr', expr: exprOf(node, lines), ...span };
}

function dataOf(node: Node, span: { readonly start: number; readonly end: number }, lines: LineTable): DataNode | undefined {
  const [first, ...rest] = named(node);
  switch (node.type) {
    case 'literal_value': return first && scalar(first, span);
    case 'template_expr': return first?.type === 'quoted_template' && named(first).every(part => part.type !== 'template_interpolation' && part.type !== 'template_directive') ? { is: 'scalar', ...span, value: plainText(first), raw: node.text, style: 'double' } : undefined;
    case 'collection_value': return first && dataOf(first, span, lines);
    case 'tuple': return { is: 'list', ...span, items: named(node).filter(child => child.type === 'expression').map(child => valueOf(child, lines)), flow: true };
    case 'object': return { is: 'map', ...span, entries: named(node).flatMap(child => element(child, lines)), flow: true };
    case 'conditional': {
      const [test, then, otherwise] = named(node).filter(child => child.type === 'expression');
      return test && then && otherwise ? { is: 'choice', ...span, test: exprOf(test, lines), branches: [then, otherwise].map(branch => branchOf(valueOf(branch, lines))) } : undefined;
    }
    case 'function_call': return first && called(first, argumentsOf(rest, lines), span, lines);
    case 'operation': return first?.type === 'unary_operation' && /^-\s*\d/.test(node.text) ? { is: 'scalar', ...span, value: Number(node.text.replace(/\s/g, '')), raw: node.text, style: 'plain' } : undefined;
    default: return undefined;
  }
}

function scalar(node: Node, span: { readonly start: number; readonly end: number }): DataNode | undefined {
  const { text } = node;
  switch (node.type) {
    case 'string_lit': return { is: 'scalar', ...span, value: plainText(node), raw: text, style: 'double' };
    case 'numeric_lit': return { is: 'scalar', ...span, value: Number(text), raw: text, style: 'plain' };
    case 'bool_lit': return { is: 'scalar', ...span, value: text === 'true', raw: text, style: 'plain' };
    case 'null_lit': return { is: 'scalar', ...span, value: null, raw: text, style: 'plain' };
    default: return undefined;
  }
}

/** `name = value`, `"name" : value`, `(var.key) = value`; a computed key is left out. */
function element(node: Node, lines: LineTable): readonly DataEntry[] {
  const [key, value] = named(node).filter(child => child.type === 'expression');
  if (!key || !value) return [];
  const text = /^[\w-]+$/.test(key.text) ? key.text : /^"[^"$%\\]*"$/.test(key.text) ? key.text.slice(1, -1) : undefined;
  return text === undefined ? [] : [{ key: text, keyStart: key.startIndex, keyEnd: key.endIndex, value: valueOf(value, lines) }];
}

/**
 * Functions that hand their argument on, and those that put lists or maps together; any other call is an expression. Each argument is read
 * once, however deep calls stand in calls: `optional(list(object({ … })))`.
 */
function called(name: Node, values: readonly DataNode[], span: { readonly start: number; readonly end: number }, lines: LineTable): DataNode {
  return calledData(name.text, values, span) ?? { is: 'expr', expr: callOf(name, values, lines.at(span.start, span.end), lines), ...span };
}

function argumentsOf(parts: readonly Node[], lines: LineTable): readonly DataNode[] {
  const list = parts.find(part => part.type === 'function_arguments');
  return list ? named(list).filter(child => child.type === 'expression').map(child => valueOf(child, lines)) : [];
}

function callOf(name: Node, values: readonly DataNode[], at: Expr['at'], lines: LineTable): Expr {
  return { is: 'call', callee: { is: 'name', name: name.text, at }, positional: values.map(value => asExpr(value, lines)), keywords: [], at };
}

function calledData(name: string, values: readonly DataNode[], span: { readonly start: number; readonly end: number }): DataNode | undefined {
  const [first] = values;
  switch (name) {
    case 'jsonencode': case 'tolist': case 'toset': case 'tomap': case 'sensitive': case 'nonsensitive': return first;
    case 'tostring': case 'tonumber': case 'tobool': return first?.is === 'scalar' ? first : undefined;
    // a list that is named stands for its items
    case 'concat': return values.length > 0 ? { is: 'list', ...span, items: values.flatMap(value => (value.is === 'expr' ? [value] : itemsOf(value))), flow: true } : undefined;
    case 'merge': return values.every(value => value.is === 'map') ? { is: 'map', ...span, entries: values.flatMap(value => (value.is === 'map' ? value.entries : [])), flow: true } : undefined;
    default: return undefined;
  }
}

/** Anything else as an expression. Functions of Terraform are calls of a name. */
function exprOf(node: Node, lines: LineTable): Expr {
  const at = lines.at(node.startIndex, node.endIndex);
  const opaque = (): Expr => ({ is: 'opaque', text: node.text.slice(0, 200), at });
  const children = named(node);
  const [first] = children;
  switch (node.type) {
    case 'expression': return first?.type === 'variable_expr' ? reference(children, lines, at) ?? opaque() : children.length === 1 && first ? exprOf(first, lines) : opaque();
    case 'literal_value': case 'collection_value': case 'tuple': case 'object': { const data = dataOf(node, { start: node.startIndex, end: node.endIndex }, lines); return data ? asExpr(data, lines) : opaque(); }
    case 'template_expr': return first ? template(first, lines, at) : opaque();
    case 'conditional': { const [test, ...branches] = children.filter(child => child.type === 'expression').map(child => exprOf(child, lines)); return test && branches.length === 2 ? { is: 'choice', branches, test, at } : opaque(); }
    case 'function_call': return first ? callOf(first, argumentsOf(children, lines), at, lines) : opaque();
    case 'operation': return first ? exprOf(first, lines) : opaque();
    case 'binary_operation': return binary(node, lines, at) ?? opaque();
    default: return opaque();
  }
}

/** The operands stand beside the operator without a node of their own. */
function binary(node: Node, lines: LineTable, at: Expr['at']): Expr | undefined {
  const all = node.children.filter(child => child !== null && child.type !== 'comment') as Node[];
  const middle = all.findIndex(child => !child.isNamed);
  const operand = (parts: readonly Node[]): Expr | undefined => {
    const [first] = parts;
    if (!first) return undefined;
    const place = lines.at(first.startIndex, parts.at(-1)!.endIndex);
    return first.type === 'variable_expr' ? reference(parts, lines, place) : parts.length === 1 ? exprOf(first, lines) : undefined;
  };
  const [left, right] = middle > 0 ? [operand(all.slice(0, middle)), operand(all.slice(middle + 1))] : [];
  return left && right ? { is: 'operation', operator: all[middle]!.text, operands: [left, right], at } : undefined;
}

/** Roots whose names are of one part: what follows is looked up in their value. */
const SHORT = new Set(['var', 'local', 'each', 'count', 'path', 'self', 'terraform']);

/** `var.x`, `local.x.y`, `module.m.out`, `aws_type.name.attribute`: an index is left out of a name, and looked up in a value. */
function reference(children: readonly Node[], lines: LineTable, at: Expr['at']): Expr | undefined {
  const root = children[0]!.text;
  const steps = children.slice(1).map((child): string | Expr | undefined => {
    const [part] = named(child);
    if (child.type === 'get_attr') return part?.text;
    if (child.type !== 'index') return undefined;
    const key = part && named(part).find(one => one.type === 'expression');
    return key ? exprOf(key, lines) : undefined;
  });
  if (steps.some(step => step === undefined)) return undefined;
  if (steps.length === 0) return { is: 'name', name: root, at };
  const isShort = SHORT.has(root);
  const path = isShort ? steps.slice(0, 1) : steps.filter(step => typeof step === 'string');
  if (path.some(step => typeof step !== 'string')) return undefined;
  const base: Expr = { is: 'reference', module: root, name: path.join('.'), at };
  return isShort ? steps.slice(1).reduce<Expr>((object, step) => (typeof step === 'string' ? { is: 'member', object, name: step, at } : { is: 'item', object, key: step!, at }), base) : base;
}

/** `"a-${var.env}"` and heredocs: the texts and the values between them. */
function template(node: Node, lines: LineTable, at: Expr['at']): Expr {
  const parts = named(node).flatMap((part): readonly Expr[] => {
    const place = lines.at(part.startIndex, part.endIndex);
    if (part.type === 'template_literal') return [literal(node.type === 'quoted_template' ? unescaped(part.text) : part.text, place)];
    if (part.type === 'template_interpolation') { const inner = named(part).find(child => child.type === 'expression'); return inner ? [exprOf(inner, lines)] : []; }
    return part.type === 'template_directive' ? [{ is: 'opaque', text: part.text.slice(0, 200), at: place }] : [];
  });
  const [only] = parts;
  if (parts.every(part => part.is === 'literal')) return literal(parts.map(part => String(part.value)).join(''), at);
  return parts.length === 1 && only ? only : { is: 'operation', operator: 'concat', operands: parts, at };
}

/** The text between the marks of a heredoc, where a value is one: from its first line to the line of the end mark. */
export function heredocSpan(node: DataNode, text: string): { readonly start: number; readonly end: number } | undefined {
  const written = text.slice(node.start, node.end);
  const match = /^<<[-~]?([\w-]+)[ \t]*\r?\n/.exec(written);
  const close = match ? written.lastIndexOf(match[1]!) : -1;
  return match && close > match[0].length ? { start: node.start + match[0].length, end: node.start + close } : match ? { start: node.start + match[0].length, end: node.end } : undefined;
}
