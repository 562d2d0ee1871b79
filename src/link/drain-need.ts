import type { Confidence, Container, DrainNeed, EffectiveSettings, MessageConsumer, PoolKind, Queue, Setting, TaskFunction } from '../model/index.js';
import { isWritten } from '../model/index.js';

/** Pools that ignore time limits (measured: threads, solo; gevent keeps the hard one; eventlet has none). */
const IGNORES_LIMITS: ReadonlySet<PoolKind> = new Set(['threads', 'solo', 'eventlet']);

/**
 * How long a worker needs to leave after SIGTERM: the longest hard limit of what it runs (a warm shutdown waits for running tasks
 * and nothing else bounds it), an observed maximum from the configuration, or no bound at all. Where no task function is known, the limit of the
 * whole pool counts, which an option of one of them may raise.
 */
export function drainNeedOf(settings: EffectiveSettings, functions: readonly TaskFunction[], pool: PoolKind): DrainNeed {
  const ignored = IGNORES_LIMITS.has(pool);
  const global = settings.get('task_time_limit') as Setting<number> | undefined;
  if (functions.length === 0) {
    if (!ignored && global?.state === 'set' && typeof global.value === 'number' && global.value > 0) return { is: 'bounded', seconds: global.value, from: [global.at], confidence: 'medium' };
    return { is: 'unknown' };
  }
  const bounds = functions.map(fn => boundOf(fn, ignored));
  if (bounds.includes('unknown')) return { is: 'unknown' };
  const numbers = bounds.filter(bound => typeof bound === 'object');
  const unbounded = functions.some((fn, i) => bounds[i] === 'none' && !fn.body.trivial);
  if (unbounded) return { is: 'unbounded', confidence: 'medium' };
  if (numbers.length === 0) return { is: 'unknown' };
  const seconds = Math.max(...numbers.map(bound => bound.seconds));
  const longest = numbers.filter(bound => bound.seconds === seconds);
  const declared = longest.find(bound => bound.isDeclared);
  return { is: 'bounded', seconds, from: unique(longest.map(bound => bound.at)).slice(0, 3), confidence: longest.some(bound => bound.confidence === 'high') ? 'high' : 'medium', ...(declared && { declared: declared.at }) };
}

/** s. The longest stopTimeout of Fargate. */
const LONGEST_STOP = 120;

/**
 * The same of consumers in Node.js: the longest timeout of their handlers, where each has one. Nothing else bounds a handler; it counts as
 * long where the queue that the container is given hides a message for longer than any stop waits.
 */
export function drainNeedOfConsumers(consumers: readonly MessageConsumer[], container: Container | undefined, queues: readonly Queue[]): DrainNeed {
  const timeouts = consumers.map(({ options }) => options.get('handleMessageTimeout'));
  const known = timeouts.flatMap(timeout => (timeout?.state === 'set' && typeof timeout.value === 'number' ? [{ seconds: timeout.value / 1000, at: timeout.at }] : []));
  if (known.length > 0 && known.length === consumers.length) {
    const seconds = Math.max(...known.map(one => one.seconds));
    return { is: 'bounded', seconds, from: unique(known.filter(one => one.seconds === seconds).map(({ at }) => at)), confidence: 'high' };
  }
  const takesFromSqs = consumers.some(({ kind }, i) => (kind === 'sqs' || kind === 'sqs-consumer') && timeouts[i] === undefined);
  const hints = queues.filter(queue => takesFromSqs && !queue.isDeadLetters && isGiven(container, queue)).map(({ visibilityTimeout }) => visibilityTimeout);
  const hint = hints.find(timeout => timeout.state === 'set' && isWritten(timeout) && timeout.value > LONGEST_STOP);
  return hint ? { is: 'unbounded', confidence: 'medium', hint } : { is: 'unknown' };
}

const isGiven = (container: Container | undefined, { address }: Queue): boolean => container?.refersTo.some(other => `${other}.`.startsWith(`${address}.`)) === true;

interface Bound { readonly seconds: number; readonly at: TaskFunction['at']; readonly confidence: Confidence; readonly isDeclared?: true }

function boundOf(fn: TaskFunction, ignored: boolean): Bound | 'none' | 'unknown' {
  if (fn.observed) return { ...fn.observed, confidence: 'high', isDeclared: true };
  if (fn.ownTimeout) return fn.ownTimeout.seconds === undefined ? 'unknown' : { seconds: fn.ownTimeout.seconds, at: fn.ownTimeout.at, confidence: 'medium' };
  if (ignored) return 'none';
  if (fn.timeLimit.state === 'set') return typeof fn.timeLimit.value === 'number' ? { seconds: fn.timeLimit.value, at: fn.timeLimit.at, confidence: confidenceOf(fn.timeLimit) } : 'unknown';
  return fn.timeLimit.state === 'unknown' ? 'unknown' : 'none';
}

const confidenceOf = (setting: Setting<unknown>): Confidence => (setting.state === 'set' && setting.certainty === 'written' ? 'high' : 'medium');
const unique = (places: readonly TaskFunction['at'][]): readonly TaskFunction['at'][] => [...new Map(places.map(at => [`${at.path}:${at.startLine}`, at])).values()];
