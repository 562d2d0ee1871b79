import type { CeleryApp, Confidence, EffectKind, Problem, RetryCall, Rule, SourceLocation, TaskFunction } from '../../model/index.js';
import { isAtLeast, place, samePlace } from '../../model/index.js';
import { boundOf, longestStop, numberOf } from '../celery-shared.js';
import { appConfidence, codeAt, fixTo, inWords, optionsAt, weakest } from '../shared.js';
import { ofFunctions } from '../task-functions.js';

/** Calls that reach a service which may be down for everybody at once. */
const CALLS_OUT: ReadonlySet<EffectKind> = new Set(['email', 'sms', 'payment', 'http-write', 'http-read', 'upload']);
/** Names of functions that call out, where their client could not be followed. */
const SOUNDS_LIKE_CALLING = /(^|_)(send|deliver|e?mail|sms|webhook|notify|push|fetch|upload|download|publish|request|classify|validate|embed|charge|pay|predict)(_|$)/i;
/** s. A fixed delay from here on spreads the load by itself (real labels: 15 and 30 s were flagged, 180 and 300 s were not). */
const SHORT = 60;
/** s. The longest delay that is suggested; never above the visibility timeout. */
const BACKOFF_MAX = 600;
/** s between the end of a run and the acknowledgement reaching the broker. */
const MARGIN = 3;

export const retryWithoutBackoff: Rule = {
  id: 'tasks/retry-without-backoff',
  severity: 'warning',
  title: 'A call out is retried at a fixed delay',
  rationale:
    'When the other side is down every waiting task comes back at the same moments, again and again: the retries keep it down, hold worker slots that other tasks need, ' +
    'and are used up before a normal outage is over.',
  remedy: 'Let the delay grow with a random part: `autoretry_for` with `retry_backoff`, `retry_backoff_max` below the visibility timeout, and `retry_jitter`.',
  references: ['https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.retry_backoff', 'https://github.com/celery/celery/blob/main/celery/app/autoretry.py', 'https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/'],

  check: ({ apps }) => ofFunctions(apps, (app, fn) => [judge(app, fn) ?? []].flat()),
};

const judge = (app: CeleryApp, fn: TaskFunction): Problem | undefined => judgeAutoretry(app, fn) ?? judgeCalls(app, fn);

const callOut = (fn: TaskFunction): boolean => fn.body.effects.some(effect => CALLS_OUT.has(effect.kind));

function judgeAutoretry(app: CeleryApp, fn: TaskFunction): Problem | undefined {
  const { autoretryFor, autoretryAt, backoff, defaultRetryDelay, maxRetries, idleOption } = fn.retry;
  if (autoretryFor.length === 0 || backoff.state !== 'set' || backoff.value || defaultRetryDelay.state !== 'set' || (defaultRetryDelay.value >= SHORT && !idleOption)) return undefined;
  if (maxRetries.state === 'set' && maxRetries.value !== null && maxRetries.value < 2) return undefined;
  return problemOf(app, fn, { delay: defaultRetryDelay.value, at: autoretryAt ?? fn.decoratorAt, delayAt: defaultRetryDelay.at, evidence: callOut(fn) ? 'high' : 'medium' });
}

/** self.retry() goes past autoretry_for and its backoff: celery/app/autoretry.py lets a Retry through as it is. */
function judgeCalls(app: CeleryApp, fn: TaskFunction): Problem | undefined {
  const call = fn.retry.calls.find(one => !one.grows && fixedDelay(fn, one) !== undefined && !waitsForRow(one));
  const delay = call && fixedDelay(fn, call);
  if (!call || delay === undefined || delay <= 0 || delay >= SHORT) return undefined;
  const delayAt = call.countdown.state === 'set' ? call.countdown.at : fn.retry.defaultRetryDelay.at;
  const found = { delay, at: call.at, delayAt, call };
  const own = call.maxRetries.state === 'unset' ? fn : { ...fn, retry: { ...fn.retry, maxRetries: call.maxRetries } };
  if (callOut(fn)) return problemOf(app, own, { ...found, evidence: 'high' });
  return fn.body.partial && call.afterFailure && SOUNDS_LIKE_CALLING.test(fn.functionName) ? problemOf(app, own, { ...found, evidence: 'medium', isNamed: true }) : undefined;
}

/** `except Order.DoesNotExist: self.retry()`: nobody is down, a row is on its way. */
const waitsForRow = ({ after = [] }: RetryCall): boolean => after.length > 0 && after.every(name => /(?:DoesNotExist|NotFound(?:Error)?|NoResultFound|KeyError|IndexError|IntegrityError|StaleDataError)$/.test(name));

