import type { Expr } from '../../model/index.js';
import { dottedName } from '../../model/index.js';
import { bindingsOf } from '../bindings.js';
import type { Scope } from '../modules.js';

type Call = Extract<Expr, { is: 'call' }>;

/** `work.delay()`, `apply_async()`, `send_task()`. */
export function isPublish(call: Call): boolean {
  return call.callee.is === 'member' && (/^(delay|apply_async|send_task|delay_on_commit|apply_async_on_commit)$/.test(call.callee.name));
}

const WAITS = /^(get|join|join_native|wait|wait_for_pending|collect)$/;
/** A canvas that is called sends itself. */
const CANVAS = /(^|\.)(group|chain|chord)$/;

/** The message whose result a call waits for: `work.delay().get()`. */
export function awaitedMessage({ callee }: Call, scope: Scope): Call | undefined {
  return callee.is === 'member' && WAITS.test(callee.name) ? sentBy(callee.object, scope) : undefined;
}

/** The message whose result an expression is: `work.delay()`, `group(…)()`, or a variable that holds one of them. */
function sentBy(expr: Expr, scope: Scope): Call | undefined {
  if (expr.is === 'name') {
    const [only, ...others] = bindingsOf(scope.statements).byName.get(expr.name) ?? [];
    return only?.kind === 'value' && others.length === 0 && only.expr.is === 'call' ? sentBy(only.expr, scope) : undefined;
  }
  if (expr.is !== 'call') return undefined;
  if (isPublish(expr)) return expr;
  return expr.callee.is === 'call' && CANVAS.test(dottedName(expr.callee.callee) ?? '') ? expr : undefined;
}
