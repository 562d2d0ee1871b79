import type { Expr } from '../../model/index.js';
import { literal } from '../../model/index.js';
import { keywordSlot } from './argument-places.js';
import { readCall, readItem } from './environment.js';
import { numberValue } from './literals.js';
import { opaque, placeOf, textOf, type Source } from './source.js';
import { text } from './strings.js';
import type { Syntax } from './syntax.js';

type Converter = (node: Syntax, source: Source) => Expr;

/** One expression of the syntax tree in our words; what has none becomes opaque. Recursion is bounded by the depth of what was read. */
export function expression(node: Syntax, source: Source): Expr {
  const convert = CONVERTERS[node.type];
  return convert ? convert(node, source) : opaque(node, source);
}

/** The value of a node's children: the only one, or all of them as a list. */
export function valueOf(node: Syntax, source: Source, children: readonly Syntax[] = node.children): Expr {
  return children.length === 1 ? expression(children[0]!, source) : { is: 'list', items: each(children, source), at: placeOf(node, source) };
}

/** What an assignment, a loop or a `del` binds: never read as a value of the environment. */
export function target(node: Syntax, source: Source): Expr {
  if (node.type === 'subscript') return item(node, source);
  if (SEQUENCES.has(node.type)) return { is: 'list', items: node.children.map(child => target(child, source)), at: placeOf(node, source) };
  if (node.type === 'parenthesized_expression' && node.children[0]) return target(node.children[0], source);
  return expression(node, source);
}

const SEQUENCES = new Set(['pattern_list', 'tuple_pattern', 'list_pattern', 'tuple', 'list', 'expression_list']);

const each = (nodes: readonly Syntax[], source: Source): Expr[] => nodes.map(node => expression(node, source));

const list: Converter = (node, source) => ({ is: 'list', items: each(node.children, source), at: placeOf(node, source) });
const inner: Converter = (node, source) => (node.children.length === 0 ? opaque(node, source) : valueOf(node, source));
const operation = (operator: string): Converter => (node, source) => ({ is: 'operation', operator, operands: each(node.children, source), at: placeOf(node, source) });

const number: Converter = (node, source) => {
  const value = numberValue(textOf(node, source));
  return value === undefined ? opaque(node, source) : literal(value, placeOf(node, source));
};

const binary: Converter = (node, source) => {
  const [left, operator, right] = node.children;
  if (!left || !operator || !right) return opaque(node, source);
  return { is: 'operation', operator: operator.type, operands: [expression(left, source), expression(right, source)], at: placeOf(node, source) };
};

const unary: Converter = (node, source) => {
  const [operator, operand] = node.children;
  if (!operator || !operand) return opaque(node, source);
  const value = expression(operand, source);
  const at = placeOf(node, source);
  if (operator.type === '-' && value.is === 'literal' && typeof value.value === 'number') return literal(0 - value.value, at); // never -0, which JSON does not know
  return { is: 'operation', operator: operator.type, operands: [value], at };
};

/** `a < b < c` is `a < b and b < c`. */
const comparison: Converter = (node, source) => {
  const pairs: Expr[] = [];
  for (let i = 0; i + 2 < node.children.length; i += 2) {
    const [left, operator, right] = [node.children[i]!, node.children[i + 1]!, node.children[i + 2]!];
    pairs.push({ is: 'operation', operator: operator.type === '<>' ? '!=' : operator.type, operands: [expression(left, source), expression(right, source)], at: source.at(left.start, right.end) });
  }
  return pairs.length === 1 ? pairs[0]! : pairs.length === 0 ? opaque(node, source) : { is: 'operation', operator: 'and', operands: pairs, at: placeOf(node, source) };
};

const conditional: Converter = (node, source) => {
  const [then, test, otherwise] = node.children;
  if (!then || !test || !otherwise) return opaque(node, source);
  return { is: 'choice', branches: [expression(then, source), expression(otherwise, source)], test: expression(test, source), at: placeOf(node, source) };
};

const member: Converter = (node, source) => {
  const [object, name] = node.children;
  if (!object || !name) return opaque(node, source);
  return { is: 'member', object: expression(object, source), name: textOf(name, source), at: placeOf(node, source) };
};

function item(node: Syntax, source: Source): Expr {
  const [object, ...keys] = node.children;
  if (!object || keys.length === 0) return opaque(node, source);
  return { is: 'item', object: expression(object, source), key: valueOf(node, source, keys), at: placeOf(node, source) };
}

const subscript: Converter = (node, source) => readItem(item(node, source), source);

/** [start, stop, step]; what is left out is None. */
const slice: Converter = (node, source) => {
  const at = placeOf(node, source);
  const operands: Expr[] = [literal(null, at)];
  for (const child of node.children) {
    if (child.type === ':') operands.push(literal(null, at));
    else operands[operands.length - 1] = expression(child, source);
  }
  return { is: 'operation', operator: 'slice', operands, at };
};

