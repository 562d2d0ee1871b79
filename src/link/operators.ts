import type { Expr } from '../model/index.js';
import { isDuration } from './durations.js';
import { derived, truthy, type Value } from './values.js';

type Call = Extract<Expr, { is: 'call' }>;

/** Python's operators on known values; undefined where the result cannot be told. */
export function applyOperator(operator: string, operands: readonly Value[], expr: Expr): Value | undefined {
  if (operator === 'or' || operator === 'and') return logical(operator, operands);
  if (!operands.every(operand => operand.known)) return operator === 'concat' ? partialText(operands, expr) : undefined;
  const values = operands.map(operand => operand.value);
  const result = compute(operator, values);
  return result === undefined ? undefined : derived(result, expr, operands);
}

function logical(operator: 'or' | 'and', operands: readonly Value[]): Value | undefined {
  let last: Value | undefined;
  let certainty: Value['certainty'] = 'written';
  for (const operand of operands) {
    if (!operand.known) return undefined;
    if (operand.certainty !== 'written') certainty = 'unless-environment';
    last = operand;
    if (truthy(operand.value) === (operator === 'or')) break;
  }
  return last && { ...last, certainty };
}

/** The beginning of an interpolated text: enough for a URL's scheme. */
function partialText(operands: readonly Value[], expr: Expr): Value | undefined {
  const first = operands[0];
  if (!first?.known || typeof first.value !== 'string') return undefined;
  return { ...derived(undefined, expr, []), known: false, value: undefined, candidates: [], prefix: first.value } as Value & { prefix: string };
}

/** What a text is known to begin with, where the rest could not be read. */
export function prefixOf(value: Value): string | undefined {
  return value.known && typeof value.value === 'string' ? value.value : (value as Value & { prefix?: string }).prefix;
}

function compute(operator: string, values: readonly unknown[]): unknown {
  if (operator === 'concat') return values.every(value => ['string', 'number', 'boolean'].includes(typeof value)) ? values.map(String).join('') : undefined;
  if (values.length === 1) return unary(operator, values[0]);
  return values.slice(1).reduce<unknown>((left, right) => (left === undefined ? undefined : binary(operator, left, right)), values[0]);
}

function unary(operator: string, value: unknown): unknown {
  if (operator === 'not') return !truthy(value);
  if (operator === '-' && typeof value === 'number') return -value;
  if (operator === '+' && typeof value === 'number') return value;
  return undefined;
}

function binary(operator: string, left: unknown, right: unknown): unknown {
  if (isDuration(left) && isDuration(right) && (operator === '+' || operator === '-')) return { seconds: operator === '+' ? left.seconds + right.seconds : left.seconds - right.seconds };
  if (isDuration(left) && typeof right === 'number' && (operator === '*' || operator === '/')) return { seconds: operator === '*' ? left.seconds * right : left.seconds / right };
  if (typeof left === 'number' && isDuration(right) && operator === '*') return { seconds: left * right.seconds };
  switch (operator) {
    case '==': return same(left, right);
    case '!=': return !same(left, right);
    case 'is': return left === right;
    case 'is not': return left !== right;
    case 'in': return contains(right, left);
    case 'not in': { const found = contains(right, left); return found === undefined ? undefined : !found; }
    default:
  }
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right;
  if (operator === '+' && Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (operator === '|' && left instanceof Map && right instanceof Map) return new Map([...left, ...right]);
  const a = numeric(left), b = numeric(right);
  return a === undefined || b === undefined ? undefined : arithmetic(operator, a, b);
}

function arithmetic(operator: string, a: number, b: number): number | boolean | undefined {
  switch (operator) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return b === 0 ? undefined : a / b;
    case '//': return b === 0 ? undefined : Math.floor(a / b);
    case '%': return b === 0 ? undefined : ((a % b) + b) % b;
    case '**': return a ** b;
    case '<': return a < b;
    case '>': return a > b;
    case '<=': return a <= b;
    case '>=': return a >= b;
    default: return undefined;
  }
}

const numeric = (value: unknown): number | undefined => (typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : undefined);
const same = (left: unknown, right: unknown): boolean => left === right || (isDuration(left) && isDuration(right) && left.seconds === right.seconds) || (numeric(left) !== undefined && numeric(left) === numeric(right));

function contains(holder: unknown, item: unknown): boolean | undefined {
  if (typeof holder === 'string' && typeof item === 'string') return holder.includes(item);
  if (holder instanceof Map) return holder.has(item);
  if (!Array.isArray(holder)) return undefined;
  const items = holder as Value[];
  if (items.some(entry => entry.known && same(entry.value, item))) return true;
  return items.every(entry => entry.known) ? false : undefined;
}

const UNITS: Readonly<Record<string, number>> = { days: 86400, seconds: 1, microseconds: 1e-6, milliseconds: 1e-3, minutes: 60, hours: 3600, weeks: 604800 };
const ORDER = ['days', 'seconds', 'microseconds', 'milliseconds', 'minutes', 'hours', 'weeks'];

