import type { Expr } from '../../model/index.js';
import { dottedName } from '../../model/index.js';
import type { Resolver, Scope } from '../modules.js';

/** A statement as far as it is written, its beginning at least: `"…"`, `sql.SQL("…").format(…)`, `text("…")`, `f"…"`, a name of one of them. What is computed inside it is a `?`. */
export function sqlOf(expr: Expr, scope: Scope, resolver: Resolver, steps = 4): string | undefined {
  if (steps === 0) return undefined;
  switch (expr.is) {
    case 'literal': return typeof expr.value === 'string' ? expr.value : undefined;
    case 'operation': {
      const [first, ...others] = expr.operands.map(part => sqlOf(part, scope, resolver, steps - 1));
      return first === undefined || expr.operator === '%' ? first : [first, ...others.map(part => part ?? '?')].join('');
    }
    case 'call': {
      const inner = expr.callee.is === 'member' && /^(format|bindparams|execution_options)$/.test(expr.callee.name) ? expr.callee.object : /(^|\.)(SQL|text|dedent)$/.test(dottedName(expr.callee) ?? '') ? expr.positional[0] : undefined;
      return inner && sqlOf(inner, scope, resolver, steps - 1);
    }
    case 'name': case 'member': {
      const target = resolver.resolve(expr, scope);
      return target.is === 'value' && target.expr !== expr ? sqlOf(target.expr, target.scope, resolver, steps - 1) : undefined;
    }
    default: return undefined;
  }
}
