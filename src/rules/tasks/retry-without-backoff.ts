import type { CeleryApp, Confidence, EffectKind, Fix, Problem, RetryCall, Rule, TaskFunction } from '../../model/index.js';
import { place, samePlace } from '../../model/index.js';
import { boundOf, longestStop, numberOf } from '../celery-shared.js';
import { appConfidence, inWords, weakest } from '../shared.js';
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
  return problemOf(app, fn, { delay: defaultRetryDelay.value, at: autoretryAt ?? fn.decoratorAt, delayAt: defaultRetryDelay.at, isCall: false, evidence: callOut(fn) ? 'high' : 'medium' });
}

/** self.retry() goes past autoretry_for and its backoff: celery/app/autoretry.py lets a Retry through as it is. */
function judgeCalls(app: CeleryApp, fn: TaskFunction): Problem | undefined {
  const call = fn.retry.calls.find(one => !one.grows && fixedDelay(fn, one) !== undefined && !waitsForRow(one));
  const delay = call && fixedDelay(fn, call);
  if (!call || delay === undefined || delay <= 0 || delay >= SHORT) return undefined;
  const delayAt = call.countdown.state === 'set' ? call.countdown.at : fn.retry.defaultRetryDelay.at;
  const found = { delay, at: call.at, delayAt, isCall: true };
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

/** `delay` in s. `isCall`: written as self.retry(), not decided by the options alone. */
interface Found { readonly delay: number; readonly at: Problem['at']; readonly delayAt: Problem['at']; readonly isCall: boolean; readonly evidence: Confidence; /** Its name alone says that it calls out. */ readonly isNamed?: true }

function problemOf(app: CeleryApp, fn: TaskFunction, { delay, at, delayAt, isCall, evidence, isNamed }: Found): Problem {
  const limit = longestBackoff(app, fn);
  // of a delay with jitter half is waited on average (celery/utils/time.py get_exponential_backoff_interval, full_jitter)
  const first = Math.max(1, Math.min(2 * delay, Math.max(SHORT, delay), limit));
  const backoff = `retry_backoff=${first}, retry_backoff_max=${limit}`;
  const growing = `countdown=min(${Math.max(1, Math.min(delay, SHORT / 2))} * 2 ** self.request.retries, ${limit})`;
  const fix = isCall ? undefined : backoffFix(fn, backoff);
  return {
    order: 3, at, resource: app.id, ...((isNamed || fn.periodic) && { severity: 'note' as const }), confidence: weakest(appConfidence(app), evidence),
    message: `${fn.functionName} is retried every ${inWords(delay)}${timesOf(fn)}: ${usedUp(fn, delay)}${isCall ? ineffective(fn) : fn.retry.idleOption ? `; ${fn.retry.idleOption.name} has no effect without retry_backoff` : ''}`,
    label: `always ${inWords(delay)} later`,
    related: [...(samePlace(at, delayAt) ? [] : [{ at: delayAt, message: `the delay: ${inWords(delay)}` }]), ...(fn.retry.idleOption && !isCall ? [{ at: fn.retry.idleOption.at, message: 'without effect' }] : [])],
    suggestion: !isCall ? `write ${backoff} ${ownOptions(fn) ? `in the options of ${fn.functionName}` : `beside autoretry_for in ${place(fn.retry.autoretryAt!)}`}${bridged(fn, first, limit)}`
      : fn.retry.autoretryFor.length > 0 ? `write ${growing} in self.retry(), or name the error in autoretry_for and raise it instead`
        : `write autoretry_for=(…), ${backoff} in the options of ${fn.functionName} instead of self.retry(), or ${growing}`,
    ...(fix && { fix }),
  };
}

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

/** Whether its decorator says itself what is retried; else it comes from what several share, and belongs there. */
function ownOptions({ retry: { autoretryAt: at }, decoratorAt: own }: TaskFunction): boolean {
  return at === undefined || (at.path === own.path && at.startLine >= own.startLine && at.endLine <= own.endLine);
}

/** The options, where the decorator takes them and no layer has any of them yet. */
function backoffFix(fn: TaskFunction, options: string): Fix | undefined {
  const { optionSlot: slot, retry: { backoff, backoffMax }, functionName } = fn;
  const isFree = ownOptions(fn) && [backoff, backoffMax].every(setting => setting.state === 'set' && setting.certainty === 'format-default');
  return isFree && slot ? { title: `let the delay of ${functionName} grow`, safety: 'delivery', edits: [{ at: slot.at, text: `${slot.before ?? ''}${options}${slot.after ?? ''}` }] } : undefined;
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
  return Math.max(1, Math.min(BACKOFF_MAX, Math.floor(room > 0 ? room : visibility / 2)));
}
