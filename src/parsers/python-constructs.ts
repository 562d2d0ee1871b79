import type { Expr, SourceLocation, Statement } from '../model/index.js';
import { dottedName, expressionsOf, nested, walk } from '../model/index.js';
import { DURATION_UNITS, type ConstructCall, type ParsedConstructs } from './constructs.js';
import { lineTable, type LineTable } from './lines.js';
import { asExpr, branchOf, type DataEntry, type DataNode, type DataSource, type MapNode } from './nodes.js';
import { parsePython } from './python.js';

/** Expressions inside each other beyond this are left as they are. */
const DEPTH = 60;

type Call = Extract<Expr, { is: 'call' }>;

interface Reading { readonly lines: LineTable; readonly constants: ReadonlyMap<string, Expr | 'several'> }

/** A Python program of the CDK, in the words of one in TypeScript. `loadPython` must have been awaited; never throws on any text. */
export function parsePythonConstructs(text: string, path: string): ParsedConstructs {
  const { statements, comments, problems } = parsePython(text, path);
  const lines = lineTable(text, path);
  const all = [...everyStatement(statements, 0)];
  const reading: Reading = { lines, constants: constantsOf(all) };
  const source: DataSource = { lines, encoding: 'python', spell: snakeOf };
  const aliases = new Map(all.flatMap((statement): readonly (readonly [string, string])[] => {
    const [target, ...others] = statement.do === 'assign' ? statement.targets : [];
    const [name, of] = target && others.length === 0 && statement.do === 'assign' ? [nameOf(target), nameOf(statement.value)] : [];
    return name !== undefined && of !== undefined && of.includes('.') ? [[name, of]] : [];
  }));
  return { calls: all.flatMap(statement => callsOf(statement, reading)), aliases, imports: importsOf(all), source, comments, problems };
}

/** Every statement, those of functions and classes too, in order. */
function* everyStatement(statements: readonly Statement[], depth: number): Generator<Statement> {
  if (depth > DEPTH) return;
  for (const statement of statements) {
    yield statement;
    yield* everyStatement(statement.do === 'function' ? statement.function.body : statement.do === 'class' ? statement.class.body : nested(statement), depth + 1);
  }
}

/** `name = value` anywhere in the file; a name that is bound twice says nothing. */
function constantsOf(all: readonly Statement[]): ReadonlyMap<string, Expr | 'several'> {
  const found = new Map<string, Expr | 'several'>();
  for (const statement of all) {
    if (statement.do !== 'assign') continue;
    for (const target of statement.targets) if (target.is === 'name') found.set(target.name, found.has(target.name) || statement.augmented !== undefined ? 'several' : statement.value);
  }
  return found;
}

function importsOf(all: readonly Statement[]): ReadonlyMap<string, string> {
  return new Map(all.flatMap((statement): readonly (readonly [string, string])[] => {
    if (statement.do === 'import-names') return statement.names.map(([name, local]) => [local, /^aws_\w+$/.test(name) ? `${statement.module}.${name}` : statement.module]);
    return statement.do === 'import-module' ? [[statement.alias ?? statement.module.split('.')[0]!, statement.module]] : [];
  }));
}

/** The calls in the expressions of one statement, outermost first; the value of an assignment has its target's name. */
function callsOf(statement: Statement, reading: Reading): readonly ConstructCall[] {
  const target = statement.do === 'assign' && statement.targets.length === 1 ? nameOf(statement.targets[0]!) : undefined;
  const value = statement.do === 'assign' ? added(statement.value) : undefined;
  return expressionsOf(statement).flatMap(expr => walk(expr)).flatMap((part): readonly ConstructCall[] => {
    const call = part.is === 'call' ? constructCall(part, part === value ? target : undefined, reading) : undefined;
    return call ? [call] : [];
  });
}

/** `template.add_resource(Service(…))` is what it adds. */
function added(value: Expr): Expr {
  const [first] = value.is === 'call' ? value.positional : [];
  return value.is === 'call' && first && value.positional.length === 1 && /\.addResource$/.test(nameOf(value.callee) ?? '') ? first : value;
}

