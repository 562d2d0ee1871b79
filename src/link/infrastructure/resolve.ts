import type { Expr, Scalar } from '../../model/index.js';
import { literal, valueIn } from '../../model/index.js';
import { calledFrom, type Instance } from './modules.js';

/** References to references beyond this are left as they are. */
const DEPTH = 40;

/** Parts of one expression that are put in; lists of lists of the same name would grow without end. */
const PARTS = 20_000;
interface Budget { left: number }

/** An expression of a module with its variables, locals and outputs put in; what a deployment alone knows stays a reference. */
export function resolveIn(expr: Expr, instance: Instance): Expr {
  return resolve(expr, instance, 0, { left: PARTS });
}

function resolve(expr: Expr, instance: Instance, depth: number, budget: Budget): Expr {
  if (depth > DEPTH || budget.left-- <= 0) return expr;
  const inner = (part: Expr): Expr => resolve(part, instance, depth + 1, budget);
  switch (expr.is) {
    case 'reference': return named(expr, instance, depth, budget);
    case 'literal': return typeof expr.value === 'string' && expr.value.includes('${') ? inTemplate(expr, name => inner(dotted(name, expr.at))) : expr;
    case 'list': return { ...expr, items: expr.items.map(inner) };
    case 'map': return { ...expr, entries: expr.entries.map(([key, value]) => [key, inner(value)] as const) };
    case 'member': return member(inner(expr.object), expr.name, expr);
    case 'item': return item(inner(expr.object), inner(expr.key), expr);
    case 'choice': return chosen(expr, inner);
    case 'operation': return operated(expr, expr.operands.map(inner));
    case 'call': return called(expr, expr.positional.map(inner));
    default: return expr;
  }
}

type Reference = Extract<Expr, { is: 'reference' }>;

function named(expr: Reference, instance: Instance, depth: number, budget: Budget): Expr {
  const { table } = instance;
  switch (expr.module) {
    case 'var': return variable(expr, instance, depth, budget);
    case 'local': {
      const local = table.locals.find(({ name }) => name === expr.name);
      return local ? resolve(local.value, instance, depth + 1, budget) : expr;
    }
    case 'module': {
      const [module = '', output = '', ...rest] = expr.name.split('.');
      const target = calledFrom(instance, module);
      const found = target?.table.outputs.find(({ name }) => name === output);
      return target && found ? rest.reduce<Expr>((object, key) => member(object, key, expr), resolve(found.value, target, depth + 1, budget)) : expr;
    }
    case 'each': return (expr.name === 'key' ? instance.each?.key : expr.name === 'value' && instance.each ? resolve(instance.each.value, instance, depth + 1, budget) : undefined) ?? expr;
    case 'count': return (expr.name === 'index' ? instance.each?.key : undefined) ?? expr;
    default: return expr;
  }
}

/** The caller's argument, a .tfvars file, the default; where several .tfvars files stand for environments, a choice. */
function variable(expr: Reference, instance: Instance, depth: number, budget: Budget): Expr {
  const { table, caller, arguments: given } = instance;
  const argument = given.get(expr.name);
  if (argument && caller) return resolve(argument, caller, depth + 1, budget);
  const value = table.values.findLast(({ name }) => name === expr.name)?.value;
  if (value) return value;
  const fallback = table.variables.find(({ name }) => name === expr.name)?.default;
  const variants = caller ? [] : table.variants.flatMap(values => values.filter(({ name }) => name === expr.name).map(one => one.value));
  if (variants.length > 0) return variants.length === 1 && !fallback ? variants[0]! : { is: 'choice', branches: [...variants, ...(fallback && variants.length < table.variants.length ? [fallback] : [])], at: expr.at };
  return fallback ? { ...expr, fallback: resolve(fallback, instance, depth + 1, budget) } : expr;
}

/** `object.key`; of a default it stays a default. */
function member(object: Expr, name: string, expr: Expr): Expr {
  if (object.is === 'map') return valueIn(object, name) ?? literal(null, expr.at);
  if (object.is === 'reference') return { ...object, name: `${object.name}.${name}`, ...(object.fallback && { fallback: member(object.fallback, name, expr) }) };
  if (object.is === 'choice') return { ...object, branches: object.branches.map(branch => member(branch, name, expr)) };
  return { is: 'member', object, name, at: expr.at };
}

function item(object: Expr, key: Expr, expr: Expr): Expr {
  if (key.is === 'literal' && typeof key.value === 'string') return member(object, key.value, expr);
  if (key.is === 'literal' && typeof key.value === 'number' && object.is === 'list') return object.items[key.value] ?? expr;
  return { is: 'item', object, key, at: expr.at };
}

function chosen(expr: Extract<Expr, { is: 'choice' }>, inner: (part: Expr) => Expr): Expr {
  const test = expr.test && inner(expr.test);
  if (test?.is === 'literal' && typeof test.value === 'boolean' && expr.branches.length === 2) return inner(expr.branches[test.value ? 0 : 1]!);
  return { ...expr, branches: expr.branches.map(inner) };
}

/** Numbers and texts that are all known; a text with unknown parts stays one. */
function operated(expr: Extract<Expr, { is: 'operation' }>, operands: readonly Expr[]): Expr {
  const values = operands.map(operand => (operand.is === 'literal' ? operand.value : undefined));
  if (expr.operator === 'concat') {
    const [only] = operands;
    if (operands.length === 1 && only) return only;
    return values.every(value => value !== undefined && value !== null) ? literal(values.join(''), expr.at) : { ...expr, operands };
  }
  const [left, right] = values;
  const result = left === undefined || right === undefined ? undefined : binary(expr.operator, left, right);
  return result === undefined ? { ...expr, operands } : literal(result, expr.at);
}

