import type { Expr } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { stringShape, stringValue, unescape } from './literals.js';
import { placeOf, textOf, type Source } from './source.js';
import type { Syntax } from './syntax.js';

type Convert = (node: Syntax, source: Source) => Expr;

/** A string, a sequence of strings side by side, or an f-string: a literal, or 'concat' of literals and expressions. */
export function text(node: Syntax, source: Source, convert: Convert): Expr {
  const parts: Expr[] = [];
  for (const string of node.type === 'concatenated_string' ? node.children : [node]) addParts(string, source, convert, parts);
  const at = placeOf(node, source);
  if (parts.length === 0) return literal('', at);
  const [first] = parts;
  if (parts.length === 1 && first?.is === 'literal') return { ...first, at };
  return { is: 'operation', operator: 'concat', operands: parts, at };
}

function addParts(node: Syntax, source: Source, convert: Convert, parts: Expr[]): void {
  if (node.type !== 'string') { parts.push(convert(node, source)); return; }
  if (node.children.length === 0) { addText(stringValue(textOf(node, source)), node, source, parts); return; }
  const { prefix } = stringShape(textOf(node.children[0]!, source));
  for (const child of node.children) {
    if (child.type === 'string_content') addText(unescape(braces(textOf(child, source)), prefix), child, source, parts);
    else if (child.type === 'interpolation') parts.push(interpolation(child, source, convert));
  }
}

function addText(value: string, node: Syntax, source: Source, parts: Expr[]): void {
  const last = parts[parts.length - 1];
  if (last?.is === 'literal') parts[parts.length - 1] = { ...last, value: `${last.value}${value}`, at: { ...last.at, ...end(node, source) } };
  else if (value !== '') parts.push(literal(value, placeOf(node, source)));
}

const end = (node: Syntax, source: Source): { endLine: number; endColumn: number } => {
  const { endLine, endColumn } = placeOf(node, source);
  return { endLine, endColumn };
};

/** `{{` and `}}` of an f-string. */
const braces = (written: string): string => written.replace(/\{\{|\}\}/g, pair => pair[0]!);

/** `{x}`, or 'format' where a conversion or format changes how the value reads. */
function interpolation(node: Syntax, source: Source, convert: Convert): Expr {
  const values = node.children.filter(child => child.type !== 'type_conversion' && child.type !== 'format_specifier' && child.type !== '=');
  const at = placeOf(node, source);
  const value: Expr = values.length === 1 ? convert(values[0]!, source) : { is: 'list', items: values.map(child => convert(child, source)), at };
  const changes = node.children.filter(child => !values.includes(child) && textOf(child, source) !== '!s');
  if (changes.length === 0) return value;
  return { is: 'operation', operator: 'format', operands: [value, literal(changes.map(child => textOf(child, source)).join(''), at)], at };
}
