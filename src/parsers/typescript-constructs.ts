import type { Expr, SourceLocation } from '../model/index.js';
import { literal } from '../model/index.js';
import { DURATION_UNITS, type ConstructCall, type ParsedConstructs } from './constructs.js';
import { lineTable, type LineTable } from './lines.js';
import { asExpr, branchOf, type DataEntry, type DataNode, type DataSource, type ScalarNode } from './nodes.js';
import { readTypeScript, type Ts } from './typescript/read.js';

type TsNode = import('ts-morph').ts.Node;
type TsExpression = import('ts-morph').ts.Expression;

/** Constants inside constants, and expressions inside each other, beyond this are left as they are. */
const DEPTH = 60;
/** Values read in the place of a constant's name, in one file: constants made of constants may stand for more than memory holds. */
const MAX_EXPANDED = 50_000;

/** Never throws on any text; throws where `loadTypeScript` was not awaited before. */
export function parseTypeScriptConstructs(text: string, path: string): ParsedConstructs {
  const lines = lineTable(text, path);
  const source: DataSource = { lines, encoding: 'typescript' };
  const empty = { calls: [], aliases: new Map(), imports: new Map(), source };
  return readTypeScript<ParsedConstructs>(text, lines, { unread: read => ({ ...empty, ...read }), read: ({ ts, root, comments, problems }) => {
    const reading: Reading = { ts, source, root, constants: new Map(), owners: new Map(), within: new Set(), expanded: 0 };
    collectConstants(reading);
    const exported = exportedBy(reading);
    const aliases = new Map([...reading.constants].flatMap(([name, value]): readonly [string, string][] => { const of = value === 'several' ? undefined : nameOf(value, reading); return of === undefined || of.startsWith('.') ? [] : [[name, of]]; }));
    return { calls: callsIn(reading), aliases, imports: importsOf(reading), ...(exported && { exported }), source, comments, problems };
  } });
}

interface Reading { readonly ts: Ts; readonly source: DataSource; readonly root: import('ts-morph').ts.SourceFile; readonly constants: Map<string, TsExpression | 'several'>; /** The functions that bind a name each for itself, where there are several. */ readonly owners: Map<string, ReadonlySet<TsNode>>; /** Constants whose value is being read: one that names itself ends there. */ readonly within: Set<string>; expanded: number }

function* nodesOf(ts: Ts, root: TsNode): Generator<TsNode> {
  const open: TsNode[] = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    yield node;
    const children: TsNode[] = [];
    ts.forEachChild(node, child => { children.push(child); });
    open.push(...children.reverse());
  }
}

/** `const name = value` anywhere in the file; a name that one function binds twice says nothing. */
function collectConstants(reading: Reading): void {
  const { ts, root, constants, owners } = reading;
  const bound = [...nodesOf(ts, root)].flatMap(node => (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer ? [{ name: node.name, value: node.initializer, owner: functionAround(node, ts) }] : []));
  const all = new Map<string, Set<TsNode>>();
  for (const { name, owner } of bound) all.set(name.text, (all.get(name.text) ?? new Set()).add(owner));
  for (const [name, places] of all) if (places.size > 1) owners.set(name, places);
  for (const { name, value } of bound) { const own = localName(name, reading); constants.set(own, constants.has(own) ? 'several' : value); }
}

/** The function that a node stands in, or the file. */
function functionAround(node: TsNode, ts: Ts): TsNode {
  let at = node.parent;
  while (at.parent && !ts.isFunctionLike(at)) at = at.parent;
  return at;
}

/** A name; with the place of its function, where several functions bind one of their own: `definition#120`. */
function localName(node: import('ts-morph').ts.Identifier, { ts, owners }: Pick<Reading, 'ts' | 'owners'>): string {
  const places = owners.get(node.text);
  for (let at: TsNode = node; places && at.parent;) if (places.has(at = functionAround(at, ts))) return `${node.text}#${at.pos}`;
  return node.text;
}

function importsOf({ ts, root }: Reading): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const statement of root.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const { text } = statement.moduleSpecifier;
    const clause = statement.importClause;
    if (clause?.name) found.set(clause.name.text, text);
    const bindings = clause?.namedBindings;
    if (bindings && ts.isNamespaceImport(bindings)) found.set(bindings.name.text, text);
    else if (bindings && ts.isNamedImports(bindings)) for (const element of bindings.elements) found.set(element.name.text, text);
  }
  return found;
}

/** `module.exports = x`, `export default x`. */
function exportedBy(reading: Reading): DataNode | undefined {
  const { ts, root } = reading;
  for (const statement of root.statements) {
    if (ts.isExportAssignment(statement)) return dataOf(statement.expression, reading, 0);
    const expression = ts.isExpressionStatement(statement) ? statement.expression : undefined;
    if (expression && ts.isBinaryExpression(expression) && nameOf(expression.left, reading) === 'module.exports') return dataOf(expression.right, reading, 0);
  }
  return undefined;
}