/** s. The countdown of the call, else the task's own default; a backoff option has no effect on self.retry. */
function fixedDelay(fn: TaskFunction, { countdown }: RetryCall): number | undefined {
  if (countdown.state === 'set') return typeof countdown.value === 'number' ? countdown.value : undefined;
  if (countdown.state === 'unknown') return undefined;
  const { defaultRetryDelay } = fn.retry;
  return defaultRetryDelay.state === 'set' && typeof defaultRetryDelay.value === 'number' ? defaultRetryDelay.value : undefined;
}

/** `delay` in s. `call`: written as self.retry(), not decided by the options alone. */
interface Found { readonly delay: number; readonly at: Problem['at']; readonly delayAt: Problem['at']; readonly call?: RetryCall; readonly evidence: Confidence; /** Its name alone says that it calls out. */ readonly isNamed?: true }

function problemOf(app: CeleryApp, fn: TaskFunction, { delay, at, delayAt, call, evidence, isNamed }: Found): Problem {
  const limit = longestBackoff(app, fn);
  // of a delay with jitter half is waited on average (celery/utils/time.py get_exponential_backoff_interval, full_jitter)
  const first = Math.max(1, Math.ceil(Math.min(2 * delay, Math.max(SHORT, delay), limit)));
  const idle = call ? undefined : fn.retry.idleOption;
  const { suggestion, fix } = call ? growing(app, fn, call, { delay, first, limit }) : backoff(fn, first, limit);
  return {
    order: 3, at, resource: app.id, ...((isNamed || fn.periodic) && { severity: 'note' as const }), confidence: weakest(appConfidence(app), evidence),
    message: `${fn.functionName} is retried every ${inWords(delay)}${timesOf(fn)}: ${usedUp(fn, delay)}${call ? ineffective(fn) : idle ? `; ${idle.name} has no effect without retry_backoff` : ''}`,
    label: `always ${inWords(delay)} later`,
    related: [...(samePlace(at, delayAt) ? [] : [{ at: delayAt, message: `the delay: ${inWords(delay)}` }]), ...(idle ? [{ at: idle.at, message: 'without effect' }] : [])],
    suggestion, ...(fix && { fix }),
  };
}

type Change = Pick<Problem, 'suggestion' | 'fix'>;

/** The options, where the decorator takes them and no layer has any of them yet; a jitter that is switched off beside them is switched on. */
function backoff(fn: TaskFunction, first: number, limit: number): Change {
  const { optionSlot: slot, retry: { backoff, backoffMax, jitter, autoretryAt }, functionName } = fn;
  const options = [['retry_backoff', first], ['retry_backoff_max', limit]] as const;
  const isFree = ownOptions(fn, autoretryAt) && [backoff, backoffMax].every(setting => setting.state === 'set' && setting.certainty === 'format-default');
  const steady = jitter.state === 'set' && jitter.certainty === 'written' && !jitter.value && ownOptions(fn, jitter.at) ? fixTo(jitter, true, 'delivery') : undefined;
  return {
    suggestion: `write ${options.map(([name, value]) => `${name}=${value}`).join(', ')} ${ownOptions(fn, autoretryAt) ? `in the options of ${functionName}` : `beside autoretry_for in ${place(autoretryAt!)}`}${steady ? ', and retry_jitter=True there' : ''}${bridged(fn, first, limit)}`,
    ...(isFree && slot && { fix: { title: `let the delay of ${functionName} grow`, safety: 'delivery' as const, edits: [optionsAt(slot, options), ...(steady?.edits ?? [])] } }),
  };
}

/** A countdown that grows, in the call of self.retry() itself. */
function growing(app: CeleryApp, fn: TaskFunction, call: RetryCall, { delay, first, limit }: { readonly delay: number; readonly first: number; readonly limit: number }): Change {
  const { growth, countdown } = call;
  const from = countdown.state === 'set' ? countdown : fn.retry.defaultRetryDelay;
  const slot = countdown.state === 'unknown' ? undefined : countdown.slots[0];
  const parts = growth && from.state === 'set' && from.certainty === 'written' && isAtLeast(app.versions.celery, '4.2')
    ? [`factor=${factorOf(delay, first, growth.written)}`, `retries=${growth.task}.request.retries`, `maximum=${limit}`, 'full_jitter=True'] : undefined;
  const written = parts ? `countdown=get_exponential_backoff_interval(${parts.join(', ')}) of celery.utils.time` : `countdown=min(${Math.max(1, Math.min(delay, SHORT / 2))} * 2 ** self.request.retries, ${limit})`;
  const options = `retry_backoff=${first}, retry_backoff_max=${limit}`;
  return {
    suggestion: fn.retry.autoretryFor.length > 0 ? `write ${written} in self.retry(), or name the error in autoretry_for and raise it instead`
      : parts ? `write ${written} in self.retry(), or autoretry_for=(…), ${options} in the options of ${fn.functionName} instead of self.retry()`
        : `write autoretry_for=(…), ${options} in the options of ${fn.functionName} instead of self.retry(), or ${written}`,
    ...(parts && slot?.items && { fix: { title: `let the delay of ${fn.functionName} grow`, safety: 'delivery' as const, edits: [...(growth!.interval.slot ? [codeAt(growth!.interval.slot)] : []), codeAt(slot, callOf(growth!.interval.name, parts, slot.items))] } }),
  };
}