function constructCall(call: Call, name: string | undefined, reading: Reading): ConstructCall | undefined {
  const { lines } = reading;
  const callee = nameOf(call.callee);
  if (callee === undefined) return undefined;
  const start = startOf(call.at, lines);
  const object = call.callee.is === 'member' && call.callee.object.is === 'call' ? startOf(call.callee.object.at, lines) : undefined;
  const props = call.keywords.length > 0 ? [keywordMap(call, reading, 0)] : [];
  return {
    isNew: isClass(callee), callee, arguments: [...call.positional.map(argument => dataOf(argument, reading, 0)), ...props], start,
    at: { ...call.callee.at, path: lines.path }, ...(name !== undefined && { name }), ...(object !== undefined && { objectStart: object }),
  };
}

const startOf = (at: SourceLocation, lines: LineTable): number => lines.offset(at.startLine, at.startColumn);
const spanOf = (at: SourceLocation, lines: LineTable): { readonly start: number; readonly end: number } => ({ start: startOf(at, lines), end: lines.offset(at.endLine, at.endColumn) });
const isClass = (callee: string): boolean => /(?:^|\.)[A-Z]\w*$/.test(callee);

/** `self.definition.add_container` → `this.definition.addContainer`; of a method of a call the method alone. */
function nameOf(expr: Expr): string | undefined {
  const name = dottedName(expr);
  if (name !== undefined) return name.split('.').map((part, i) => (i === 0 && part === 'self' ? 'this' : camelOf(part))).join('.');
  return expr.is === 'member' ? `.${camelOf(expr.name)}` : undefined;
}

/** `memory_limit_mib` → `memoryLimitMiB`; constants keep their capitals. */
export function camelOf(name: string): string {
  return /^[a-z]/.test(name) ? name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replace(/Mib$/, 'MiB') : name;
}