function callsIn(reading: Reading): readonly ConstructCall[] {
  const { ts, root, source } = reading;
  const found: ConstructCall[] = [];
  for (const node of nodesOf(ts, root)) {
    if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) continue;
    const callee = nameOf(node.expression, reading);
    if (callee === undefined) continue;
    const start = node.getStart(root);
    const name = assignedName(node, reading);
    const object = ts.isPropertyAccessExpression(node.expression) && (ts.isNewExpression(node.expression.expression) || ts.isCallExpression(node.expression.expression)) ? node.expression.expression.getStart(root) : undefined;
    found.push({
      isNew: ts.isNewExpression(node), callee, arguments: (node.arguments ?? []).map(argument => dataOf(argument, reading, 0)), start,
      at: source.lines.at(start, Math.max(node.expression.end, start + 1)), ...(name !== undefined && { name }), ...(object !== undefined && { objectStart: object }),
    });
  }
  return found;
}

/** `a.b.c`, `this.a.b`; of a method of a call the method alone. */
function nameOf(node: TsExpression, reading: Pick<Reading, 'ts' | 'owners'>): string | undefined {
  const { ts } = reading;
  if (ts.isIdentifier(node)) return localName(node, reading);
  if (node.kind === ts.SyntaxKind.ThisKeyword) return 'this';
  if (ts.isNonNullExpression(node) || ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return nameOf(node.expression, reading);
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const object = nameOf(node.expression, reading);
  return object === undefined ? `.${node.name.text}` : `${object}.${node.name.text}`;
}

function assignedName(node: TsNode, reading: Reading): string | undefined {
  const { ts } = reading;
  const parent = node.parent;
  if (!parent) return undefined;
  if (ts.isAsExpression(parent) || ts.isParenthesizedExpression(parent) || ts.isAwaitExpression(parent)) return assignedName(parent, reading);
  if (ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name)) return localName(parent.name, reading);
  if (ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken && parent.right === node) return nameOf(parent.left, reading);
  return ts.isPropertyDeclaration(parent) && ts.isIdentifier(parent.name) ? `this.${parent.name.text}` : undefined;
}

/** An expression as data where it is data: constants of the file resolved, a `Duration` as its seconds. */
function dataOf(node: TsExpression, reading: Reading, depth: number): DataNode {
  const { ts, root } = reading;
  if (reading.within.size > 0) reading.expanded++;
  const span = { start: node.getStart(root), end: node.end };
  const raw = root.text.slice(span.start, span.end);
  const scalar = (value: ScalarNode['value'], style: ScalarNode['style'] = 'plain'): DataNode => ({ is: 'scalar', ...span, value, raw, style });
  const inner = (part: TsExpression): DataNode => dataOf(part, reading, depth + 1);
  const computed = (): DataNode => ({ is: 'expr', ...span, expr: exprOf(node, reading, depth) });
  if (depth > DEPTH) return { is: 'expr', ...span, expr: { is: 'opaque', text: raw.slice(0, 200), at: reading.source.lines.at(span.start, span.end) } };
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return scalar(node.text, 'double');
  if (ts.isNumericLiteral(node)) return scalar(Number(node.text));
  if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) return scalar(node.kind === ts.SyntaxKind.TrueKeyword);
  if (node.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(node) && node.text === 'undefined')) return scalar(null);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken && ts.isNumericLiteral(node.operand)) return scalar(-Number(node.operand.text));
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node) || ts.isSatisfiesExpression(node)) return inner(node.expression);
  if (ts.isObjectLiteralExpression(node)) return { is: 'map', ...span, entries: node.properties.flatMap(property => entriesFrom(property, reading, depth)), flow: true };
  if (ts.isArrayLiteralExpression(node)) return { is: 'list', ...span, items: node.elements.flatMap(element => (ts.isSpreadElement(element) ? spreadItems(inner(element.expression)) : [inner(element)])), flow: true };
  if (ts.isConditionalExpression(node)) return { is: 'choice', ...span, branches: [node.whenTrue, node.whenFalse].map(branch => branchOf(inner(branch))) };
  if (ts.isIdentifier(node)) {
    const name = localName(node, reading);
    const constant = reading.constants.get(name);
    return constant !== undefined && constant !== 'several' && !ts.isNewExpression(constant) && !isDeferred(constant, reading) ? expanded(name, constant, reading, depth) ?? computed() : computed();
  }
  if (ts.isCallExpression(node)) {
    const name = nameOf(node.expression, reading) ?? '';
    const [first] = node.arguments;
    const unit = /(?:^|\.)Duration\.(\w+)$/.exec(name)?.[1];
    if (unit !== undefined && first && DURATION_UNITS[unit] !== undefined) return duration(inner(first), DURATION_UNITS[unit]!, span, reading.source.lines);
    if (/^(Number|String|Boolean|parseInt|parseFloat)$/.test(name) && first) { const value = inner(first); return value.is === 'scalar' && name !== 'String' && typeof value.value === 'string' && value.value !== '' && !Number.isNaN(Number(value.value)) ? { ...value, value: Number(value.value) } : value; }
  }
  return computed();
}

