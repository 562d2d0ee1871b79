import type { Expr } from '../model/index.js';
import { shorten } from '../model/index.js';

/** An expression as its author would write it, on one line and shortened; for messages only. */
export function render(expr: Expr, limit = 60): string {
  if (limit !== USUAL) return shorten(write(expr, 6), limit);
  let text = rendered.get(expr);
  if (text === undefined) rendered.set(expr, (text = shorten(write(expr, 6), limit)));
  return text;
}
/** The whole expression, for code that is suggested; with `…` where it is too long or too deep for that. */
export const renderWhole = (expr: Expr): string => shorten(write(expr, 24), 300);

const USUAL = 60;
/** The same expressions are evaluated again for every process. */
const rendered = new WeakMap<Expr, string>();

function write(expr: Expr, depth: number): string {
  if (depth === 0) return '…';
  const inner = (part: Expr): string => write(part, depth - 1);
  switch (expr.is) {
    case 'literal': return expr.value === null ? 'None' : expr.value === true ? 'True' : expr.value === false ? 'False' : JSON.stringify(expr.value);
    case 'list': return `[${expr.items.slice(0, 4).map(inner).join(', ')}${expr.items.length > 4 ? ', …' : ''}]`;
    case 'map': return `{${expr.entries.slice(0, 3).map(([key, value]) => (key ? `${inner(key)}: ${inner(value)}` : `**${inner(value)}`)).join(', ')}${expr.entries.length > 3 ? ', …' : ''}}`;
    case 'name': return expr.name;
    case 'member': return `${inner(expr.object)}.${expr.name}`;
    case 'item': return `${inner(expr.object)}[${inner(expr.key)}]`;
    case 'call': return `${inner(expr.callee)}(${[...expr.positional.map(inner), ...expr.keywords.map(([key, value]) => (key ? `${key}=${inner(value)}` : `**${inner(value)}`))].join(', ')})`;
    case 'reference': return expr.module ? `${expr.module}.${expr.name}` : expr.name;
    case 'environment': return expr.fallback ? `env(${JSON.stringify(expr.name)}, ${inner(expr.fallback)})` : `env(${JSON.stringify(expr.name)})`;
    case 'operation': return expr.operands.length === 1 ? `${expr.operator} ${inner(expr.operands[0]!)}` : expr.operator === 'comprehension' ? `${inner(expr.operands[0]!)} for …` : expr.operands.map(inner).join(expr.operator === 'concat' ? ' + ' : ` ${expr.operator} `);
    case 'choice': return expr.branches.map(inner).join(' or ');
    case 'function': return expr.code ? '() => …' : `lambda: ${inner(expr.returns)}`;
    case 'opaque': return expr.text;
  }
}