/** Twice the delay of today, by the name it has where it has one. */
function factorOf(delay: number, first: number, name: string | undefined): string {
  return name === undefined || !Number.isInteger(delay) ? String(first) : first === 2 * delay ? `2 * ${name}` : first === delay ? name : String(first);
}

/** A call with an argument on each line. */
const callOf = (callee: string, parts: readonly string[], [item, end]: readonly [string, string]): string => `${callee}(${parts.map(part => `${item}${part},`).join('')}${end})`;

/** s. An outage that the tries are to last for. */
const OUTAGE = 300;

/** How long the tries last then, where that is short; how many last longer. */
function bridged({ retry: { maxRetries } }: TaskFunction, first: number, limit: number): string {
  if (maxRetries.state !== 'set' || maxRetries.value === null) return '';
  const lasts = (tries: number): number => Array.from({ length: tries }, (_, i) => Math.min(first * 2 ** i, limit) / 2).reduce((sum, delay) => sum + delay, 0);
  if (lasts(maxRetries.value) >= OUTAGE) return '';
  const more = Array.from({ length: 20 }, (_, i) => i + 1).find(tries => lasts(tries) >= OUTAGE);
  return `; with jitter ${maxRetries.value} tries then last about ${inWords(Math.round(lasts(maxRetries.value)))}${more === undefined ? '' : `, max_retries=${more} about ${inWords(Math.round(lasts(more)))}`}`;
}

/** Whether a place lies in its own decorator, or among the attributes of its class; else it belongs to what several share. */
function ownOptions({ decoratorAt: own, optionSlot: slot }: TaskFunction, at: SourceLocation | undefined): boolean {
  return at === undefined || (at.path === own.path && at.startLine >= own.startLine && at.endLine <= Math.max(own.endLine, slot?.sign === undefined ? 0 : slot.at.endLine));
}

/** What an outage of the other side does to it; several messages at once only where its messages are seen to be sent, and nothing lets them in one by one. */
function usedUp({ retry: { maxRetries }, messages, body, periodic, rateLimited }: TaskFunction, delay: number): string {
  const together = messages.length > 0 && !periodic && !rateLimited && body.locks.length === 0 ? 'all that wait come back together' : undefined;
  if (maxRetries.state !== 'set' || maxRetries.value === null) return together ? `while the other side is down, ${together}` : 'while the other side is down, it is asked again and again';
  return `an outage of ${inWords(delay * maxRetries.value)} uses its tries up${periodic ? ', and nothing more is tried until beat sends the next one' : ''}${together ? `, and until then ${together}` : ''}`;
}

/** A backoff that somebody wrote and that self.retry() never looks at. */
function ineffective({ retry: { autoretryFor, backoff } }: TaskFunction): string {
  if (backoff.state !== 'set' || !backoff.value || backoff.certainty !== 'written') return '';
  return autoretryFor.length > 0 ? '; retry_backoff has no effect on self.retry()' : '; retry_backoff has no effect without autoretry_for';
}

const timesOf = ({ retry }: TaskFunction): string => (retry.maxRetries.state === 'set' ? retry.maxRetries.value === null ? ', without end' : `, ${retry.maxRetries.value} times` : '');

/** s. What a waiting and a running message may take together before the broker delivers it again, less the run and the stop. */
function longestBackoff(app: CeleryApp, fn: TaskFunction): number {
  const visibility = numberOf(app.settings.get('broker_transport_options.visibility_timeout'));
  if ((app.broker !== 'redis' && app.broker !== 'sqs') || visibility === undefined) return BACKOFF_MAX;
  const bound = boundOf(fn, app.pool);
  const room = visibility - (typeof bound === 'number' ? bound : 0) - (longestStop(app) ?? 0) - MARGIN;
  return round(Math.max(1, Math.min(BACKOFF_MAX, Math.floor(room > 0 ? room : visibility / 2))));
}

/** s, as people write them. */
const round = (seconds: number): number => (seconds < 20 ? seconds : seconds - (seconds % (seconds < 120 ? 5 : 10)));