/** timedelta(days, seconds, microseconds, milliseconds, minutes, hours, weeks). */
export function duration(call: Call, inner: (part: Expr) => Value): Value | undefined {
  const parts = [...call.positional.map((value, i) => [ORDER[i]!, inner(value)] as const), ...call.keywords.map(([name, value]) => [name ?? '', inner(value)] as const)];
  if (!parts.every(([name, value]) => name in UNITS && value.known && typeof value.value === 'number')) return undefined;
  const seconds = parts.reduce((sum, [name, value]) => sum + UNITS[name]! * (value.value as number), 0);
  return derived({ seconds }, call, parts.map(([, value]) => value));
}

/** Methods of known values: total_seconds(), get(), lower() … */
export function applyMethod(name: string, object: Value, call: Call, inner: (part: Expr) => Value): Value | undefined {
  const value = object.value;
  if (name === 'total_seconds' && isDuration(value)) return derived(value.seconds, call, [object]);
  if (name === 'get' && value instanceof Map && call.positional[0]) {
    const key = inner(call.positional[0]);
    if (!key.known) return undefined;
    const found = (value as Map<unknown, Value>).get(key.value);
    if (found) return found;
    if (object.open) return undefined;
    const fallback = call.positional[1] && inner(call.positional[1]);
    return fallback === undefined ? derived(null, call, [object]) : fallback.known && object.known ? { ...fallback, certainty: object.certainty === 'written' ? fallback.certainty : object.certainty } : fallback;
  }
  if (name === 'copy') return object;
  if (typeof value !== 'string') return undefined;
  const text = textMethod(name, value, call.positional.map(inner));
  return text === undefined ? undefined : derived(text, call, [object]);
}

function textMethod(name: string, text: string, args: readonly Value[]): string | boolean | undefined {
  const first = args[0]?.known && typeof args[0].value === 'string' ? args[0].value : undefined;
  switch (name) {
    case 'lower': return text.toLowerCase();
    case 'upper': return text.toUpperCase();
    case 'strip': return args.length === 0 ? text.trim() : undefined;
    case 'startswith': return first === undefined ? undefined : text.startsWith(first);
    case 'endswith': return first === undefined ? undefined : text.endsWith(first);
    case 'replace': return first !== undefined && args[1]?.known && typeof args[1].value === 'string' ? text.replaceAll(first, args[1].value) : undefined;
    default: return undefined;
  }
}

/** int(), float(), str(), bool(), dict(), max() …; Number() and parseInt() of JavaScript. */
export function applyBuiltin(name: string, call: Call, inner: (part: Expr) => Value): Value | undefined {
  const args = call.positional.map(inner);
  if (name === 'dict') return dict(call, args, inner);
  if (!args.every(arg => arg.known) || args.length === 0) return undefined;
  const values = args.map(arg => arg.value);
  const result = builtin(name, values);
  return result === undefined ? undefined : derived(result, call, args);
}

function builtin(name: string, values: readonly unknown[]): unknown {
  const [first] = values;
  switch (name) {
    case 'int': case 'parseInt': return toNumber(first, Math.trunc);
    case 'float': case 'Number': case 'parseFloat': return toNumber(first, number => number);
    case 'str': return typeof first === 'string' || typeof first === 'number' ? String(first) : typeof first === 'boolean' ? (first ? 'True' : 'False') : undefined;
    case 'bool': return truthy(first);
    case 'distutils.util.strtobool': case 'setuptools.distutils.util.strtobool': case 'setuptools._distutils.util.strtobool': return truthIn(first);
    case 'abs': return typeof first === 'number' ? Math.abs(first) : undefined;
    case 'round': return typeof first === 'number' ? Math.round(first) : undefined;
    case 'len': return Array.isArray(first) ? first.length : first instanceof Map ? first.size : undefined;
    case 'max': case 'min': return values.length > 1 && values.every(value => typeof value === 'number') ? Math[name](...(values as number[])) : undefined;
    case 'list': case 'tuple': case 'set': case 'frozenset': return Array.isArray(first) ? first : undefined;
    case 'copy.deepcopy': case 'copy.copy': return first;
    default: return undefined;
  }
}

/** As distutils.util.strtobool reads a text; undefined where that raises. */
function truthIn(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).toLowerCase() : '';
  return /^(?:y|yes|t|true|on|1)$/.test(text) ? true : /^(?:n|no|f|false|off|0)$/.test(text) ? false : undefined;
}

function toNumber(value: unknown, shape: (number: number) => number): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'boolean') return undefined;
  if (typeof value === 'string' && value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : shape(number);
}

function dict(call: Call, args: readonly Value[], inner: (part: Expr) => Value): Value | undefined {
  const entries = new Map<unknown, Value>();
  let open = false;
  for (const arg of args) {
    if (!arg.known || !(arg.value instanceof Map)) { open = true; continue; }
    for (const [key, value] of arg.value as Map<unknown, Value>) entries.set(key, value);
  }
  for (const [key, value] of call.keywords) { if (key === null) open = true; else entries.set(key, inner(value)); }
  return { ...derived(entries, call, args.filter(arg => arg.known)), ...(open && { open }) };
}