/** `memoryLimitMiB` → `memory_limit_mib`. */
export function snakeOf(name: string): string {
  return name.replace(/MiB$/, 'Mib').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

/** Keyword arguments as a map: its keys in camel case, `**shared` as the entries of what it is. */
function keywordMap(call: Call, reading: Reading, depth: number): MapNode {
  const entries = call.keywords.flatMap(([key, value]): readonly DataEntry[] => {
    const data = dataOf(value, reading, depth + 1);
    if (key === null) return data.is === 'map' ? data.entries.map(entry => ({ ...entry, key: camelOf(entry.key) })) : [];
    return [{ key: camelOf(key), ...keyBefore(key, spanOf(value.at, reading.lines).start, reading.lines), value: data }];
  });
  const [first] = call.keywords;
  const { start } = first ? spanOf(first[1].at, reading.lines) : spanOf(call.at, reading.lines);
  return { is: 'map', start, end: spanOf(call.at, reading.lines).end, entries, flow: true };
}

/** Where the name of a keyword stands: in front of its value. */
function keyBefore(key: string, valueStart: number, { text }: LineTable): { readonly keyStart: number; readonly keyEnd: number } {
  const before = text.slice(Math.max(0, valueStart - key.length - 200), valueStart);
  const found = before.lastIndexOf(key);
  const keyStart = found < 0 ? valueStart : valueStart - before.length + found;
  return { keyStart, keyEnd: found < 0 ? valueStart : keyStart + key.length };
}

/** An expression as data where it is data: constants of the file resolved, a `Duration` as its seconds, a struct as the map it stands for. */
function dataOf(expr: Expr, reading: Reading, depth: number): DataNode {
  const { lines, constants } = reading;
  const span = spanOf(expr.at, lines);
  const inner = (part: Expr): DataNode => dataOf(part, reading, depth + 1);
  if (depth > DEPTH) return { is: 'expr', ...span, expr };
  switch (expr.is) {
    case 'literal': return { is: 'scalar', ...span, value: expr.value, raw: lines.text.slice(span.start, span.end), style: typeof expr.value === 'string' ? 'double' : 'plain' };
    case 'list': return { is: 'list', ...span, items: expr.items.flatMap(item => (item.is === 'operation' && item.operator === '*' ? spreadItems(inner(item.operands[0]!)) : [inner(item)])), flow: true };
    case 'map': return { is: 'map', ...span, entries: expr.entries.flatMap(([key, value]) => dictEntries(key, inner(value), lines)), flow: true };
    case 'choice': return { is: 'choice', ...span, ...(expr.test && { test: expr.test }), branches: expr.branches.map(branch => branchOf(inner(branch))) };
    case 'name': {
      const constant = constants.get(expr.name);
      return constant !== undefined && constant !== 'several' && (constant.is !== 'call' || isValue(constant)) ? inner(constant) : { is: 'expr', ...span, expr: exprOf(expr, reading, depth) };
    }
    case 'call': return calledData(expr, span, reading, depth) ?? { is: 'expr', ...span, expr: exprOf(expr, reading, depth) };
    case 'operation': { const sum = expr.operator === '+' ? expr.operands.map(inner) : []; return sum.length > 0 && sum.every(part => part.is === 'list') ? { is: 'list', ...span, items: sum.flatMap(part => (part.is === 'list' ? part.items : [])), flow: true } : { is: 'expr', ...span, expr: exprOf(expr, reading, depth) }; }
    default: return { is: 'expr', ...span, expr: exprOf(expr, reading, depth) };
  }
}

/** A call whose name stands for its value: a Duration, a struct. */
const isValue = (call: Call): boolean => { const name = nameOf(call.callee) ?? ''; return /(?:^|\.)Duration\.\w+$/.test(name) || (isClass(name) && call.positional.length === 0); };

function calledData(call: Call, span: { readonly start: number; readonly end: number }, reading: Reading, depth: number): DataNode | undefined {
  const name = nameOf(call.callee) ?? '';
  const unit = /(?:^|\.)Duration\.(\w+)$/.exec(name)?.[1];
  const [first] = call.positional;
  if (unit !== undefined && first && DURATION_UNITS[unit] !== undefined) {
    const argument = dataOf(first, reading, depth + 1);
    if (argument.is === 'scalar' && typeof argument.value === 'number') return unit === 'seconds' ? argument : { ...argument, ...span, value: argument.value * DURATION_UNITS[unit]! };
    return argument.is === 'expr' && unit === 'seconds' ? argument : undefined;
  }
  if (/^(?:int|float|str|bool)$/.test(name) && first) { const value = dataOf(first, reading, depth + 1); return value.is === 'scalar' ? value : undefined; }
  if (name === 'dict' && call.positional.length === 0) return { ...keywordMap(call, reading, depth), entries: call.keywords.flatMap(([key, value]) => (key === null ? [] : [{ key, ...keyBefore(key, spanOf(value.at, reading.lines).start, reading.lines), value: dataOf(value, reading, depth + 1) }])) };
  // a struct: nothing but keywords, where a construct has its scope and id
  return isClass(name) && call.positional.length === 0 && call.keywords.length > 0 ? { ...keywordMap(call, reading, depth), ...span } : undefined;
}

function dictEntries(key: Expr | null, value: DataNode, lines: LineTable): readonly DataEntry[] {
  if (key === null) return value.is === 'map' ? value.entries : [];
  if (key.is !== 'literal' || typeof key.value !== 'string') return [];
  const { start, end } = spanOf(key.at, lines);
  return [{ key: key.value, keyStart: start, keyEnd: end, value }];
}

const spreadItems = (node: DataNode): readonly DataNode[] => (node.is === 'list' ? node.items : [node]);

/** Names dotted and in camel case, calls with their keywords as the last argument: as a program in TypeScript would have them. */
function exprOf(expr: Expr, reading: Reading, depth: number): Expr {
  if (depth > DEPTH) return expr;
  const inner = (part: Expr): Expr => asExpr(dataOf(part, reading, depth + 1), reading.lines);
  const name = expr.is === 'name' || expr.is === 'member' ? nameOf(expr) : undefined;
  if (name !== undefined) { const props = /^(?:this\.)?(?:props|config|settings)\.(.+)$/.exec(name)?.[1]; return props === undefined ? { is: 'name', name, at: expr.at } : { is: 'reference', module: 'props', name: props, at: expr.at }; }
  switch (expr.is) {
    case 'call': return { is: 'call', callee: { is: 'name', name: nameOf(expr.callee) ?? '', at: expr.at }, positional: [...expr.positional.map(inner), ...(expr.keywords.length > 0 ? [asExpr(keywordMap(expr, reading, depth), reading.lines)] : [])], keywords: [], at: expr.at };
    case 'operation': return { ...expr, operands: expr.operands.map(inner) };
    case 'environment': return expr.fallback ? { ...expr, fallback: inner(expr.fallback) } : expr;
    default: return expr;
  }
}

