import type { Expr, SourceLocation } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { entriesOf, itemsOf, textOf, valueAt, valueOf, type DataNode, type DataSource, type MapNode } from '../../parsers/nodes.js';
import { exprOf, placeOf } from '../node-values.js';

/** A template's own names: what `Ref`, `Sub` and `FindInMap` look up. */
export interface Template { readonly root: DataNode; readonly source: DataSource; readonly resources: ReadonlySet<string>; /** Values that may still be computed. */ left: number }

/** Values of one template that are computed: what `Sub` repeats is computed each time. */
export const MAX_VALUES = 100_000;

/** `!Ref x` or `{ Ref: x }`: the function and what it is called with. */
interface Call { readonly name: string; readonly argument: DataNode }

/** Deeper intrinsics are left as written; no template a person writes has them. */
const DEPTH = 60;

/**
 * The node with its intrinsic functions turned into values, choices and references, and its keys in the spelling of the ECS API
 * (`StopTimeout` → `stopTimeout`). undefined: `AWS::NoValue`. A parameter is a reference with its default as fallback; both branches of
 * `If` are kept; what a function gives at deployment alone (`ImportValue`, `GetAtt`) is a reference.
 */
export function resolved(node: DataNode, template: Template, depth = 0): DataNode | undefined {
  if (depth > DEPTH) return node;
  if (template.left-- <= 0) {
    if (template.left === -1) template.source.report?.({ message: `more than ${MAX_VALUES.toLocaleString('en-US')} values are computed in this template: this one and those behind it are not known`, at: placeOf(node, template.source) });
    return { is: 'expr', expr: { is: 'opaque', text: '…', at: placeOf(node, template.source) }, start: node.start, end: node.end };
  }
  const call = callOf(node);
  if (call) return applied(call, node, template, depth + 1);
  const inner = (child: DataNode): DataNode | undefined => resolved(child, template, depth + 1);
  if (node.is === 'list') return { ...node, items: node.items.flatMap(item => spread(item, inner)) };
  if (node.is !== 'map') return node;
  return { ...node, entries: node.entries.flatMap(entry => { const value = inner(entry.value); return value ? [{ ...entry, key: decapitalised(entry.key), value }] : []; }) };
}

/** An item that exists under a condition is an item; one that differs by it is two. */
function spread(item: DataNode, inner: (node: DataNode) => DataNode | undefined): readonly DataNode[] {
  const value = inner(item);
  if (value?.is === 'choice' && value.branches.some(branch => branch?.is === 'map' || branch?.is === 'list')) return value.branches.flatMap(branch => (branch?.is === 'list' ? branch.items : branch ? [branch] : []));
  return value ? [value] : [];
}

/** `StopTimeout` → `stopTimeout`; an acronym keeps its capitals. */
export const decapitalised = (key: string): string => (/^[A-Z][a-z]/.test(key) ? key[0]!.toLowerCase() + key.slice(1) : key);
export const capitalised = (key: string): string => key[0]!.toUpperCase() + key.slice(1);

function callOf(node: DataNode): Call | undefined {
  const { tag, ...plain } = node;
  if (tag !== undefined) return { name: tag.replace(/^!/, ''), argument: plain as DataNode };
  const [only, ...others] = node.is === 'map' ? node.entries : [];
  return only && others.length === 0 && /^(?:Ref|Fn::\w+|Fn::ForEach::\w+)$/.test(only.key) ? { name: only.key.replace(/^Fn::/, ''), argument: only.value } : undefined;
}

function applied({ name, argument }: Call, node: DataNode, template: Template, depth: number): DataNode | undefined {
  const at = placeOf(node, template.source);
  const computed = (expr: Expr): DataNode => ({ is: 'expr', expr, start: node.start, end: node.end });
  const inner = (child: DataNode | undefined): DataNode | undefined => child && resolved(child, template, depth);
  const words = itemsOf(argument);
  switch (name) {
    case 'Ref': return textOf(argument) === 'AWS::NoValue' ? undefined : computed(reference(textOf(argument) ?? '', template, at));
    case 'GetAtt': return computed({ is: 'reference', module: 'resource', name: textOf(argument) ?? words.map(word => textOf(word) ?? '').join('.'), at });
    case 'If': return { is: 'choice', branches: words.slice(1, 3).map(inner), start: node.start, end: node.end };
    case 'FindInMap': return mapped(words, node, template) ?? computed(unread(name, at));
    case 'Sub': return computed(substituted(argument, template, at, depth));
    case 'Join': return computed(joined(words, template, at, depth));
    case 'Select': return selected(words, inner) ?? computed(unread(name, at));
    case 'ImportValue': return computed({ is: 'reference', module: 'import', name: textOf(argument) ?? 'value', at });
    case 'Base64': return inner(argument);
    default: return computed(unread(name, at));
  }
}

const unread = (name: string, at: SourceLocation): Expr => ({ is: 'opaque', text: `Fn::${name}`, at });