const call: Converter = (node, source) => {
  const [callee, args] = node.children;
  if (!callee || !args) return opaque(node, source);
  const given = args.type === 'generator_expression' ? { positional: [expression(args, source)], keywords: [] } : argumentsOf(args, source);
  const keyword = callee.type === 'attribute' && source.written.keywords.size > 0 ? source.written.keywords.get(textOf(callee.children.at(-1)!, source)) : undefined;
  const slot = keyword === undefined ? undefined : keywordSlot(node, keyword, source);
  return readCall({ is: 'call', callee: expression(callee, source), ...given, at: placeOf(node, source), ...(slot && { slot }) }, source);
};

/** Positional and keyword arguments; `*x` is an operation '*', `**x` a keyword null. */
export function argumentsOf(node: Syntax, source: Source): { readonly positional: readonly Expr[]; readonly keywords: readonly (readonly [string | null, Expr])[] } {
  const positional: Expr[] = [];
  const keywords: (readonly [string | null, Expr])[] = [];
  for (const child of node.children) {
    const [first, second] = child.children;
    if (child.type === 'keyword_argument') { if (first && second) keywords.push([textOf(first, source), expression(second, source)]); }
    else if (child.type === 'dictionary_splat') keywords.push([null, inner(child, source)]);
    else positional.push(expression(child, source));
  }
  return { positional: exact(positional), keywords: exact(keywords) };
}

const NONE: readonly never[] = [];
/** As long as it is, for what is kept: room for 17 is made for what is pushed to an empty list. One for all that are empty. */
const exact = <T>(items: readonly T[]): readonly T[] => (items.length === 0 ? NONE : items.slice());

const entry = (pair: Syntax, source: Source): readonly [Expr | null, Expr] => {
  const [key, value] = pair.children;
  if (pair.type === 'dictionary_splat') return [null, inner(pair, source)];
  return key && value ? [expression(key, source), expression(value, source)] : [opaque(pair, source), opaque(pair, source)];
};

const dictionary: Converter = (node, source) => ({ is: 'map', entries: node.children.map(child => entry(child, source)), at: placeOf(node, source) });
const pair: Converter = (node, source) => ({ is: 'map', entries: [entry(node, source)], at: placeOf(node, source) });

/** `for` and `if` clauses of one comprehension that are read; each is one level deeper. */
const MAX_CLAUSES = 50;

/** [element, target, over, …conditions] of the first `for`; the further ones are inside, as its element. */
const comprehension: Converter = (node, source) => {
  const [element, ...clauses] = node.children;
  if (!element) return opaque(node, source);
  const at = placeOf(node, source);
  let result: Expr | undefined;
  let conditions: Expr[] = [];
  const parts = clauses.slice(0, MAX_CLAUSES).map(clause => (clause.type === 'for_in_clause' ? clause : inner(clause, source)));
  const value = expression(element, source);
  for (const part of parts.reverse()) {
    if ('is' in part) { conditions.unshift(part); continue; }
    const [left, ...over] = part.children;
    if (!left) continue;
    result = { is: 'operation', operator: 'comprehension', operands: [result ?? value, target(left, source), valueOf(part, source, over), ...conditions], at };
    conditions = [];
  }
  return result ?? value;
};

const lambda: Converter = (node, source) => {
  const body = node.children[node.children.length - 1];
  const parameters = node.children.find(child => child.type === 'lambda_parameters');
  if (!body || body === parameters) return opaque(node, source);
  return { is: 'function', parameters: parameters ? parameters.children.map(child => firstName(child, source)) : [], returns: expression(body, source), at: placeOf(node, source) };
};

/** The name that a parameter of any form binds. */
export function firstName(node: Syntax, source: Source): string {
  let at = node;
  while (at.type !== 'identifier' && at.children[0]) at = at.children[0];
  return textOf(at, source);
}

const yielded: Converter = (node, source) => {
  source.yields = true;
  return { is: 'operation', operator: 'yield', operands: node.children.length === 0 ? [] : [valueOf(node, source)], at: placeOf(node, source) };
};

const string: Converter = (node, source) => text(node, source, expression);

const CONVERTERS: Readonly<Record<string, Converter | undefined>> = {
  identifier: (node, source) => ({ is: 'name', name: textOf(node, source), at: placeOf(node, source) }),
  integer: number, float: number, string, concatenated_string: string,
  true: (node, source) => literal(true, placeOf(node, source)),
  false: (node, source) => literal(false, placeOf(node, source)),
  none: (node, source) => literal(null, placeOf(node, source)),
  list, tuple: list, set: list, expression_list: list, pattern_list: list, tuple_pattern: list, list_pattern: list,
  dictionary, pair,
  attribute: member, subscript, slice, call,
  binary_operator: binary, boolean_operator: binary, comparison_operator: comparison, not_operator: operation('not'), unary_operator: unary,
  conditional_expression: conditional, named_expression: operation(':='), lambda,
  list_comprehension: comprehension, set_comprehension: comprehension, dictionary_comprehension: comprehension, generator_expression: comprehension,
  list_splat: operation('*'), list_splat_pattern: operation('*'), parenthesized_list_splat: inner, dictionary_splat: operation('**'),
  parenthesized_expression: inner, await: inner, yield: yielded, as_pattern_target: inner,
};
