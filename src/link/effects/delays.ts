import type { CallStep, Expr, GrowthParts, RetryCall, Setting } from '../../model/index.js';
import { dottedName } from '../../model/index.js';
import { toSetting } from '../celery/settings.js';
import { isDuration } from '../durations.js';
import { NO_ENVIRONMENT } from '../evaluate.js';
import { importable } from '../import-place.js';
import type { Resolver, Scope, Value } from '../modules.js';
import { render } from '../render.js';
import { isFalse, keyword } from './locks.js';

type Call = Extract<Expr, { is: 'call' }>;

/** Where a retry stands: inside an exception handler or not, and the calls that lead there. */
interface Standing { readonly scope: Scope; readonly via: readonly CallStep[]; readonly handling?: boolean; readonly handled?: readonly string[] }

/** `countdown=` of a call that sends a message, or what is left until its `eta=`. s. */
export function delayOf(call: Call, scope: Scope, resolver: Resolver): Setting<number> {
  const countdown = keyword(call, 'countdown'), eta = keyword(call, 'eta');
  return countdown ? seconds(resolver.evaluate(countdown, scope)) : eta ? etaDelay(eta, scope, resolver) : { state: 'unset', at: call.at, slots: [] };
}

/** `self.retry(…)`, with the delay it asks for. */
export function retryCall(call: Call, where: Standing, resolver: Resolver): RetryCall {
  const written = keyword(call, 'countdown');
  const limit = keyword(call, 'max_retries');
  const eta = keyword(call, 'eta');
  const unset: Setting<number> = { state: 'unset', at: call.at, slots: [] };
  const limited = limit && resolver.evaluate(limit, where.scope);
  const { state, ...delay } = written ? retryDelay(written, where.scope, resolver) : eta ? etaDelay(eta, where.scope, resolver) : unset;
  const growth = eta ? undefined : growthParts(call, written, where, resolver);
  const countdown = (growth && call.slot && state !== 'unknown' ? { ...delay, state, slots: [call.slot] } : { ...delay, state }) as Setting<number>;
  const grows = written !== undefined && (/retries|\*\*|backoff|random|jitter|delay\w{0,60}\[|exponential/i.test(render(written, 200)) || (countdown.state === 'unknown' && countdown.candidates.length > 1));
  return {
    at: call.at, countdown, via: where.via, grows, ...(where.handling && { afterFailure: true }), ...(where.handled && where.handled.length > 0 && { after: where.handled }), ...(isFalse(keyword(call, 'throw')) && { returns: true }), ...(growth && { growth }),
    // retry(max_retries=None) leaves the task's own limit (celery app/task.py:765)
    maxRetries: limited?.known && limited.value === null ? unset : limited ? toSetting(limited, []) as Setting<number | null> : unset,
  };
}

/** Nothing where it cannot be written: no place for it, another's task, or a delay among the positional arguments. */
function growthParts(call: Call, written: Expr | undefined, { scope, via }: Standing, resolver: Resolver): GrowthParts | undefined {
  const task = scope.function?.parameters[0]?.name;
  if (!call.slot?.items || via.length > 0 || task === undefined || call.callee.is !== 'member' || dottedName(call.callee.object) !== task || call.positional.length > 4) return undefined;
  const interval = importable('celery.utils.time', 'get_exponential_backoff_interval', scope, resolver, call.slot.items[0].startsWith('\r') ? '\r\n' : '\n');
  const name = written ? dottedName(written) : `${task}.default_retry_delay`;
  return interval && { task, ...(name !== undefined && { written: name }), interval };
}

/** `now() + timedelta(hours=2)`: the part that is a duration. */
function etaDelay(eta: Expr, scope: Scope, resolver: Resolver): Setting<number> {
  if (eta.is === 'operation' && eta.operator === '+') {
    for (const part of eta.operands) { const value = resolver.evaluate(part, scope); if (value.known && isDuration(value.value)) return seconds(value); }
  }
  return { state: 'unknown', at: eta.at, expression: render(eta), candidates: [] };
}

/** A delay that counts `self.request.retries`: what it is at the first and at the second retry. */
function retryDelay(written: Expr, scope: Scope, resolver: Resolver): Setting<number> {
  const plain = resolver.evaluate(written, scope);
  if (plain.known) return seconds(plain);
  const [first, second] = [0, 1].map(retries => seconds(resolver.evaluate(written, scope, { ...NO_ENVIRONMENT, retries })));
  if (first!.state !== 'set' || second!.state !== 'set') return seconds(plain);
  return first!.value === second!.value ? first! : { state: 'unknown', at: written.at, expression: render(written), candidates: [first!.value, second!.value] };
}

/** s, where a value is a number or a duration. */
export function seconds(value: Value): Setting<number> {
  if (value.known && isDuration(value.value)) return toSetting({ ...value, value: value.value.seconds }, []) as Setting<number>;
  return toSetting(value, []) as Setting<number>;
}