function reference(name: string, template: Template, at: SourceLocation): Expr {
  if (template.resources.has(name)) return { is: 'reference', module: 'resource', name, at };
  const parameter = valueAt(template.root, 'Parameters', name);
  if (!parameter) return { is: 'reference', module: name.startsWith('AWS::') ? 'AWS' : 'parameter', name: name.replace(/^AWS::/, ''), at };
  const fallback = valueOf(parameter, 'Default');
  // a parameter of Parameter Store holds a name, not the value
  const isStored = /^AWS::SSM::/.test(textOf(valueOf(parameter, 'Type')) ?? '');
  return { is: 'reference', module: 'parameter', name, at, ...(fallback?.is === 'scalar' && !isStored && { fallback: exprOf(fallback, template.source) }) };
}

/** `FindInMap [Map, first, second]`: where a key is computed, every value it may choose. */
function mapped(words: readonly DataNode[], node: DataNode, template: Template): DataNode | undefined {
  const [map, first, second] = words;
  const table = valueAt(template.root, 'Mappings', textOf(map) ?? '');
  const choose = (from: DataNode | undefined, key: DataNode | undefined): readonly DataNode[] => {
    const literalKey = key && !callOf(key) ? textOf(key) : undefined;
    const found = literalKey === undefined ? entriesOf(from).map(entry => entry.value) : [valueOf(from, literalKey)];
    return found.filter(value => value !== undefined);
  };
  const values = choose(table, first).flatMap(row => choose(row, second));
  return values.length === 0 ? undefined : values.length === 1 ? values[0] : { is: 'choice', branches: values, start: node.start, end: node.end };
}

/** `${Name}`, `${Resource.Attribute}`, `${!literal}`; a second item holds variables of its own. */
function substituted(argument: DataNode, template: Template, at: SourceLocation, depth: number): Expr {
  const [text, variables] = argument.is === 'list' ? [textOf(argument.items[0]), argument.items[1]] : [textOf(argument), undefined];
  if (text === undefined) return unread('Sub', at);
  const parts: Expr[] = [];
  let end = 0;
  for (const match of text.matchAll(/\$\{(!?)([^${}]*)\}/g)) {
    if (match.index > end) parts.push(literal(text.slice(end, match.index), at));
    end = match.index + match[0].length;
    if (match[1]) { parts.push(literal(`\${${match[2]!}}`, at)); continue; }
    const own = valueOf(variables, match[2]!.trim());
    const value = own && resolved(own, template, depth);
    parts.push(value ? exprOf(value, template.source) : match[2]!.includes('.') ? { is: 'reference', module: 'resource', name: match[2]!.trim(), at } : reference(match[2]!.trim(), template, at));
  }
  if (end < text.length) parts.push(literal(text.slice(end), at));
  return concat(parts, at);
}

function joined([separator, list]: readonly DataNode[], template: Template, at: SourceLocation, depth: number): Expr {
  const between = textOf(separator);
  if (between === undefined || list?.is !== 'list') return unread('Join', at);
  const parts = list.items.flatMap(item => { const value = resolved(item, template, depth); return value ? [exprOf(value, template.source)] : []; });
  return concat(parts.flatMap((part, i) => (i > 0 && between !== '' ? [literal(between, at), part] : [part])), at);
}

function concat(parts: readonly Expr[], at: SourceLocation): Expr {
  if (parts.every(part => part.is === 'literal')) return literal(parts.map(part => String(part.value ?? '')).join(''), at);
  const [only] = parts;
  return parts.length === 1 && only ? { ...only, at } : { is: 'operation', operator: 'concat', operands: parts, at };
}

function selected([index, list]: readonly DataNode[], inner: (node: DataNode | undefined) => DataNode | undefined): DataNode | undefined {
  const number = Number(textOf(index));
  const items = list && !callOf(list) ? itemsOf(list) : [];
  return Number.isInteger(number) && items[number] ? inner(items[number]) : undefined;
}

/** The resources of a template by logical id, with their type and properties as written. */
export function resourcesOf(root: DataNode): readonly { readonly id: string; readonly type: string; readonly properties: DataNode | undefined; readonly start: number; readonly end: number; readonly construct?: string }[] {
  return entriesOf(valueOf(root, 'Resources') as MapNode | undefined).flatMap(({ key, keyStart, keyEnd, value }) => {
    const type = textOf(valueOf(value, 'Type'));
    // `Shop/Worker/Service/Service` (or …/Resource) is the construct Shop/Worker/Service
    const construct = textOf(valueAt(value, 'Metadata', 'aws:cdk:path'))?.replace(/\/[^/]*$/, '');
    return type === undefined ? [] : [{ id: key, type, properties: valueOf(value, 'Properties'), start: keyStart, end: keyEnd, ...(construct !== undefined && construct !== '' && { construct }) }];
  });
}
