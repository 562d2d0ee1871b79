import type { Expr } from '../../model/index.js';
import { children, dottedName } from '../../model/index.js';
import { PURE } from '../../knowledge/libraries/index.js';
import { bindingsOf } from '../bindings.js';
import { isScript } from '../find-scripts.js';
import type { Resolver, Scope } from '../modules.js';

/** Values and texts: the same at each run for the same message. */
const COMPUTES = /^(?:JSON|Math|Object|Array|String|Number|Boolean|Buffer|Date|Map|Set|RegExp|parseInt|parseFloat|len|str|int|bool|isinstance|any|all|sorted|set|list|dict|json)(?:\.|$)|\.(?:match|includes|startsWith|endsWith|startswith|endswith|trim|toLowerCase|toUpperCase|lower|upper|strip|split|join|filter|map|slice|some|every|replace|toString|test|keys|values|items|get)$/;
const STEPS = 5;

/**
 * Does a condition ask for something that a run before may have changed? One over what the message says, constants and what is computed of
 * them is the same in every run: it keeps no second run from anything.
 */
export function asksForState(test: Expr, scope: Scope, resolver: Resolver, steps = STEPS): boolean {
  if (steps === 0 || test.is === 'opaque') return true;
  const inner = (part: Expr): boolean => asksForState(part, scope, resolver, steps);
  switch (test.is) {
    // what it is called on counts, and what it is given
    case 'call': return !isComputed(test, scope, resolver) || (test.callee.is === 'member' && inner(test.callee.object)) || test.positional.some(inner) || test.keywords.some(([, value]) => inner(value));
    // a field of a row, of a request, of the task itself
    case 'member': return (!isScript(scope.path) && !isClass(test)) || inner(test.object);
    case 'name': return nameAsks(test, scope, resolver, steps);
    case 'function': return false;
    default: return children(test).some(inner);
  }
}

const isClass = (expr: Expr): boolean => /^[A-Z]/.test(dottedName(expr) ?? '');

function isComputed(call: Extract<Expr, { is: 'call' }>, scope: Scope, resolver: Resolver): boolean {
  const name = dottedName(call.callee) ?? (call.callee.is === 'member' ? `.${call.callee.name}` : '');
  return COMPUTES.test(name) || PURE.test(resolver.externalName(call.callee, scope) ?? name);
}

/** A parameter is what the message says, as far as the caller gave it so; a variable is what was put into it. */
function nameAsks({ name, at }: Extract<Expr, { is: 'name' }>, scope: Scope, resolver: Resolver, steps: number): boolean {
  if (name === 'self' || name === 'this') return true;
  for (let within: Scope | undefined = scope; within; within = within.parent) {
    const bindings = within.kind === 'class' ? undefined : bindingsOf(within.statements).byName.get(name);
    if (bindings) return within.kind !== 'module' && bindings.some(binding => (binding.kind === 'value' ? valueAsks(binding.expr, within!, resolver, steps) : binding.kind === 'iterated' ? valueAsks(binding.over, within!, resolver, steps) : binding.kind !== 'function' && binding.kind !== 'class' && binding.kind !== 'import'));
    const bound = within.bound?.get(name);
    if (bound) return bound.is !== 'value' || (bound.expr.at !== at && valueAsks(bound.expr, bound.scope, resolver, steps));
    if (within.function?.parameters.some(parameter => parameter.name === name)) return false;
  }
  return false;
}

/** A value made by a call that is more than a computation may be another one at the next run. */
const valueAsks = (expr: Expr, scope: Scope, resolver: Resolver, steps: number): boolean => expr.is !== 'function' && asksForState(expr, scope, resolver, steps - 1);
