import type { Expr } from '../../model/index.js';
import { dottedName } from '../../model/index.js';
import type { Resolver, Scope, Target } from '../modules.js';

/** Inside `for i in range(10)`, i is at most 9: the largest delay counts. */
export function withLoopValue(item: Expr, over: Expr, scope: Scope, resolver: Resolver): Scope {
  const [name, top] = largest(item, over, scope, resolver);
  if (name === undefined || top === undefined) return scope;
  return { path: scope.path, parent: scope, statements: [], kind: 'function', bound: new Map<string, Target>([[name, { is: 'value', expr: { is: 'literal', value: top, at: item.at }, scope }]]), ...(scope.self && { self: scope.self }) };
}

function largest(item: Expr, over: Expr, scope: Scope, resolver: Resolver): readonly [string?, number?] {
  if (over.is !== 'call') return [];
  const name = dottedName(over.callee);
  if (name !== 'range' && name !== 'enumerate') return [];
  const numbers = over.positional.map(part => resolver.evaluate(part, scope)).map(value => (value.known && typeof value.value === 'number' ? value.value : undefined));
  if (name === 'range' && item.is === 'name' && numbers.every(number => number !== undefined) && numbers.length > 0) return [item.name, (numbers.length === 1 ? numbers[0]! : numbers[1]!) - 1];
  if (name !== 'enumerate' || item.is !== 'list' || item.items[0]?.is !== 'name') return [];
  const list = over.positional[0] && resolver.evaluate(over.positional[0], scope);
  return list?.known && Array.isArray(list.value) ? [item.items[0].name, list.value.length - 1] : [];
}

/** `for (let i = 0; i < rows.length; i += 10)`: the list that is walked. */
export function countedBy(test: Expr): Expr | undefined {
  const [, end] = test.is === 'operation' && test.operator === '<' ? test.operands : [];
  return end?.is === 'member' && end.name === 'length' ? end.object : undefined;
}
