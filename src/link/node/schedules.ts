import type { Expr } from '../../model/index.js';
import type { Resolver, Scope } from '../modules.js';
import { render } from '../render.js';
import type { Calls } from './calls.js';
import { queueName, type Call } from './walk.js';

/** Put jobs into a queue of pg-boss (timgit.github.io/pg-boss/#/./api/jobs). */
const SENDS = ['send', 'sendAfter', 'sendOnce', 'sendThrottled', 'sendDebounced', 'insert', 'publish'];

/**
 * Are the jobs of a queue of pg-boss sent by a clock? By `boss.schedule(queue, '* * * * *')`, or by the handler of a queue that is: a sweep, which sends what was left again.
 * `written`: the queue as it is written, in `scope`, where its name is not known.
 */
export function isSentByClock(queue: string | undefined, written: Expr | undefined, scope: Scope, resolver: Resolver, calls: Calls): boolean {
  if (isScheduled(queue, written, scope, resolver, calls)) return true;
  return SENDS.flatMap(name => calls.callsNamed(name)).some(({ call, scope: from, within }) => isOf(call, from, queue, written, scope, resolver) && within.some(around => {
    const taken = calls.callbackOf(around.function);
    const [of] = taken?.call.callee.is === 'member' && taken.call.callee.name === 'work' ? taken.call.positional : [];
    return taken !== undefined && of !== undefined && isScheduled(queueName(of, taken.scope, resolver), of, taken.scope, resolver, calls);
  }));
}

const isScheduled = (queue: string | undefined, written: Expr | undefined, scope: Scope, resolver: Resolver, calls: Calls): boolean => calls.callsNamed('schedule').some(({ call, scope: from }) => isOf(call, from, queue, written, scope, resolver));

/** Is the first argument of a call this queue? */
function isOf({ positional: [name] }: Call, from: Scope, queue: string | undefined, written: Expr | undefined, scope: Scope, resolver: Resolver): boolean {
  return name !== undefined && (queue !== undefined ? queueName(name, from, resolver) === queue : written !== undefined && from.path === scope.path && render(name) === render(written));
}
