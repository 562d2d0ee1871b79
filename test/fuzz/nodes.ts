import { parseTree, type Node as JsonNode } from 'jsonc-parser';
import ts from 'typescript';
import { parse as parseShell } from 'unbash';
import { isNode, isPair, parseAllDocuments, visit } from 'yaml';
import type { Parser } from 'web-tree-sitter';
import { parseDockerfile } from '../../src/parsers/dockerfile.js';
import { loadGrammar, parseWithin } from '../../src/parsers/grammars.js';

/** A node of a syntax tree: what stands at these offsets of the text, end exclusive, and what its grammar calls it. */
export interface Range { readonly kind: string; readonly start: number; readonly end: number }

type Reader = (text: string) => Iterable<Range>;

const python = (await loadGrammar('tree-sitter-python.wasm', false)).parser;
const terraform = (await loadGrammar('tree-sitter-terraform.wasm', false)).parser;

/** Which grammar the nodes of a file are of, by its name. */
const READERS: readonly (readonly [RegExp, Reader])[] = [
  [/\.py$/i, text => treeSitter(python, text)],
  [/\.(?:tf|tfvars)$/i, text => treeSitter(terraform, text)],
  [/\.json[\w.-]*$/i, function* (text) { const root = parseTree(text); if (root) yield* json(root); }],
  [/\.(?:ya?ml|template)$/i, yaml],
  [/\.[cm]?[jt]sx?$/i, text => typescript(ts.createSourceFile('a.tsx', text, ts.ScriptTarget.Latest))],
  [/docker|container/i, dockerfile],
  [/\.(?:sh|bash)$|(?:^|\/)[^./]+$/i, text => shell(parseShell(text))],
  [/(?:)/, lines],
];

/** All that is read of one text; a text that its grammar refuses has lines alone. */
const MOST = 5000;

/** The nodes of a file, by the parser of its format. */
export function rangesOf(path: string, text: string): readonly Range[] {
  const read = READERS.find(([name]) => name.test(path))![1];
  const ranges: Range[] = [];
  try {
    for (const range of read(text)) if (range.end > range.start && ranges.push(range) >= MOST) break;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // nested too deep for a parser that calls itself
  }
  return ranges.length > 0 ? ranges : [...lines(text)];
}

function* treeSitter(parser: Parser, text: string): Generator<Range> {
  const tree = parseWithin(parser, text);
  if (!tree) return;
  try {
    const cursor = tree.walk();
    for (;;) {
      if (cursor.nodeIsNamed) yield { kind: cursor.nodeType, start: cursor.startIndex, end: cursor.endIndex };
      if (cursor.gotoFirstChild()) continue;
      while (!cursor.gotoNextSibling()) if (!cursor.gotoParent()) return;
    }
  } finally {
    tree.delete();
  }
}

function* json(node: JsonNode): Generator<Range> {
  yield { kind: node.type === 'property' ? 'property' : 'value', start: node.offset, end: node.offset + node.length };
  for (const child of node.children ?? []) yield* json(child);
}

function* yaml(text: string): Generator<Range> {
  const ranges: Range[] = [];
  const spanOf = (node: unknown): readonly [number, number] | undefined => (isNode(node) && node.range ? [node.range[0], node.range[1]] : undefined);
  for (const document of parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' })) visit(document, (_key, node) => {
    const key = isPair(node) ? spanOf(node.key) : spanOf(node);
    const end = isPair(node) ? spanOf(node.value) ?? key : key;
    if (key && end) ranges.push({ kind: isPair(node) ? 'pair' : 'value', start: key[0], end: text.slice(0, end[1]).trimEnd().length });
  });
  yield* ranges;
}

function* typescript(file: ts.SourceFile): Generator<Range> {
  const open: ts.Node[] = [file];
  for (let node = open.pop(); node; node = open.pop()) {
    yield { kind: ts.isExpression(node) ? 'expression' : ts.isStatement(node) ? 'statement' : ts.SyntaxKind[node.kind], start: node.getStart(file), end: node.end };
    ts.forEachChild(node, child => { open.push(child); });
  }
}

function* dockerfile(text: string): Generator<Range> {
  for (const { keyword, start, end } of parseDockerfile(text, 'Dockerfile').instructions) {
    yield { kind: 'instruction', start, end };
    yield* words(text, start + keyword.length, end);
  }
}

function* words(text: string, from: number, to: number): Generator<Range> {
  for (const { index, 0: word } of text.slice(from, to).matchAll(/[^\s,[\]"]+/g)) yield { kind: 'word', start: from + index, end: from + index + word.length };
}

function* shell(node: unknown): Generator<Range> {
  const seen = new Set<unknown>(), open = [node];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    const { type, pos, end } = next as { readonly type?: string; readonly pos?: number; readonly end?: number };
    if (pos !== undefined && end !== undefined) yield { kind: type ?? 'word', start: pos, end };
    open.push(...Object.values(next));
  }
}

function* lines(text: string): Generator<Range> {
  for (const { index, 0: line } of text.matchAll(/[^\r\n]+/g)) {
    yield { kind: 'line', start: index, end: index + line.length };
    yield* words(text, index, index + line.length);
  }
}
