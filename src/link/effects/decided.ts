import type { Expr } from '../../model/index.js';
import { bindingsOf } from '../bindings.js';
import type { Scope } from '../modules.js';

/** What a condition over a parameter comes to, where the call at hand (or the default it leaves) gives a literal: `if save:`; undefined: it cannot be told. */
export function decided(test: Expr, scope: Scope): boolean | undefined {
  if (test.is === 'name') {
    const given = literalGiven(test.name, scope);
    return given && Boolean(given.value);
  }
  if (test.is !== 'operation') return undefined;
  const [first, second] = test.operands;
  if (test.operator === 'not') { const inner = first && decided(first, scope); return inner === undefined ? undefined : !inner; }
  if (!/^is( not)?$/.test(test.operator) || first?.is !== 'name' || second?.is !== 'literal' || second.value !== null) return undefined;
  const given = literalGiven(first.name, scope);
  return given && (given.value === null) === (test.operator === 'is');
}

/** The literal that a parameter is given; one that is set again in the function is not told. */
function literalGiven(name: string, scope: Scope): Extract<Expr, { is: 'literal' }> | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    if (bindingsOf(at.statements).byName.has(name)) return undefined;
    const bound = at.bound?.get(name);
    if (bound) return bound.is === 'value' && bound.expr.is === 'literal' ? bound.expr : undefined;
    if (at.function) return undefined;
  }
  return undefined;
}