/** What a constant stands for; undefined where it is being read already, or too much was read this way. */
function expanded(name: string, constant: TsExpression, reading: Reading, depth: number): DataNode | undefined {
  if (reading.within.has(name) || reading.expanded > MAX_EXPANDED) return undefined;
  reading.within.add(name);
  const value = dataOf(constant, reading, depth + 1);
  reading.within.delete(name);
  return value;
}

/** A call other than a Duration is not what its name stands for by itself. */
function isDeferred(node: TsExpression, reading: Pick<Reading, 'ts' | 'owners'>): boolean {
  const { ts } = reading;
  return (ts.isCallExpression(node) && !/Duration\.\w+$/.test(nameOf(node.expression, reading) ?? '') && !/^(Number|String|parseInt)$/.test(nameOf(node.expression, reading) ?? '')) || ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isAwaitExpression(node);
}

/** Seconds; written as seconds, the number itself is what can be replaced. */
function duration(argument: DataNode, unit: number, span: { readonly start: number; readonly end: number }, lines: LineTable): DataNode {
  if (argument.is === 'scalar' && typeof argument.value === 'number') return unit === 1 ? argument : { ...argument, ...span, value: argument.value * unit };
  return argument.is === 'expr' && unit === 1 ? argument : { is: 'expr', ...span, expr: { is: 'opaque', text: 'Duration', at: lines.at(span.start, span.end) } };
}

const spreadItems = (node: DataNode): readonly DataNode[] => (node.is === 'list' ? node.items : node.is === 'choice' ? node.branches.flatMap(branch => (branch ? spreadItems(branch) : [])) : [node]);

type Property = import('ts-morph').ts.ObjectLiteralElementLike;

function entriesFrom(property: Property, reading: Reading, depth: number): readonly DataEntry[] {
  const { ts, root } = reading;
  if (ts.isSpreadAssignment(property)) {
    const value = dataOf(property.expression, reading, depth + 1);
    const maps = value.is === 'choice' ? value.branches : [value];
    return maps.flatMap(map => (map?.is === 'map' ? map.entries : []));
  }
  if (ts.isPropertyAssignment(property) && !ts.isComputedPropertyName(property.name)) return [{ key: property.name.text, keyStart: property.name.getStart(root), keyEnd: property.name.end, value: dataOf(property.initializer, reading, depth + 1) }];
  if (ts.isShorthandPropertyAssignment(property)) return [{ key: property.name.text, keyStart: property.name.getStart(root), keyEnd: property.name.end, value: dataOf(property.name, reading, depth + 1) }];
  return [];
}

/** Anything else: references to what the file is given (`props.x`), the environment, calls, texts with values in them. */
function exprOf(node: TsExpression, reading: Reading, depth: number): Expr {
  const { ts, root, source } = reading;
  const at = source.lines.at(node.getStart(root), node.end);
  const opaque = (): Expr => ({ is: 'opaque', text: root.text.slice(node.getStart(root), Math.min(node.end, node.getStart(root) + 200)), at });
  if (depth > DEPTH) return opaque();
  const inner = (part: TsExpression): Expr => asExpr(dataOf(part, reading, depth + 1), source.lines);
  if (ts.isTemplateExpression(node)) {
    const parts = [...(node.head.text === '' ? [] : [literal(node.head.text, at)]), ...node.templateSpans.flatMap(span => [inner(span.expression), ...(span.literal.text === '' ? [] : [literal(span.literal.text, at)])])];
    return parts.every(part => part.is === 'literal') ? literal(parts.map(part => (part.is === 'literal' ? String(part.value) : '')).join(''), at) : { is: 'operation', operator: 'concat', operands: parts, at };
  }
  const name = nameOf(node, reading);
  if (name !== undefined) return named(name, at);
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText(root);
    if (operator === '??' || operator === '||') { const left = inner(node.left); return left.is === 'environment' || left.is === 'reference' ? { ...left, fallback: inner(node.right) } : { is: 'choice', branches: [left, inner(node.right)], at }; }
    return { is: 'operation', operator, operands: [inner(node.left), inner(node.right)], at };
  }
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return { is: 'call', callee: { is: 'name', name: nameOf(node.expression, reading) ?? '', at }, positional: (node.arguments ?? []).map(inner), keywords: [], at };
  return opaque();
}

function named(name: string, at: SourceLocation): Expr {
  const variable = /^process\.env\.(\w+)$/.exec(name)?.[1];
  if (variable !== undefined) return { is: 'environment', name: variable, at };
  const props = /^(?:this\.)?props\.(.+)$/.exec(name)?.[1];
  return props === undefined ? { is: 'name', name, at } : { is: 'reference', module: 'props', name: props, at };
}