function binary(operator: string, left: Scalar, right: Scalar): Scalar | undefined {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '&&' || operator === '||') return operator === '&&' ? Boolean(left) && Boolean(right) : Boolean(left) || Boolean(right);
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  switch (operator) {
    case '+': return left + right;
    case '-': return left - right;
    case '*': return left * right;
    case '/': return right === 0 ? undefined : left / right;
    case '>': return left > right;
    case '<': return left < right;
    case '>=': return left >= right;
    case '<=': return left <= right;
    default: return undefined;
  }
}

/** The functions of Terraform that hand values on. */
function called(expr: Extract<Expr, { is: 'call' }>, positional: readonly Expr[]): Expr {
  const name = expr.callee.is === 'name' ? expr.callee.name : '';
  const [first, second, third] = positional;
  const isNothing = (part: Expr): boolean => part.is === 'literal' && (part.value === null || part.value === '');
  switch (name) {
    case 'jsonencode': case 'tolist': case 'toset': case 'tomap': case 'tostring': case 'tonumber': case 'tobool': case 'trimspace': case 'nonsensitive': case 'sensitive': if (first) return first; break;
    case 'coalesce': { const known = positional.find(part => !isNothing(part)); if (known) return known; break; }
    case 'try': if (first && first.is !== 'opaque') return first; break;
    case 'lookup': if (first && second) { const found = item(first, second, expr); if (!(found.is === 'literal' && found.value === null)) return found; if (third) return third; } break;
    case 'join': if (first?.is === 'literal' && second?.is === 'list' && second.items.every(part => part.is === 'literal')) return literal(second.items.map(part => (part.is === 'literal' ? String(part.value) : '')).join(String(first.value)), expr.at); break;
    case 'split': if (first?.is === 'literal' && second?.is === 'literal') return { is: 'list', items: String(second.value).split(String(first.value)).map(text => literal(text, expr.at)), at: expr.at }; break;
    case 'concat': if (positional.every(part => part.is === 'list')) return { is: 'list', items: positional.flatMap(part => (part.is === 'list' ? part.items : [])), at: expr.at }; break;
    case 'merge': if (positional.every(part => part.is === 'map')) return { is: 'map', entries: positional.flatMap(part => (part.is === 'map' ? part.entries : [])), at: expr.at }; break;
    case 'format': if (first?.is === 'literal' && positional.slice(1).every(part => part.is === 'literal')) { let i = 1; return literal(String(first.value).replace(/%[sdv]/g, () => { const part = positional[i++]; return part?.is === 'literal' ? String(part.value) : ''; }), expr.at); } break;
    case 'lower': case 'upper': if (first?.is === 'literal') return literal(name === 'lower' ? String(first.value).toLowerCase() : String(first.value).toUpperCase(), expr.at); break;
    default: break;
  }
  return { ...expr, positional };
}

/** `var.image` as written between the braces of a template. */
export function dotted(name: string, at: Expr['at']): Expr {
  const [module, ...rest] = name.split('.');
  return rest.length > 0 && module ? { is: 'reference', module, name: rest.join('.'), at } : { is: 'reference', module: 'template', name, at };
}

/** A text with `${name}` in it: the parts between them and what each stands for. The whole text may be one, then it is its value. */
export function inTemplate(expr: Extract<Expr, { is: 'literal' }>, lookup: (name: string) => Expr): Expr {
  const text = String(expr.value);
  const parts: Expr[] = [];
  let end = 0;
  for (const match of text.matchAll(/\$\{((?:[^}"]|"[^"]{0,200}"){0,1000})\}/g)) {
    if (match.index > end) parts.push(literal(text.slice(end, match.index), expr.at));
    end = match.index + match[0].length;
    parts.push(filled(match[1]!, expr.at, lookup) ?? { is: 'opaque', text: match[0], at: expr.at });
  }
  if (end < text.length) parts.push(literal(text.slice(end), expr.at));
  return operated({ is: 'operation', operator: 'concat', operands: parts, at: expr.at }, parts);
}

/** `name`, `jsonencode(split(",", name))` between the braces of a template: names, texts, numbers and calls of functions; undefined for more. */
function filled(text: string, at: Expr['at'], lookup: (name: string) => Expr): Expr | undefined {
  const tokens = text.match(/[\w.-]+|"[^"]*"|[(),]|\S/g) ?? [];
  let next = 0;
  const value = (depth: number): Expr | undefined => {
    const token = tokens[next++];
    if (token === undefined || depth > 8) return undefined;
    if (token.startsWith('"')) return literal(token.slice(1, -1), at);
    if (/^\d+(?:\.\d+)?$/.test(token)) return literal(Number(token), at);
    if (!/^[A-Za-z_][\w.-]*$/.test(token)) return undefined;
    if (tokens[next] !== '(') return lookup(token);
    next++;
    const positional: Expr[] = [];
    while (tokens[next] !== ')') {
      const argument = value(depth + 1);
      if (!argument || (tokens[next] !== ',' && tokens[next] !== ')')) return undefined;
      positional.push(argument);
      if (tokens[next] === ',') next++;
    }
    next++;
    return called({ is: 'call', callee: { is: 'name', name: token, at }, positional, keywords: [], at }, positional);
  };
  const found = value(0);
  return next === tokens.length ? found : undefined;
}
