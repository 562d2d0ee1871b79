import type { Expr } from '../model/index.js';
import type { FunctionTarget, Scope, Target } from './modules.js';

/** The defaults of a function's parameters, as what is bound when a call leaves them out. */
export function defaultsOf(callee: FunctionTarget): ReadonlyMap<string, Target> {
  return new Map(callee.function.parameters.flatMap(({ name, fallback }): readonly (readonly [string, Target])[] => (fallback ? [[name, { is: 'value', expr: fallback, scope: callee.scope }]] : [])));
}

/** What a call binds to the parameters of a function of the repository: positional arguments (behind `self`), keywords, and the defaults of those that it leaves out, where nothing unpacked may give them. */
export function argumentsOf(callee: FunctionTarget, call: Extract<Expr, { is: 'call' }>, scope: Scope): ReadonlyMap<string, Target> {
  const unpacks = call.keywords.some(([name]) => name === null) || call.positional.some(expr => expr.is === 'operation' && expr.operator === '*');
  const bound = new Map(unpacks ? [] : defaultsOf(callee));
  const plain = callee.function.parameters.filter(({ kind, keywordOnly }) => kind === 'plain' && !keywordOnly).slice(callee.owner ? 1 : 0);
  call.positional.forEach((expr, i) => { if (plain[i]) bound.set(plain[i].name, { is: 'value', expr, scope }); });
  for (const [name, expr] of call.keywords) if (name !== null) bound.set(name, { is: 'value', expr, scope });
  return bound;
}
